#include <cstdio>
#include <cstdlib>

#include "messages/base/require.hpp"

// A broken invariant ends our programs with an exit code of its own, which libFuzzer does not take for a crash: the input would
// be lost. So here it aborts.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    rondo::set_invariant_handler([](std::string_view line) {
        std::fprintf(stderr, "invariant broken: %.*s\n", static_cast<int>(line.size()), line.data());
        std::abort();
    });
    return 0;
}
