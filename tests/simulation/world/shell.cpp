#include "tests/simulation/world/shell.hpp"

#include <algorithm>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {
namespace {

constexpr std::size_t replay_rows_max = 64;
constexpr Micros replay_retry = 200 * millisecond;
constexpr Micros beat_interval = 100 * millisecond;
constexpr Micros hold_back_max = limits::commit_ms_max * millisecond;
constexpr std::uint64_t beats_per_sync = 7;  ///< of a Derived store
/// A bound no healthy run comes near; beyond it messages from peers are lost, as on a socket at its high-water mark.
constexpr std::size_t inbox_max = 20'000;
enum class RowKind : std::uint8_t { outbox = 1, cursor = 2, head = 3, incarnation = 4 };

Bytes row_key(RowKind kind, std::uint8_t which = 0, std::uint64_t sequence = 0) {
    Bytes key{static_cast<std::uint8_t>(kind), which};
    append_be64(key, sequence);
    return key;
}
Bytes be64(std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
}
std::uint8_t number_of(Stream stream) { return static_cast<std::uint8_t>(stream); }

}  // namespace

SimShell::SimShell(World& world, NodeIndex node, ActorTraits traits, MakeCore make, Random random, ShellMutant mutant)
    : world_(world),
      node_(node),
      traits_(std::move(traits)),
      own_{static_cast<std::uint8_t>(traits_.tables.size()), "shell"},
      make_(std::move(make)),
      random_(random),
      mutant_(mutant),
      store_(traits_.tables.size() + 1) {}

// ------------------------------------------------------------------------------------------- life and death

void SimShell::start() {
    if (is_up()) return;
    ++life_;
    world_.trace(node_, traits_.actor, "start", life_);
    if (!store_.get(own_, row_key(RowKind::incarnation))) store_.put(own_, row_key(RowKind::incarnation), be64(random_.next()));
    store_.commit(true);
    for (const Stream stream : traits_.subscriptions)
        if (!is_best_effort(stream)) subscriptions_[stream] = {.expected = next_of(stream)};
    note_durable_heads();
    guarded([&] {
        core_ = make_(store_);
        busy_ = true;
        step_time_ = world_.now_at(node_);
        take(core_->start(step_time_));
        finish_turn(true);
    });
    if (!is_up()) return;
    world_.clock().after(1 + random_.below(beat_interval), [this, life = life_] {
        if (life == life_) beat();
    });
}

void SimShell::die() {
    core_.reset();
    ++life_;
    inbox_.clear();
    actions_.clear();
    unsaid_.clear();
    signed_ = false;
    subscriptions_.clear();
    open_asks_.clear();
    open_requests_.clear();
    timers_.clear();
    turn_scheduled_ = busy_ = false;
    commit_due_.reset();
    paused_until_ = 0;
}

void SimShell::crash() {
    if (!is_up()) return;
    world_.trace(node_, traits_.actor, "crash", life_);
    store_.roll_back();
    die();
}

void SimShell::power_cut() {
    crash();
    if (traits_.durability == Durability::durable) return;
    if (random_.one_in(2))
        store_.wipe();
    else
        store_.lose_unsynced(random_.below(store_.unsynced() + 1));
}

void SimShell::restore_backup() {
    crash();
    if (!backup_) return;
    world_.trace(node_, traits_.actor, "restore", life_);
    store_ = std::move(*backup_);
    backup_.reset();
}

void SimShell::lose_disk() {
    crash();
    world_.trace(node_, traits_.actor, "lose disk", life_);
    store_.wipe();
}

void SimShell::guarded(const std::function<void()>& body) {
    try {
        body();
    } catch (const InvariantBroken& broken) {
        world_.fail("invariant of " + std::string(to_string(traits_.actor)) + " at node " + std::to_string(node_) + ": " +
                    broken.line);
        store_.roll_back();
        die();
    }
}

// ---------------------------------------------------------------------------------------------- what arrives

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

void SimShell::on_peer(Channel channel, OperatorNumber from, SharedBytes payload) {
    if (!is_up() || inbox_.size() >= inbox_max) return;
    enqueue(PeerMessage{channel, from, *payload});
}

void SimShell::on_request(ByteView payload, std::function<void(SharedBytes)> reply) {
    if (!is_up()) return;
    const RequestId id = next_request_++;
    open_requests_[id] = std::move(reply);
    enqueue(Request{id, to_bytes(payload)});
}

