#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/intake/core/core.hpp"
#include "messages/crypto/secp256k1.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"
#include "messages/wire/requests.hpp"

/// Several intakes in one thread: in-memory stores, a message queue, virtual time, jobs run at once with the real
/// recovery, and a small ledger that plays execution. `finalize` plays consensus.
namespace rondo::test {

class MemoryStore : public StoreView {
  public:
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;
    void apply(const std::vector<Record>& records);
    [[nodiscard]] std::size_t count(Table table) const;

  private:
    using Rows = std::map<Bytes, Bytes>;
    [[nodiscard]] const Rows& rows(Table table) const;
    std::map<std::uint8_t, Rows> tables_;
};

struct User {
    crypto::AccountKey key;
    std::uint64_t nonce = 0;
    [[nodiscard]] const Address& address() const { return key.address(); }
};

struct TxShape {
    std::uint64_t nonce = 0;
    Wei value = 1;
    Wei max_fee = 100;
    Wei tip = 10;
    std::uint64_t chain_id = 777;
    std::size_t data = 0;
    std::optional<std::uint64_t> gas = std::nullopt;
};
[[nodiscard]] Bytes make_tx(const User& user, const TxShape& shape);
[[nodiscard]] Wei cost_of(const Bytes& raw);

struct Node {
    OperatorNumber number;
    MemoryStore store;
    std::unique_ptr<IntakeCore> core;
    bool up = false;
    std::map<Stream, std::vector<Bytes>> published;
    std::map<RequestId, Bytes> replies;
    std::map<TimerId, Instant> timers;
    std::vector<std::string> warnings;
    std::size_t jobs = 0;
    std::size_t recovered = 0;

    [[nodiscard]] std::vector<BatchRecord> batches() const;  ///< said: those of final cuts
    [[nodiscard]] std::vector<BatchRecord> stored() const;   ///< of all lanes, by height
    [[nodiscard]] std::vector<PoA> certificates() const;
    [[nodiscard]] std::vector<Receipt> receipts() const;
    [[nodiscard]] std::uint64_t status(const std::string& name) const;
    /// A status field that is a text; empty if there is none.
    [[nodiscard]] std::string text(const std::string& name) const;
};

struct Account {
    std::uint64_t nonce = 0;
    Wei balance = 0;
};

class Cluster {
  public:
    explicit Cluster(std::size_t nodes, const std::function<void(Parameters&)>& tune = {}, std::uint64_t chain_id = 777);

    [[nodiscard]] Node& at(std::size_t index) { return nodes_[index]; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] EpochContext context() const { return genesis_context(genesis_, Epoch(1)); }
    [[nodiscard]] const Genesis& genesis() const { return genesis_; }
    [[nodiscard]] Instant now() const { return now_; }

    /// A funded user whose home lane (in epoch 1) is the node's.
    [[nodiscard]] User user_at(std::size_t home, const Wei& balance = Wei(1'000'000'000'000ULL));

    /// Submits and runs until quiet; the outcomes must be there.
    [[nodiscard]] std::vector<SubmitOutcome> submit(std::size_t node, std::vector<Bytes> transactions, ClientId client = 0);
    [[nodiscard]] SubmitOutcome submit_one(std::size_t node, Bytes transaction, ClientId client = 0) {
        return submit(node, {std::move(transaction)}, client).at(0);
    }
    /// Submits without waiting for an answer.
    RequestId post(std::size_t node, const IntakeRequest& request, ClientId client = 0);
    [[nodiscard]] std::optional<IntakeReply> answer(std::size_t node, RequestId id) const;
    [[nodiscard]] IntakeReply ask(std::size_t node, const IntakeRequest& request, ClientId client = 0);

    void run();  ///< until nothing is on its way
    /// Until no lane waits for its interval between batches; time passes by as much and no more.
    void pass_seal_intervals();
    void advance(DurationMs by);
    /// A final block with every certified tip, on every node that is up; executed too unless told otherwise.
    Height finalize(bool execute = true);
    [[nodiscard]] EpochContext planned(Epoch epoch) const;
    void execute_all();
    void deliver(std::size_t node, Input input) { queue_.push_back({node, std::move(input)}); }

    void stop(std::size_t node);
    /// A new core over the same store; what it missed of the streams comes in order.
    void start(std::size_t node);
    void restart(std::size_t node) {
        stop(node);
        start(node);
    }

    /// Puts a copy of a stopped node's earlier store back, made when it had heard so much of the streams.
    void restore(std::size_t node, const MemoryStore& earlier, std::size_t heard);
    [[nodiscard]] std::size_t heard(std::size_t node) const { return heard_[node]; }

    /// True: the message is lost.
    std::function<bool(OperatorNumber from, OperatorNumber to, const LaneMessage& message)> lose;
    bool execution_silent = false;
    bool consensus_is_whole = true;
    bool hold_jobs = false;
    std::map<Address, Account> ledger;
    std::vector<BatchRecord> executed_batches;
    std::map<Hash256, TxStatus> executed;  ///< the first effect, or skipped
    Cut cut;
    Height height;
    Epoch epoch{1};
    /// What finalize may cite; empty: all lanes.
    std::set<LaneId> only_lanes;
    void release_jobs();
    /// Nodes that hear nothing of the chain until catch_up.
    std::set<std::size_t> behind;
    Wei base_fee_next = 0;
    std::set<OperatorNumber> leaving;  ///< not in the sets that execution computes from now on
    void catch_up(std::size_t node);
    /// Instead of what it missed of the chain, a node takes the state after the newest block.
    void begin_with_snapshot(std::size_t node);

  private:
    struct Event {
        std::size_t node;
        Input input;
    };
    void step(std::size_t node, const Input& input);
    void apply(std::size_t node, Effects effects);
    void apply_ask(std::size_t node, const Ask& ask);
    [[nodiscard]] std::size_t index_of(OperatorNumber number) const;
    [[nodiscard]] std::vector<CutEntry> new_tips() const;
    [[nodiscard]] ExecutedBlock execute(const Proposal& block, const Cut& before);
    [[nodiscard]] Cut advance_cut(const std::vector<CutEntry>& delta) const;
    void to_all(Stream stream, std::uint64_t sequence, const Bytes& payload);

    Genesis genesis_;
    std::vector<crypto::SecretKey> keys_;
    std::vector<Node> nodes_;
    std::deque<Event> queue_;
    std::vector<Event> held_jobs_;
    Instant now_{1'700'000'000'000ULL};
    RequestId next_request_ = 1;
    std::uint64_t next_user_ = 1;
    struct Said {
        Stream stream;
        std::uint64_t sequence;
        Bytes payload;
    };
    std::vector<Said> said_;
    std::vector<std::size_t> heard_;  ///< per node: how much of said_ it has taken
    struct Unexecuted {
        Proposal block;
        Cut before;
    };
    std::deque<Unexecuted> unexecuted_;
    Height executed_height_;
};

}  // namespace rondo::test
