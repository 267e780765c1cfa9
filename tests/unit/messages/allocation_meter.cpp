#include "allocation_meter.hpp"

#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RONDO_MEASURED_BY_HOOK
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace {
thread_local std::size_t allocated_total = 0;
}

#ifdef RONDO_MEASURED_BY_HOOK
// The thread sanitizer's own operator new cannot be replaced. It tells of each allocation.
extern "C" void __sanitizer_malloc_hook(const volatile void* /*memory*/, std::size_t size) { allocated_total += size; }
#else
void* operator new(std::size_t size) {
    allocated_total += size;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace rondo::test {

AllocationMeter::AllocationMeter() : start_(allocated_total) {}
std::size_t AllocationMeter::allocated() const { return allocated_total - start_; }

}  // namespace rondo::test
