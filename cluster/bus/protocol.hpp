#pragma once
#include <optional>
#include <tuple>
#include <vector>

#include "cluster/bus/client.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"
#include "messages/codec/encode.hpp"

/// What actors of one node say to each other below their own messages. Every structure travels as one ZeroMQ frame in
/// canonical encoding; payloads are frames of their own, so that nobody copies or decodes what it only passes on.
///
///   1. Router (requests), from a DEALER:   [Envelope][payload]
///   2. Router, the answer:                 [Envelope reply][payload]  or  [Envelope chunk][ChunkHeader][payload]*
///   3. Publisher, one stream:              [stream number][ChunkHeader][payload]*
///   4. Publisher, heads of all its streams:[0xff][Announcement]
///   5. Between operators (CURVE):          [first 8 bytes of the genesis digest][payload]
///      It leaves on the own DEALER towards the other's listener. On open channels what a listener heard may also be answered on
///      the connection that it came on: that is how guests are answered, and operators whose own listener is not connected.
///
/// A chunk holds consecutive messages of one stream; live and replayed ones look the same.
namespace rondo::bus {

enum class EnvelopeKind : std::uint8_t {
    request = 0,  ///< payload: the actor's own request variant
    status = 1,   ///< no payload; answered with ActorStatus
    replay = 2,   ///< payload: ReplayRequest; answered with a chunk
    cursors = 3,  ///< payload: CursorReport; not answered
    reply = 4,
    chunk = 5,
};
[[nodiscard]] constexpr bool is_valid(EnvelopeKind k) { return k <= EnvelopeKind::chunk; }

/// `id` is the asker's and comes back in the answer. `deadline_ms` 0: the asker waits as long as the server may keep it.
/// `for_whom`: a gateway's word for its own client, whose share the request then counts against; it is believed, since only the
/// operator's own programs reach these sockets. Empty: the asker itself.
struct Envelope {
    EnvelopeKind kind = EnvelopeKind::request;
    std::uint64_t id = 0;
    std::uint64_t deadline_ms = 0;
    std::string for_whom{};
    static auto fields(auto& v) { return std::tie(v.kind, v.id, v.deadline_ms, v.for_whom); }
};

using Incarnation = FixedBytes<16, struct IncarnationTag>;

/// Where a stream stands. Messages oldest..head can be replayed; head 0 means that nothing was published.
struct StreamHead {
    Stream stream = Stream::batches;
    Incarnation incarnation{};  ///< zero for deterministic streams
    std::uint64_t oldest = 1;
    std::uint64_t head = 0;
    static auto fields(auto& v) { return std::tie(v.stream, v.incarnation, v.oldest, v.head); }
};

/// Of one message of a deterministic stream: chain = H(chain before ‖ identity).
struct Link {
    Digest identity{};
    Digest chain{};
    static auto fields(auto& v) { return std::tie(v.identity, v.chain); }
};

struct ChunkHeader {
    StreamHead at;            ///< the publisher's, when the chunk was made
    std::uint64_t first = 0;  ///< sequence of the first message
    std::uint32_t count = 0;  ///< payload frames that follow
    std::vector<Link> links;  ///< one per message for deterministic streams, else none
    static auto fields(auto& v) { return std::tie(v.at, v.first, v.count, v.links); }
};
struct StreamChunk {
    ChunkHeader header;
    std::vector<Bytes> payloads;
};

struct Announcement {
    std::vector<StreamHead> heads;
    static auto fields(auto& v) { return std::tie(v.heads); }
};

struct ReplayRequest {
    Stream stream = Stream::batches;
    std::uint64_t from = 0;
    static auto fields(auto& v) { return std::tie(v.stream, v.from); }
};

/// What a subscriber has durably behind it. It lists all streams it hears from this publisher.
struct CursorReport {
    Actor subscriber = Actor::intake;
    std::vector<StreamCursor> cursors;  ///< head unused
    static auto fields(auto& v) { return std::tie(v.subscriber, v.cursors); }
};

}  // namespace rondo::bus

namespace rondo {
[[nodiscard]] constexpr bool is_valid(Actor a) { return a <= Actor::rewards; }
}  // namespace rondo
