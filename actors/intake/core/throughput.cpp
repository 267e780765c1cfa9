#include "actors/intake/core/throughput.hpp"

#include "actors/intake/core/limits.hpp"

namespace rondo::intake {

void Throughput::passed(Instant now, std::size_t promises) {
    // A clock that jumped back begins another window.
    if (!window_began_ || now < *window_began_) {
        window_began_ = now;
        passed_ = 0;
    }
    passed_ += promises;
    const DurationMs length = now.value - window_began_->value;
    if (length < throughput_window_ms) return;
    per_second_ = (per_second_ + passed_ * 1000 / length) / 2;
    window_began_ = now;
    passed_ = 0;
}

}  // namespace rondo::intake
