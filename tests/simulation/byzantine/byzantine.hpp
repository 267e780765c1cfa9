#pragma once
#include <memory>

#include "cluster/runtime/core.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// The core, or, for a member that misbehaves, the core behind a wrapper that tampers with what it says and signs more with
/// its key than the core would. Only consensus and intake have something to tamper with.
[[nodiscard]] std::unique_ptr<Core> corrupted(std::unique_ptr<Core> core, Actor actor, const NodeSetup& setup);

}  // namespace rondo::sim
