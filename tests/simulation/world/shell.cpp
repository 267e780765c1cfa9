#include "tests/simulation/world/shell.hpp"

#include <algorithm>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"
#include "tests/simulation/world/rows.hpp"
#include "tests/simulation/world/world.hpp"

// Life, death and the turn.
namespace rondo::sim {
namespace {

constexpr Micros hold_back_max = limits::commit_ms_max * millisecond;

}  // namespace

SimShell::SimShell(World& world, NodeIndex node, ActorTraits traits, MakeCore make, Random random, ShellMutant mutant)
    : world_(world),
      node_(node),
      traits_(std::move(traits)),
      own_{static_cast<std::uint8_t>(traits_.tables.size()), "shell"},
      make_(std::move(make)),
      random_(random),
      mutant_(mutant),
      store_(traits_.tables.size() + 1, {mutant == ShellMutant::torn_write_believed, mutant == ShellMutant::rot_believed}) {}

// ------------------------------------------------------------------------------------------- life and death

void SimShell::start() {
    if (is_up() || awaits_disk_ || world_.is_absent(node_)) return;
    ++life_;
    world_.trace(node_, traits_.actor, "start", life_);
    guarded([&] {
        store_.open(traits_.durability);
        if (!store_.get(own_, row_key(RowKind::incarnation)))
            store_.put(own_, row_key(RowKind::incarnation), be64(random_.next()));
        store_.commit(true);
        for (const Stream stream : traits_.subscriptions)
            if (!is_best_effort(stream)) subscriptions_[stream] = {.expected = next_of(stream)};
        settle();
        core_ = make_(store_);
        busy_ = true;
        step_time_ = now();
        take(core_->start(step_time_));
        finish_turn(true);
    });
    if (is_up()) beat_after(1 + random_.below(beat_interval));
}

void SimShell::die() {
    core_.reset();
    ++life_;
    inbox_.clear();
    actions_.clear();
    unsaid_.clear();
    signed_ = false;
    checkpoint_.reset();
    store_.drop_unfinished_checkpoint();
    subscriptions_.clear();
    open_asks_.clear();
    open_requests_.clear();
    timers_.clear();
    turn_scheduled_ = busy_ = false;
    commit_due_.reset();
    peers_.reset();
    cursors_of_.clear();
    released_.clear();
    step_time_ = Instant(0);
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
    store_.lose_power(random_);
}

/// The process ends by itself; when it starts again is for others to decide.
void SimShell::exit(Exit why) {
    world_.trace(node_, traits_.actor, "exit", static_cast<std::uint64_t>(why));
    store_.roll_back();
    die();
    awaits_disk_ = why == Exit::checksum;
    world_.on_exit(*this, why);
}

/// As in cluster/shell: the wall clock, but never back.
Instant SimShell::now() { return std::max(step_time_, world_.now_at(node_)); }

void SimShell::restore_backup() {
    crash();
    if (!backup_) return;
    world_.trace(node_, traits_.actor, "restore", life_);
    store_ = std::move(*backup_);
    backup_.reset();
    awaits_disk_ = false;
}

void SimShell::lose_disk() {
    crash();
    world_.trace(node_, traits_.actor, "lose disk", life_);
    store_.wipe();
    awaits_disk_ = false;
}

void SimShell::guarded(const std::function<void()>& body) {
    try {
        body();
    } catch (const ChecksumFailed&) {
        exit(Exit::checksum);
    } catch (const InvariantBroken& broken) {
        world_.fail("invariant of " + std::string(to_string(traits_.actor)) + " at node " + std::to_string(node_) + ": " +
                    broken.line);
        store_.roll_back();
        die();
    }
}

// -------------------------------------------------------------------------------------------------- the turn

void SimShell::turn() {
    turn_scheduled_ = false;
    if (world_.clock().now() < paused_until_) return schedule_turn();
    busy_ = true;
    const std::size_t inputs = std::min<std::size_t>(inbox_.size(), 1 + random_.below(world_.turn_inputs_max()));
    guarded([&] {
        step_time_ = now();
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
            if (checkpoint_) break;
        }
        if (is_up()) trim();
        finish_turn(false);
    });
}

