#pragma once
#include <memory>
#include <span>

#include "messages/base/types.hpp"

namespace rondo::bus {

/// ZeroMQ's own threads and queues: one per hosted actor, outliving its sockets.
class Context {
  public:
    Context();
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    struct Native;
    [[nodiscard]] Native& native() { return *native_; }

  private:
    std::unique_ptr<Native> native_;
};

/// For what somebody waits for: this thread, and those begun by it from here on, take short slices of the processor, and so are
/// woken before what does more at a time. Without slices of one's own (Linux before 6.12) nothing changes.
void ask_to_be_prompt();

/// Sleeps until one of the sockets (from NodeBus and PeerBus) or file descriptors is readable, a signal came, or `wait_ms`
/// passed.
void wait_readable(std::span<void* const> sockets, std::span<const int> descriptors, DurationMs wait_ms);

}  // namespace rondo::bus
