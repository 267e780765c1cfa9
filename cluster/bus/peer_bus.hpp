#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cluster/bus/context.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"

namespace rondo::bus {

struct PeerOptions {
    struct Peer {
        OperatorNumber number;
        TransportKey transport_key{};
        std::map<Channel, std::string> endpoints;
    };
    std::map<Channel, std::string> listen;
    std::vector<Peer> peers;
    Bytes transport_secret;  ///< 32 bytes
    TransportKey transport_public{};
    Digest genesis{};
};

struct PeerCounters {
    std::array<std::uint64_t, channel_count> unsent{};  ///< not connected, or the peer's queue full: the protocol retries
    std::uint64_t refused_keys = 0;                     ///< handshakes with a transport key of no peer
    std::uint64_t foreign_genesis = 0;                  ///< messages of another network
    std::uint64_t malformed = 0;
};

/// The sockets of one actor towards other operators. Each channel has one listener (ROUTER, CURVE server) and one DEALER per
/// peer; what is sent leaves on the own DEALER, what is heard comes in on the own listener. ZAP admits the transport keys of
/// `peers` and nothing else; every message is attributed by the User-Id that ZAP gave its connection.
class PeerBus {
  public:
    [[nodiscard]] static tl::expected<PeerBus, std::string> open(Context& context, const PeerOptions& options);
    PeerBus(PeerBus&&) noexcept;
    PeerBus& operator=(PeerBus&&) = delete;
    ~PeerBus();

    /// Answers waiting handshakes. Call it whenever the sockets are readable.
    void admit();
    [[nodiscard]] std::optional<PeerMessage> next(Channel channel);
    /// Never blocks. False, and counted, if it could not be handed over.
    bool send(Channel channel, OperatorNumber to, Bytes payload);

    [[nodiscard]] const std::vector<void*>& sockets() const;
    [[nodiscard]] const PeerCounters& counters() const;

  private:
    struct Impl;
    explicit PeerBus(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::bus
