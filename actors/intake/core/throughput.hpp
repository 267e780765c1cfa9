#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "messages/base/types.hpp"

namespace rondo::intake {

/// How many of this operator's promises execution passes in a second, lately: a mean over windows, the newest counting half.
class Throughput {
  public:
    void passed(Instant now, std::size_t promises);
    [[nodiscard]] std::uint64_t per_second() const { return per_second_; }

  private:
    std::optional<Instant> window_began_;
    std::uint64_t passed_ = 0;
    std::uint64_t per_second_ = 0;
};

}  // namespace rondo::intake
