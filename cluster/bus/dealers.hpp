#pragma once
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>
#include <zmq.hpp>

#include "cluster/bus/frames.hpp"
#include "cluster/bus/peer_bus.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo::bus {

/// Own DEALERs towards other operators' listeners: one per channel, operator and transport key. While an operator rotates its key
/// only one of its DEALERs finds the key that it has; the other one tries on, without harm.
class Dealers {
  public:
    struct Dealer {
        OperatorNumber to;
        TransportKey key{};  ///< that the listener must have
        std::string endpoint;
        zmq::socket_t socket;
    };

    Dealers(zmq::context_t& context, const PeerOptions& options);

    /// What is unchanged keeps its connection. Returns a sentence for each that cannot be used.
    [[nodiscard]] std::vector<std::string> set_peers(const std::vector<Peer>& peers);
    /// By the newest key that is connected. False, and the frames untouched, if there is none that takes it.
    [[nodiscard]] bool send(Channel channel, OperatorNumber to, Frames& frames);
    /// Ascending by operator, then newest key first.
    [[nodiscard]] std::vector<Dealer>& on(Channel channel) { return channels_.at(channel); }

  private:
    [[nodiscard]] tl::expected<Dealer, std::string> open(Channel channel, const Peer& peer, const TransportKey& key,
                                                         const std::string& endpoint);
    void set_options(zmq::socket_t& socket, Channel channel, const Peer& peer, const TransportKey& key) const;

    zmq::context_t& context_;
    const PeerOptions& options_;
    std::map<Channel, std::vector<Dealer>> channels_;
};

}  // namespace rondo::bus
