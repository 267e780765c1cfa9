#include "cluster/bus/context.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "cluster/bus/context_native.hpp"
#include "cluster/runtime/limits.hpp"

namespace rondo::bus {

Context::Context() : native_(std::make_unique<Native>()) {}
Context::~Context() = default;

void ask_to_be_prompt() {
    // sched_setattr(2), which this C library has no declaration of; the kernel's header and the library's exclude each other.
    struct {
        std::uint32_t size = 48, policy = 0;
        std::uint64_t flags = 0;
        std::int32_t nice = 0;
        std::uint32_t priority = 0;
        std::uint64_t runtime = limits::prompt_slice_ns, deadline = 0, period = 0;
    } attributes;
    static_assert(sizeof attributes == 48);
    (void)::syscall(SYS_sched_setattr, 0, &attributes, 0);  // refused: as if it had not been asked
}

void wait_readable(std::span<void* const> sockets, std::span<const int> descriptors, DurationMs wait_ms) {
    std::vector<zmq_pollitem_t> items;
    items.reserve(sockets.size() + descriptors.size());
    for (void* socket : sockets) items.push_back({socket, 0, ZMQ_POLLIN, 0});
    for (const int descriptor : descriptors) items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
    zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(wait_ms));
}

}  // namespace rondo::bus
