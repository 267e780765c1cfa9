#include "cluster/shell/shell.hpp"

#include <poll.h>

#include <algorithm>

#include "cluster/runtime/limits.hpp"
#include "cluster/shell/log.hpp"
#include "messages/base/require.hpp"

namespace rondo::shell {
namespace {

/// The environment takes longer for each further page of a large transaction: beyond so many records it is committed.
constexpr std::size_t open_writes_max = 2000;

bool is_readable(int descriptor) {
    pollfd item{descriptor, POLLIN, 0};
    return ::poll(&item, 1, 0) > 0;
}

std::size_t bytes_of(const Input& input) {
    return std::visit(
        [](const auto& i) -> std::size_t {
            using T = std::decay_t<decltype(i)>;
            if constexpr (std::is_same_v<T, Answer>)
                return i.payload ? i.payload->size() : 0;
            else if constexpr (requires { i.payload; })
                return i.payload.size();
            else
                return 0;
        },
        input);
}

}  // namespace

Shell::Shell(const ActorTraits& traits, const ShellConfig& config, store::Store& store, bus::NodeBus& node, bus::PeerBus& peers,
             Backend* backend)
    : traits_(traits),
      config_(config),
      store_(store),
      node_(node),
      peers_(peers),
      tables_(traits.tables.size()),
      view_(store),
      outbox_(view_, traits.actor, tables_, *bus::Incarnation::from(store.incarnation().view())),
      workers_(config.worker_threads, backend),
      started_(std::chrono::steady_clock::now()) {
    for (const Stream stream : traits.subscriptions)
        if (!is_best_effort(stream)) subscriptions_.emplace(stream, Subscription(view_, tables_, stream));
    for (const Channel channel : traits_.channels) from_peers_[channel];
    note_checkpoints();
    view_.close();
}

Tick Shell::tick() const {
    using namespace std::chrono;
    return static_cast<Tick>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

/// The wall clock, made monotonic: it may stand still, never go back.
Instant Shell::now() {
    using namespace std::chrono;
    const auto wall = static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
    last_instant_ = std::max(last_instant_, Instant(wall));
    return last_instant_;
}

int Shell::run(const CoreFactory& make, int stop_descriptor) {
    core_ = make(view_);
    view_.close();
    set_peers({});
    first_turn();
    while (!stop_ && !is_readable(stop_descriptor)) {
        receive();
        if (!stop_ && has_input()) turn();
        if (!stop_) housekeeping();
        if (!stop_ && !has_input()) wait(stop_descriptor);
    }
    if (txn_) commit();
    if (stop_)
        log(Level::error, stop_->reason);
    else
        log(Level::info, "asked to stop");
    store_.cancel_checkpoint();
    if (!workers_.stop_within(limits::backend_shutdown_ms_max)) {
        // A call to the outside does not come back: its thread cannot be joined, but what is committed must stay.
        log(Level::warn, "a backend call does not return; leaving without it");
        store_.sync();
        std::_Exit(stop_ ? stop_->exit_code : exit_ok);
    }
    core_.reset();
    return stop_ ? stop_->exit_code : exit_ok;
}

bool Shell::has_input() const {
    if (!inbox_.inputs.empty() || timers_.next() <= tick()) return true;
    if (peer_messages_waiting() > 0) return true;
    return has_stream_message() || commit_due_at_ <= tick();
}

bool Shell::has_stream_message() const {
    return std::ranges::any_of(subscriptions_, [](const auto& s) { return s.second.has_next(); });
}

std::size_t Shell::peer_messages_waiting() const {
    std::size_t waiting = 0;
    for (const auto& [channel, queues] : from_peers_) waiting += queues.operators.size() + queues.guests.size();
    return waiting;
}

/// One of each source in turn, so that none starves another: timers, what comes from this node, each channel's operators and its
/// guests, each stream.
std::optional<Input> Shell::next_input() {
    const std::size_t sources = 2 + 2 * traits_.channels.size() + traits_.subscriptions.size();
    for (std::size_t i = 0; i < sources; ++i)
        if (auto input = next_input_of(next_source_++ % sources)) return input;
    return std::nullopt;
}

std::optional<Input> Shell::Queue::take() {
    if (inputs.empty()) return std::nullopt;
    Input input = std::move(inputs.front());
    inputs.pop_front();
    bytes -= std::min(bytes, bytes_of(input));
    return input;
}

std::optional<Input> Shell::next_input_of(std::size_t source) {
    if (source == 0) {
        const auto due = timers_.pop_due(tick());
        return due ? std::optional<Input>(TimerFired{*due}) : std::nullopt;
    }
    if (source == 1) return inbox_.take();
    source -= 2;
    if (source < 2 * traits_.channels.size()) {
        FromPeers& queues = from_peers_.at(traits_.channels[source / 2]);
        return source % 2 == 0 ? queues.operators.take() : queues.guests.take();
    }
    const auto subscription = subscriptions_.find(traits_.subscriptions[source - 2 * traits_.channels.size()]);
    if (subscription == subscriptions_.end() || !subscription->second.has_next()) return std::nullopt;
    return subscription->second.take_next();
}

void Shell::first_turn() {
    txn_.emplace(store_.write());
    view_.open(*txn_);
    Speech speech;
    apply(core_->start(now()), speech);
    commit_due_at_ = tick() + limits::commit_ms_max;
    make_durable();
    if (!stop_) speak(std::move(speech));
}

/// Many inputs, one write to the disk; nothing is said before it. A turn that says nothing, or only what explains itself, needs
/// none: its records ride on the next one, or are stored a little later. A crash before that takes them together with the cursors
/// of the messages they came from.
void Shell::turn() {
    if (!txn_) txn_.emplace(store_.write());
    view_.open(*txn_);
    Speech speech;
    const Tick begun = tick();
    std::size_t bytes = 0;
    for (std::size_t count = 0; count < limits::turn_inputs_max && bytes < limits::turn_bytes_max; ++count) {
        const auto input = next_input();
        if (!input) break;
        bytes += bytes_of(*input);
        ++counters_.inputs;
        apply(core_->step(now(), *input), speech);
        if (stop_ || checkpoint_ || tick() >= begun + limits::turn_ms_max) break;
    }
    ++counters_.turns;
    if (commit_due_at_ == never) commit_due_at_ = tick() + limits::commit_ms_max;
    if (stop_ || checkpoint_ || commit_due_at_ <= tick() || open_writes_ >= open_writes_max)
        commit();
    else if (speech.needs_commit || outbox_.is_awaited())
        make_durable();
    if (!stop_) speak(std::move(speech));
}

/// Records, outbox rows, timers and peers take effect at once, for the later steps of the turn; the rest waits for the commit.
void Shell::apply(Effects effects, Speech& speech) {
    for (const Log& line : effects.logs) log(line.level, line.text);
    if (effects.stop) return fail(effects.stop->exit_code, std::move(effects.stop->reason));
    if (effects.checkpoint) checkpoint_ = effects.checkpoint;
    open_writes_ += effects.records.size();
    for (Record& record : effects.records) txn_->apply(std::move(record));
    for (Publish& publish : effects.publishes) {
        if (is_best_effort(publish.stream))
            speech.best_effort.emplace_back(publish.stream, std::move(std::get<Bytes>(publish.payload)));
        else
            outbox_.add(*txn_, std::move(publish));
    }
    for (const Forget& forget : effects.forgets) outbox_.forget(*txn_, forget);
    speech.needs_commit = speech.needs_commit || effects.persist_first || !effects.asks.empty() || !effects.replies.empty() ||
                          std::ranges::any_of(effects.sends, [](const Send& send) { return !send.self_evident; });
    if (effects.peers) set_peers(std::move(*effects.peers));
    for (const CancelTimer& cancelled : effects.cancelled) timers_.cancel(cancelled.id);
    const Tick base = tick();
    for (const SetTimer& timer : effects.timers) timers_.set(timer.id, base + timer.after_ms);
    const auto take = [](auto& from, auto& into) { std::ranges::move(from, std::back_inserter(into)); };
    take(effects.sends, speech.sends);
    take(effects.asks, speech.asks);
    take(effects.replies, speech.replies);
    for (RecoverSenders& job : effects.jobs) {
        require(++jobs_open_ <= limits::jobs_open_max, "a core keeps more verification jobs open than allowed");
        if (job.transactions.size() > limits::recover_at_once_max) {
            workers_.recover(std::move(job));
        } else {
            --jobs_open_;
            inbox_.push(Workers::recover_at_once(job), 0);
        }
    }
}

/// What the configuration says of an operator stands in place of what the sets say.
void Shell::set_peers(std::vector<Peer> named) {
    std::map<OperatorNumber, Peer> by_number;
    for (const Peer& peer : config_.fixed_peers) by_number.emplace(peer.number, peer);
    for (Peer& peer : named) by_number.try_emplace(peer.number, std::move(peer));
    by_number.erase(config_.self);
    std::vector<Peer> peers;
    for (auto& [number, peer] : by_number) peers.push_back(std::move(peer));
    for (const std::string& trouble : peers_.set_peers(peers)) log(Level::warn, trouble);
}

/// The journal is enough; what it has no room for, and what a Derived store has none for, is committed.
void Shell::make_durable() {
    if (stop_) return commit();
    for (auto& [stream, subscription] : subscriptions_) subscription.persist(*txn_);
    if (!txn_->log()) return commit();
    ++counters_.journal_entries;
    outbox_.on_logged();
    on_durable();
}

void Shell::on_durable() {
    if (traits_.durability == Durability::derived) return;  // not before a checkpoint holds it
    cursors_moved_ = true;
    for (auto& [stream, subscription] : subscriptions_) subscription.synced();
}

void Shell::commit() {
    if (!stop_) {
        for (auto& [stream, subscription] : subscriptions_) subscription.persist(*txn_);
        if (tick() >= trim_at_) {
            outbox_.trim(*txn_);
            trim_at_ = tick() + limits::cursor_report_ms;
        }
        if (txn_->has_writes()) {
            txn_->commit();
            ++counters_.commits;
            outbox_.on_committed();
            on_durable();
        }
    }
    txn_.reset();
    view_.close();
    commit_due_at_ = never;
    open_writes_ = 0;
    if (const auto height = std::exchange(checkpoint_, std::nullopt); height && !stop_) begin_checkpoint(*height);
}

void Shell::begin_checkpoint(Height height) {
    auto copy = store_.begin_checkpoint(height);
    if (copy) return workers_.make(std::move(*copy));
    ++counters_.checkpoints_skipped;
    log(Level::warn, "no checkpoint of block " + std::to_string(height.value) + ": " + copy.error());
}

void Shell::on_checkpoint(const CheckpointDone& done) {
    store_.refresh_checkpoints();
    note_checkpoints();
    cursors_moved_ = true;
    if (!done.fault) {
        ++counters_.checkpoints;
        return;
    }
    ++counters_.checkpoints_failed;
    log(Level::warn, "no checkpoint of block " + std::to_string(done.height.value) + ": " + *done.fault);
}

/// What a Derived store would come back with after a power cut is its newest checkpoint.
void Shell::note_checkpoints() {
    if (traits_.durability == Durability::durable) return;
    for (const std::string& note : store_.take_notes()) log(Level::warn, note);
    const Checkpoints& complete = store_.checkpoints();
    for (auto& [stream, subscription] : subscriptions_)
        subscription.durable_as_in(complete.empty() ? nullptr : complete.back().get());
}

}  // namespace rondo::shell
