#pragma once
#include <deque>
#include <map>
#include <variant>
#include <vector>

#include "actors/intake/core/forward.hpp"
#include "actors/intake/core/pool.hpp"

namespace rondo::intake {

/// The way of a submitted transaction: decoded, sender recovered on the worker pool, sent to its home lane or set against its
/// sender's account, and then promised, held or refused (pool.hpp).
///   1. What can be refused without state is refused at once; so is, with BUSY, what is more than its party's share of an
///   overload
///      (load.hpp), before its sender is recovered: but for evidence and attestations, a few.
///   2. The submissions of a party go on in the order they came, their transactions in the order they stand, so that consecutive
///      nonces are promised one after the other. Senders are recovered for one party after the other, a few of each.
///   3. A submission is answered when the outcome of each of its transactions is known; every wait has a deadline.
///   4. What its home lane is too busy for is placed here, if its party is within its share: a flood at its home, or of those who
///      forward with it, costs it nothing.
class AdmissionDesk {
  public:
    AdmissionDesk(Common& common, Accounts& accounts, Pool& pool)
        : common_(common), accounts_(accounts), pool_(pool), forwards_(common) {}

    void submit(const Request& request, SubmitRequest submitted);
    /// From another intake: placed here, whoever its home is.
    void submit_forwarded(OperatorNumber from, Forward forward);
    /// This operator left the set: what it promised and could not commit goes to the senders' new home lanes.
    void relay(std::vector<LaneTransaction> transactions);
    void pending_nonce(RequestId request, const PendingNonce& asked);

    /// True if the job was one of ours.
    [[nodiscard]] bool on_job_done(const JobDone& done);
    void on_accounts(const std::vector<Address>& addresses);
    void on_forward_reply(OperatorNumber from, ForwardReply reply);
    void on_forward_timer();
    void heard_from(OperatorNumber peer) { forwards_.heard_from(peer); }
    /// At the end of a step: jobs, questions and forwards that have gathered.
    void flush();

    [[nodiscard]] std::size_t open_count() const { return submissions_.size(); }
    [[nodiscard]] std::uint64_t busy_count() const { return busy_; }
    [[nodiscard]] std::uint64_t refused_count() const { return refused_; }
    [[nodiscard]] std::uint64_t accepted_count() const { return accepted_; }

  private:
    struct Remote {
        OperatorNumber from;
        std::uint64_t id = 0;
    };
    using Origin = std::variant<RequestId, Remote>;
    struct Item {
        Candidate candidate;
        SubmitOutcome outcome;
        std::size_t bytes = 0;  ///< in the party's load until it is done
        bool done = false;
    };
    struct Submission {
        Origin origin;
        Party party;
        std::vector<Item> items;
        std::size_t unrecovered = 0;
        std::size_t open = 0;
    };
    struct Queue {
        std::deque<std::uint64_t> in_order;  ///< not placed yet
        std::deque<ItemRef> unrecovered;     ///< not given to a job yet
    };

    void begin(const Origin& origin, const Party& party, std::vector<Bytes> transactions);
    [[nodiscard]] Item examine(const Party& party, Bytes raw);
    [[nodiscard]] bool is_duty_due(const ethereum::Transaction& transaction);
    /// Its lane takes nothing for long.
    [[nodiscard]] bool rests() const;
    void answer_busy(const Origin& origin, const std::vector<Bytes>& transactions);
    [[nodiscard]] std::vector<ItemRef> next_unrecovered();
    void place_recovered(const Party& party);
    void place(std::uint64_t id, Submission& submission);
    void place_here(ItemRef ref, Item& item);
    [[nodiscard]] std::optional<OperatorNumber> foreign_home(const Submission& submission, const Address& sender);
    void settle(ItemRef ref, SubmitOutcome outcome);
    void finish(std::uint64_t id);
    void reply(const Origin& origin, std::vector<SubmitOutcome> outcomes);
    [[nodiscard]] Item* item_at(ItemRef ref);

    Common& common_;
    Accounts& accounts_;
    Pool& pool_;
    Forwards forwards_;
    std::map<std::uint64_t, Submission> submissions_;
    std::uint64_t next_submission_ = 1;
    Shares<Party> submission_shares_;  ///< of submissions_
    std::map<Party, Queue> queues_;
    Party last_recovered_;  ///< whose turn was last
    std::map<JobId, std::vector<ItemRef>> jobs_;
    std::map<Address, std::vector<ItemRef>> waiting_for_account_;
    std::map<Address, std::vector<RequestId>> nonce_requests_;
    std::size_t nonce_request_count_ = 0;
    Instant next_duty_;
    std::uint64_t busy_ = 0, refused_ = 0, accepted_ = 0;
};

}  // namespace rondo::intake
