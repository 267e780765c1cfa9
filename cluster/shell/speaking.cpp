#include <unistd.h>

#include <algorithm>

#include "cluster/bus/client.hpp"
#include "cluster/runtime/limits.hpp"
#include "cluster/shell/log.hpp"
#include "cluster/shell/shell.hpp"
#include "messages/base/require.hpp"

/// What follows a turn, and what the clock asks for between turns.
namespace rondo::shell {

void Shell::speak(Speech speech) {
    std::vector<bus::StreamChunk> chunks = outbox_.take_chunks();
    if (!chunks.empty()) {
        announce_interval_ = limits::announce_ms_min;
        announce_at_ = tick() + announce_interval_;
    }
    for (bus::StreamChunk& chunk : chunks) node_.publish(std::move(chunk));
    for (auto& [stream, payload] : speech.best_effort) {
        bus::StreamChunk chunk;
        chunk.header.at.stream = stream;
        chunk.header.count = 1;
        chunk.payloads.push_back(std::move(payload));
        node_.publish(std::move(chunk));
    }
    for (Send& send : speech.sends) {
        if (send.payload.size() > limits::message_bytes_max)
            log(Level::error,
                "a message to a peer has " + std::to_string(send.payload.size()) + " bytes, more than peers accept: not sent");
        peers_.send(send.channel, send.to, std::move(send.payload));
    }
    for (Ask& ask : speech.asks) open_ask(std::move(ask));
    for (Reply& reply : speech.replies) {
        const auto open = requests_.extract(reply.id);
        if (open.empty()) continue;
        request_shares_.give_back(open.mapped().client, 1);
        node_.reply(open.mapped().route, std::move(reply.payload));
    }
}

/// What cannot be asked now because too much is open already is answered by its deadline, like silence.
void Shell::open_ask(Ask ask) {
    const std::uint64_t wire_id = ++last_wire_id_;
    const bool too_many = asks_.size() >= limits::asks_open_max;
    ask_deadlines_.set(wire_id, tick() + ask.deadline_ms);
    asks_.emplace(wire_id, OpenAsk{ask.id, std::nullopt});
    if (too_many) {
        ++counters_.unsent_asks;
        return;
    }
    if (ask.whom == Askable::backend) {
        if (!workers_.call_backend(wire_id, std::move(ask.payload))) ++counters_.unsent_asks;
        return;
    }
    send_ask(wire_id, std::move(ask));
}

void Shell::send_ask(std::uint64_t wire_id, Ask ask) {
    const bus::Envelope envelope{bus::EnvelopeKind::request, wire_id, ask.deadline_ms};
    if (node_.ask(static_cast<Actor>(ask.whom), envelope, ask.payload)) return;
    asks_.at(wire_id).unsent = std::move(ask);
    ++unsent_asks_;
    ++counters_.unsent_asks;
    if (retry_asks_at_ == never) retry_asks_at_ = tick() + limits::replay_retry_unsent_ms;
}

void Shell::retry_unsent_asks() {
    retry_asks_at_ = never;
    for (auto& [wire_id, open] : asks_) {
        if (!open.unsent) continue;
        --unsent_asks_;
        Ask ask = std::move(*open.unsent);
        open.unsent.reset();
        send_ask(wire_id, std::move(ask));
    }
}

/// A replay says what is on the disk, even while newer records are not; a status is the core's own view of itself.
void Shell::answer_replays() {
    for (const auto& [route, wanted] : std::exchange(replays_wanted_, {}))
        if (auto chunk = outbox_.replay(view_, wanted)) node_.reply(route, std::move(*chunk));
    for (const bus::NodeBus::Route& route : std::exchange(statuses_wanted_, {})) node_.reply(route, status());
    if (!txn_) view_.close();
}

void Shell::ask_replays() {
    constexpr std::size_t open_replays_max = 64;
    for (auto& [stream, subscription] : subscriptions_) {
        const auto wanted = subscription.replay_to_ask(tick());
        if (!wanted) continue;
        const std::uint64_t wire_id = ++last_wire_id_;
        const bool sent =
            node_.ask(publisher_of(stream), {bus::EnvelopeKind::replay, wire_id, limits::replay_retry_ms}, encode(*wanted));
        subscription.replay_asked(tick(), sent);
        if (!sent) continue;
        open_replays_.emplace(wire_id, *wanted);
        if (open_replays_.size() > open_replays_max) open_replays_.erase(open_replays_.begin());
    }
}

void Shell::announce() {
    if (!outbox_.publishes_anything() || tick() < announce_at_) return;
    node_.announce(outbox_.announcement());
    announce_at_ = tick() + announce_interval_;
    announce_interval_ = std::min(announce_interval_ * 2, limits::announce_ms_max);
}

void Shell::report_cursors() {
    if (subscriptions_.empty()) return;
    const bool due = cursors_moved_ ? tick() >= report_at_ : tick() >= report_idle_at_;
    if (!due) return;
    std::map<Actor, bus::CursorReport> reports;
    for (const auto& [stream, subscription] : subscriptions_) {
        bus::CursorReport& report = reports[publisher_of(stream)];
        report.subscriber = traits_.actor;
        report.cursors.push_back(subscription.durable_cursor());
    }
    bool all_sent = true;
    for (const auto& [publisher, report] : reports)
        all_sent = node_.ask(publisher, {bus::EnvelopeKind::cursors, 0, 0}, encode(report)) && all_sent;
    cursors_moved_ = !all_sent;
    report_at_ = tick() + limits::cursor_report_ms;
    report_idle_at_ = tick() + limits::cursor_report_idle_ms;
}

/// A little more than the reserve ends the shortage, so that it does not come and go with every block.
void Shell::watch_disk() {
    if (config_.disk_reserve_bytes == 0 || tick() < look_at_disk_at_) return;
    look_at_disk_at_ = tick() + limits::disk_look_ms;
    std::error_code error;
    const std::uintmax_t free = std::filesystem::space(config_.store_folder, error).available;
    if (error) return;
    const std::uint64_t wanted = config_.disk_reserve_bytes / 4 * (disk_is_short_ ? 5 : 4);
    if ((free < wanted) == disk_is_short_) return;
    disk_is_short_ = !disk_is_short_;
    inbox_.push(DiskRoom{disk_is_short_}, 0);
}

void Shell::housekeeping() {
    watch_disk();
    if (store_.needs_sync() && tick() >= sync_at_) {
        store_.sync();
        sync_at_ = tick() + limits::derived_sync_ms;
    }
    if (!std::ranges::all_of(store_.checkpoints(), [](const auto& checkpoint) { return checkpoint->is_sound(); })) {
        store_.refresh_checkpoints();
        note_checkpoints();
    }
    answer_replays();
    ask_replays();
    announce();
    report_cursors();
    if (tick() >= retry_asks_at_) retry_unsent_asks();
    if (!requests_.empty() && tick() >= sweep_at_) {
        std::erase_if(requests_, [this, now = tick()](const auto& open) {
            if (open.second.forget_at > now) return false;
            request_shares_.give_back(open.second.client, 1);
            return true;
        });
        sweep_at_ = tick() + 1000;
    }
}

Tick Shell::next_wake() const {
    Tick wake = std::min({timers_.next(), ask_deadlines_.next(), retry_asks_at_});
    if (outbox_.publishes_anything()) wake = std::min(wake, announce_at_);
    if (!subscriptions_.empty()) wake = std::min(wake, cursors_moved_ ? report_at_ : report_idle_at_);
    if (store_.needs_sync()) wake = std::min(wake, sync_at_);
    if (!requests_.empty()) wake = std::min(wake, sweep_at_);
    wake = std::min(wake, commit_due_at_);
    if (config_.disk_reserve_bytes != 0) wake = std::min(wake, look_at_disk_at_);
    if (lingers()) wake = std::min(wake, linger_until_);
    for (const auto& [stream, subscription] : subscriptions_) wake = std::min(wake, subscription.wake_at());
    return wake;
}

void Shell::wait(int stop_descriptor) {
    constexpr Tick wait_ms_max = 10'000;
    const Tick wake = next_wake(), at = tick();
    std::vector<void*> sockets = node_.sockets(!lingers());
    sockets.insert(sockets.end(), peers_.sockets().begin(), peers_.sockets().end());
    std::vector<int> descriptors{stop_descriptor, workers_.descriptor()};
    for (const int descriptor : peers_.descriptors()) descriptors.push_back(descriptor);
    const Tick again = peers_.look_again_ms(), longest = again > 0 ? again : wait_ms_max;
    bus::wait_readable(sockets, descriptors, wake > at ? std::min(wake - at, longest) : 0);
}

Bytes Shell::status() const {
    using namespace std::chrono;
    ActorStatus out;
    out.actor = to_string(traits_.actor);
    out.version = RONDO_VERSION;
    out.pid = static_cast<std::uint64_t>(::getpid());
    out.uptime_ms = static_cast<std::uint64_t>(duration_cast<milliseconds>(steady_clock::now() - started_).count());
    for (const auto& [stream, subscription] : subscriptions_) out.cursors.push_back(subscription.cursor());
    out.published = outbox_.heads();
    std::vector<StatusField> fields = core_->status();
    if (config_.beside) std::ranges::move(config_.beside(), std::back_inserter(fields));
    for (const StatusField& field : fields) {
        StatusEntry entry{field.name, 0, ""};
        if (const auto* number = std::get_if<std::uint64_t>(&field.value))
            entry.number = *number;
        else
            entry.text = std::get<std::string>(field.value);
        out.facts.push_back(std::move(entry));
    }
    add_counters(out);
    return encode(out);
}

void Shell::add_counters(ActorStatus& status) const {
    const auto add = [&](std::string name, std::uint64_t number) { status.facts.push_back({std::move(name), number, ""}); };
    add("shell_turns", counters_.turns);
    add("shell_inputs", counters_.inputs);
    add("shell_commits", counters_.commits);
    add("shell_journal_entries", counters_.journal_entries);
    add("shell_inbox", inbox_.inputs.size() + peer_messages_waiting());
    add("shell_peer_messages_dropped", counters_.dropped_peer_messages);
    add("shell_requests_open", requests_.size());
    add("shell_requests_refused", counters_.dropped_requests);
    add("shell_clients", request_shares_.holders());
    add("shell_asks_open", asks_.size());
    add("shell_asks_unsent", counters_.unsent_asks);
    add("shell_answers_late", counters_.late_answers);
    add("shell_jobs_open", jobs_open_);
    add("shell_timers", timers_.size());
    add("shell_frames_malformed", node_.malformed());
    add("store_used_bytes", store_.used_bytes());
    if (traits_.durability == Durability::derived) {
        add("checkpoint_height", store_.checkpoints().empty() ? 0 : store_.checkpoints().back()->height().value);
        add("restored_from_height", store_.restored_from().value_or(Height(0)).value);
        add("checkpoints_made", counters_.checkpoints);
        add("checkpoints_skipped", counters_.checkpoints_skipped);
        add("checkpoints_failed", counters_.checkpoints_failed);
    }
    for (const auto& [stream, subscription] : subscriptions_) {
        add("queued_" + std::string(to_string(stream)), subscription.queued());
        add("replays_" + std::string(to_string(stream)), subscription.replays());
    }
    for (const Channel channel : traits_.channels)
        add("unsent_" + std::string(to_string(channel)), peers_.counters().unsent[static_cast<std::size_t>(channel)]);
    if (!traits_.channels.empty()) {
        const bus::PeerCounters peers = peers_.counters();
        add("peer_keys_refused", peers.refused_keys);
        add("peer_messages_unlisted", peers.unlisted);
        add("peer_messages_throttled", peers.throttled);
        add("peer_genesis_foreign", peers.foreign_genesis);
        add("peer_frames_malformed", peers.malformed);
        add("peer_connections", peers.connections);
        add("peer_connections_refused", peers.refused_connections);
        add("peer_handshakes_failed", peers.failed_handshakes);
        add("peer_messages_overlong", peers.overlong);
        add("peer_connections_superseded", peers.superseded);
        add("peer_answers_unread", peers.unread);
    }
    if (const std::string error = last_error(); !error.empty()) status.facts.push_back({"last_error", 0, error.substr(0, 1024)});
}

}  // namespace rondo::shell
