#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/consensus/core/core.hpp"

/// N consensus cores on a virtual clock with a queue for a network and maps for disks. Execution and intake are faked:
/// a result is a hash of its block, a certificate of availability is signed by everybody.
namespace rondo::harness {

class MemoryStore : public StoreView {
  public:
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;
    void apply(const std::vector<Record>& records);
    [[nodiscard]] std::size_t rows(Table table) const;

  private:
    using Rows = std::map<Bytes, Bytes>;
    [[nodiscard]] const Rows& rows_of(Table table) const;
    std::map<std::uint8_t, Rows> tables_;
};

struct Options {
    std::vector<std::uint64_t> stakes{100, 100, 100, 100};
    Policy policy = Policy::round_robin;
    Parameters parameters;
    DurationMs latency_ms = 5;
    DurationMs execution_ms = 3;
};
/// Short epochs and nothing else out of the ordinary.
[[nodiscard]] Options with_epochs_of(std::uint64_t blocks);

enum class CrashAt : std::uint8_t { nowhere, before_commit, after_commit };

class Cluster {
  public:
    explicit Cluster(Options options);

    // Time.
    void run_for(DurationMs duration_ms);
    /// False if the condition did not come true in time.
    [[nodiscard]] bool run_until(const std::function<bool()>& condition, DurationMs limit_ms = 60'000);
    [[nodiscard]] Instant now() const { return now_; }

    // Faults.
    void crash(std::size_t node);
    void restart(std::size_t node);
    /// Puts a copy of an earlier store back: of its outbox and cursors too, as a restored disk does. The node is down.
    void roll_back(std::size_t node, const MemoryStore& earlier);
    /// Nodes of different groups do not hear each other; those in no group hear nobody.
    void partition(std::vector<std::set<std::size_t>> groups) { groups_ = std::move(groups); }
    void heal() { groups_.clear(); }
    /// Asked for each message: what the receiver gets instead. Byzantine senders and losses are made of it.
    using Tamper = std::function<std::vector<ConsensusMessage>(std::size_t from, std::size_t to, const ConsensusMessage&)>;
    void tamper(Tamper hook) { tamper_ = std::move(hook); }
    /// Asked before each step's commit.
    std::function<CrashAt(std::size_t node)> crash_hook;
    DurationMs restart_after_ms = 200;
    /// Seen by the hook of each message sent, after tampering.
    std::function<void(std::size_t from, const ConsensusMessage&)> on_sent;
    /// Nodes that execute nothing while they stand here.
    std::set<std::size_t> execution_paused;
    void resume_execution(std::size_t node);
    /// A node whose execution computes something else.
    std::optional<std::size_t> spoil_results_of;

    // Lanes.
    /// The next batch of the lane in the epoch, certified and told to these nodes (all if empty).
    CutEntry certify(std::size_t lane, Epoch epoch, const std::set<std::size_t>& nodes = {});
    /// A header at this height that nobody vouches for rightly: signatures are of another key.
    [[nodiscard]] PoA bogus_poa(std::size_t lane, Epoch epoch, LaneHeight height) const;
    void deliver(std::size_t from, std::size_t to, const ConsensusMessage& message, Channel channel = Channel::votes);

    // What came out.
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const std::vector<FinalBlock>& chain(std::size_t node) const { return nodes_[node].chain; }
    [[nodiscard]] std::size_t height(std::size_t node) const { return nodes_[node].chain.size(); }
    [[nodiscard]] std::size_t lowest_height() const;
    [[nodiscard]] std::size_t highest_height() const;
    [[nodiscard]] LaneHeight cut_of(std::size_t node, std::size_t lane) const;
    [[nodiscard]] std::uint64_t status(std::size_t node, const std::string& field) const;
    /// A status field that is a text; empty if there is none.
    [[nodiscard]] std::string text(std::size_t node, const std::string& field) const;
    [[nodiscard]] std::uint64_t steps(std::size_t node) const { return nodes_[node].steps; }
    [[nodiscard]] const std::vector<SignedMessage>& seen(std::size_t node) const { return nodes_[node].seen; }
    [[nodiscard]] const MemoryStore& store(std::size_t node) const { return nodes_[node].store; }
    [[nodiscard]] Bytes ask(std::size_t node, const ConsensusRequest& request);
    /// All chains are prefixes of the longest one. Empty: yes; else the first difference.
    [[nodiscard]] std::string disagreement() const;
    /// Votes that left a node: two that no honest node may sign. Kept across restarts.
    [[nodiscard]] const std::vector<std::string>& contradictions() const { return contradictions_; }
    void exempt(std::size_t byzantine) { exempt_.insert(byzantine); }

    [[nodiscard]] const crypto::SecretKey& key(std::size_t node) const { return nodes_[node].key; }
    [[nodiscard]] const Genesis& genesis() const { return genesis_; }
    [[nodiscard]] Digest genesis_digest() const { return digest_of(genesis_); }
    [[nodiscard]] EpochContext context(Epoch epoch) const;
    [[nodiscard]] static OperatorNumber number(std::size_t node) {
        return OperatorNumber(static_cast<std::uint32_t>(10 * node + 7));
    }
    template <class T>
    [[nodiscard]] Signature sign(std::size_t node, Epoch epoch, Kind kind, const T& message) const {
        return nodes_[node].key.sign(signing_bytes(genesis_digest(), epoch, kind, encode_body(message)));
    }

  private:
    struct Node {
        crypto::SecretKey key;
        MemoryStore store;
        std::unique_ptr<ConsensusCore> core;
        std::uint64_t incarnation = 0;
        std::uint64_t steps = 0;
        std::vector<FinalBlock> chain;  ///< what it published, durable
        std::vector<SignedMessage> seen;
        std::vector<Bytes> certificates;  ///< its intake's stream
        std::size_t certificates_heard = 0;
        std::size_t results_heard = 0;  ///< cursors, committed with the step's records
        std::uint64_t timer = 0;        ///< the newest arming; older ones are void
        std::map<RequestId, Bytes> replies;
    };
    struct Event {
        std::size_t node;
        std::uint64_t incarnation;
        std::function<void()> act;
    };

    void at(DurationMs delay_ms, std::size_t node, std::function<void()> act);
    void step(std::size_t node, const Input& input, const std::function<void(Node&)>& advance_cursor = {});
    void apply(std::size_t node, Effects effects, const std::function<void(Node&)>& advance_cursor);
    void commit(Node& node, const Effects& effects);
    void send(std::size_t from, const Send& send);
    void note(std::size_t from, const ConsensusMessage& message);
    void hear_streams(std::size_t node);
    void hear_next_result(std::size_t node);
    [[nodiscard]] bool connected(std::size_t a, std::size_t b) const;
    [[nodiscard]] std::size_t node_of(OperatorNumber number) const { return (number.value - 7) / 10; }
    [[nodiscard]] Bytes result_of(std::size_t node, const FinalBlock& block) const;

    Options options_;
    Genesis genesis_;
    std::vector<Node> nodes_;
    Instant now_{1'000'000};
    std::map<std::pair<std::uint64_t, std::uint64_t>, Event> queue_;
    std::uint64_t sequence_ = 0;
    std::vector<std::set<std::size_t>> groups_;
    Tamper tamper_;
    std::map<std::pair<std::size_t, Epoch>, BatchHeader> lane_tips_;
    std::map<std::tuple<std::size_t, Epoch, View, VoteKind>, Digest> votes_sent_;
    std::map<std::tuple<std::size_t, Epoch, View>, Digest> bodies_sent_;
    std::vector<std::string> contradictions_;
    std::set<std::size_t> exempt_;
};

}  // namespace rondo::harness
