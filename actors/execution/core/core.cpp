#include "actors/execution/core/core.hpp"

#include <algorithm>

#include "actors/execution/core/tables.hpp"
#include "cluster/ledger/peers.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {
namespace {

using namespace execution;

constexpr TimerId fetch_timer = 1;     ///< ask for what is still missing
constexpr TimerId continue_timer = 2;  ///< go on with a backlog in the next turn
constexpr TimerId base_timer = 5;      ///< look whether the base is copied; 3 and 4 are those of snapshots
constexpr DurationMs base_retry_ms = 200;
const Bytes base_told_key = to_bytes(as_bytes("base told"));
constexpr DurationMs first_fetch_ms = 50;  ///< a batch that is on its way needs no asking
constexpr std::size_t fetch_batches_max = 64;
constexpr std::size_t step_blocks_max = 32;
constexpr std::size_t step_transactions_max = 20'000;
/// Our result differs from the agreed one: disk or memory lied. The launcher must not restart that blindly.
constexpr int exit_diverged = 74;

std::string name_of(const BatchRef& batch) {
    return "batch " + std::to_string(batch.height.value) + " of lane " + std::to_string(batch.lane.value);
}

}  // namespace

ExecutionCore::ExecutionCore(const ExecutionConfig& config, const StoreView& view)
    : view_(view),
      committed_(view),
      store_(committed_),
      executor_(config.genesis, {true, config.retention.archive}),
      following_(store_, view),
      server_(view, config.genesis.parameters),
      joining_(store_, view, config.self, config.sources, config.genesis.parameters),
      self_(config.self),
      takes_snapshots_(config.takes_snapshots),
      kept_(view, config.retention) {}

Effects ExecutionCore::start(Instant now) {
    now_ = now;
    if (joining_.recover()) {
        joining_.on_time(now_, effects_);
        settle_joining();
    } else {
        executor_.open(store_);
    }
    following_.recover(executor_.head().height);
    name_peers();
    const Head& head = executor_.head();
    if (head.base.value != 0 && !store_.get(tables::meta, base_told_key)) {
        untold_ = head.base;
        tell_base();
    }
    execute_ready();
    return finish();
}

Effects ExecutionCore::step(Instant now, const Input& input) {
    now_ = now;
    if (!stopped_) std::visit([&](const auto& i) { on(i); }, input);
    if (!stopped_) kept_.forget(store_, executor_.head().base, executor_.head().height, effects_.forgets);
    return finish();
}

Effects ExecutionCore::finish() {
    effects_.records = store_.take_records();
    return std::exchange(effects_, {});
}

void ExecutionCore::on(const StreamMessage& message) {
    if (message.stream == Stream::batches) {
        if (!following_.note_batch(message.payload, executor_.head().cut))
            effects_.logs.push_back({Level::error, "a batch from the own intake does not decode"});
        if (!missing_.empty()) execute_ready();
    } else if (message.stream == Stream::blocks && message.sequence > executor_.head().height.value) {
        if (message.sequence > 1 && executor_.head().height.value == 0 && following_.newest().value == 0)
            return stop("the blocks begin at height " + std::to_string(message.sequence) +
                        ", and the state below it is gone: start this node anew from a snapshot (remove the stores of all its "
                        "actors; its keys stay)");
        following_.note_block(Height(message.sequence), message.payload);
        if (!executor_.is_open() && joining_.stage() != Joining::Stage::none) {  // consensus follows from genesis
            joining_.give_up();
            settle_joining();
        }
        if (missing_.empty()) execute_ready();
    }
}

void ExecutionCore::on(const Request& request) {
    const auto decoded = decode<ExecutionRequest>(request.payload);
    ExecutionReply reply = RequestError{"malformed request"};
    if (decoded) {
        if (const auto* wish = std::get_if<JoinFromSnapshot>(&*decoded))
            reply = join(*wish);
        else if (executor_.is_open())
            reply = Queries(executor_, store_, kept_.from()).answer(*decoded);
        else
            reply = RequestError{"this node is taking a snapshot of the state; ask again when it is whole"};
    }
    effects_.replies.push_back({request.id, encode(reply)});
}

