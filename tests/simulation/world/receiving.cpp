#include <algorithm>

#include "cluster/ledger/base.hpp"
#include "tests/simulation/world/rows.hpp"
#include "tests/simulation/world/shell.hpp"
#include "tests/simulation/world/world.hpp"

// What arrives at an actor, and what its siblings read of it.
namespace rondo::sim {
namespace {

constexpr std::size_t replay_rows_max = 64;
constexpr Micros replay_retry = 200 * millisecond;
/// A bound no healthy run comes near; beyond it messages from peers are lost, as on a socket at its high-water mark.
constexpr std::size_t inbox_max = 20'000;

}  // namespace

void SimShell::enqueue(Input input, std::uint64_t timer_generation) {
    inbox_.push_back({std::move(input), timer_generation});
    queued_max_ = std::max(queued_max_, inbox_.size());
    schedule_turn();
}

void SimShell::schedule_turn() {
    if (turn_scheduled_ || busy_ || inbox_.empty()) return;
    turn_scheduled_ = true;
    const Micros when = std::max(world_.clock().now() + 5 + random_.below(60), paused_until_);
    world_.clock().at(when, [this, life = life_] {
        if (life == life_) turn();
    });
}

void SimShell::on_peer(Channel channel, OperatorNumber from, const SharedBytes& payload) {
    if (!is_up() || inbox_.size() >= inbox_max || !is_connected(channel, from)) return;
    enqueue(PeerMessage{channel, from, *payload});
}

/// On an open channel everybody is answered; on the others one talks with those whom the sets name.
bool SimShell::is_connected(Channel channel, OperatorNumber peer) const {
    return is_open(channel) || !peers_ || peers_->contains(peer);
}

void SimShell::on_request(ByteView payload, std::function<void(SharedBytes)> reply) {
    if (!is_up()) return;
    const RequestId id = next_request_++;
    open_requests_[id] = std::move(reply);
    enqueue(Request{id, to_bytes(payload)});
}

void SimShell::on_answer(AskId id, std::uint64_t generation, const SharedBytes& payload) {
    const auto open = open_asks_.find(id);
    if (open == open_asks_.end() || open->second != generation) return;
    open_asks_.erase(open);
    enqueue(Answer{id, payload ? std::optional(*payload) : std::nullopt});
}

void SimShell::on_stream(Stream stream, std::uint64_t sequence, const SharedBytes& payload) {
    if (!is_up()) return;
    Subscription& s = subscriptions_[stream];
    s.head = std::max(s.head, sequence);
    if (sequence < s.expected) return;  // said before
    if (sequence > s.expected) return request_replay(stream);
    ++s.expected;
    enqueue(StreamMessage{stream, sequence, *payload});
}

void SimShell::on_best_effort(Stream stream, const SharedBytes& payload) {
    if (is_up() && inbox_.size() < inbox_max) enqueue(StreamMessage{stream, 0, *payload});
}

void SimShell::on_head(Stream stream, std::uint64_t incarnation, std::uint64_t head) {
    if (!is_up()) return;
    guarded([&] { hear_head(stream, incarnation, head); });
}

void SimShell::hear_head(Stream stream, std::uint64_t incarnation, std::uint64_t head) {
    if (!is_deterministic(stream)) {
        const Bytes key = row_key(RowKind::incarnation, static_cast<std::uint8_t>(number_of(stream) + 1));
        const auto known = store_.get(own_, key);
        // A new store, or an older one: what it says is heard from the start.
        if ((known && read_be64(*known) != incarnation) || head + 1 < subscriptions_[stream].expected)
            hear_from_the_start(stream);
        if (!known || read_be64(*known) != incarnation) store_.put(own_, key, be64(incarnation));
    }
    Subscription& s = subscriptions_[stream];
    s.head = std::max(s.head, head);
    if (head >= s.expected) request_replay(stream);
}

void SimShell::hear_from_the_start(Stream stream) {
    std::erase_if(inbox_, [&](const Item& item) {
        const auto* message = std::get_if<StreamMessage>(&item.input);
        return message != nullptr && message->stream == stream;
    });
    write_cursor(stream, 1);
    durable_next_[stream] = 1;
    subscriptions_[stream] = {};
}

void SimShell::on_cursor(Actor hearer, Stream stream, std::uint64_t next) {
    if (!is_up()) return;
    guarded([&] { release(hearer, stream, next); });
}

void SimShell::release(Actor hearer, Stream stream, std::uint64_t next) {
    cursors_of_[stream][hearer] = next;
    std::uint64_t below = head(stream) + 1;
    for (std::size_t i = 0; i < actor_count; ++i) {
        const auto actor = static_cast<Actor>(i);
        const SimShell* sibling = world_.sibling(node_, actor);
        if (sibling == nullptr || std::ranges::count(sibling->traits().subscriptions, stream) == 0) continue;
        const auto reported = cursors_of_[stream].find(actor);
        below = std::min(below, reported == cursors_of_[stream].end() ? 0 : reported->second);
    }
    if (below <= released_[stream]) return;
    released_[stream] = below;
    enqueue(Released{stream, below});
}

void SimShell::request_replay(Stream stream) {
    Subscription& s = subscriptions_[stream];
    const Micros now = world_.clock().now();
    if (s.asking && now < s.asked_at + replay_retry) return;
    s.asking = true;
    s.asked_at = now;
    SimShell* publisher = world_.sibling(node_, publisher_of(stream));
    if (publisher == nullptr) return;
    world_.local_link(node_, [this, publisher, stream, life = life_] {
        if (life != life_ || !publisher->is_up()) return;
        const std::vector<Row> rows = publisher->rows(stream, subscriptions_[stream].expected);
        world_.local_link(node_, [this, stream, life, rows] {
            if (life != life_) return;
            Subscription& waiting = subscriptions_[stream];
            waiting.asking = false;
            const bool begins = !rows.empty() && waiting.expected == 1 && begins_stream(stream, *rows.front().payload);
            const bool has_gap = !rows.empty() && is_deterministic(stream) && rows.front().sequence > waiting.expected && !begins;
            // Its disk went back behind the snapshot that the node began with since: it is given an empty one.
            if (has_gap && world_.options().has_bad_disk(node_)) return exit(Exit::checksum);
            if (has_gap)
                return world_.fail("stream " + std::string(to_string(stream)) + " is not kept any more where " +
                                   std::string(to_string(traits_.actor)) + " of node " + std::to_string(node_) +
                                   " needs it: " + std::to_string(waiting.expected));
            const bool may_skip = !is_deterministic(stream) || begins;
            if (!rows.empty() && may_skip && mutant_ != ShellMutant::lost_outbox_row)
                waiting.expected = std::max(waiting.expected, rows.front().sequence);
            for (const Row& row : rows) on_stream(stream, row.sequence, row.payload);
            if (!rows.empty() && waiting.head >= waiting.expected) request_replay(stream);
        });
    });
}

// ---------------------------------------------------------------------------------------- what siblings read

std::vector<SimShell::Row> SimShell::rows(Stream stream, std::uint64_t from) {
    std::vector<Row> out;
    guarded([&] { out = read_rows(stream, from); });
    return out;
}

std::vector<SimShell::Row> SimShell::read_rows(Stream stream, std::uint64_t from) {
    std::vector<Row> out;
    store_.scan(own_, row_key(RowKind::outbox, number_of(stream), from),
                row_key(RowKind::outbox, static_cast<std::uint8_t>(number_of(stream) + 1)), [&](ByteView key, ByteView value) {
                    const std::uint64_t sequence = read_be64(key.subspan(2));
                    if (sequence > durable_heads_[stream]) return false;
                    if (value[0] == 0) {
                        out.push_back({sequence, std::make_shared<const Bytes>(to_bytes(value.subspan(1)))});
                    } else {
                        // A record that the core erased since is passed over, as the real shell does for what it trimmed.
                        const auto record = store_.get(Table{value[1], ""}, value.subspan(2));
                        if (!record) return out.empty();
                        out.push_back({sequence, std::make_shared<const Bytes>(to_bytes(*record))});
                    }
                    return out.size() < replay_rows_max;
                });
    for (const Row& row : out)
        world_.observe([&](Observer& o) { o.on_publish(node_, stream, row.sequence, *row.payload, true); });
    return out;
}

std::vector<StatusField> SimShell::status() {
    std::vector<StatusField> out;
    guarded([&] {
        if (is_up()) out = core_->status();
    });
    return out;
}

std::uint64_t SimShell::head(Stream stream) const {
    const auto row = store_.get(own_, row_key(RowKind::head, number_of(stream)));
    return row ? read_be64(*row) : 0;
}

std::uint64_t SimShell::incarnation() const { return read_be64(*store_.get(own_, row_key(RowKind::incarnation))); }

std::uint64_t SimShell::next_of(Stream stream) const {
    const auto row = store_.get(own_, row_key(RowKind::cursor, number_of(stream)));
    return row ? read_be64(*row) : 1;
}

void SimShell::write_cursor(Stream stream, std::uint64_t next) {
    store_.put(own_, row_key(RowKind::cursor, number_of(stream)), be64(next));
}

}  // namespace rondo::sim
