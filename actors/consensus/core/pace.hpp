#pragma once
#include <algorithm>

#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// Δ = Δ0 · 1.5^k, capped; k rises by one per nullified view and falls by one per finalization.
class Pace {
  public:
    [[nodiscard]] DurationMs delta(const Parameters& p) const {
        DurationMs delta = p.delta_ms;
        for (std::uint64_t i = 0; i < exponent_ && delta < p.delta_max_ms; ++i) delta += std::max<DurationMs>(delta / 2, 1);
        return std::min(delta, std::max(p.delta_max_ms, p.delta_ms));
    }
    /// Never beyond the cap, so that the way back is no longer than the way up.
    void on_nullified(const Parameters& p) { exponent_ += delta(p) < p.delta_max_ms; }
    void on_finalized() { exponent_ -= exponent_ > 0; }

  private:
    std::uint64_t exponent_ = 0;
};

}  // namespace rondo::consensus
