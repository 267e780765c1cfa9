#pragma once
#include <map>

#include "cluster/runtime/core.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo {

/// The contexts an actor follows the chain with: those of epochs 1 and 2 from genesis, later ones from the `results`
/// stream (ExecutedBlock::contexts), kept in the actor's own table.
class ContextBook {
  public:
    ContextBook(const StoreView& view, Table table, const Genesis& genesis);

    /// Nothing while the block that yields it was not executed here, or after it was pruned. Of the newest: as it is planned.
    [[nodiscard]] const EpochContext* find(Epoch epoch) const;
    [[nodiscard]] const EpochContext& oldest() const { return contexts_.begin()->second; }
    [[nodiscard]] const EpochContext& newest() const { return contexts_.rbegin()->second; }
    /// The epoch in which the block after the newest executed one stands: one below the newest, which is a plan.
    [[nodiscard]] Epoch current() const { return Epoch(newest().epoch.minus_or_zero(1)); }
    /// What a boundary block's result says of the epochs to come; replaces what was planned.
    void learn(const std::vector<EpochContext>& contexts, Effects& effects);
    /// Forgets epochs below `epoch`, never the newest.
    void prune_below(Epoch epoch, Effects& effects);

  private:
    Table table_;
    std::map<Epoch, EpochContext> contexts_;
};

}  // namespace rondo
