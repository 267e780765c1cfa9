#pragma once
#include <cstddef>

namespace rondo::test {

/// Bytes that this thread asked of operator new since the meter was made.
class AllocationMeter {
  public:
    AllocationMeter();
    [[nodiscard]] std::size_t allocated() const;

  private:
    std::size_t start_;
};

}  // namespace rondo::test
