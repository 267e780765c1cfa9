#include "cluster/bus/peer_bus.hpp"

#include <charconv>

#include "cluster/bus/context_native.hpp"
#include "cluster/bus/frames.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::bus {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t genesis_tag_bytes = 8;
// CURVE adds a nonce, a flag and a MAC to each frame (RFC 26).
constexpr auto wire_bytes_max = static_cast<std::int64_t>(limits::message_bytes_max + 256);
constexpr const char* zap_endpoint = "inproc://zeromq.zap.01";  // RFC 27

int hwm_of(Channel channel) {
    switch (channel) {
        case Channel::lanes:
            return limits::lanes_hwm;
        case Channel::votes:
            return limits::votes_hwm;
        case Channel::sync:
            return limits::sync_hwm;
    }
    return limits::sync_hwm;
}

void set_peer_options(zmq::socket_t& socket, Channel channel) {
    set_common_options(socket, hwm_of(channel), wire_bytes_max);
    socket.set(zmq::sockopt::heartbeat_ivl, limits::heartbeat_ms);
    socket.set(zmq::sockopt::heartbeat_timeout, limits::heartbeat_timeout_ms);
}

void set_key(zmq::socket_t& socket, int option, ByteView key) {
    const int error = zmq_setsockopt(socket.handle(), option, key.data(), key.size());
    require(error == 0, "libzmq was built without CURVE, or a key has not 32 bytes");
}

/// Who sent it, as ZAP said at the handshake.
std::optional<OperatorNumber> sender_of(const zmq::message_t& frame) {
    const char* text = zmq_msg_gets(frame.handle(), "User-Id");
    if (text == nullptr) return std::nullopt;
    const std::string_view digits = text;
    OperatorNumber number;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number.value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

}  // namespace

struct PeerBus::Impl {
    PeerOptions options;
    zmq::socket_t zap;
    std::map<Channel, zmq::socket_t> listeners;
    std::map<std::pair<Channel, OperatorNumber>, zmq::socket_t> dealers;
    std::map<TransportKey, OperatorNumber> admitted;
    std::vector<void*> sockets;
    PeerCounters counters;
    Frames frames;

    Impl(zmq::context_t& context, const PeerOptions& o) : options(o), zap(context, ZMQ_REP) {}

    [[nodiscard]] ByteView genesis_tag() const { return options.genesis.view().first(genesis_tag_bytes); }

    std::optional<std::string> listen(zmq::context_t& context, Channel channel, const std::string& endpoint) {
        zmq::socket_t socket(context, ZMQ_ROUTER);
        set_peer_options(socket, channel);
        socket.set(zmq::sockopt::curve_server, 1);
        socket.set(zmq::sockopt::zap_domain, std::string("rondo"));
        set_key(socket, ZMQ_CURVE_SECRETKEY, options.transport_secret);
        if (auto refusal = bind(socket, endpoint)) return refusal;
        sockets.push_back(socket.handle());
        listeners.emplace(channel, std::move(socket));
        return std::nullopt;
    }

    std::optional<std::string> reach(zmq::context_t& context, Channel channel, const PeerOptions::Peer& peer) {
        const auto endpoint = peer.endpoints.find(channel);
        if (endpoint == peer.endpoints.end()) return std::nullopt;
        zmq::socket_t socket(context, ZMQ_DEALER);
        set_peer_options(socket, channel);
        // Nothing is kept for a peer that is away: it would be stale when it returns.
        socket.set(zmq::sockopt::immediate, 1);
        set_key(socket, ZMQ_CURVE_SERVERKEY, peer.transport_key.view());
        set_key(socket, ZMQ_CURVE_PUBLICKEY, options.transport_public.view());
        set_key(socket, ZMQ_CURVE_SECRETKEY, options.transport_secret);
        if (auto refusal = connect(socket, endpoint->second)) return refusal;
        dealers.emplace(std::pair(channel, peer.number), std::move(socket));
        return std::nullopt;
    }

