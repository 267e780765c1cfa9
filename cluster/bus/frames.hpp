#pragma once
#include <string>
#include <vector>
#include <zmq.hpp>

#include "cluster/bus/protocol.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"

/// Multipart messages without exceptions. Only this folder includes it: ZeroMQ ends here.
namespace rondo::bus {

using Frames = std::vector<zmq::message_t>;

enum class Got { nothing, message, too_many_frames };

/// Never blocks.
[[nodiscard]] Got receive(zmq::socket_t& socket, Frames& frames, std::size_t frames_max);
/// Never blocks; false if the message was not taken (no connection, or its queue is full). All frames or none.
bool send(zmq::socket_t& socket, Frames& frames);

[[nodiscard]] zmq::message_t copied(ByteView bytes);
/// Hands the memory of large payloads to ZeroMQ instead of copying it.
[[nodiscard]] zmq::message_t moved(Bytes bytes);
[[nodiscard]] inline ByteView view_of(const zmq::message_t& frame) { return {frame.data<std::uint8_t>(), frame.size()}; }

/// Of the connection that it came on, as ZAP said at the handshake.
[[nodiscard]] std::optional<TransportKey> key_of(const zmq::message_t& frame);

/// ZMQ_AFFINITY. libzmq looks names up in the thread that connects, which waits for the name server meanwhile: connections to
/// names have a thread of their own, so that one operator's name server does not hold up what is said to the others.
inline constexpr std::uint64_t first_thread = 1, names_thread = 2;

/// Settings of every socket: nothing lingers, nothing larger than its bound is read.
void set_common_options(zmq::socket_t& socket, int hwm, std::int64_t message_bytes_max);

/// A sentence if the endpoint cannot be bound. Makes the folder of an ipc endpoint (mode 0700).
[[nodiscard]] std::optional<std::string> bind(zmq::socket_t& socket, const std::string& endpoint);
[[nodiscard]] std::optional<std::string> connect(zmq::socket_t& socket, const std::string& endpoint);

/// [ChunkHeader][payload]* starting at `at`; nothing if it is not well formed.
[[nodiscard]] std::optional<StreamChunk> chunk_from(const Frames& frames, std::size_t at);

}  // namespace rondo::bus