void ExecutionCore::on(const PeerMessage& message) {
    const auto decoded = decode<StateMessage>(message.payload);
    if (!decoded) return;
    const bool is_question = std::holds_alternative<SnapshotRequest>(*decoded) || std::holds_alternative<PartRequest>(*decoded) ||
                             std::holds_alternative<ContextsRequest>(*decoded);
    if (is_question) return server_.on_question(message.from, *decoded, effects_);
    if (message.from >= first_guest || executor_.is_open()) return;
    joining_.on_message(now_, message.from, *decoded, effects_);
    settle_joining();
}

// ------------------------------------------------------------------------------------------------ snapshots

JoinReply ExecutionCore::join(const JoinFromSnapshot& wish) {
    const Head& head = executor_.head();
    const bool may_begin = executor_.is_open() && head.height.value == 0 && following_.newest().value == 0 && takes_snapshots_ &&
                           joining_.stage() != Joining::Stage::none;
    if (may_begin || !executor_.is_open()) {
        newest_set_ = wish.context;
        if (may_begin) {
            executor_.close(store_);
            joining_.begin(now_, wish, effects_);
        } else {
            joining_.note(wish);
        }
        name_peers();
        settle_joining();
    }
    if (!executor_.is_open()) return {JoinState::under_way, joining_.goal()};
    if (head.base.value != 0) return {JoinState::done, head.base};
    joining_.rest();
    return {JoinState::unavailable, {}};
}

/// What has come may make it whole, or end it.
void ExecutionCore::settle_joining() {
    if (joining_.must_erase()) {
        executor_.close(store_);
        joining_.begin_again(now_, effects_);
        effects_.timers.push_back({continue_timer, 0});
        return;  // within this step what is erased is still to be seen
    }
    if (joining_.stage() == Joining::Stage::whole) adopt();
    if (joining_.stage() == Joining::Stage::none && !executor_.is_open()) {
        effects_.logs.push_back({Level::warn, "nobody hands out a snapshot of the state: it is executed from genesis"});
        executor_.open(store_);
        name_peers();
    }
}

void ExecutionCore::adopt() {
    const ExecutedBlock executed = executor_.adopt(store_, joining_.take_whole());
    effects_.logs.push_back({Level::info, "the state after block " + std::to_string(executed.height.value) + " is here, " +
                                              std::to_string(executor_.head().accounts) + " accounts"});
    following_.recover(executed.height);
    untold_ = executed.height;
    newest_set_.reset();
    name_peers();
    tell_base();
}

/// What nobody computed here could not be computed again after a power cut: a copy of it is made before anything is built on it.
void ExecutionCore::tell_base() {
    const auto& copies = view_.checkpoints();
    if (std::none_of(copies.begin(), copies.end(), [&](const auto& copy) { return copy->height() == *untold_; })) {
        effects_.checkpoint = *untold_;
        effects_.timers.push_back({base_timer, base_retry_ms});
        return;
    }
    store_.put(tables::meta, base_told_key, Bytes{1});
    publish(*std::exchange(untold_, std::nullopt));
    execute_ready();
}

/// The members of the epochs around the head, so that they are reached when their state is wanted, or ours by them.
void ExecutionCore::name_peers() {
    std::map<Epoch, EpochContext> sets;
    const Epoch current = executor_.head().next_epoch;
    for (Epoch epoch = std::max(Epoch(1), current.minus_or_zero(2)); epoch <= current.next(); epoch = epoch.next()) {
        const EpochContext* context = executor_.is_open() ? executor_.contexts().find(store_, epoch) : nullptr;
        if (context != nullptr) sets.emplace(epoch, *context);
    }
    if (!executor_.is_open()) sets.emplace(Epoch(1), genesis_context(executor_.genesis(), Epoch(1)));
    if (newest_set_) sets.insert_or_assign(newest_set_->epoch, *newest_set_);
    effects_.peers = peers_of(sets, self_);
}

void ExecutionCore::on(const Answer& answer) {
    if (open_ask_ != answer.id) return;
    open_ask_.reset();
    const auto reply = answer.payload ? decode<IntakeReply>(*answer.payload) : tl::unexpected(codec::DecodeError::truncated);
    if (reply)
        if (const auto* found = std::get_if<FoundBatches>(&*reply))
            for (const BatchRecord& batch : found->batches) following_.note_batch(batch, encode(batch), executor_.head().cut);
    if (!missing_.empty()) execute_ready();
}

void ExecutionCore::on(const TimerFired& fired) {
    if (fired.id == continue_timer) {
        if (!executor_.is_open()) settle_joining();
        execute_ready();
    }
    if (fired.id == fetch_timer && !missing_.empty()) ask();
    if (fired.id == base_timer && untold_) tell_base();
    if (fired.id == serving_timer) server_.on_time(now_, effects_);
    if (fired.id == Joining::timer && !executor_.is_open()) {
        joining_.on_time(now_, effects_);
        settle_joining();
    }
}

