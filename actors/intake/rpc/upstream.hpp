#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/intake/rpc/asio.hpp"
#include "cluster/bus/client.hpp"

namespace rondo::rpc {

/// One actor seen from coroutines: many questions in flight on one Client. Used from the io_context's thread only.
class Upstream {
  public:
    Upstream(asio::io_context& io, const std::string& router_endpoint);
    ~Upstream();
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    /// Asked on behalf of `caller`. The answer, or nothing when the deadline passed.
    [[nodiscard]] asio::awaitable<std::optional<Bytes>> ask(Bytes payload, DurationMs deadline_ms, std::string caller);
    void close();

  private:
    struct Pending {
        asio::steady_timer deadline;
        std::optional<Bytes> answer;
    };
    void wait_readable();
    void drain();

    asio::io_context& io_;
    Client client_;
    asio::posix::stream_descriptor readable_;
    std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;
};

}  // namespace rondo::rpc
