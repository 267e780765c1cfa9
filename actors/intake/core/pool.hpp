#pragma once
#include <map>
#include <set>

#include "actors/intake/core/accounts.hpp"
#include "actors/intake/core/own_lane.hpp"
#include "actors/intake/core/remembered.hpp"
#include "actors/intake/core/throughput.hpp"

namespace rondo::intake {

/// What is held and what is promised.
///   1. A promise is given only to the next nonce of its sender, covered by the balance less what is in flight here, and with a
///      place in the own lane; the transaction is a record before the receipt is spoken. It is never replaced or dropped.
///      Nor is one promised that offers less than the present base fee: execution would skip it.
///   2. Everything else that is admissible is held, up to 256 per sender and its share of a byte bound, and promised when its
///      turn comes.
///   3. A held transaction gives way to one of the same nonce that offers 10 % more, tip and maximum both.
///   4. A promised transaction that execution skipped for a gap is held again, once.
class Pool {
  public:
    Pool(Common& common, Accounts& accounts, OwnLane& lane);
    /// Asks for the accounts of everything that was restored.
    void start();

    /// The sender's account must be known.
    [[nodiscard]] SubmitOutcome submit(Candidate candidate);
    /// Held or promised here already: what to answer.
    [[nodiscard]] std::optional<SubmitOutcome> known(const Hash256& hash) const;

    void on_result(const ExecutedBlock& block);
    /// This node begins with a snapshot: what its lane had up to this height was executed, and with what outcome is told nowhere.
    void on_base(LaneHeight committed);
    /// Every transaction that is promised and that execution has not passed, in order of place.
    [[nodiscard]] std::vector<LaneTransaction> unsettled() const;
    /// Accounts became known: what was waiting for that.
    void on_accounts(const std::vector<Address>& addresses);
    /// The window moved: what found no place tries again.
    void on_room();

    [[nodiscard]] PendingNonceReply pending_nonce(const Sender& sender) const;
    [[nodiscard]] FindPendingReply find(const Hash256& hash) const;
    /// Another lane answered for a transaction that was forwarded.
    void remember_forwarded(const LaneTransaction& transaction, std::uint64_t nonce, const SubmitOutcome& outcome);

    [[nodiscard]] std::size_t held_count() const { return held_.size(); }
    [[nodiscard]] std::size_t held_bytes() const { return held_bytes_.total(); }
    [[nodiscard]] std::size_t promised_count() const { return promises_.size(); }
    [[nodiscard]] std::size_t promised_bytes() const { return promised_bytes_; }
    [[nodiscard]] std::uint64_t executed_per_second() const { return throughput_.per_second(); }

  private:
    struct Promise {
        Address sender{};
        std::uint64_t nonce = 0;
        Epoch epoch;
        Place place;
        Height deadline;
        Signature signature{};
        std::uint64_t accepted_ms = 0;
        std::uint32_t raw_bytes = 0;
        bool again = false;
        Party party{};
    };
    struct HeldAt {
        Address sender{};
        std::uint64_t nonce = 0;
    };
    using Chunks = std::map<Bytes, PromisedChunk>;  ///< decoded in this step

    [[nodiscard]] ethereum::Refusal refusal_of(const Sender& sender, const Candidate& candidate) const;
    [[nodiscard]] SubmitOutcome hold(Sender& sender, Candidate candidate);
    [[nodiscard]] bool give_promise(Sender& sender, const Candidate& candidate, SubmitOutcome& outcome);
    void insert_held(Sender& sender, Candidate candidate);
    void erase_held(Sender& sender, std::uint64_t nonce);
    void release(const Address& address, Sender& sender);
    void drop_overtaken(Sender& sender);
    [[nodiscard]] std::optional<Address> settle(const TxOutcome& outcome, Chunks& chunks);
    Promise take_promise(const Hash256& hash);
    void hold_again(Sender& sender, const Hash256& hash, const Promise& promise, Chunks& chunks);
    void settle_up_to(LaneHeight height);
    [[nodiscard]] Receipt receipt_of(const Hash256& hash, const Promise& promise) const;
    [[nodiscard]] const PromisedTx* stored_promise(const Place& place, Chunks& chunks) const;
    void restore_promises();
    void restore_held();
    void track_promise(Sender& sender, const Candidate& candidate, Promise promise);

    Common& common_;
    Accounts& accounts_;
    OwnLane& lane_;
    std::map<Hash256, Promise> promises_;
    std::map<Hash256, HeldAt> held_;
    std::set<Address> blocked_;   ///< their next transaction is ready, and found no place or offers less than the base fee
    std::set<Address> restored_;  ///< whose accounts are asked for at the start
    Shares<Address> held_bytes_;
    std::size_t promised_bytes_ = 0;
    Wei base_fee_;        ///< lower bound for the next block
    LaneHeight settled_;  ///< every promise up to here was passed by execution
    Remembered remembered_;
    Throughput throughput_;
};

/// Decodes a transaction that was admitted before, with its sender.
[[nodiscard]] Candidate candidate_of(const Genesis& genesis, LaneTransaction transaction);

}  // namespace rondo::intake
