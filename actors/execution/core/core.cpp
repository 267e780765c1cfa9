#include "actors/execution/core/core.hpp"

#include <algorithm>

#include "actors/execution/core/tables.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {
namespace {

using namespace execution;

constexpr TimerId fetch_timer = 1;         ///< ask for what is still missing
constexpr TimerId continue_timer = 2;      ///< go on with a backlog in the next turn
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
    : committed_(view),
      store_(committed_),
      executor_(config.genesis, {true, config.retention.archive}),
      following_(store_, view),
      kept_(view, config.retention) {}

Effects ExecutionCore::start(Instant) {
    executor_.open(store_);
    following_.recover(executor_.head().height);
    execute_ready();
    return finish();
}

Effects ExecutionCore::step(Instant, const Input& input) {
    if (!stopped_) std::visit([&](const auto& i) { on(i); }, input);
    if (!stopped_) kept_.forget(store_, executor_.head().height, effects_.forgets);
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
        following_.note_block(Height(message.sequence), message.payload);
        if (missing_.empty()) execute_ready();
    }
}

void ExecutionCore::on(const Request& request) {
    const auto decoded = decode<ExecutionRequest>(request.payload);
    const ExecutionReply reply =
        decoded ? Queries(executor_, store_, kept_.from()).answer(*decoded) : ExecutionReply(RequestError{"malformed request"});
    effects_.replies.push_back({request.id, encode(reply)});
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
    if (fired.id == continue_timer) execute_ready();
    if (fired.id == fetch_timer && !missing_.empty()) ask();
}

void ExecutionCore::execute_ready() {
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
    const auto encoded = store_.get(tables::results, height_key(executed.height));
    require(encoded.has_value(), "a result was not written");
    Publish publish{Stream::results, executed.height.value, RecordRef{tables::results, height_key(executed.height)}};
    publish.identity = crypto::blake2b(*encoded);
    effects_.publishes.push_back(std::move(publish));
    following_.drop(block);
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
    return {{"executed_height", head.height.value},
            {"kept_from_height", kept_.from().value},
            {"state_root", to_hex_prefixed(head.state_root.view())},
            {"waiting_for", waiting_for},
            {"backlog_blocks", following_.newest().value - head.height.value},
            {"accounts", head.accounts},
            {"base_fee_wei", head.base_fee.str()},
            {"supply_wei", head.supply.str()},
            {"burnt_wei", head.burnt.str()}};
}

ActorTraits execution_traits() {
    return {Actor::execution,
            Durability::derived,
            {tables::all.begin(), tables::all.end()},
            {Stream::batches, Stream::blocks},
            {},
            1,
            {Stream::batches, Stream::blocks},
            10};
}

}  // namespace rondo
