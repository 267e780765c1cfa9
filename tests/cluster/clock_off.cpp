#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

/// Preloaded into an actor's program: its wall clock is off by RONDO_CLOCK_OFF_S seconds. The clock by which it measures how long
/// something takes goes on as it does, as on a machine that nobody synchronises.
extern "C" int clock_gettime(clockid_t clock, struct timespec* out) noexcept {
    const long result = ::syscall(SYS_clock_gettime, clock, out);
    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return static_cast<int>(result);
    const char* seconds = std::getenv("RONDO_CLOCK_OFF_S");
    if (seconds != nullptr) out->tv_sec += std::strtol(seconds, nullptr, 10);
    return 0;
}
