#include "cluster/launcher/restart_policy.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "cluster/shell/shell_config.hpp"

namespace rondo {

std::optional<DurationMs> RestartPolicy::after_end(Instant now) {
    while (!ends_.empty() && ends_.front() < now.minus_or_zero(limits_.window_ms)) ends_.pop_front();
    if (ends_.size() >= limits_.restarts_max) return std::nullopt;
    DurationMs delay = limits_.backoff_ms_min;
    for (std::size_t i = 0; i < ends_.size() && delay < limits_.backoff_ms_max; ++i) delay *= 2;
    ends_.push_back(now);
    return std::min(delay, limits_.backoff_ms_max);
}

ProcessEnd describe_end(int wait_status) {
    if (WIFSIGNALED(wait_status)) {
        const int signal = WTERMSIG(wait_status);
        return {true, false, "killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")"};
    }
    const int code = WEXITSTATUS(wait_status);
    const std::string text = "exit code " + std::to_string(code);
    switch (code) {
        case exit_ok:
            return {true, false, "ended by itself"};
        case exit_invariant:
            return {true, false, text + ": an invariant broke; see its log"};
        case exit_store:
            return {false, false, text + ": its store failed (sync, checksum or I/O); see its log before you restart it"};
        case exit_disk_full:
            return {false, true, text + ": the disk is full; it starts again when there is room"};
        case exit_config:
            return {false, false, text + ": bad configuration, foreign or newer store, or port in use; see its log"};
        case exit_store_locked:
            return {false, false, text + ": another process uses its store; stop that one first"};
        case 127:
            return {false, false, text + ": its program cannot be started; is it built?"};
        default:
            return {true, false, text};
    }
}

}  // namespace rondo
