#include "tests/simulation/byzantine/byzantine.hpp"

#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {

std::unique_ptr<Core> corrupted(const MakeCore& make, const StoreView& view, const ActorTraits& traits, const NodeSetup& setup) {
    if (setup.misbehaviour >= Misbehaviour::lying_snapshots)
        return traits.actor == Actor::execution ? lying_snapshots(make(view), setup) : make(view);
    const bool tampers = traits.actor == Actor::consensus || traits.actor == Actor::intake;
    if (!setup.misbehaviour || !tampers) return make(view);
    switch (*setup.misbehaviour) {
        case Misbehaviour::twins:
            return twins(make, view, traits.tables.size());
        case Misbehaviour::stale_peer:
        case Misbehaviour::amplifying_peer:
            return nuisance(make(view), setup);
        default:
            return traits.actor == Actor::consensus ? corrupt_consensus(make(view), setup) : corrupt_intake(make(view), setup);
    }
}

}  // namespace rondo::sim
