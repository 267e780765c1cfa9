#pragma once
#include <memory>

#include "cluster/runtime/core.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// The core that `make` makes, or, for a member that misbehaves, that core behind a wrapper that tampers with what it hears and
/// says and signs more with its key than the core would. Only consensus and intake have something to tamper with.
[[nodiscard]] std::unique_ptr<Core> corrupted(const MakeCore& make, const StoreView& view, const ActorTraits& traits,
                                              const NodeSetup& setup);

}  // namespace rondo::sim
