#pragma once
#include "cluster/runtime/core.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// In place of consensus, to run the other actors apart from it: the first node orders every certified tip it hears of, alone,
/// and the others follow what it says.
[[nodiscard]] ActorKind lone_leader();

}  // namespace rondo::sim
