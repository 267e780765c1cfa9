#pragma once
#include <gtest/gtest.h>
#include <sodium.h>

#include <chrono>
#include <functional>
#include <optional>
#include <zmq.hpp>

#include "cluster/bus/channel_sockets.hpp"
#include "cluster/bus/peer_bus.hpp"

/// Nodes of a network with real sockets; who lists whom is up to the test.
namespace rondo::bus {

inline constexpr auto patience = std::chrono::seconds(20);
inline const Bytes hello{'h', 'e', 'l', 'l', 'o'};

struct Keys {
    Bytes secret = Bytes(crypto_box_SECRETKEYBYTES);
    TransportKey open_key{};
    Keys() { crypto_box_keypair(open_key.bytes.data(), secret.data()); }
};

/// Four ports that are free now.
inline rondo::Endpoints free_endpoints() {
    zmq::context_t context;
    std::vector<zmq::socket_t> sockets;
    std::vector<std::uint16_t> ports;
    for (int i = 0; i < 4; ++i) {
        sockets.emplace_back(context, ZMQ_ROUTER);
        sockets.back().bind("tcp://127.0.0.1:*");
        const std::string endpoint = sockets.back().get(zmq::sockopt::last_endpoint);
        ports.push_back(static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))));
    }
    return {"127.0.0.1", ports[0], ports[1], ports[2], ports[3]};
}

/// Operator `number`, or somebody who is none.
class Operator {
  public:
    explicit Operator(std::uint32_t number, std::uint8_t genesis = 7, const Keys& keys = {},
                      const rondo::Endpoints& at = free_endpoints())
        : self_{OperatorNumber(number), {keys.open_key}, at} {
        options_.transport_secret = keys.secret;
        options_.transport_public = keys.open_key;
        options_.genesis.bytes[0] = genesis;
    }
    [[nodiscard]] const Peer& as_peer() const { return self_; }
    [[nodiscard]] Peer with_keys(std::vector<TransportKey> newest_first) const {
        return {self_.number, std::move(newest_first), self_.endpoints};
    }
    [[nodiscard]] std::string endpoint(Channel channel) const { return tcp_endpoint(self_.endpoints, channel); }

    void start(const std::vector<Peer>& peers) { start(peers, {Channel::votes, Channel::sync}); }
    void start(const std::vector<Peer>& peers, const std::vector<Channel>& channels) {
        for (const Channel channel : channels) options_.listen[channel] = endpoint(channel);
        options_.channels = channels;
        open(peers);
    }
    /// On votes and sync, without a listener.
    void start_deaf(const std::vector<Peer>& peers) {
        options_.channels = {Channel::votes, Channel::sync};
        open(peers);
    }
    PeerBus& bus() { return *bus_; }
    [[nodiscard]] bool says(Channel channel, const Operator& to, const Bytes& what = hello) {
        return bus_->send(channel, to.self_.number, what);
    }

  private:
    void open(const std::vector<Peer>& peers) {
        auto opened = PeerBus::open(context_, options_);
        ASSERT_TRUE(opened) << opened.error();
        bus_.emplace(std::move(*opened));
        EXPECT_TRUE(bus_->set_peers(peers).empty());
    }
    Peer self_;
    PeerOptions options_;
    Context context_;
    std::optional<PeerBus> bus_;
};

/// Serves all of them until it holds.
inline bool eventually(const std::vector<Operator*>& all, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
        std::vector<void*> sockets;
        for (Operator* one : all) {
            one->bus().admit();
            sockets.insert(sockets.end(), one->bus().sockets().begin(), one->bus().sockets().end());
        }
        if (holds()) return true;
        wait_readable(sockets, {}, 5);
    }
    return false;
}

inline Bytes words(std::string_view text) { return to_bytes(as_bytes(text)); }

/// Says it until it is heard. What was said before may still be on its way and is passed over: each time says something else.
inline std::optional<PeerMessage> heard(Channel channel, Operator& from, Operator& by, const Bytes& what = hello) {
    std::optional<PeerMessage> message;
    (void)eventually({&from, &by}, [&] {
        (void)from.says(channel, by, what);
        do message = by.bus().next(channel);
        while (message && message->payload != what);
        return message.has_value();
    });
    return message;
}

}  // namespace rondo::bus
