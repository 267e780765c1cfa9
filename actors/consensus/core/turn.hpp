#pragma once
#include "cluster/runtime/core.hpp"

namespace rondo::consensus {

/// One step of the core: the time it happens at and what it wants done.
struct Turn {
    Instant now;
    Effects effects;

    void log(Level level, std::string text) { effects.logs.push_back({level, std::move(text)}); }
};

}  // namespace rondo::consensus
