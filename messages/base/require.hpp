#pragma once
#include <string_view>

namespace rondo {

/// Ends the process with exit code 70 after writing one line to stderr. On in every build: an
/// invariant of ours that fails must stop the actor before it says something it cannot take back.
[[noreturn]] void fail_invariant(const char* condition, std::string_view message, const char* file, int line);

/// What is called instead of ending the process: for the simulator, whose processes are a few objects in one thread.
/// It must not return (it throws); null restores the end of the process.
using InvariantHandler = void (*)(std::string_view line);
void set_invariant_handler(InvariantHandler handler);

}  // namespace rondo

/// Our own fault is a stop. A stranger's fault is a value: never use this on outside input.
#define require(condition, message) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : ::rondo::fail_invariant(#condition, (message), __FILE__, __LINE__))
