#pragma once
#include "actors/consensus/core/replica.hpp"
#include "actors/consensus/core/turn.hpp"
#include "cluster/runtime/retention.hpp"

namespace rondo::consensus {

/// The final blocks that are kept (cluster/runtime/retention.hpp); the stream `blocks` refers to them. The boundary blocks stand
/// in the proofs of their epochs besides, for ever.
class Kept {
  public:
    Kept(const Replica& replica, Retention retention);

    /// The lowest final block that is here, or will be the first.
    [[nodiscard]] Height from() const { return from_; }
    void on_released(const Released& released) { released_ = Height(released.below); }
    void on_settled(Turn& turn);

  private:
    const Replica& replica_;
    Retention retention_;
    Height from_{1};
    Height released_;
};

}  // namespace rondo::consensus
