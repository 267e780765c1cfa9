#include "cluster/bus/context.hpp"

#include <vector>

#include "cluster/bus/context_native.hpp"

namespace rondo::bus {

Context::Context() : native_(std::make_unique<Native>()) {}
Context::~Context() = default;

void wait_readable(std::span<void* const> sockets, std::span<const int> descriptors, DurationMs wait_ms) {
    std::vector<zmq_pollitem_t> items;
    items.reserve(sockets.size() + descriptors.size());
    for (void* socket : sockets) items.push_back({socket, 0, ZMQ_POLLIN, 0});
    for (const int descriptor : descriptors) items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
    zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(wait_ms));
}

}  // namespace rondo::bus
