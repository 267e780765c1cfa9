#include "tests/simulation/world/rows.hpp"
#include "tests/simulation/world/shell.hpp"
#include "tests/simulation/world/world.hpp"

// What is said after a turn, and by the clock.
namespace rondo::sim {
namespace {

constexpr std::uint64_t beats_per_sync = 7;  ///< of a Derived store
constexpr std::uint64_t rows_kept = 64;      ///< below what all hearers have behind them

}  // namespace

void SimShell::speak(std::vector<Action> actions, std::size_t limit) {
    for (std::size_t i = 0; i < limit && is_up(); ++i) say(actions[i]);
}

void SimShell::say(Action& action) {
    if (auto* published = std::get_if<Numbered>(&action)) {
        world_.trace(node_, traits_.actor, to_string(published->stream), published->sequence, *published->payload);
        world_.observe(
            [&](Observer& o) { o.on_publish(node_, published->stream, published->sequence, *published->payload, false); });
        world_.publish(node_, published->stream, published->sequence, published->payload);
    } else if (auto* send = std::get_if<Send>(&action)) {
        world_.trace(node_, traits_.actor, to_string(send->channel), send->to.value, send->payload);
        if (owner_of(send->channel) != traits_.actor) world_.fail("an actor sends on a channel of another");
        world_.observe([&](Observer& o) { o.on_send(node_, *send); });
        if (is_connected(send->channel, send->to)) world_.send(node_, *send);
    } else if (auto* question = std::get_if<Ask>(&action)) {
        ask(std::move(*question));
    } else if (auto* reply = std::get_if<Reply>(&action)) {
        const auto open = open_requests_.find(reply->id);
        if (open == open_requests_.end()) return;
        world_.trace(node_, traits_.actor, "reply", reply->id, reply->payload);
        world_.observe([&](Observer& o) { o.on_reply(node_, traits_.actor, reply->payload); });
        const auto answer = std::move(open->second);
        open_requests_.erase(open);
        answer(std::make_shared<const Bytes>(std::move(reply->payload)));
    } else if (const auto* cancelled = std::get_if<CancelTimer>(&action)) {
        timers_.erase(cancelled->id);
    } else if (const auto* timer = std::get_if<SetTimer>(&action)) {
        arm(*timer);
    } else {
        recover(std::move(std::get<RecoverSenders>(action)));
    }
}

void SimShell::ask(Ask question) {
    const std::uint64_t generation = ++ask_generation_;
    if (!open_asks_.emplace(question.id, generation).second) return world_.fail("an ask reuses the id of an open one");
    world_.trace(node_, traits_.actor, to_string(question.whom), question.id, question.payload);
    world_.observe([&](Observer& o) { o.on_ask(node_, traits_.actor, question.whom, question.payload); });
    const auto answer = [this, id = question.id, generation](const SharedBytes& payload) { on_answer(id, generation, payload); };
    world_.clock().after(question.deadline_ms * millisecond, [answer] { answer(nullptr); });
    if (question.whom == Askable::backend) return world_.ask_backend(node_, question.payload, answer);
    world_.request(node_, static_cast<Actor>(question.whom), std::move(question.payload), answer);
}

void SimShell::arm(const SetTimer& timer) {
    const std::uint64_t generation = ++timer_generation_;
    timers_[timer.id] = generation;
    world_.clock().after(timer.after_ms * millisecond, [this, id = timer.id, generation, life = life_] {
        if (life != life_) return;
        const auto armed = timers_.find(id);
        if (armed != timers_.end() && armed->second == generation) enqueue(TimerFired{id}, generation);
    });
}

void SimShell::recover(RecoverSenders job) {
    const Micros work = 50 + 60 * job.transactions.size();
    world_.clock().after(work, [this, life = life_, job = std::move(job)] {
        if (life != life_) return;
        JobDone done{job.id, {}};
        for (const Bytes& raw : job.transactions) done.senders.push_back(world_.recover_sender(raw));
        enqueue(std::move(done));
    });
}

/// Every 100 ms: the heads of the own streams to whoever listens, so that the loss of a last message shows.
void SimShell::beat() {
    guarded([&] {
        if (world_.clock().now() < paused_until_) return;
        for (std::size_t i = 0; i < stream_count; ++i) {
            const auto stream = static_cast<Stream>(i);
            if (publisher_of(stream) == traits_.actor && !is_best_effort(stream))
                world_.announce(node_, stream, incarnation(), durable_heads_[stream]);
        }
        report_cursors();
        if (random_.one_in(beats_per_sync) && !busy_) store_.sync();
    });
    if (!is_up()) return;
    beat_after(beat_interval);
}

void SimShell::report_cursors() {
    for (const Stream stream : traits_.subscriptions)
        if (SimShell* publisher = world_.sibling(node_, publisher_of(stream)); publisher != nullptr && !is_best_effort(stream))
            world_.local_link(node_, [this, publisher, stream, next = durable_next_of(stream)] {
                publisher->on_cursor(traits_.actor, stream, next);
            });
}

/// A Derived store comes back from a power cut as its newest checkpoint, or empty.
std::uint64_t SimShell::durable_next_of(Stream stream) const {
    if (traits_.durability == Durability::durable) return durable_next_.at(stream);
    const Checkpoint* checkpoint = store_.checkpoints().empty() ? nullptr : store_.checkpoints().back().get();
    if (mutant_ == ShellMutant::checkpoint_reported_early && store_.unfinished_checkpoint() != nullptr)
        checkpoint = store_.unfinished_checkpoint();
    if (checkpoint == nullptr) return 1;
    const Bytes publisher = row_key(RowKind::incarnation, static_cast<std::uint8_t>(number_of(stream) + 1));
    const auto then = checkpoint->get(own_, publisher), now = store_.get(own_, publisher);
    const auto cursor = checkpoint->get(own_, row_key(RowKind::cursor, number_of(stream)));
    const bool same_store = then.has_value() == now.has_value() && (!then || to_bytes(*then) == to_bytes(*now));
    return cursor && same_store ? read_be64(*cursor) : 1;
}

/// As in cluster/shell, with a shorter retention.
void SimShell::trim() {
    for (const auto& [stream, below] : released_) {
        if (is_deterministic(stream) || below <= rows_kept) continue;
        const std::uint8_t number = number_of(stream);
        store_.apply(EraseRange{own_, row_key(RowKind::outbox, number), row_key(RowKind::outbox, number, below - rows_kept)});
    }
}

void SimShell::beat_after(Micros delay) {
    world_.clock().after(delay, [this, life = life_] {
        if (life == life_) beat();
    });
}

}  // namespace rondo::sim
