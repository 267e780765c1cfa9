#include "allocation_meter.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocated_total = 0;
}

void* operator new(std::size_t size) {
    allocated_total += size;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace rondo::test {

AllocationMeter::AllocationMeter() : start_(allocated_total) {}
std::size_t AllocationMeter::allocated() const { return allocated_total - start_; }

}  // namespace rondo::test
