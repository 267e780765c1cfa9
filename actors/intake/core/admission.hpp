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
///   1. What can be refused without state is refused at once; under overload everything is, with BUSY, before its sender is
///      recovered: but for evidence and attestations, a few.
///   2. Submissions go on in the order they came, their transactions in the order they stand, so that consecutive nonces
///      are promised one after the other.
///   3. A submission is answered when the outcome of each of its transactions is known; every wait has a deadline.
class AdmissionDesk {
  public:
    AdmissionDesk(Common& common, Accounts& accounts, Pool& pool)
        : common_(common), accounts_(accounts), pool_(pool), forwards_(common) {}

    void submit(RequestId request, SubmitRequest submitted);
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
    [[nodiscard]] std::size_t open_bytes() const { return open_bytes_; }
    [[nodiscard]] std::uint64_t busy_count() const { return busy_; }
    [[nodiscard]] std::uint64_t refused_count() const { return refused_; }
    [[nodiscard]] std::uint64_t accepted_count() const { return accepted_; }

  private:
    struct Remote {
        OperatorNumber from;
        std::uint64_t id = 0;
    };
    struct Item {
        Candidate candidate;
        SubmitOutcome outcome;
        bool done = false;
    };
    struct Submission {
        std::variant<RequestId, Remote> origin;
        std::vector<Item> items;
        std::size_t unrecovered = 0;
        std::size_t open = 0;
        std::size_t bytes = 0;
    };

    void begin(std::variant<RequestId, Remote> origin, std::vector<Bytes> transactions);
    [[nodiscard]] Item examine(Bytes raw);
    /// More is open than execution passes in backlog_ms_max.
    [[nodiscard]] bool is_overloaded() const;
    [[nodiscard]] bool is_duty_due(const ethereum::Transaction& transaction);
    /// Its lane takes nothing for long.
    [[nodiscard]] bool rests() const;
    [[nodiscard]] bool has_room_for(const std::variant<RequestId, Remote>& origin, std::size_t bytes) const;
    void answer_busy(const std::variant<RequestId, Remote>& origin, const std::vector<Bytes>& transactions);
    void place_recovered();
    void place(std::uint64_t id, Submission& submission);
    void place_here(ItemRef ref, Item& item);
    [[nodiscard]] std::optional<OperatorNumber> foreign_home(const Submission& submission, const Address& sender);
    void settle(ItemRef ref, SubmitOutcome outcome);
    void finish(std::uint64_t id);
    void reply(const std::variant<RequestId, Remote>& origin, std::vector<SubmitOutcome> outcomes);
    [[nodiscard]] Item* item_at(ItemRef ref);

    Common& common_;
    Accounts& accounts_;
    Pool& pool_;
    Forwards forwards_;
    std::map<std::uint64_t, Submission> submissions_;
    std::uint64_t next_submission_ = 1;
    std::deque<std::uint64_t> in_order_;  ///< not placed yet
    std::deque<ItemRef> unrecovered_;     ///< not given to a job yet
    std::map<JobId, std::vector<ItemRef>> jobs_;
    std::map<Address, std::vector<ItemRef>> waiting_for_account_;
    std::map<Address, std::vector<RequestId>> nonce_requests_;
    std::size_t nonce_request_count_ = 0;
    std::size_t open_bytes_ = 0;
    std::size_t open_transactions_ = 0;
    Instant next_duty_;
    std::uint64_t busy_ = 0, refused_ = 0, accepted_ = 0;
};

}  // namespace rondo::intake
