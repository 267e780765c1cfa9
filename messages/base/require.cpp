#include "messages/base/require.hpp"

#include <cstdio>
#include <cstdlib>

namespace rondo {

void fail_invariant(const char* condition, std::string_view message, const char* file, int line) {
    std::fprintf(stderr, "invariant broken: %.*s [%s] at %s:%d\n", static_cast<int>(message.size()), message.data(),
                 condition, file, line);
    std::fflush(stderr);
    std::_Exit(70);
}

}  // namespace rondo
