#include "cluster/bus/dealers.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "cluster/bus/channel_sockets.hpp"
#include "cluster/runtime/limits.hpp"

namespace rondo::bus {
namespace {

std::span<Dealers::Dealer> of_operator(std::vector<Dealers::Dealer>& dealers, OperatorNumber to) {
    const auto first = std::ranges::lower_bound(dealers, to, {}, &Dealers::Dealer::to);
    const auto last = std::ranges::upper_bound(dealers, to, {}, &Dealers::Dealer::to);
    return {first, last};
}

/// The one that is connected like that already, if it was not taken yet.
Dealers::Dealer* unchanged(std::vector<Dealers::Dealer>& before, OperatorNumber to, const TransportKey& key,
                           const std::string& endpoint) {
    for (Dealers::Dealer& dealer : of_operator(before, to))
        if (dealer.socket.handle() != nullptr && dealer.key == key && dealer.endpoint == endpoint) return &dealer;
    return nullptr;
}

}  // namespace

Dealers::Dealers(zmq::context_t& context, const PeerOptions& options) : context_(context), options_(options) {
    for (const Channel channel : options.channels) channels_[channel];
}

void Dealers::set_options(zmq::socket_t& socket, Channel channel, const Peer& peer, const TransportKey& key) const {
    set_channel_options(socket, channel);
    if (is_name(peer.endpoints.host)) socket.set(zmq::sockopt::affinity, names_thread);
    if (!is_open(channel)) socket.set(zmq::sockopt::rcvhwm, limits::unheard_hwm);
    // Nothing is kept for a peer that is away: it would be stale when it returns.
    socket.set(zmq::sockopt::immediate, 1);
    set_curve_key(socket, ZMQ_CURVE_SERVERKEY, key.view());
    set_curve_key(socket, ZMQ_CURVE_PUBLICKEY, options_.transport_public.view());
    set_curve_key(socket, ZMQ_CURVE_SECRETKEY, options_.transport_secret);
}

tl::expected<Dealers::Dealer, std::string> Dealers::open(Channel channel, const Peer& peer, const TransportKey& key,
                                                         const std::string& endpoint) {
    const std::string whom = "operator " + std::to_string(peer.number.value) + " is not reached: ";
    try {
        zmq::socket_t socket(context_, ZMQ_DEALER);
        set_options(socket, channel, peer, key);
        if (is_ipv6(endpoint)) socket.set(zmq::sockopt::ipv6, 1);
        if (auto refusal = connect(socket, endpoint)) return tl::unexpected(whom + *refusal);
        return Dealer{peer.number, key, endpoint, std::move(socket)};
    } catch (const zmq::error_t& error) {  // there are no more descriptors
        return tl::unexpected(whom + error.what());
    }
}

std::vector<std::string> Dealers::set_peers(const std::vector<Peer>& peers) {
    std::vector<std::string> troubles;
    for (auto& [channel, dealers] : channels_) {
        std::vector<Dealer> before = std::exchange(dealers, {});
        for (const Peer& peer : peers) {
            const std::string endpoint = tcp_endpoint(peer.endpoints, channel);
            const std::size_t keys = endpoint.empty() ? 0 : std::min(peer.transport_keys.size(), limits::transport_keys_max);
            for (std::size_t i = 0; i < keys; ++i) {
                const TransportKey& key = peer.transport_keys[i];
                if (Dealer* same = unchanged(before, peer.number, key, endpoint)) {
                    dealers.push_back({peer.number, key, endpoint, std::move(same->socket)});
                } else if (auto opened = open(channel, peer, key, endpoint)) {
                    dealers.push_back(std::move(*opened));
                } else {
                    troubles.push_back(std::move(opened.error()));
                }
            }
        }
    }
    return troubles;
}

bool Dealers::send(Channel channel, OperatorNumber to, Frames& frames) {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return false;
    return std::ranges::any_of(of_operator(found->second, to), [&](Dealer& dealer) { return bus::send(dealer.socket, frames); });
}

}  // namespace rondo::bus
