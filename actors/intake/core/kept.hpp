#pragma once
#include "actors/intake/core/batches.hpp"
#include "actors/intake/core/final_cuts.hpp"
#include "cluster/runtime/retention.hpp"

namespace rondo::intake {

/// How long batches are kept (cluster/runtime/retention.hpp). A batch may go once
///   1. a final cut holds it and the retention is over,
///   2. a quorum has executed it: a final block cites the result of that height or of a later one,
///   3. the DA layer has confirmed it,
///   4. all hearers of `batches` have it behind them for good.
/// A hearer's cursor counts messages, not heights: a mark is set, of the final height up to which all is published and of the
/// last number then, and when everybody is past that number all up to that height is behind them.
class Kept {
  public:
    Kept(Common& common, Batches& batches, const FinalCuts& cuts, Retention retention);

    /// The lowest final block whose batches are here, or will be the first.
    [[nodiscard]] Height from() const { return from_; }
    void on_final(const Proposal& block);
    void on_posted(Height last) { posted_ = std::max(posted_, last); }
    void on_released(const Released& released) { released_ = released.below; }
    void finish_step();

  private:
    struct Mark {
        Height height;
        std::uint64_t published = 0;
    };
    void move_mark();
    void forget_below(Height height);

    Common& common_;
    Batches& batches_;
    const FinalCuts& cuts_;
    Retention retention_;
    Height from_{1};
    Height executed_;  ///< by a quorum
    Height posted_;
    Height heard_;  ///< by everybody, for good
    std::uint64_t released_ = 0;
    std::optional<Mark> mark_;
};

}  // namespace rondo::intake
