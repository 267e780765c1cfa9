#pragma once
#include "actors/execution/core/store.hpp"
#include "cluster/runtime/retention.hpp"

namespace rondo::execution {

/// The history that is kept (cluster/runtime/retention.hpp): results, which the stream of that name refers to, and what queries
/// show of blocks and transactions. Block 0 stays, and so does every state that diffs can give (executor.hpp).
class Kept {
  public:
    Kept(const StoreView& view, Retention retention);

    [[nodiscard]] Height from() const { return from_; }
    void on_released(const Released& released) { released_ = Height(released.below); }
    /// A piece of it goes. `forgets` is told of the stream's rows.
    /// The store begins with the result of block `base`.
    void forget(StateStore& store, Height base, Height executed, std::vector<Forget>& forgets);

  private:
    Retention retention_;
    Height from_{1};
    Height released_;
};

}  // namespace rondo::execution