void SimShell::take(Effects effects) {
    for (const Record& record : effects.records) store_.apply(record);
    signed_ = signed_ || (effects.persist_first && mutant_ != ShellMutant::signed_before_durable);
    if (effects.checkpoint) checkpoint_ = effects.checkpoint;
    for (Publish& publish : effects.publishes) number(std::move(publish));
    for (Send& send : effects.sends) actions_.emplace_back(std::move(send));
    for (Ask& question : effects.asks) actions_.emplace_back(std::move(question));
    for (Reply& reply : effects.replies) actions_.emplace_back(std::move(reply));
    for (const CancelTimer& cancelled : effects.cancelled) actions_.emplace_back(cancelled);
    for (const SetTimer& timer : effects.timers) actions_.emplace_back(timer);
    for (RecoverSenders& job : effects.jobs) actions_.emplace_back(std::move(job));
    for (const Forget& forget : effects.forgets) {
        const std::uint64_t below = std::min(forget.below, head(forget.stream));
        const std::uint8_t stream = number_of(forget.stream);
        store_.apply(EraseRange{own_, row_key(RowKind::outbox, stream), row_key(RowKind::outbox, stream, below)});
    }
    for (const Log& log : effects.logs) world_.log(node_, traits_.actor, log);
    if (effects.peers) {
        peers_.emplace();
        for (const Peer& peer : *effects.peers) peers_->insert(peer.number);
    }
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
    const bool begins = is_deterministic(publish.stream) && head(publish.stream) == 0;  // with a snapshot, maybe: at any height
    const std::uint64_t sequence = begins ? publish.sequence : head(publish.stream) + 1;
    if (publisher_of(publish.stream) != traits_.actor) world_.fail("an actor publishes on a stream of another");
    if (is_deterministic(publish.stream) && publish.sequence != sequence)
        world_.fail("stream " + std::string(to_string(publish.stream)) + " of node " + std::to_string(node_) + " jumped from " +
                    std::to_string(sequence - 1) + " to " + std::to_string(publish.sequence));
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
            guarded([&] {
                if (!commit()) return;
                settle();
                std::vector<Action> late = std::exchange(unsaid_, {});
                const std::size_t all = late.size();
                speak(std::move(late), all);
            });
        });
    }
    if (mutant_ == ShellMutant::cursor_of_held_back) store_.commit_only(own_);
    const auto later = std::stable_partition(actions.begin(), actions.end(), [&](const Action& a) { return may_say_now(a); });
    std::move(later, actions.end(), std::back_inserter(unsaid_));
    actions.erase(later, actions.end());
    if (boundary == Boundary::during_commit) {
        power_cut();
        return world_.start_soon(*this);
    }
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

/// False: the process has ended.
bool SimShell::commit() {
    if (world_.disk_is_full(node_)) {
        exit(Exit::disk_full);
        return false;
    }
    store_.commit(traits_.durability == Durability::durable);
    commit_due_.reset();
    if (const auto height = std::exchange(checkpoint_, std::nullopt)) begin_checkpoint(*height);
    if (traits_.durability == Durability::derived || !world_.draw_sync_failure()) return true;
    store_.lose_power(random_);
    if (mutant_ == ShellMutant::sync_failure_ignored) return true;
    exit(Exit::sync);
    return false;
}

/// As in cluster/shell: it is made while the actor goes on, and passed over while another one is.
void SimShell::begin_checkpoint(Height height) {
    if (!store_.begin_checkpoint(height)) return;
    world_.clock().after(random_.between(1, 900) * millisecond, [this, life = life_] {
        if (life != life_) return;
        guarded([&] { store_.finish_checkpoint(); });
    });
}

/// The sync of the last commit has returned.
void SimShell::settle() {
    store_.settle();
    for (const Stream stream : traits_.subscriptions)
        if (!is_best_effort(stream)) durable_next_[stream] = next_of(stream);
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
    if (!commit_anyway && !overdue && !has_signed && !checkpoint_ &&
        std::ranges::none_of(actions, [&](const Action& a) { return needs_commit(a); }))
        return hold_back(std::move(actions), boundary);
    std::move(actions.begin(), actions.end(), std::back_inserter(unsaid_));
    actions = std::exchange(unsaid_, {});
    if (mutant_ == ShellMutant::send_before_sync && boundary == Boundary::before_commit) speak(actions, actions.size());
    if (boundary == Boundary::before_commit) return world_.kill(*this);
    if (!commit()) return;
    if (boundary == Boundary::during_commit) {
        power_cut();
        return world_.start_soon(*this);
    }
    if (boundary == Boundary::between_sends) {
        settle();
        const std::size_t said = random_.below(actions.size() + 1);
        speak(std::move(actions), said);
        return world_.kill(*this);
    }
    const Micros sync = traits_.durability == Durability::durable ? 200 + random_.below(800) : 20 + random_.below(100);
    world_.clock().after(sync, [this, life = life_, said = std::move(actions)]() mutable {
        if (life != life_) return;
        guarded([&] {
            settle();
            const std::size_t all = said.size();
            speak(std::move(said), all);
        });
        busy_ = false;
        schedule_turn();
    });
}

}  // namespace rondo::sim
