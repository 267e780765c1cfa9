#include "cluster/bus/node_bus.hpp"

#include <set>

#include "cluster/bus/context_native.hpp"
#include "cluster/bus/frames.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::bus {
namespace {

constexpr std::uint8_t announcement_topic = 0xff;
constexpr int last_words_ms = 250;
constexpr std::size_t chunk_frames_max = limits::chunk_messages_max + 4;
constexpr auto frame_bytes_max = static_cast<std::int64_t>(limits::node_frame_bytes_max);

/// What libzmq knows of a connection: an address, or "localhost:user:group:process".
std::string asker_of(const zmq::message_t& frame) {
    const char* text = zmq_msg_gets(frame.handle(), "Peer-Address");
    return text == nullptr ? std::string() : text;
}

Frames chunk_frames(StreamChunk chunk, zmq::message_t first) {
    Frames frames;
    frames.reserve(chunk.payloads.size() + 3);
    frames.push_back(std::move(first));
    frames.push_back(moved(encode(chunk.header)));
    for (Bytes& payload : chunk.payloads) frames.push_back(moved(std::move(payload)));
    return frames;
}

}  // namespace

struct NodeBus::Impl {
    zmq::context_t& context;
    NodeOptions options;
    zmq::socket_t router;
    zmq::socket_t publisher;
    zmq::socket_t subscriber;
    zmq::socket_t lingering;
    std::map<Actor, zmq::socket_t> dealers;
    std::vector<void*> sockets;
    std::size_t next_dealer = 0;
    std::uint64_t malformed = 0;
    Frames frames;

    Impl(zmq::context_t& c, const NodeOptions& o)
        : context(c), options(o), router(c, ZMQ_ROUTER), publisher(c, ZMQ_PUB), subscriber(c, ZMQ_SUB), lingering(c, ZMQ_SUB) {}

    std::optional<std::string> subscribe(zmq::socket_t& socket, const std::set<Stream>& streams) {
        set_common_options(socket, limits::stream_hwm, frame_bytes_max);
        std::set<Actor> publishers;
        for (const Stream stream : streams) {
            const std::uint8_t topic = static_cast<std::uint8_t>(stream);
            socket.set(zmq::sockopt::subscribe, zmq::const_buffer(&topic, 1));
            publishers.insert(publisher_of(stream));
        }
        if (!publishers.empty()) socket.set(zmq::sockopt::subscribe, zmq::const_buffer(&announcement_topic, 1));
        for (const Actor actor : publishers) {
            const auto found = options.actors.find(actor);
            if (found == options.actors.end())
                return "the configuration does not name the endpoints of " + std::string(to_string(actor));
            if (auto refusal = connect(socket, found->second.publisher)) return refusal;
        }
        return std::nullopt;
    }

    zmq::socket_t& dealer(Actor whom) {
        const auto found = dealers.find(whom);
        if (found != dealers.end()) return found->second;
        zmq::socket_t socket(context, ZMQ_DEALER);
        set_common_options(socket, limits::request_hwm, frame_bytes_max);
        // What is asked of a sibling that is away is not queued out of sight: the shell asks again or lets the deadline pass.
        socket.set(zmq::sockopt::immediate, 1);
        const auto refusal = connect(socket, options.actors.at(whom).router);
        require(!refusal, "endpoints were checked when the bus was opened");
        sockets.push_back(socket.handle());
        return dealers.emplace(whom, std::move(socket)).first->second;
    }

    /// False when there is nothing; frames of another shape are skipped and counted.
    bool receive_some(zmq::socket_t& socket, std::size_t frames_min) {
        while (true) {
            const Got got = receive(socket, frames, chunk_frames_max);
            if (got == Got::nothing) return false;
            if (got == Got::message && frames.size() >= frames_min) return true;
            ++malformed;
        }
    }
};

