#include "cluster/bus/client.hpp"

#include <chrono>
#include <mutex>

#include "cluster/bus/frames.hpp"
#include "cluster/bus/protocol.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo {
namespace {

using bus::Envelope, bus::EnvelopeKind, bus::Frames, bus::Got;
using Clock = std::chrono::steady_clock;

constexpr auto frame_bytes_max = static_cast<std::int64_t>(limits::node_frame_bytes_max);

/// One for all clients of the process, gone with the last of them.
std::shared_ptr<zmq::context_t> shared_context() {
    static std::mutex mutex;
    static std::weak_ptr<zmq::context_t> existing;
    const std::lock_guard lock(mutex);
    auto context = existing.lock();
    if (!context) existing = context = std::make_shared<zmq::context_t>(1);
    return context;
}

/// Milliseconds until `end`, not below zero.
long left_until(Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    return left > 0 ? static_cast<long>(left) : 0;
}

void wait_for(zmq::socket_t& socket, long wait_ms) {
    zmq_pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, wait_ms);
}

/// A message of the wanted shape, or nothing when the time is over.
bool receive_within(zmq::socket_t& socket, Frames& frames, DurationMs wait_ms) {
    const auto end = Clock::now() + std::chrono::milliseconds(wait_ms);
    while (true) {
        const Got got = bus::receive(socket, frames, limits::chunk_messages_max + 4);
        if (got == Got::message && frames.size() >= 2) return true;
        if (got != Got::nothing) continue;
        const long left = left_until(end);
        if (left == 0) return false;
        wait_for(socket, left);
    }
}

}  // namespace

struct Client::Impl {
    std::shared_ptr<zmq::context_t> context = shared_context();
    zmq::socket_t socket{*context, ZMQ_DEALER};
    std::uint64_t last_id = 0;
    Frames frames;

    std::uint64_t send(EnvelopeKind kind, ByteView payload, DurationMs deadline_ms, std::string for_whom = {}) {
        Frames out;
        out.push_back(bus::moved(encode(Envelope{kind, ++last_id, deadline_ms, std::move(for_whom)})));
        out.push_back(bus::copied(payload));
        bus::send(socket, out);  // full: the answer does not come, and the caller's deadline says so
        return last_id;
    }

    std::optional<Arrived> poll(DurationMs wait_ms) {
        const auto end = Clock::now() + std::chrono::milliseconds(wait_ms);
        while (receive_within(socket, frames, static_cast<DurationMs>(left_until(end)))) {
            const auto envelope = decode<Envelope>(bus::view_of(frames[0]));
            if (envelope && envelope->kind == EnvelopeKind::reply)
                return Arrived{envelope->id, to_bytes(bus::view_of(frames[1]))};
        }
        return std::nullopt;
    }

    std::optional<Bytes> ask(EnvelopeKind kind, ByteView payload, DurationMs deadline_ms) {
        const auto end = Clock::now() + std::chrono::milliseconds(deadline_ms);
        const std::uint64_t id = send(kind, payload, deadline_ms);
        while (auto arrived = poll(static_cast<DurationMs>(left_until(end))))
            if (arrived->id == id) return std::move(arrived->payload);  // else: too late for an earlier question
        return std::nullopt;
    }
};

Client::Client(const std::string& router_endpoint) : impl_(std::make_unique<Impl>()) {
    bus::set_common_options(impl_->socket, limits::request_hwm, frame_bytes_max);
    const auto refusal = bus::connect(impl_->socket, router_endpoint);
    require(!refusal, "not an endpoint: " + router_endpoint);
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

std::optional<Bytes> Client::ask(ByteView payload, DurationMs deadline_ms) {
    return impl_->ask(EnvelopeKind::request, payload, deadline_ms);
}

std::optional<ActorStatus> Client::status(DurationMs deadline_ms) {
    const auto answer = impl_->ask(EnvelopeKind::status, {}, deadline_ms);
    if (!answer) return std::nullopt;
    auto status = decode<ActorStatus>(*answer);
    if (!status) return std::nullopt;
    return std::move(*status);
}

std::uint64_t Client::send(ByteView payload, std::string for_whom) {
    return impl_->send(EnvelopeKind::request, payload, 0, std::move(for_whom));
}
std::optional<Client::Arrived> Client::poll(DurationMs wait_ms) { return impl_->poll(wait_ms); }
int Client::descriptor() const { return impl_->socket.get(zmq::sockopt::fd); }

struct StreamTap::Impl {
    std::shared_ptr<zmq::context_t> context = shared_context();
    zmq::socket_t socket{*context, ZMQ_SUB};
    Frames frames;
    std::vector<Message> waiting;  ///< rest of the last chunk, in reverse
};

StreamTap::StreamTap(const std::string& publisher_endpoint, const std::vector<Stream>& streams)
    : impl_(std::make_unique<Impl>()) {
    bus::set_common_options(impl_->socket, limits::stream_hwm, frame_bytes_max);
    for (const Stream stream : streams) {
        const auto topic = static_cast<std::uint8_t>(stream);
        impl_->socket.set(zmq::sockopt::subscribe, zmq::const_buffer(&topic, 1));
    }
    const auto refusal = bus::connect(impl_->socket, publisher_endpoint);
    require(!refusal, "not an endpoint: " + publisher_endpoint);
}
StreamTap::~StreamTap() = default;
StreamTap::StreamTap(StreamTap&&) noexcept = default;

std::optional<StreamTap::Message> StreamTap::poll(DurationMs wait_ms) {
    const auto end = Clock::now() + std::chrono::milliseconds(wait_ms);
    while (impl_->waiting.empty()) {
        if (!receive_within(impl_->socket, impl_->frames, static_cast<DurationMs>(left_until(end)))) return std::nullopt;
        auto chunk = bus::chunk_from(impl_->frames, 1);
        if (!chunk) continue;
        for (std::size_t i = chunk->payloads.size(); i-- > 0;)
            impl_->waiting.push_back({chunk->header.at.stream, chunk->header.first + i, std::move(chunk->payloads[i])});
    }
    Message next = std::move(impl_->waiting.back());
    impl_->waiting.pop_back();
    return next;
}

int StreamTap::descriptor() const { return impl_->socket.get(zmq::sockopt::fd); }

}  // namespace rondo
