#include "cluster/runtime/limits.hpp"
#include "cluster/shell/log.hpp"
#include "cluster/shell/shell.hpp"
#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

/// From the sockets to the inputs. Every source gives a bounded number per turn; what finds no room stays in its socket, whose
/// own bound then holds the sender back. Peers have one socket in common: what is beyond the share of one of them is dropped.
namespace rondo::shell {
namespace {

/// Every reply variant begins with RequestError{reason}: [0, [reason]].
Bytes refusal_reply(std::string_view reason) {
    codec::Writer w;
    w.write_array(2);
    w.write_uint(0);
    w.write_array(1);
    w.write_str(reason);
    return w.take();
}

/// Names are of any length; nobody finds a second one of the same hash.
ClientId client_id(std::string_view name) {
    return name.empty() ? ClientId{0} : read_be64(crypto::blake2b(as_bytes(name)).view().first(8));
}

}  // namespace

bool Shell::Queue::has_room() const { return inputs.size() < limits::turn_inputs_max && bytes < limits::turn_bytes_max; }

void Shell::Queue::push(Input input, std::size_t size) {
    inputs.push_back(std::move(input));
    bytes += size;
}

void Shell::fail(int exit_code, std::string reason) {
    if (!stop_) stop_ = Stop{exit_code, std::move(reason)};
}

void Shell::receive() {
    peers_.admit();
    receive_completions();
    receive_answers();
    receive_peers();
    receive_published();
    receive_lingering();
    receive_requests();
    expire_asks();
}

void Shell::receive_requests() {
    for (std::size_t i = 0; i < limits::source_inputs_max && inbox_.has_room(); ++i) {
        auto message = node_.next_request();
        if (!message) return;
        on_asker(std::move(*message));
    }
}

void Shell::on_asker(bus::NodeBus::FromAsker message) {
    switch (message.envelope.kind) {
        case bus::EnvelopeKind::request:
            return on_request(std::move(message));
        case bus::EnvelopeKind::status:
            return statuses_wanted_.push_back(std::move(message.route));
        case bus::EnvelopeKind::replay:
            if (const auto wanted = decode<bus::ReplayRequest>(message.payload))
                replays_wanted_.emplace_back(std::move(message.route), *wanted);
            return;
        case bus::EnvelopeKind::cursors:
            if (const auto report = decode<bus::CursorReport>(message.payload))
                for (const Released& released : outbox_.note(*report)) inbox_.push(released, 0);
            return;
        case bus::EnvelopeKind::reply:
        case bus::EnvelopeKind::chunk:
            return;  // nobody answers on this socket
    }
}

void Shell::on_request(bus::NodeBus::FromAsker message) {
    const ClientId client = client_id(message.envelope.for_whom.empty() ? message.asker : message.envelope.for_whom);
    if (!request_shares_.has_room(client, 1, limits::requests_outstanding_max)) {
        ++counters_.dropped_requests;
        return node_.reply(message.route, refusal_reply("busy: too many requests are waiting; retry later"));
    }
    request_shares_.take(client, 1);
    const DurationMs asked = message.envelope.deadline_ms;
    const DurationMs patience = asked == 0 ? limits::request_ms_max : std::min(asked, limits::request_ms_max);
    requests_.emplace(++last_request_, OpenRequest{std::move(message.route), tick() + patience, client});
    const std::size_t bytes = message.payload.size();
    inbox_.push(Request{last_request_, std::move(message.payload), client}, bytes);
}

void Shell::receive_published() {
    for (std::size_t i = 0; i < limits::source_inputs_max; ++i) {
        auto published = node_.next_published();
        if (!published) return;
        on_published(std::move(*published));
    }
}

/// Once they have come, the next ones wait.
void Shell::receive_lingering() {
    if (lingers()) return;
    for (std::size_t i = 0; i < limits::source_inputs_max; ++i) {
        auto published = node_.next_lingering();
        if (!published) {
            if (i > 0) linger_until_ = tick() + traits_.linger_ms;
            return;
        }
        on_published(std::move(*published));
    }
}

void Shell::on_published(bus::NodeBus::FromPublisher published) {
    if (auto* chunk = std::get_if<bus::StreamChunk>(&published)) return on_live(std::move(*chunk));
    for (const bus::StreamHead& at : std::get<bus::Announcement>(published).heads)
        if (const auto found = subscriptions_.find(at.stream); found != subscriptions_.end()) found->second.on_announced(at);
}

void Shell::on_live(bus::StreamChunk chunk) {
    if (is_best_effort(chunk.header.at.stream)) {
        for (Bytes& payload : chunk.payloads) {
            if (!inbox_.has_room()) return;
            const std::size_t bytes = payload.size();
            inbox_.push(StreamMessage{chunk.header.at.stream, 0, std::move(payload)}, bytes);
        }
        return;
    }
    const auto found = subscriptions_.find(chunk.header.at.stream);
    if (found == subscriptions_.end()) return;
    if (auto trouble = found->second.on_live(std::move(chunk))) fail(exit_invariant, *trouble);
}

void Shell::on_replayed(std::uint64_t wire_id, bus::StreamChunk chunk) {
    const auto asked = open_replays_.extract(wire_id);
    if (asked.empty() || asked.mapped().stream != chunk.header.at.stream) return;
    auto& subscription = subscriptions_.at(asked.mapped().stream);
    if (auto trouble = subscription.on_replayed(std::move(chunk), asked.mapped().from)) fail(exit_invariant, *trouble);
}

void Shell::receive_answers() {
    for (std::size_t i = 0; i < limits::source_inputs_max && inbox_.has_room(); ++i) {
        auto answer = node_.next_answer();
        if (!answer) return;
        if (auto* chunk = std::get_if<bus::StreamChunk>(&answer->content)) {
            on_replayed(answer->id, std::move(*chunk));
            continue;
        }
        const auto open = asks_.extract(answer->id);
        if (open.empty()) {
            ++counters_.late_answers;
            continue;
        }
        ask_deadlines_.cancel(answer->id);
        Bytes& payload = std::get<Bytes>(answer->content);
        const std::size_t bytes = payload.size();
        inbox_.push(Answer{open.mapped().id, std::move(payload)}, bytes);
    }
}

void Shell::receive_peers() {
    for (auto& [channel, queues] : from_peers_) receive_peers(channel, queues);
}

/// What is dropped is bounded per turn like what is kept, but by more: those whose messages are kept wait behind it.
void Shell::receive_peers(Channel channel, FromPeers& queues) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < limits::turn_inputs_max && bytes < limits::turn_bytes_max && queues.operators.has_room(); ++i) {
        auto message = peers_.next(channel);
        if (!message) return;
        bytes += message->payload.size();
        PeerQueue& queue = message->from < first_guest ? queues.operators : queues.guests;
        if (!queue.push(std::move(*message))) ++counters_.dropped_peer_messages;
    }
}

void Shell::receive_completions() {
    for (Completion& completion : workers_.take_completed()) {
        if (auto* done = std::get_if<JobDone>(&completion)) {
            --jobs_open_;
            inbox_.push(std::move(*done), 0);
            continue;
        }
        if (const auto* made = std::get_if<CheckpointDone>(&completion)) {
            on_checkpoint(*made);
            continue;
        }
        auto& done = std::get<BackendDone>(completion);
        const auto open = asks_.extract(done.id);
        if (open.empty()) continue;
        ask_deadlines_.cancel(done.id);
        inbox_.push(Answer{open.mapped().id, std::move(done.payload)}, 0);
    }
}

void Shell::expire_asks() {
    while (const auto wire_id = ask_deadlines_.pop_due(tick())) {
        const auto open = asks_.extract(*wire_id);
        if (open.empty()) continue;
        if (open.mapped().unsent) --unsent_asks_;
        inbox_.push(Answer{open.mapped().id, std::nullopt}, 0);
    }
}

}  // namespace rondo::shell