void ExecutionCore::execute_ready() {
    if (!executor_.is_open() || untold_) return;
    std::size_t blocks = 0;
    std::size_t transactions = 0;
    while (const Proposal* block = following_.next(executor_.head().height)) {
        if (blocks++ == step_blocks_max || transactions > step_transactions_max) {
            effects_.timers.push_back({continue_timer, 0});
            return;
        }
        if (const auto fault = executor_.check(store_, *block)) return stop(*fault);
        const auto lanes = collect_batches(executor_.head().cut, *block, following_);
        if (!lanes) return await(lanes.error());
        for (const LaneBatches& lane : *lanes)
            for (const Payload& batch : lane.batches) transactions += batch.transactions.size();
        execute(*block, *lanes);
        missing_.clear();
        if (executor_.head().height.value % executor_.genesis().parameters.snapshot_blocks == 0) {
            effects_.checkpoint = executor_.head().height;  // ends the turn
            effects_.timers.push_back({continue_timer, 0});
            return;
        }
    }
}

void ExecutionCore::execute(const Proposal& block, const std::vector<LaneBatches>& lanes) {
    const ExecutedBlock executed = executor_.execute(store_, block, lanes);
    publish(executed.height);
    following_.drop(block);
    if (!executed.contexts.empty()) name_peers();
}

void ExecutionCore::publish(Height height) {
    const auto encoded = store_.get(tables::results, height_key(height));
    require(encoded.has_value(), "a result was not written");
    Publish out{Stream::results, height.value, RecordRef{tables::results, height_key(height)}};
    out.identity = crypto::blake2b(*encoded);
    effects_.publishes.push_back(std::move(out));
}

/// In step with the chain, batches come by themselves; behind it, the intake may have trimmed them from its stream.
void ExecutionCore::await(const std::vector<BatchRef>& missing) {
    const bool known = missing_ == missing;  // then a timer is running already
    missing_ = missing;
    if (known || open_ask_) return;
    const bool behind = following_.newest() > executor_.head().height.next();
    if (behind)
        ask();
    else
        effects_.timers.push_back({fetch_timer, first_fetch_ms});
}

void ExecutionCore::ask() {
    const DurationMs retry = executor_.genesis().parameters.retry_ms;
    FetchBatches request;
    for (const BatchRef& batch : missing_)
        if (request.batches.size() < fetch_batches_max) request.batches.push_back(batch);
    open_ask_ = next_ask_++;
    effects_.asks.push_back({Askable::intake, *open_ask_, encode(IntakeRequest(request)), retry});
    effects_.timers.push_back({fetch_timer, retry});
}

void ExecutionCore::stop(const std::string& reason) {
    stopped_ = true;
    effects_.logs.push_back({Level::error, reason});
    effects_.stop = Stop{exit_diverged, reason};
}

std::vector<StatusField> ExecutionCore::status() const {
    const Head& head = executor_.head();
    std::string waiting_for;
    if (!missing_.empty()) waiting_for = "block " + std::to_string(head.height.value + 1) + ": " + name_of(missing_.front());
    std::vector<StatusField> fields{{"executed_height", head.height.value},
                                    {"kept_from_height", kept_.from().value},
                                    {"state_root", to_hex_prefixed(head.state_root.view())},
                                    {"waiting_for", waiting_for},
                                    {"backlog_blocks", following_.newest().value - head.height.value},
                                    {"accounts", head.accounts},
                                    {"base_fee_wei", head.base_fee.str()},
                                    {"supply_wei", head.supply.str()},
                                    {"burnt_wei", head.burnt.str()},
                                    {"base_height", head.base.value},
                                    {"snapshot_height", server_.newest().value},
                                    {"snapshot_answers", server_.answered()},
                                    {"snapshot_questions_dropped", server_.dropped()}};
    if (!executor_.is_open()) joining_.add_status(fields);
    return fields;
}

ActorTraits execution_traits() {
    return {Actor::execution,
            Durability::derived,
            {tables::all.begin(), tables::all.end()},
            {Stream::batches, Stream::blocks},
            {Channel::state},
            1,
            {Stream::batches, Stream::blocks},
            10};
}

}  // namespace rondo
