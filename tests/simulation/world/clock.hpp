#pragma once
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace rondo::sim {

/// Virtual time, in microseconds since the run began.
using Micros = std::uint64_t;
inline constexpr Micros millisecond = 1000;
inline constexpr Micros second = 1'000'000;

/// The one queue of everything that will happen. Equal times keep the order in which they were set.
class Clock {
  public:
    [[nodiscard]] Micros now() const { return now_; }
    void at(Micros when, std::function<void()> what) { queue_.push({when < now_ ? now_ : when, order_++, std::move(what)}); }
    void after(Micros delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

    /// Runs the next event if it is due by `until`; else moves the time to `until` and returns false.
    bool step(Micros until) {
        if (queue_.empty() || queue_.top().when > until) {
            now_ = until;
            return false;
        }
        Event event = std::move(const_cast<Event&>(queue_.top()));
        queue_.pop();
        now_ = event.when;
        event.what();
        return true;
    }

  private:
    struct Event {
        Micros when;
        std::uint64_t order;
        std::function<void()> what;
        bool operator<(const Event& other) const { return when != other.when ? when > other.when : order > other.order; }
    };
    Micros now_ = 0;
    std::uint64_t order_ = 0;
    std::priority_queue<Event> queue_;
};

}  // namespace rondo::sim
