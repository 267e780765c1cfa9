#include "actors/intake/rpc/upstream.hpp"

#include <unistd.h>

#include <chrono>

namespace rondo::rpc {

// The descriptor belongs to ZeroMQ; asio closes what it is given, so it gets a duplicate.
Upstream::Upstream(asio::io_context& io, const std::string& router_endpoint)
    : io_(io), client_(router_endpoint), readable_(io, ::dup(client_.descriptor())) {
    wait_readable();
}

Upstream::~Upstream() { close(); }

void Upstream::close() {
    boost::system::error_code ignored;
    readable_.close(ignored);
    for (auto& entry : pending_) entry.second->deadline.cancel(ignored);
}

asio::awaitable<std::optional<Bytes>> Upstream::ask(Bytes payload, DurationMs deadline_ms, std::string caller) {
    auto pending = std::make_shared<Pending>(Pending{asio::steady_timer(io_, std::chrono::milliseconds(deadline_ms)), {}});
    const std::uint64_t id = client_.send(payload, std::move(caller));
    pending_.emplace(id, pending);
    drain();  // ZMQ_FD is edge-triggered: what sending has consumed of the edge must be looked at here
    if (!pending->answer) {
        boost::system::error_code cancelled;
        co_await pending->deadline.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    pending_.erase(id);
    co_return std::move(pending->answer);
}

void Upstream::wait_readable() {
    readable_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
        if (error) return;
        drain();
        wait_readable();
    });
}

void Upstream::drain() {
    while (auto arrived = client_.poll(0)) {
        const auto it = pending_.find(arrived->id);
        if (it == pending_.end()) continue;  // its deadline passed
        it->second->answer = std::move(arrived->payload);
        it->second->deadline.cancel();
    }
}

}  // namespace rondo::rpc
