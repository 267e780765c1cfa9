#pragma once
#include <map>
#include <optional>

#include "actors/consensus/core/simplex.hpp"

namespace rondo::consensus {

/// How a node that missed something comes back, and how others help it. Final blocks travel in ranges
/// with one proof each; what comes in goes through Simplex, as everything else. Sets of later epochs come from this node's own
/// execution, so that across epochs catching up proceeds as execution follows. A node that is no member follows the chain by the
/// same questions, one every retry period.
class Catchup {
  public:
    Catchup(Replica& replica, Simplex& simplex) : replica_(replica), simplex_(simplex) {}

    /// A peer speaks of an epoch that has not begun here. A claim, not a proof: it makes me ask.
    void on_ahead(OperatorNumber from, Epoch epoch);
    /// A peer speaks of an epoch that is over: it gets the proof of its end.
    void on_behind(Turn& turn, OperatorNumber from, Epoch epoch);
    /// `kept_from`: the lowest final block that is here.
    void on_range_request(Turn& turn, OperatorNumber from, const BlockRangeRequest& request, Height kept_from) const;
    void on_range(Turn& turn, OperatorNumber from, const FinalBlocks& range);
    /// A peer keeps the blocks no more that this node needs next.
    void on_gone(OperatorNumber from, const BlocksGone& gone);
    /// After a step has settled: go on asking if something is wanted.
    void on_settled(Turn& turn);

    /// Consecutive final blocks of one epoch with their proof, bounded; empty if there is nothing from `first` on.
    [[nodiscard]] FinalBlocks range(Height first, Height last) const;
    void add_status(std::vector<StatusField>& fields) const;

  private:
    /// False if it is too early to ask again.
    bool ask(Turn& turn, OperatorNumber whom);
    void ask_next(Turn& turn);
    [[nodiscard]] bool left_behind() const;

    Replica& replica_;
    Simplex& simplex_;
    std::map<OperatorNumber, Epoch> claims_;
    std::map<OperatorNumber, Instant> helped_;
    std::map<OperatorNumber, Height> gone_;  ///< what those keep that have no block above this floor; emptied when it moves
    std::optional<OperatorNumber> hint_;     ///< who says that it has more: asked every other time at most
    bool asked_by_hint_ = false;
    std::optional<OperatorNumber> more_from_;  ///< who handed out quickly, and may have more
    std::optional<OperatorNumber> asked_;      ///< and has not answered
    std::optional<Instant> asked_at_;
    std::uint64_t asked_count_ = 0;
    bool is_stalled_ = false;  ///< nothing has become final here for long
    Height floor_;             ///< the newest final block, and since when it is
    Instant floor_since_;
};

}  // namespace rondo::consensus