void SimShell::on_answer(AskId id, std::uint64_t generation, SharedBytes payload) {
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
    subscriptions_[stream] = {};
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
            if (!rows.empty() && !is_deterministic(stream) && mutant_ != ShellMutant::lost_outbox_row)
                waiting.expected = std::max(waiting.expected, rows.front().sequence);
            for (const Row& row : rows) on_stream(stream, row.sequence, row.payload);
            if (!rows.empty() && waiting.head >= waiting.expected) request_replay(stream);
        });
    });
}

// ---------------------------------------------------------------------------------------- what siblings read

std::vector<SimShell::Row> SimShell::rows(Stream stream, std::uint64_t from) {
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

// -------------------------------------------------------------------------------------------------- the turn

void SimShell::turn() {
    turn_scheduled_ = false;
    if (world_.clock().now() < paused_until_) return schedule_turn();
    busy_ = true;
    const std::size_t inputs = std::min<std::size_t>(inbox_.size(), 1 + random_.below(world_.turn_inputs_max()));
    guarded([&] {
        step_time_ = world_.now_at(node_);
        for (std::size_t i = 0; i < inputs; ++i) {
            const Item item = std::move(inbox_.front());
            inbox_.pop_front();
            if (const auto* timer = std::get_if<TimerFired>(&item.input)) {
                const auto armed = timers_.find(timer->id);
                if (armed == timers_.end() || armed->second != item.timer_generation) continue;
                timers_.erase(armed);
            }
            const auto* message = std::get_if<StreamMessage>(&item.input);
            if (message != nullptr && !is_best_effort(message->stream)) {
                write_cursor(message->stream, message->sequence + 1);
                if (mutant_ == ShellMutant::cursor_outside_transaction) store_.commit(true);
            }
            take(core_->step(step_time_, item.input));
        }
        finish_turn(false);
    });
}

void SimShell::take(Effects effects) {
    for (const Record& record : effects.records) store_.apply(record);
    signed_ = signed_ || (effects.persist_first && mutant_ != ShellMutant::signed_before_durable);
    for (Publish& publish : effects.publishes) number(std::move(publish));
    for (Send& send : effects.sends) actions_.emplace_back(std::move(send));
    for (Ask& question : effects.asks) actions_.emplace_back(std::move(question));
    for (Reply& reply : effects.replies) actions_.emplace_back(std::move(reply));
    for (const CancelTimer& cancelled : effects.cancelled) actions_.emplace_back(cancelled);
    for (const SetTimer& timer : effects.timers) actions_.emplace_back(timer);
    for (RecoverSenders& job : effects.jobs) actions_.emplace_back(std::move(job));
    for (const Log& log : effects.logs) world_.log(node_, traits_.actor, log);
    if (effects.stop) {
        world_.fail(std::string(to_string(traits_.actor)) + " at node " + std::to_string(node_) +
                    " stopped: " + effects.stop->reason);
        store_.roll_back();
        die();
    }
}

/// Gives the message its number and writes its outbox row into the open turn.
void SimShell::number(Publish publish) {
    if (is_best_effort(publish.stream)) {
        auto said = std::make_shared<const Bytes>(std::move(std::get<Bytes>(publish.payload)));
        actions_.emplace_back(Numbered{publish.stream, 0, std::move(said), {}});
        return;
    }
    const std::uint64_t sequence = head(publish.stream) + 1;
    if (publisher_of(publish.stream) != traits_.actor) world_.fail("an actor publishes on a stream of another");
    if (is_deterministic(publish.stream) && publish.sequence != sequence)
        world_.fail("a deterministic stream jumped from " + std::to_string(sequence - 1) + " to " +
                    std::to_string(publish.sequence));
    Bytes row;
    SharedBytes payload;
    if (auto* bytes = std::get_if<Bytes>(&publish.payload)) {
        row.push_back(0);
        append(row, *bytes);
        payload = std::make_shared<const Bytes>(std::move(*bytes));
    } else {
        const auto& reference = std::get<RecordRef>(publish.payload);
        row = {1, reference.table.index};
        append(row, reference.key);
        const auto record = store_.get(reference.table, reference.key);
        if (!record) return world_.fail("a publish refers to a record that is not there");
        payload = std::make_shared<const Bytes>(to_bytes(*record));
    }
    if (mutant_ != ShellMutant::lost_outbox_row)
        store_.put(own_, row_key(RowKind::outbox, number_of(publish.stream), sequence), std::move(row));
    store_.put(own_, row_key(RowKind::head, number_of(publish.stream)), be64(sequence));
    actions_.emplace_back(Numbered{publish.stream, sequence, std::move(payload), publish.identity});
}

/// What explains itself, and timers and jobs, which leave nobody the wiser.
bool SimShell::may_say_now(const Action& action) const {
    if (const auto* published = std::get_if<Numbered>(&action))
        return is_best_effort(published->stream) || is_deterministic(published->stream);
    if (const auto* send = std::get_if<Send>(&action))
        return send->self_evident || (mutant_ == ShellMutant::signed_before_durable && send->channel == Channel::votes);
    return !std::holds_alternative<Ask>(action) && !std::holds_alternative<Reply>(action);
}

/// The signed messages and receipts are the watcher's, which is in no hurry.
bool SimShell::needs_commit(const Action& action) const {
    if (const auto* published = std::get_if<Numbered>(&action); published != nullptr && !may_say_now(action))
        return published->stream == Stream::batches || published->stream == Stream::postings;
    return !may_say_now(action);
}

/// Only what explains itself is said: records and cursors stay in the open transaction, for the next commit or until
/// hold_back_max, and so do the messages of the other streams. A crash before it takes all of them.
void SimShell::hold_back(std::vector<Action> actions, Boundary boundary) {
    if (!commit_due_) {
        commit_due_ = world_.clock().now() + hold_back_max;
        world_.clock().at(*commit_due_, [this, life = life_, due = *commit_due_] {
            if (life != life_ || commit_due_ != due) return;
            commit();
            std::vector<Action> late = std::exchange(unsaid_, {});
            const std::size_t all = late.size();
            speak(std::move(late), all);
        });
    }
    if (mutant_ == ShellMutant::cursor_of_held_back) store_.commit_only(own_);
    const auto later = std::stable_partition(actions.begin(), actions.end(), [&](const Action& a) { return may_say_now(a); });
    std::move(later, actions.end(), std::back_inserter(unsaid_));
    actions.erase(later, actions.end());
    if (boundary != Boundary::none) {
        const std::size_t said = boundary == Boundary::between_sends ? random_.below(actions.size() + 1) : 0;
        speak(std::move(actions), said);
        return world_.kill(*this);
    }
    world_.clock().after(5 + random_.below(30), [this, life = life_, said = std::move(actions)]() mutable {
        if (life != life_) return;
        const std::size_t all = said.size();
        speak(std::move(said), all);
        busy_ = false;
        schedule_turn();
    });
}

void SimShell::commit() {
    store_.commit(traits_.durability == Durability::durable);
    commit_due_.reset();
    note_durable_heads();
}

void SimShell::note_durable_heads() {
    for (std::size_t i = 0; i < stream_count; ++i)
        if (publisher_of(static_cast<Stream>(i)) == traits_.actor)
            durable_heads_[static_cast<Stream>(i)] = head(static_cast<Stream>(i));
}

void SimShell::finish_turn(bool commit_anyway) {
    if (!is_up()) return;
    std::vector<Action> actions = std::exchange(actions_, {});
    const bool overdue = commit_due_ && world_.clock().now() >= *commit_due_;
    const bool has_signed = std::exchange(signed_, false);
    const Boundary boundary = world_.draw_boundary();
    if (!commit_anyway && !overdue && !has_signed &&
        std::ranges::none_of(actions, [&](const Action& a) { return needs_commit(a); }))
        return hold_back(std::move(actions), boundary);
    std::move(actions.begin(), actions.end(), std::back_inserter(unsaid_));
    actions = std::exchange(unsaid_, {});
    if (mutant_ == ShellMutant::send_before_sync && boundary == Boundary::before_commit) speak(actions, actions.size());
    if (boundary == Boundary::before_commit) return world_.kill(*this);
    commit();
    if (boundary == Boundary::between_sends) {
        speak(std::move(actions), random_.below(actions.size() + 1));
        return world_.kill(*this);
    }
    const Micros sync = traits_.durability == Durability::durable ? 200 + random_.below(800) : 20 + random_.below(100);
    world_.clock().after(sync, [this, life = life_, said = std::move(actions)]() mutable {
        if (life != life_) return;
        const std::size_t all = said.size();
        speak(std::move(said), all);
        busy_ = false;
        schedule_turn();
    });
}

// ------------------------------------------------------------------------------------------------- what is said

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
        world_.send(node_, *send);
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
    const auto answer = [this, id = question.id, generation](SharedBytes payload) {
        on_answer(id, generation, std::move(payload));
    };
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
    if (world_.clock().now() >= paused_until_) {
        for (std::size_t i = 0; i < stream_count; ++i) {
            const auto stream = static_cast<Stream>(i);
            if (publisher_of(stream) == traits_.actor && !is_best_effort(stream))
                world_.announce(node_, stream, incarnation(), durable_heads_[stream]);
        }
        if (random_.one_in(beats_per_sync) && !busy_) store_.sync();
    }
    world_.clock().after(beat_interval, [this, life = life_] {
        if (life == life_) beat();
    });
}

}  // namespace rondo::sim
