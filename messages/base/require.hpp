#pragma once
#include <string_view>

namespace rondo {

/// Ends the process with exit code 70 after writing one line to stderr. On in every build: an
/// invariant of ours that fails must stop the actor before it says something it cannot take back.
[[noreturn]] void fail_invariant(const char* condition, std::string_view message, const char* file, int line);

}  // namespace rondo

/// Our own fault is a stop. A stranger's fault is a value: never use this on outside input.
#define require(condition, message)                                                    \
    (static_cast<bool>(condition) ? static_cast<void>(0)                               \
                                  : ::rondo::fail_invariant(#condition, (message), __FILE__, __LINE__))