    void answer_handshake() {
        // version, request id, domain, address, routing id, mechanism, credentials (RFC 27)
        const bool curve = frames.size() == 7 && view_of(frames[6]).size() == key_bytes && frames[5].to_string_view() == "CURVE";
        const auto known = curve ? admitted.find(*TransportKey::from(view_of(frames[6]))) : admitted.end();
        const bool welcome = known != admitted.end();
        if (!welcome) ++counters.refused_keys;
        const std::string user = welcome ? std::to_string(known->second.value) : "";
        Frames reply;
        reply.push_back(copied(as_bytes("1.0")));
        reply.push_back(frames.size() > 1 ? std::move(frames[1]) : zmq::message_t());
        reply.push_back(copied(as_bytes(welcome ? "200" : "400")));
        reply.push_back(copied(as_bytes(welcome ? "OK" : "unknown transport key")));
        reply.push_back(copied(as_bytes(user)));
        reply.push_back(zmq::message_t());
        bus::send(zap, reply);
    }
};

PeerBus::PeerBus(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerBus::PeerBus(PeerBus&&) noexcept = default;
PeerBus::~PeerBus() = default;

tl::expected<PeerBus, std::string> PeerBus::open(Context& context, const PeerOptions& options) {
    zmq::context_t& native = context.native().zmq;
    auto impl = std::make_unique<Impl>(native, options);
    if (options.listen.empty()) return PeerBus(std::move(impl));
    if (options.transport_secret.size() != key_bytes)
        return tl::unexpected(std::string("the transport key must have 32 bytes; check transport_key in the configuration"));
    impl->zap.set(zmq::sockopt::linger, 0);
    if (auto refusal = bind(impl->zap, zap_endpoint)) return tl::unexpected(*refusal);
    impl->sockets.push_back(impl->zap.handle());
    for (const PeerOptions::Peer& peer : options.peers) impl->admitted.emplace(peer.transport_key, peer.number);
    for (const auto& [channel, endpoint] : options.listen) {
        if (auto refusal = impl->listen(native, channel, endpoint)) return tl::unexpected(*refusal);
        for (const PeerOptions::Peer& peer : options.peers)
            if (auto refusal = impl->reach(native, channel, peer)) return tl::unexpected(*refusal);
    }
    return PeerBus(std::move(impl));
}

void PeerBus::admit() {
    if (impl_->listeners.empty()) return;
    while (receive(impl_->zap, impl_->frames, 8) != Got::nothing) impl_->answer_handshake();
}

std::optional<PeerMessage> PeerBus::next(Channel channel) {
    const auto listener = impl_->listeners.find(channel);
    if (listener == impl_->listeners.end()) return std::nullopt;
    Got got;
    while ((got = receive(listener->second, impl_->frames, 3)) != Got::nothing) {
        const Frames& frames = impl_->frames;  // connection, genesis tag, payload
        const auto from = got == Got::message && frames.size() == 3 ? sender_of(frames[2]) : std::nullopt;
        if (!from) {
            ++impl_->counters.malformed;
        } else if (!std::ranges::equal(view_of(frames[1]), impl_->genesis_tag())) {
            ++impl_->counters.foreign_genesis;
        } else {
            return PeerMessage{channel, *from, to_bytes(view_of(frames[2]))};
        }
    }
    return std::nullopt;
}

bool PeerBus::send(Channel channel, OperatorNumber to, Bytes payload) {
    const auto dealer = impl_->dealers.find(std::pair(channel, to));
    const bool fits = payload.size() <= limits::message_bytes_max;  // a peer would hang up on more
    Frames frames;
    frames.push_back(copied(impl_->genesis_tag()));
    frames.push_back(moved(std::move(payload)));
    const bool sent = dealer != impl_->dealers.end() && fits && bus::send(dealer->second, frames);
    if (!sent) ++impl_->counters.unsent[static_cast<std::size_t>(channel)];
    return sent;
}

const std::vector<void*>& PeerBus::sockets() const { return impl_->sockets; }
const PeerCounters& PeerBus::counters() const { return impl_->counters; }

}  // namespace rondo::bus
