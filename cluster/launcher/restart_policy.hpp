#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "messages/base/types.hpp"

namespace rondo {

/// When to start an actor again that ended without being asked. Pure: the time comes from outside.
class RestartPolicy {
  public:
    struct Limits {
        DurationMs backoff_ms_min = 100;
        DurationMs backoff_ms_max = 5000;
        std::uint64_t restarts_max = 30;  ///< within the window
        DurationMs window_ms = 60'000;
    };
    explicit RestartPolicy(const Limits& limits) : limits_(limits) {}

    /// The actor ended at `now`: start it after this delay, which doubles with each end in the window; or never.
    [[nodiscard]] std::optional<DurationMs> after_end(Instant now);
    /// A person asked for a start: what was before is forgotten.
    void forget() { ends_.clear(); }

  private:
    Limits limits_;
    std::deque<Instant> ends_;  ///< within the window, oldest first
};

/// How a process ended, from waitpid's status.
struct ProcessEnd {
    bool may_restart = true;
    bool when_there_is_room = false;  ///< started again once its disk has room
    std::string text;                 ///< "killed by signal 9", "exit code 78: bad configuration…"
};
[[nodiscard]] ProcessEnd describe_end(int wait_status);

}  // namespace rondo
