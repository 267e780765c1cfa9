#pragma once
#include <map>
#include <utility>
#include <vector>

#include "actors/intake/core/common.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::intake {

/// One transaction of an open submission.
struct ItemRef {
    std::uint64_t submission = 0;
    std::size_t index = 0;
};

/// Transactions on their way to their senders' home lanes.
///   1. All that a step finds for one home travels in one message, up to its byte bound.
///   2. A home that does not answer in time is silent: what it was asked comes back, and for a while it is not asked again.
///   3. Anything heard from it ends the silence.
class Forwards {
  public:
    explicit Forwards(Common& common) : common_(common) {}

    /// False when the home is silent or too much is under way: the caller takes the transaction itself.
    [[nodiscard]] bool add(OperatorNumber home, ItemRef item, const Bytes& raw);
    /// At the end of a step.
    void flush();

    struct Returned {
        ItemRef item;
        ForwardOutcome outcome;
    };
    [[nodiscard]] std::vector<Returned> on_reply(OperatorNumber from, ForwardReply reply);
    /// What no home answered for in time.
    [[nodiscard]] std::vector<ItemRef> on_timer();
    void heard_from(OperatorNumber peer) { silent_until_.erase(peer); }

    [[nodiscard]] std::size_t open_count() const { return sent_.size(); }

  private:
    struct Batch {
        OperatorNumber home;
        Forward message;
        std::vector<ItemRef> items;
        std::size_t bytes = 0;
        Instant deadline;
    };
    void close(Batch& batch);
    void arm();

    Common& common_;
    std::map<OperatorNumber, Batch> filling_;
    std::map<std::uint64_t, Batch> sent_;  ///< without the transactions
    std::map<OperatorNumber, Instant> silent_until_;
    std::uint64_t next_id_ = 1;
    bool armed_ = false;
};

}  // namespace rondo::intake
