#include "cluster/bus/peer_bus.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include "cluster/bus/askers.hpp"
#include "cluster/bus/channel_sockets.hpp"
#include "cluster/bus/context_native.hpp"
#include "cluster/bus/dealers.hpp"
#include "cluster/bus/door.hpp"
#include "cluster/bus/frames.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::bus {
namespace {

constexpr std::size_t genesis_tag_bytes = 8;
/// Of one listed key at one listener. A node connects once, and again after it or the network was away; whoever begins without
/// end would have as many turns in the listener before its connections are found to be too many (door.hpp).
constexpr Quota::Rate handshakes{1, 16};
constexpr const char* zap_endpoint = "inproc://zeromq.zap.01";  // RFC 27

DurationMs steady_ms() {
    using namespace std::chrono;
    return static_cast<DurationMs>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

struct PeerBus::Impl {
    const PeerOptions options;
    zmq::context_t& context;
    zmq::socket_t zap;
    std::map<Channel, zmq::socket_t> listeners;
    std::map<Channel, Door> doors;  ///< of the listeners
    Dealers dealers;
    std::map<Channel, Askers> askers;           ///< of the open channels
    std::map<Channel, DurationMs> asked_until;  ///< open channels on which answers are heard by the own DEALERs
    std::map<TransportKey, OperatorNumber> listed;
    std::map<std::pair<TransportKey, std::string>, Quota> handshake_quotas;  ///< of listed keys, by ZAP domain: a listener
    std::map<Channel, std::size_t> next_source;                              ///< whose turn it is in next()
    std::vector<void*> sockets;
    PeerCounters counters;
    Frames frames;

    Impl(zmq::context_t& c, const PeerOptions& o) : options(o), context(c), zap(c, ZMQ_REP), dealers(c, options) {
        for (const Channel channel : options.channels)
            if (is_open(channel)) askers[channel];
    }

    [[nodiscard]] ByteView genesis_tag() const { return options.genesis.view().first(genesis_tag_bytes); }

    std::optional<std::string> listen(Channel channel, const std::string& endpoint) {
        zmq::socket_t socket(context, ZMQ_ROUTER);
        set_channel_options(socket, channel);
        if (is_ipv6(endpoint)) socket.set(zmq::sockopt::ipv6, 1);
        socket.set(zmq::sockopt::router_mandatory, 1);  // an answer that cannot be handed over is refused, not lost silently
        socket.set(zmq::sockopt::curve_server, 1);
        socket.set(zmq::sockopt::zap_domain, std::string(to_string(channel)));
        set_curve_key(socket, ZMQ_CURVE_SECRETKEY, options.transport_secret);
        zmq::socket_t& listener = listeners.emplace(channel, std::move(socket)).first->second;
        doors.try_emplace(channel, context, listener, std::string(to_string(channel)));
        return bind(listener, endpoint);
    }

    void list_sockets() {
        sockets.clear();
        if (!listeners.empty()) sockets.push_back(zap.handle());
        for (auto& [channel, listener] : listeners) sockets.push_back(listener.handle());
        for (auto& [channel, door] : doors) sockets.push_back(door.socket());
        for (const auto& [channel, until] : asked_until)
            for (Dealers::Dealer& dealer : dealers.on(channel)) sockets.push_back(dealer.socket.handle());
    }

    void hear_answers(Channel channel) {
        if (asked_until.insert_or_assign(channel, steady_ms() + limits::open_answer_ms_max).second) list_sockets();
    }
    void stop_hearing_answers() {
        if (asked_until.empty()) return;
        const DurationMs now = steady_ms();
        if (std::erase_if(asked_until, [&](const auto& entry) { return entry.second < now; }) > 0) list_sockets();
    }

    void answer_handshake();
    [[nodiscard]] bool is_welcome(const TransportKey& key, const std::string& domain);
    [[nodiscard]] std::optional<OperatorNumber> sender(Channel channel);
    [[nodiscard]] std::optional<PeerMessage> understand(Channel channel, Got got, std::optional<OperatorNumber> server);
    [[nodiscard]] bool hand_over(Channel channel, OperatorNumber to, Bytes payload);
    [[nodiscard]] bool answer(Channel channel, OperatorNumber to, Frames& message);
};

bool PeerBus::Impl::is_welcome(const TransportKey& key, const std::string& domain) {
    if (!listed.contains(key))
        return std::ranges::any_of(askers, [&](const auto& entry) { return domain == to_string(entry.first); });
    const DurationMs now = steady_ms();
    Quota& quota = handshake_quotas.try_emplace({key, domain}, handshakes, now).first->second;
    if (!quota.has_one(now)) return false;
    quota.spend(1, now);
    return true;
}

/// A key that is not listed may be so soon, when this node has come as far as the others: it is refused for now (300), and its
/// node tries again when the handshake has run out of time; after a refusal for good (400) libzmq never would.
void PeerBus::Impl::answer_handshake() {
    // version, request id, domain, address, routing id, mechanism, credentials (RFC 27)
    const bool curve = frames.size() == 7 && frames[5].to_string_view() == "CURVE";
    const auto key = curve ? TransportKey::from(view_of(frames[6])) : std::nullopt;
    const bool welcome = key && is_welcome(*key, frames[2].to_string());
    if (!welcome) ++counters.refused_keys;
    Frames reply;
    reply.push_back(copied(as_bytes("1.0")));
    reply.push_back(frames.size() > 1 ? std::move(frames[1]) : zmq::message_t());
    reply.push_back(copied(as_bytes(welcome ? "200" : "300")));
    reply.push_back(copied(as_bytes(welcome ? "OK" : "the transport key is not listed, or shakes hands too often")));
    reply.push_back(copied(as_bytes(welcome ? to_hex(key->view()) : "")));
    reply.push_back(zmq::message_t());
    bus::send(zap, reply);
}

/// Who sent what a listener just received; nothing if it is not to be heard.
std::optional<OperatorNumber> PeerBus::Impl::sender(Channel channel) {
    const auto key = key_of(frames[2]);
    if (!key) {
        ++counters.malformed;
        return std::nullopt;
    }
    const auto known = listed.find(*key);
    if (!is_open(channel)) {
        if (known != listed.end()) return known->second;
        ++counters.unlisted;
        return std::nullopt;
    }
    const ByteView connection = view_of(frames[0]);
    std::optional<OperatorNumber> from;
    if (known == listed.end())
        from = askers.at(channel).hear_guest(*key, connection, steady_ms());
    else if (askers.at(channel).hear_operator(known->second, connection, steady_ms()))
        from = known->second;
    if (!from) ++counters.throttled;
    return from;
}

/// What was just received: by the listener, or by the own DEALER of `server`.
std::optional<PeerMessage> PeerBus::Impl::understand(Channel channel, Got got, std::optional<OperatorNumber> server) {
    const std::size_t tag = server ? 0 : 1;  // connection (of a listener), genesis tag, payload
    if (got != Got::message || frames.size() != tag + 2) {
        ++counters.malformed;
    } else if (!std::ranges::equal(view_of(frames[tag]), genesis_tag())) {
        ++counters.foreign_genesis;
    } else if (!server) {
        if (const auto from = sender(channel)) return PeerMessage{channel, *from, to_bytes(view_of(frames[tag + 1]))};
    } else if (askers.at(channel).hear_operator(*server, {}, steady_ms())) {
        return PeerMessage{channel, *server, to_bytes(view_of(frames[tag + 1]))};
    } else {
        ++counters.throttled;
    }
    return std::nullopt;
}

bool PeerBus::Impl::hand_over(Channel channel, OperatorNumber to, Bytes payload) {
    Frames message;
    message.push_back(copied(genesis_tag()));
    message.push_back(moved(std::move(payload)));
    if (!dealers.send(channel, to, message)) return answer(channel, to, message);
    if (is_open(channel)) hear_answers(channel);
    return true;
}

/// On the connection on which it was last heard.
bool PeerBus::Impl::answer(Channel channel, OperatorNumber to, Frames& message) {
    const auto listener = listeners.find(channel);
    if (listener == listeners.end() || !is_open(channel)) return false;
    const Bytes* connection = askers.at(channel).connection_of(to);
    if (connection == nullptr) return false;
    Door& door = doors.at(channel);
    const std::size_t bytes = message.back().size();
    if (!door.may_answer(*connection, bytes)) {
        ++counters.unread;
        return false;
    }
    message.insert(message.begin(), copied(*connection));
    if (!bus::send(listener->second, message)) return false;
    door.answered(*connection, bytes);
    return true;
}

PeerBus::PeerBus(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PeerBus::PeerBus(PeerBus&&) noexcept = default;
PeerBus::~PeerBus() = default;

tl::expected<PeerBus, std::string> PeerBus::open(Context& context, const PeerOptions& options) {
    auto impl = std::make_unique<Impl>(context.native().zmq, options);
    if (options.channels.empty()) return PeerBus(std::move(impl));
    require(options.channels.size() <= limits::own_channels_max, "an actor has more channels than allowed");
    if (options.transport_secret.size() != curve_key_bytes)
        return tl::unexpected(std::string("the transport key must have 32 bytes; check transport_key in the configuration"));
    if (!options.listen.empty())
        if (auto refusal = bind(impl->zap, zap_endpoint)) return tl::unexpected(*refusal);
    impl->zap.set(zmq::sockopt::linger, 0);
    for (const auto& [channel, endpoint] : options.listen) {
        require(std::ranges::count(options.channels, channel) == 1, "an actor listens only on a channel that it has");
        if (auto refusal = impl->listen(channel, endpoint)) return tl::unexpected(*refusal);
    }
    impl->list_sockets();
    return PeerBus(std::move(impl));
}

std::vector<std::string> PeerBus::set_peers(const std::vector<Peer>& peers) {
    require(peers.size() <= limits::peers_max, "there are more peers than allowed");
    impl_->listed.clear();
    std::set<OperatorNumber> numbers;
    for (const Peer& peer : peers) {
        require(numbers.empty() || *numbers.rbegin() < peer.number, "peers are listed in ascending order, each once");
        numbers.insert(peer.number);
        const std::size_t keys = std::min(peer.transport_keys.size(), limits::transport_keys_max);
        for (std::size_t i = 0; i < keys; ++i) impl_->listed.emplace(peer.transport_keys[i], peer.number);
    }
    std::erase_if(impl_->handshake_quotas, [&](const auto& entry) { return !impl_->listed.contains(entry.first.first); });
    for (auto& [channel, askers] : impl_->askers) askers.keep_operators(numbers);
    auto troubles = impl_->dealers.set_peers(peers);
    impl_->list_sockets();
    return troubles;
}

void PeerBus::admit() {
    impl_->stop_hearing_answers();
    if (impl_->listeners.empty()) return;
    for (auto& [channel, door] : impl_->doors) door.look(steady_ms());
    for (std::size_t i = 0; i < limits::source_inputs_max; ++i) {
        if (receive(impl_->zap, impl_->frames, 8) == Got::nothing) return;
        impl_->answer_handshake();
    }
}

/// The listener and, on open channels, the own DEALERs in turn: nobody who says much keeps others from being heard. What is
/// dropped counts as read, so that this ends.
std::optional<PeerMessage> PeerBus::next(Channel channel) {
    if (std::ranges::count(impl_->options.channels, channel) == 0) return std::nullopt;
    const auto listener = impl_->listeners.find(channel);
    std::vector<Dealers::Dealer>& dealers = impl_->dealers.on(channel);
    const std::size_t sources = 1 + (impl_->asked_until.contains(channel) ? dealers.size() : 0);
    std::size_t& at = impl_->next_source[channel];
    std::size_t empty = 0;
    for (std::size_t read = 0; empty < sources && read < limits::source_inputs_max;) {
        const std::size_t source = at++ % sources;
        if (source == 0 && listener == impl_->listeners.end()) {
            ++empty;
            continue;
        }
        const Got got = receive(source == 0 ? listener->second : dealers[source - 1].socket, impl_->frames, 3);
        if (got == Got::nothing) {
            if (source == 0) impl_->doors.at(channel).found_empty();
            ++empty;
            continue;
        }
        empty = 0;
        ++read;
        if (source == 0) impl_->doors.at(channel).heard(impl_->frames.back(), view_of(impl_->frames.front()));
        const auto server = source == 0 ? std::nullopt : std::optional(dealers[source - 1].to);
        if (auto message = impl_->understand(channel, got, server)) return message;
    }
    return std::nullopt;
}

bool PeerBus::send(Channel channel, OperatorNumber to, Bytes payload) {
    const std::size_t bytes = payload.size();
    const bool fits = bytes <= limits::message_bytes_max;  // a peer would hang up on more
    const auto open = impl_->askers.find(channel);
    const bool has_asked_too_much = open != impl_->askers.end() && !open->second.may_be_sent(to, steady_ms());
    if (has_asked_too_much) ++impl_->counters.throttled;
    const bool sent = fits && !has_asked_too_much && impl_->hand_over(channel, to, std::move(payload));
    if (!sent)
        ++impl_->counters.unsent[static_cast<std::size_t>(channel)];
    else if (open != impl_->askers.end())
        open->second.charge(to, bytes, steady_ms());
    return sent;
}

const std::vector<void*>& PeerBus::sockets() const { return impl_->sockets; }
std::vector<int> PeerBus::descriptors() const {
    std::vector<int> out;
    for (const auto& [channel, door] : impl_->doors)
        if (is_open(channel) && door.look_again_ms(steady_ms()) == 0) out.push_back(door.descriptor());
    return out;
}

DurationMs PeerBus::look_again_ms() const {
    DurationMs longest = 0;
    for (const auto& [channel, door] : impl_->doors)
        if (is_open(channel) || door.has_suspects()) longest = std::max(longest, door.look_again_ms(steady_ms()));
    return longest;
}

PeerCounters PeerBus::counters() const {
    PeerCounters out = impl_->counters;
    for (const auto& [channel, door] : impl_->doors) {
        out.connections += door.connections();
        out.refused_connections += door.counters().refused;
        out.failed_handshakes += door.counters().failed_handshakes;
        out.overlong += door.counters().overlong;
        out.superseded += door.counters().superseded;
    }
    return out;
}

}  // namespace rondo::bus
