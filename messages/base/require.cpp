#include "messages/base/require.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace rondo {
namespace {
InvariantHandler invariant_handler = nullptr;
}

void set_invariant_handler(InvariantHandler handler) { invariant_handler = handler; }

void fail_invariant(const char* condition, std::string_view message, const char* file, int line) {
    if (invariant_handler != nullptr)
        invariant_handler(std::string(message) + " [" + condition + "] at " + file + ":" + std::to_string(line));
    std::fprintf(stderr, "invariant broken: %.*s [%s] at %s:%d\n", static_cast<int>(message.size()), message.data(), condition,
                 file, line);
    std::fflush(stderr);
    std::_Exit(70);
}

}  // namespace rondo
