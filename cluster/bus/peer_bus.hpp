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
    std::vector<Channel> channels;          ///< on which peers are reached; none: nothing is opened
    std::map<Channel, std::string> listen;  ///< tcp://host:port, some of the channels or all
    Bytes transport_secret;                 ///< 32 bytes if there are channels
    TransportKey transport_public{};
    Digest genesis{};
};

struct PeerCounters {
    std::array<std::uint64_t, channel_count> unsent{};  ///< not connected, or the peer's queue full: the protocol retries
    std::uint64_t refused_keys = 0;  ///< handshakes of members' channels with a key that is not listed; of a listed key too often
    std::uint64_t unlisted = 0;      ///< messages there of a connection whose key is no longer listed
    std::uint64_t throttled = 0;     ///< messages on open channels beyond their sender's quota, answers to it
    std::uint64_t foreign_genesis = 0;  ///< messages of another network
    std::uint64_t malformed = 0;
    std::uint64_t connections = 0;          ///< to the listeners, now
    std::uint64_t refused_connections = 0;  ///< beyond their address's share
    std::uint64_t failed_handshakes = 0;    ///< half-open ones, such without CURVE, and those whose key was refused
    std::uint64_t overlong = 0;             ///< closed in the middle of a message without end
    std::uint64_t superseded = 0;           ///< closed, because too many spoke with the same key after it
    std::uint64_t unread = 0;               ///< answers not sent, because too much waits for those of that address to read
};

/// The sockets of one actor towards other nodes. Each channel has one listener (ROUTER, CURVE server) and one DEALER per operator
/// and transport key.
///  1. ZAP admits the listed transport keys; on open channels every key, as a guest. The User-Id of a connection is its key, and
///     each message is attributed by what the list says of that key when it is read: a handshake gives no lasting right. If two
///     operators list one key, it stands for the one with the lower number.
///  2. What is sent leaves on the own DEALER, by the newest key that is connected. On open channels, what no DEALER takes leaves
///     on the connection on which that node was last heard; guests are always answered there.
///  3. What is heard comes in on the own listener, and on open channels, for a while after something was sent there, by the own
///     DEALERs too, from the operator whose key they were connected to.
///  4. Open channels have quotas (askers.hpp); a guest's number, from first_guest on, is good on the channel where it was heard.
///  5. What connections cost beside messages is bounded at each listener's door (door.hpp).
class PeerBus {
  public:
    [[nodiscard]] static tl::expected<PeerBus, std::string> open(Context& context, const PeerOptions& options);
    PeerBus(PeerBus&&) noexcept;
    PeerBus& operator=(PeerBus&&) = delete;
    ~PeerBus();

    /// The operators from now on, ascending, in place of those before; none at first. What is unchanged keeps its connection.
    /// Returns a sentence for each that cannot be reached as it is listed. A port 0 is not reached.
    std::vector<std::string> set_peers(const std::vector<Peer>& peers);

    /// Answers waiting handshakes and looks at the doors. Call it whenever the sockets or descriptors are readable.
    void admit();
    [[nodiscard]] std::optional<PeerMessage> next(Channel channel);
    /// Never blocks. False, and counted, if it could not be handed over.
    bool send(Channel channel, OperatorNumber to, Bytes payload);

    /// For wait_readable(); changes with the peers.
    [[nodiscard]] const std::vector<void*>& sockets() const;
    /// For wait_readable() too; none while the doors were looked at a moment ago, and are to be again in look_again_ms(). Only of
    /// open channels: members are waited for, and a wake for each piece of what they say would cost them more than it shows.
    [[nodiscard]] std::vector<int> descriptors() const;
    [[nodiscard]] DurationMs look_again_ms() const;
    [[nodiscard]] PeerCounters counters() const;

  private:
    struct Impl;
    explicit PeerBus(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::bus
