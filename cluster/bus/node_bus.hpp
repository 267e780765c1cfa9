#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "cluster/bus/context.hpp"
#include "cluster/bus/protocol.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo::bus {

struct Endpoints {
    std::string router;
    std::string publisher;
};

struct NodeOptions {
    Actor self = Actor::intake;
    std::map<Actor, Endpoints> actors;  ///< all of this node
    std::vector<Stream> subscriptions;
    std::vector<Stream> lingering;  ///< of the subscriptions: heard on a socket of their own
};

/// The sockets of one actor inside its node: its ROUTER and PUB, a SUB on the publishers it hears and another for what may
/// linger, one DEALER per sibling it asks. Nothing here blocks.
class NodeBus {
  public:
    [[nodiscard]] static tl::expected<NodeBus, std::string> open(Context& context, const NodeOptions& options);
    NodeBus(NodeBus&&) noexcept;
    NodeBus& operator=(NodeBus&&) = delete;
    ~NodeBus();

    /// Who waits for an answer.
    struct Route {
        Bytes identity;
        std::uint64_t id = 0;
    };
    struct FromAsker {
        Route route;
        Envelope envelope;
        Bytes payload;
        std::string asker;  ///< the address it asks from, or its process on this host
    };
    struct FromSibling {
        Actor from;
        std::uint64_t id;
        std::variant<Bytes, StreamChunk> content;
    };
    using FromPublisher = std::variant<StreamChunk, Announcement>;

    [[nodiscard]] std::optional<FromAsker> next_request();
    [[nodiscard]] std::optional<FromSibling> next_answer();
    [[nodiscard]] std::optional<FromPublisher> next_published();
    [[nodiscard]] std::optional<FromPublisher> next_lingering();

    void reply(const Route& route, Bytes payload);
    void reply(const Route& route, StreamChunk chunk);
    /// False if the sibling is not connected now: try again.
    [[nodiscard]] bool ask(Actor whom, const Envelope& envelope, ByteView payload);
    void publish(StreamChunk chunk);
    void announce(const Announcement& announcement);

    /// For wait_readable(); changes when a sibling is asked for the first time.
    [[nodiscard]] std::vector<void*> sockets(bool with_lingering) const;
    /// Messages that were no sentences of the protocol.
    [[nodiscard]] std::uint64_t malformed() const;

  private:
    struct Impl;
    [[nodiscard]] std::optional<FromPublisher> next_on(bool lingering);
    explicit NodeBus(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::bus
