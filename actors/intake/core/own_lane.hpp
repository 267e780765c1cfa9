#pragma once
#include <deque>
#include <map>
#include <optional>

#include "actors/intake/core/batches.hpp"
#include "actors/intake/core/certificates.hpp"
#include "actors/intake/core/open_batch.hpp"

namespace rondo::intake {

struct Place {
    LaneHeight height;
    std::uint32_t index = 0;
};

/// This operator's lane.
///   1. One batch in flight: the next is sealed when something waits and its parent is certified or is the epoch's base; once the
///      parent is final too, in time for the chain's next block, or when the parent has waited for its block for long.
///   2. A place in a batch is promised before the batch is sealed: heights and positions of waiting batches never change.
///   3. A header is signed once per (epoch, height), through the gate, and stored with its payload before it is offered.
///   4. Who verifies by itself but was not heard for long is replaced at once; without a certificate in time one more member is
///      asked to verify; without answers everything is offered again.
///   5. When an epoch begins, what is above its base is sealed again: same payloads, same order, same heights.
class OwnLane {
  public:
    OwnLane(Common& common, Batches& batches);

    /// After a start: the batch in flight is offered again.
    void start();

    /// Where a transaction of this size would be placed now; nothing when the window is used up or the lane rests.
    [[nodiscard]] std::optional<Place> next_place(std::size_t raw_bytes) const;
    /// Takes the place that next_place has just named.
    void append(PromisedTx promised);
    /// At the end of a step: the step's promises become records, and rule 1 is applied.
    void finish_step();

    void on_ack(OperatorNumber from, const Ack& ack);
    void heard_from(OperatorNumber peer) { unheard_.erase(peer); }
    void on_retry_timer();
    void on_verify_timer();
    /// The interval is over by the timer, whatever the wall clock says.
    void on_seal_timer() {
        seal_due_.reset();
        seal_now_ = true;
    }
    /// `epoch_is_over`: what was sealed in it can't be sealed again, whoever remembers it.
    void on_committed(bool epoch_is_over);
    /// True if this final tip of the lane is a batch that was sealed here, or if there is none.
    [[nodiscard]] bool holds(const CutEntry& tip) const;
    /// A final block with content was proposed at `proposed`, by its leader's clock.
    void follow_pace(Instant proposed);
    void on_epoch_began();
    /// The epoch began and its set is not known: nothing of the old one counts any more.
    void rest() { flight_.reset(); }

    /// When the batch at this height was certified; 0 if it was not.
    [[nodiscard]] std::uint64_t certified_ms(LaneHeight height) const;
    [[nodiscard]] LaneHeight sealed_height() const { return sealed_; }
    [[nodiscard]] std::size_t waiting_count() const;
    [[nodiscard]] bool in_flight() const { return flight_.has_value(); }

  private:
    struct Flight {
        BatchHeader header;
        Digest digest;
        AckTally tally;
        Bytes offer;  ///< encoded LaneMessage, for repetition
        Instant launched;
        std::size_t asked = 0;  ///< members asked to verify beyond those who do so by themselves
    };
    struct FreshChunk {
        std::uint32_t first_index = 0;
        PromisedChunk chunk;
    };

    void restore_links();
    void restore_waiting();
    [[nodiscard]] OpenBatch& batch_with_room(std::size_t raw_bytes);
    void flush_promises();
    /// Nothing new is signed for it: before peers have answered after a start, and in quarantine.
    [[nodiscard]] bool is_resting() const;
    [[nodiscard]] bool wants_to_seal() const;
    [[nodiscard]] bool may_seal();
    [[nodiscard]] Instant seal_due() const;
    void seal();
    [[nodiscard]] std::optional<BatchHeader> sign_header(const OpenBatch& batch, std::size_t payload_bytes);
    void launch(const BatchHeader& header, const Digest& digest, Bytes payload);
    void acknowledge_own();
    void offer_to(const std::vector<OperatorNumber>& peers);
    [[nodiscard]] std::vector<OperatorNumber> attentive_peers() const;
    [[nodiscard]] bool is_silent(OperatorNumber peer) const;
    void ask_to_verify();
    void arm_retry();
    void arm_verify();
    void certify_if_enough();
    [[nodiscard]] Digest parent_digest() const;
    [[nodiscard]] BatchRef ref_to(const std::pair<const LaneHeight, Digest>& link) const {
        return {common_.self, link.first, link.second};
    }

    Common& common_;
    Batches& batches_;
    LaneHeight sealed_;                                 ///< newest sealed height of this epoch, or its base
    std::map<LaneHeight, Digest> links_;                ///< sealed in this epoch, above the final cut
    std::map<LaneHeight, std::uint64_t> certified_ms_;  ///< of the newest heights
    std::optional<Flight> flight_;
    std::deque<OpenBatch> waiting_;           ///< ascending, consecutive heights from sealed_ + 1
    std::map<LaneHeight, FreshChunk> fresh_;  ///< promised in this step
    /// Batches certified since a peer was last heard: a dead one must not fill the transport with payloads. It still gets offers
    /// on retries; when it is back it fetches.
    std::map<OperatorNumber, std::size_t> unheard_;
    DurationMs usual_ms_ = 0;  ///< from offer to certificate, lately
    Instant sealed_at_;
    Instant proposed_;                    ///< the newest final block with content, by its leader's clock
    DurationMs block_pace_ = 0;           ///< between such blocks, lately; 0: not steady
    std::optional<Instant> seal_due_;     ///< a timer is armed for it
    std::optional<Instant> ready_since_;  ///< could be sealed, were it not for company
    bool seal_now_ = false;               ///< the timer fired
};

}  // namespace rondo::intake
