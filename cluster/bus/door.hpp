#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "cluster/runtime/shares.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"

namespace rondo::bus {

/// A node has one connection to each listener; others of it are half-dead, until heartbeats tell.
inline constexpr std::size_t connections_per_key_max = 8;

/// What libzmq does not bound of a listener by itself: how many connections there are, how long a message of many frames may get,
/// what waits for those who do not read, and who says the same on many of them. It bounds frames, whole messages that wait, and
/// the time of a handshake.
///  1. Addresses share the connections (shares.hpp): one that holds many leaves room for the others. What is too much is closed.
///  2. Whoever sends more than a message may have, and it is no message yet, is closed.
///  3. Addresses share the bytes that were sent to them and that they have not acknowledged: who does not read is not answered.
///  4. With one transport key connections_per_key_max speak: the listener takes one message of each in turn, so that who had many
///     would be heard as often. For a further one the one that spoke first is closed.
/// libzmq tells of connections by their descriptors, the kernel what each has carried. Both may be a moment late, so what a
/// stranger costs exceeds the bounds by what one I/O thread reads in a turn.
class Door {
  public:
    struct Counters {
        std::uint64_t refused = 0;            ///< connections beyond their address's share
        std::uint64_t failed_handshakes = 0;  ///< half-open, without CURVE, or with a key that is not let in
        std::uint64_t overlong = 0;           ///< closed in the middle of a message without end
        std::uint64_t superseded = 0;         ///< closed for a newer one of the same key
    };

    /// `listener` outlives it and is bound afterwards.
    Door(zmq::context_t& context, zmq::socket_t& listener, const std::string& name);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    /// To be called in every turn.
    void look(DurationMs now);
    /// A message was received from the listener, of which this is a frame.
    void heard(const zmq::message_t& frame, ByteView connection);
    /// Nothing waited in the listener.
    void found_empty() { was_empty_ = true; }
    /// False if so much waits for its address that this must not be sent as well.
    [[nodiscard]] bool may_answer(ByteView connection, std::size_t bytes);
    /// It was handed over: until it is acknowledged it counts.
    void answered(ByteView connection, std::size_t bytes);

    [[nodiscard]] void* socket() { return events_.handle(); }
    /// Becomes readable with the bytes that come in, and stays so until look() has seen them.
    [[nodiscard]] int descriptor() const { return epoll_; }
    /// Until then look() only hears of those who come and go, and the descriptor is not to be waited for.
    [[nodiscard]] DurationMs look_again_ms(DurationMs now) const;
    /// Somebody is in the middle of a long message.
    [[nodiscard]] bool has_suspects() const { return !suspects_.empty(); }
    [[nodiscard]] std::size_t connections() const { return connection_shares_.total(); }
    [[nodiscard]] const Counters& counters() const { return counters_; }

  private:
    struct Guest {
        std::string address;  ///< shares go by it
        std::uint16_t port = 0;
        bool is_admitted = false;
        bool spoke = false;           ///< since the last look
        std::uint64_t explained = 0;  ///< bytes of it that were messages
        std::uint64_t consumed = 0;   ///< bytes that libzmq had read of it at the last look
        std::uint64_t unread = 0;     ///< bytes sent to it and not acknowledged
        std::uint64_t acknowledged = 0;
        Bytes connection;                 ///< as the listener names it, once it spoke
        std::optional<TransportKey> key;  ///< with which it spoke; none once it is closed for a newer one
    };
    void on_events();
    void on_accepted(int descriptor);
    void forget(int descriptor);
    void close(int descriptor);
    void examine(int descriptor);
    void note_key(int descriptor, Guest& guest, const TransportKey& key);
    void forget_key(int descriptor, Guest& guest);
    void note_acknowledged(Guest& guest, std::uint64_t bytes);

    zmq::socket_t& listener_;
    zmq::socket_t events_;
    int epoll_;
    std::map<int, Guest> guests_;  ///< by descriptor
    std::map<Bytes, int> by_connection_;
    std::map<TransportKey, std::vector<int>> by_key_;  ///< those that spoke, the first of them first
    Shares<std::string> connection_shares_, unread_shares_;
    std::set<int> suspects_;  ///< in the middle of a long message, or of one without end
    bool was_empty_ = false;  ///< since the last look
    DurationMs looked_at_ = 0;
    Counters counters_;
};

}  // namespace rondo::bus
