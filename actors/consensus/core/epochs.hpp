#pragma once
#include <map>

#include "actors/consensus/core/turn.hpp"
#include "cluster/ledger/peers.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// The sets of all epochs known so far: the first two from genesis or from the base of a snapshot, the later ones from this
/// node's own execution or, while it catches up, from what a peer proved. Of epochs that have not begun here it is a plan:
/// successor() in messages/wire/epoch.hpp says what becomes of it.
class Epochs {
  public:
    Epochs(const StoreView& store, const Genesis& genesis);

    [[nodiscard]] const EpochContext* find(Epoch epoch) const;
    /// Nothing is learnt of epochs up to `current`: they have begun. True if something else was planned.
    bool learn(Turn& turn, const EpochContext& context, Epoch current);
    /// Those that this node may talk with: the members of all sets not forgotten.
    [[nodiscard]] std::vector<Peer> peers(OperatorNumber self) const;
    [[nodiscard]] bool is_member(OperatorNumber who) const;
    /// Forgets epochs long gone (they stay in the store).
    void forget_below(Epoch epoch) { contexts_.erase(contexts_.begin(), contexts_.lower_bound(epoch)); }

  private:
    std::map<Epoch, EpochContext> contexts_;
};

}  // namespace rondo::consensus
