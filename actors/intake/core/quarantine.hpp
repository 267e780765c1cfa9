#pragma once
#include <map>
#include <optional>

#include "actors/intake/core/other_lanes.hpp"
#include "actors/intake/core/own_lane.hpp"
#include "cluster/signing/inquiry.hpp"

namespace rondo::intake {

/// Whether the table of signed headers, acks and receipts can be trusted.
///   1. After a start nothing new is signed before members that with this one make quorum stake have said what they saw of its
///   key,
///      nor while weak stake of them is in a later epoch. Who is asked by a peer that has not answered yet asks it back.
///   2. A header or ack of this key that the table does not hold, or a final chain beyond the own lane: the store is older than
///   what
///      others saw. Quarantine, durable.
///   3. In quarantine it serves, stores and certifies as ever. All that was lost was signed upon final blocks that this node's
///      consensus published. So it waits until consensus knows of no block beyond its own head, and follows the chain to there:
///      acks go on above window + each lane's tip at that block, and the own lane with its receipts in the next epoch.
class Quarantine {
  public:
    Quarantine(Common& common, Batches& batches, OtherLanes& other_lanes)
        : common_(common), batches_(batches), other_lanes_(other_lanes) {}

    void start();
    void on_request(OperatorNumber from, const LaneStatusRequest& request);
    void on_status(OperatorNumber from, const LaneStatus& status);
    /// True if the answer was to this part.
    [[nodiscard]] bool on_answer(const Answer& answer);
    void on_timer();
    /// At the end of a step: blocks, epochs or a refusal of the chain may have changed what is known.
    void finish_step();
    /// The operator answers for the acks. Nothing if there is no quarantine to lift.
    [[nodiscard]] std::optional<Epoch> accept_risk();

    void add_status(std::vector<StatusField>& fields) const;

  private:
    [[nodiscard]] bool is_open() const;
    [[nodiscard]] bool is_unresolved() const;
    void ask();
    void arm();
    void check_signatures(const LaneStatus& status);
    [[nodiscard]] bool is_unaccounted(const BatchHeader& header) const;
    [[nodiscard]] bool is_unaccounted(const Ack& ack) const;
    [[nodiscard]] bool is_left_behind(const EpochContext& context) const;
    void confirm_if_enough();
    void reenter_if_known();
    [[nodiscard]] std::optional<BatchHeader> newest_header_of(OperatorNumber lane) const;
    [[nodiscard]] std::optional<Ack> newest_ack_of(OperatorNumber member, LaneId lane) const;
    [[nodiscard]] std::optional<Ack> newest_ack_in_own_lane(OperatorNumber member) const;
    [[nodiscard]] std::optional<Ack> newest_noted_ack(OperatorNumber member, LaneId lane) const;
    [[nodiscard]] std::optional<Ack> ack_in(const BatchRef& batch, OperatorNumber member) const;

    Common& common_;
    Batches& batches_;
    OtherLanes& other_lanes_;
    Inquiry inquiry_;
    std::map<OperatorNumber, Epoch> epochs_;  ///< of those who answered
    std::optional<AskId> head_asked_;
    std::optional<Height> nothing_beyond_;  ///< what consensus said: no block was ever final here above it
    bool armed_ = false;
};

}  // namespace rondo::intake