NodeBus::NodeBus(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NodeBus::NodeBus(NodeBus&&) noexcept = default;
NodeBus::~NodeBus() = default;

tl::expected<NodeBus, std::string> NodeBus::open(Context& context, const NodeOptions& options) {
    auto impl = std::make_unique<Impl>(context.native().zmq, options);
    set_common_options(impl->router, limits::request_hwm, frame_bytes_max);
    set_common_options(impl->publisher, limits::stream_hwm, frame_bytes_max);
    // The last replies may still leave when the actor stops.
    impl->router.set(zmq::sockopt::linger, last_words_ms);
    const auto own = options.actors.find(options.self);
    if (own == options.actors.end())
        return tl::unexpected(std::string("the configuration does not name this actor's own endpoints"));
    if (auto refusal = bind(impl->router, own->second.router)) return tl::unexpected(*refusal);
    if (auto refusal = bind(impl->publisher, own->second.publisher)) return tl::unexpected(*refusal);
    const std::set<Stream> lingering(options.lingering.begin(), options.lingering.end());
    std::set<Stream> prompt(options.subscriptions.begin(), options.subscriptions.end());
    for (const Stream stream : lingering) require(prompt.erase(stream) == 1, "only a subscription may linger");
    if (auto refusal = impl->subscribe(impl->subscriber, prompt)) return tl::unexpected(*refusal);
    if (auto refusal = impl->subscribe(impl->lingering, lingering)) return tl::unexpected(*refusal);
    // An endpoint that cannot even be parsed is found now, not at the first question.
    zmq::socket_t probe(impl->context, ZMQ_DEALER);
    probe.set(zmq::sockopt::linger, 0);
    for (const auto& [actor, endpoints] : options.actors)
        if (auto refusal = connect(probe, endpoints.router)) return tl::unexpected(*refusal);
    impl->sockets = {impl->router.handle()};
    if (!prompt.empty()) impl->sockets.push_back(impl->subscriber.handle());
    if (!lingering.empty()) impl->sockets.push_back(impl->lingering.handle());
    return NodeBus(std::move(impl));
}

std::optional<NodeBus::FromAsker> NodeBus::next_request() {
    while (impl_->receive_some(impl_->router, 3)) {
        const Frames& frames = impl_->frames;
        const auto envelope = decode<Envelope>(view_of(frames[1]));
        if (envelope && frames.size() == 3)
            return FromAsker{
                {to_bytes(view_of(frames[0])), envelope->id}, *envelope, to_bytes(view_of(frames[2])), asker_of(frames[2])};
        ++impl_->malformed;
    }
    return std::nullopt;
}

std::optional<NodeBus::FromSibling> NodeBus::next_answer() {
    for (auto& [actor, socket] : impl_->dealers) {
        while (impl_->receive_some(socket, 2)) {
            const Frames& frames = impl_->frames;
            const auto envelope = decode<Envelope>(view_of(frames[0]));
            if (envelope && envelope->kind == EnvelopeKind::reply && frames.size() == 2)
                return FromSibling{actor, envelope->id, to_bytes(view_of(frames[1]))};
            auto chunk = envelope && envelope->kind == EnvelopeKind::chunk ? chunk_from(frames, 1) : std::nullopt;
            if (chunk && publisher_of(chunk->header.at.stream) == actor)
                return FromSibling{actor, envelope->id, std::move(*chunk)};
            ++impl_->malformed;
        }
    }
    return std::nullopt;
}

std::optional<NodeBus::FromPublisher> NodeBus::next_published() { return next_on(false); }
std::optional<NodeBus::FromPublisher> NodeBus::next_lingering() { return next_on(true); }

std::optional<NodeBus::FromPublisher> NodeBus::next_on(bool lingering) {
    while (impl_->receive_some(lingering ? impl_->lingering : impl_->subscriber, 2)) {
        const Frames& frames = impl_->frames;
        const ByteView topic = view_of(frames[0]);
        if (topic.size() == 1 && topic[0] == announcement_topic) {
            if (auto announcement = decode<Announcement>(view_of(frames[1]))) return std::move(*announcement);
        } else if (auto chunk = chunk_from(frames, 1)) {
            return std::move(*chunk);
        }
        ++impl_->malformed;
    }
    return std::nullopt;
}

void NodeBus::reply(const Route& route, Bytes payload) {
    Frames frames;
    frames.push_back(copied(route.identity));
    frames.push_back(moved(encode(Envelope{EnvelopeKind::reply, route.id, 0})));
    frames.push_back(moved(std::move(payload)));
    send(impl_->router, frames);  // an asker that left or does not read loses its answer
}

void NodeBus::reply(const Route& route, StreamChunk chunk) {
    Frames frames = chunk_frames(std::move(chunk), moved(encode(Envelope{EnvelopeKind::chunk, route.id, 0})));
    frames.insert(frames.begin(), copied(route.identity));
    send(impl_->router, frames);
}

bool NodeBus::ask(Actor whom, const Envelope& envelope, ByteView payload) {
    Frames frames;
    frames.push_back(moved(encode(envelope)));
    frames.push_back(copied(payload));
    return send(impl_->dealer(whom), frames);
}

void NodeBus::publish(StreamChunk chunk) {
    const auto topic = static_cast<std::uint8_t>(chunk.header.at.stream);
    Frames frames = chunk_frames(std::move(chunk), copied({&topic, 1}));
    send(impl_->publisher, frames);
}

void NodeBus::announce(const Announcement& announcement) {
    Frames frames;
    frames.push_back(copied({&announcement_topic, 1}));
    frames.push_back(moved(encode(announcement)));
    send(impl_->publisher, frames);
}

std::vector<void*> NodeBus::sockets(bool with_lingering) const {
    std::vector<void*> out = impl_->sockets;
    if (!with_lingering) std::erase(out, impl_->lingering.handle());
    return out;
}
std::uint64_t NodeBus::malformed() const { return impl_->malformed; }

}  // namespace rondo::bus
