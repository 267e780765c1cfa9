#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"

/// The way of tools and of the JSON-RPC server to the actors of a node: the same requests and streams that
/// the actors use among themselves.
namespace rondo {

struct StreamCursor {
    Stream stream = Stream::batches;
    std::uint64_t next = 0;  ///< the next sequence this subscriber waits for
    std::uint64_t head = 0;  ///< the newest one announced
    static auto fields(auto& v) { return std::tie(v.stream, v.next, v.head); }
};
[[nodiscard]] constexpr bool is_valid(Stream s) { return s <= Stream::postings; }
struct StatusEntry {
    std::string name;
    std::uint64_t number = 0;
    std::string text;  ///< used when not empty
    static auto fields(auto& v) { return std::tie(v.name, v.number, v.text); }
};
/// What every actor answers to a status request, whatever its core does.
struct ActorStatus {
    std::string actor;
    std::string version;
    std::uint64_t pid = 0;
    std::uint64_t uptime_ms = 0;
    std::vector<StreamCursor> cursors;    ///< of its subscriptions: lag = head + 1 - next
    std::vector<StreamCursor> published;  ///< heads of its own streams (next unused)
    std::vector<StatusEntry> facts;       ///< Core::status() and the shell's own counters
    static auto fields(auto& v) { return std::tie(v.actor, v.version, v.pid, v.uptime_ms, v.cursors, v.published, v.facts); }
};

/// One DEALER to one actor's ROUTER. Not thread-safe; cheap; reconnects by itself.
class Client {
  public:
    explicit Client(const std::string& router_endpoint);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Sends the request and waits for its answer; nothing when the deadline passed.
    [[nodiscard]] std::optional<Bytes> ask(ByteView payload, DurationMs deadline_ms);
    [[nodiscard]] std::optional<ActorStatus> status(DurationMs deadline_ms);

    /// Pipelined use: send now, poll later. Answers come in any order, by id.
    [[nodiscard]] std::uint64_t send(ByteView payload) { return send(payload, {}); }
    /// On behalf of somebody, whose share of the actor it counts against.
    [[nodiscard]] std::uint64_t send(ByteView payload, std::string for_whom);
    struct Arrived {
        std::uint64_t id;
        Bytes payload;
    };
    [[nodiscard]] std::optional<Arrived> poll(DurationMs wait_ms);
    /// File descriptor that becomes readable when poll() may have something (edge-triggered as ZMQ_FD is: drain it).
    [[nodiscard]] int descriptor() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Reads a stream live, from the next message on, without a cursor: for tools that watch. May miss messages when slow.
class StreamTap {
  public:
    StreamTap(const std::string& publisher_endpoint, const std::vector<Stream>& streams);
    ~StreamTap();
    StreamTap(StreamTap&&) noexcept;
    struct Message {
        Stream stream;
        std::uint64_t sequence;
        Bytes payload;
    };
    [[nodiscard]] std::optional<Message> poll(DurationMs wait_ms);
    [[nodiscard]] int descriptor() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rondo
