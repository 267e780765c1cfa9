#include "cluster/bus/frames.hpp"

#include <cerrno>
#include <filesystem>
#include <memory>

#include "cluster/runtime/limits.hpp"

namespace rondo::bus {
namespace {

constexpr std::size_t move_bytes_min = 4 * limits::kib;  // below, a copy is cheaper than the bookkeeping

bool receive_one(zmq::socket_t& socket, zmq::message_t& frame) {
    while (true) {
        if (zmq_msg_recv(frame.handle(), socket.handle(), ZMQ_DONTWAIT) >= 0) return true;
        if (zmq_errno() != EINTR) return false;
    }
}

bool send_one(zmq::socket_t& socket, zmq::message_t& frame, bool more) {
    const int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
    while (true) {
        if (zmq_msg_send(frame.handle(), socket.handle(), flags) >= 0) return true;
        if (zmq_errno() != EINTR) return false;
    }
}

}  // namespace

Got receive(zmq::socket_t& socket, Frames& frames, std::size_t frames_max) {
    frames.clear();
    zmq::message_t frame;
    if (!receive_one(socket, frame)) return Got::nothing;
    bool fits = true;
    while (true) {
        const bool more = frame.more();
        if (frames.size() < frames_max)
            frames.push_back(std::move(frame));
        else
            fits = false;
        if (!more) return fits ? Got::message : Got::too_many_frames;
        frame = zmq::message_t();
        if (!receive_one(socket, frame)) return Got::too_many_frames;  // multipart messages arrive whole
    }
}

bool send(zmq::socket_t& socket, Frames& frames) {
    // ZeroMQ takes or refuses a multipart message at its first frame.
    for (std::size_t i = 0; i < frames.size(); ++i)
        if (!send_one(socket, frames[i], i + 1 < frames.size())) return false;
    return true;
}

zmq::message_t copied(ByteView bytes) { return {bytes.data(), bytes.size()}; }

zmq::message_t moved(Bytes bytes) {
    if (bytes.size() < move_bytes_min) return copied(bytes);
    auto owner = std::make_unique<Bytes>(std::move(bytes));
    Bytes* raw = owner.release();
    return {raw->data(), raw->size(), [](void*, void* hint) { delete static_cast<Bytes*>(hint); }, raw};
}

std::optional<TransportKey> key_of(const zmq::message_t& frame) {
    const char* text = zmq_msg_gets(frame.handle(), "User-Id");
    return text == nullptr ? std::nullopt : fixed_from_hex<TransportKey>(text);
}

void set_common_options(zmq::socket_t& socket, int hwm, std::int64_t message_bytes_max) {
    socket.set(zmq::sockopt::affinity, first_thread);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::sndhwm, hwm);
    socket.set(zmq::sockopt::rcvhwm, hwm);
    socket.set(zmq::sockopt::maxmsgsize, message_bytes_max);
    socket.set(zmq::sockopt::reconnect_ivl, limits::reconnect_ms_min);
    socket.set(zmq::sockopt::reconnect_ivl_max, limits::reconnect_ms_max);
}

std::optional<std::string> bind(zmq::socket_t& socket, const std::string& endpoint) {
    if (endpoint.starts_with("ipc://")) {
        std::error_code error;
        const auto folder = std::filesystem::path(endpoint.substr(6)).parent_path();
        if (std::filesystem::create_directories(folder, error))
            std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    if (zmq_bind(socket.handle(), endpoint.c_str()) == 0) return std::nullopt;
    const int error = zmq_errno();
    const std::string reason = "cannot listen on " + endpoint + ": " + zmq_strerror(error);
    if (error == EADDRINUSE) return reason + "; another process holds it: stop that one or choose another in the configuration";
    return reason + "; check the endpoint in the configuration";
}

std::optional<std::string> connect(zmq::socket_t& socket, const std::string& endpoint) {
    if (zmq_connect(socket.handle(), endpoint.c_str()) == 0) return std::nullopt;
    return "cannot use the endpoint " + endpoint + ": " + zmq_strerror(zmq_errno()) + "; check it in the configuration";
}

std::optional<StreamChunk> chunk_from(const Frames& frames, std::size_t at) {
    if (frames.size() <= at) return std::nullopt;
    auto header = decode<ChunkHeader>(view_of(frames[at]));
    if (!header) return std::nullopt;
    const std::size_t count = frames.size() - at - 1;
    const bool has_links = is_deterministic(header->at.stream);
    if (header->count != count || header->links.size() != (has_links ? count : 0)) return std::nullopt;
    StreamChunk chunk{std::move(*header), {}};
    chunk.payloads.reserve(count);
    for (std::size_t i = at + 1; i < frames.size(); ++i) chunk.payloads.push_back(to_bytes(view_of(frames[i])));
    return chunk;
}

}  // namespace rondo::bus
