#pragma once
#include <string>
#include <string_view>

#include "cluster/runtime/core.hpp"

namespace rondo::shell {

/// Lines for the operator on stderr; the launcher sends them to the actor's log file. RONDO_LOG=debug shows everything.
void open_log(Actor actor);
void log(Level level, std::string_view text);
/// The newest line of level error, for the status.
[[nodiscard]] std::string last_error();

}  // namespace rondo::shell
