#pragma once
#include <deque>
#include <map>
#include <optional>

#include "cluster/runtime/core.hpp"
#include "cluster/runtime/limits.hpp"
#include "cluster/runtime/shares.hpp"

namespace rondo::shell {

struct PeerRoom {
    std::size_t messages;
    std::size_t bytes;
};
/// What may wait of the operators on one channel. The bytes: a node that catches up asks for 96 batches at once (actors/intake),
/// of which each question brings 10 MiB at most; what it asked of three peers, or of one, finds room.
inline constexpr PeerRoom operators_room{4096, 128 * limits::mib};
/// Of guests, who only ask: the burst of several (their quotas are in the bus).
inline constexpr PeerRoom guests_room{512, 32 * limits::mib};

/// What waits of one channel, taken from each sender in turn: nobody's messages wait behind all of another's.
///  1. Senders share the room (shares.hpp). What is beyond one's share is dropped, its own loss: whoever says or asks something
///     says or asks it again. So the socket, in which all wait in one line, is read on.
///  2. Only when so little is left that a sender who has nothing here might be dropped is it not read on. Many who each say
///     little wait then, and lose nothing.
class PeerQueue {
  public:
    explicit PeerQueue(PeerRoom room) : room_(room) {}
    [[nodiscard]] bool has_room() const;
    /// False if it was dropped.
    [[nodiscard]] bool push(PeerMessage message);
    [[nodiscard]] std::optional<PeerMessage> take();
    [[nodiscard]] std::size_t size() const { return messages_.total(); }

  private:
    PeerRoom room_;
    std::map<OperatorNumber, std::deque<PeerMessage>> waiting_;  ///< none is empty
    OperatorNumber last_ = no_operator;                          ///< of whom was taken; the next one follows
    Shares<OperatorNumber> messages_, bytes_;
};

static_assert(operators_room.bytes / 8 >= 2 * limits::message_bytes_max,
              "while the socket is read on, who has nothing finds room");
static_assert(guests_room.messages >= 2 * limits::guest_messages_burst, "a guest's burst finds room");

}  // namespace rondo::shell
