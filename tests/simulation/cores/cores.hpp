#pragma once
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// The six actors with their real cores; those of a Byzantine member behind their wrappers.
[[nodiscard]] Cores real_cores();

}  // namespace rondo::sim
