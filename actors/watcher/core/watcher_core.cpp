#include "actors/watcher/core/watcher_core.hpp"

#include <algorithm>

#include "messages/base/require.hpp"
#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/modules.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::watcher {
namespace {

constexpr Table statements_table{0, "statements"};
constexpr Table counts_table{1, "counts"};
constexpr Table cases_table{2, "cases"};
constexpr Table contexts_table{3, "contexts"};
constexpr Table sending_table{4, "sending"};
constexpr Table waiting_table{5, "waiting"};

constexpr TimerId file_timer = 1;
constexpr TimerId sender_timer = 2;
constexpr AskId sender_asks = 1ULL << 32;

constexpr DurationMs ask_deadline_ms = 5000;
constexpr DurationMs turn_ms = 1500;  ///< rule 4: long enough for the one before to be final and executed
constexpr DurationMs back_off_min_ms = 500;
constexpr DurationMs back_off_max_ms = 60'000;
constexpr std::uint32_t refusals_max = 5;
constexpr std::size_t cases_max = 10'000;
constexpr std::uint64_t waiting_max = 10'000;
/// Messages of an epoch so far above the newest known set are nobody's of ours.
constexpr std::uint64_t epochs_ahead_max = 16;
/// The transaction around the evidence: RLP, selector, ABI offsets, padding, signature.
constexpr std::size_t envelope_bytes_max = 1024;

template <class T>
T decode_own(ByteView value) {
    auto decoded = decode<T>(value);
    require(decoded.has_value(), "what our own node says does not decode");
    return std::move(*decoded);
}

Word256 word_of(const Digest& id) { return *Word256::from(id.view()); }

}  // namespace

ActorTraits watcher_traits() {
    return {Actor::watcher,
            Durability::durable,
            {statements_table, counts_table, cases_table, contexts_table, sending_table, waiting_table},
            {Stream::lane_signed, Stream::vote_signed, Stream::blocks, Stream::results},
            {},
            1,
            {Stream::lane_signed, Stream::vote_signed, Stream::blocks, Stream::results},
            100};
}

WatcherCore::WatcherCore(WatcherConfig config, const StoreView& view)
    : config_(std::move(config)),
      view_(view),
      genesis_digest_(digest_of(config_.genesis)),
      contexts_(view, contexts_table, config_.genesis),
      index_(view, statements_table, counts_table, config_.limits),
      sender_(view, sending_table, config_.account,
              {config_.genesis.chain_id, Wei(config_.genesis.parameters.base_fee_min_wei), sender_timer, sender_asks}) {
    view.scan(cases_table, {}, {}, [&](ByteView key, ByteView value) {
        cases_.emplace(*Digest::from(key), Filing{decode_own<Case>(value).state, {}, 0});
        return true;
    });
    view.scan(waiting_table, {}, {}, [&](ByteView, ByteView) { return ++waiting_ > 0; });
}

Effects WatcherCore::start(Instant now) {
    Effects effects;
    for (auto& [id, filing] : cases_) filing.due = now;
    sender_.start(effects);
    advance(now, effects);
    return effects;
}

Effects WatcherCore::step(Instant now, const Input& input) {
    Effects effects;
    index_.begin_step();
    fresh_cases_.clear();
    if (const auto* message = std::get_if<StreamMessage>(&input)) {
        on_stream(now, *message, effects);
    } else if (const auto* answer = std::get_if<Answer>(&input)) {
        if (!sender_.on_answer(*answer, effects)) on_answer(now, *answer, effects);
    } else if (const auto* timer = std::get_if<TimerFired>(&input)) {
        if (!sender_.on_timer(timer->id, effects)) armed_.reset();
    }
    advance(now, effects);
    return effects;
}

// ------------------------------------------------------------------------------------------------ seeing

void WatcherCore::on_stream(Instant now, const StreamMessage& message, Effects& effects) {
    if (message.stream == Stream::results) return on_results(now, decode_own<ExecutedBlock>(message.payload), effects);
    if (message.stream == Stream::blocks) {
        const auto final_block = decode_own<FinalBlock>(message.payload);
        for (const Statement& s : statements_of(final_block.block)) see(now, s, effects);
        for (const Statement& s : statements_in_body(final_block.block)) see(now, s, effects);
        if (final_block.finalization)
            for (const Statement& s : statements_of(*final_block.finalization)) see(now, s, effects);
        return;
    }
    for (const Statement& s : statements_of(decode_own<SignedMessage>(message.payload))) see(now, s, effects);
}

void WatcherCore::see(Instant now, const Statement& statement, Effects& effects) {
    if (statement.epoch < index_.oldest() || statement.epoch.value > contexts_.newest().epoch.value + epochs_ahead_max) return;
    const auto prior = index_.find(statement.slot);
    if (!prior)
        index_.put(statement, effects);
    else if (encode(*prior) != encode(statement.message))
        compare(now, statement, *prior, effects);
    const auto opposed = opposed_slot(statement);
    if (!opposed) return;
    if (const auto other = index_.find(*opposed)) compare(now, statement, *other, effects);
}

/// `prior` stands in the seen statement's slot, or in the opposed one.
void WatcherCore::compare(Instant now, const Statement& seen, const SignedMessage& prior, Effects& effects) {
    const EpochContext* context = seen.epoch <= contexts_.current() ? contexts_.find(seen.epoch) : nullptr;
    if (context == nullptr) {
        // Whose signatures these are is known once the epoch has begun: until then the second statement waits.
        if (seen.epoch <= contexts_.current() || waiting_ >= waiting_max) return;
        Bytes key = seen.slot;
        append(key, seen.said.view());
        effects.put(waiting_table, std::move(key), encode(seen.message));
        ++waiting_;
        return;
    }
    const auto evidence = pair(prior, seen.message);
    const auto verdict =
        evidence ? check_evidence(*evidence, *context, genesis_digest_) : EvidenceVerdict{EvidenceFault::not_conflicting, {}, {}};
    if (verdict.fault == EvidenceFault::none)
        open_case(now, *evidence, verdict, effects);
    else if (verdict.fault == EvidenceFault::bad_signature || verdict.fault == EvidenceFault::not_conflicting)
        keep_true_one(seen, prior, effects);
}

/// Rule 2: a false statement must not hold a slot against a true one.
void WatcherCore::keep_true_one(const Statement& seen, const SignedMessage& prior, Effects& effects) {
    // What holds the opposed slot is looked at when another comes for that slot.
    if (statements_of(prior).at(0).slot != seen.slot) return;
    const EpochContext& context = *contexts_.find(seen.epoch);
    if (is_signature_valid(prior, context, genesis_digest_)) return;
    if (is_signature_valid(seen.message, context, genesis_digest_)) index_.put(seen, effects);
}

void WatcherCore::look_again(Instant now, Epoch epoch, Effects& effects) {
    Bytes from;
    append_be64(from, epoch.value);
    Bytes to;
    append_be64(to, epoch.value + 1);
    std::vector<SignedMessage> messages;
    view_.scan(waiting_table, from, to, [&](ByteView, ByteView value) {
        messages.push_back(decode_own<SignedMessage>(value));
        return true;
    });
    waiting_ -= std::min<std::uint64_t>(waiting_, messages.size());
    effects.records.push_back(EraseRange{waiting_table, from, to});
    for (const SignedMessage& message : messages)
        for (const Statement& s : statements_of(message)) see(now, s, effects);
}

void WatcherCore::on_results(Instant now, const ExecutedBlock& block, Effects& effects) {
    if (const auto done = sender_.on_executed(block, effects)) {
        const auto id = Digest::from(done->tag);
        require(id.has_value(), "evidence was sent for no case");
        if (done->outcome == AccountSender::Outcome::success)
            close(*id, CaseState::settled, effects);
        else
            count_refusal(now, *id, effects);
    }
    if (block.base) {
        contexts_.learn(block.base->contexts, effects);
        for (const EpochContext& context : block.base->contexts)
            if (context.epoch <= contexts_.current()) look_again(now, context.epoch, effects);
    }
    if (block.contexts.empty()) return;
    contexts_.learn(block.contexts, effects);
    look_again(now, contexts_.current(), effects);
    index_.prune(block.epoch, effects);
    contexts_.prune_below(index_.oldest(), effects);
}

// ------------------------------------------------------------------------------------------------ accusing

void WatcherCore::open_case(Instant now, const Evidence& evidence, const EvidenceVerdict& verdict, Effects& effects) {
    if (cases_.contains(verdict.id) || cases_.size() >= cases_max) return;
    Case record{epoch_of(evidence), verdict.offender, CaseState::open, 0, encode(evidence)};
    if (record.evidence.size() + envelope_bytes_max > ethereum::transaction_bytes_max) {
        record.state = CaseState::too_large;
        record.evidence.clear();
    }
    effects.logs.push_back({Level::warn, "operator " + std::to_string(verdict.offender.value) + " broke a rule in epoch " +
                                             std::to_string(record.epoch.value) + ": evidence " + to_hex(verdict.id.view()) +
                                             (record.state == CaseState::too_large ? " is too large for a transaction" : "")});
    const EpochContext& context = *contexts_.find(record.epoch);
    cases_.emplace(verdict.id, Filing{record.state, now.plus(my_delay(verdict.id, context)), 0});
    save(verdict.id, record, effects);
}

/// Rule 4.
DurationMs WatcherCore::my_delay(const Digest& id, const EpochContext& context) const {
    const auto place_of = [&](OperatorNumber number) {
        Bytes name;
        append_be32(name, number.value);
        return crypto::blake2b({id.view(), name});
    };
    const Digest mine = place_of(config_.self);
    const auto before_me = std::count_if(context.operators.begin(), context.operators.end(),
                                         [&](const OperatorInfo& o) { return place_of(o.number) < mine; });
    return static_cast<DurationMs>(before_me) * turn_ms;
}

void WatcherCore::advance(Instant now, Effects& effects) {
    if (sender_.is_busy() || asked_) return;
    const Digest* next = nullptr;
    Instant due;
    for (const auto& [id, filing] : cases_) {
        if (filing.state != CaseState::open || (next != nullptr && filing.due >= due)) continue;
        next = &id;
        due = filing.due;
    }
    if (next == nullptr) return;
    if (due <= now) {
        asked_ = *next;
        const Call call{sender_.address(), modules::slashing, 0, abi::Encoder().word(word_of(*next)).call(modules::has_evidence)};
        effects.asks.push_back({Askable::execution, ++last_ask_, encode(ExecutionRequest{call}), ask_deadline_ms});
    } else if (armed_ != due) {
        armed_ = due;
        effects.timers.push_back({file_timer, due.value - now.value});
    }
}

void WatcherCore::on_answer(Instant now, const Answer& answer, Effects& effects) {
    if (!asked_ || answer.id != last_ask_) return;
    const Digest id = *asked_;
    asked_.reset();
    const auto reply = answer.payload ? decode<ExecutionReply>(*answer.payload) : tl::unexpected(codec::DecodeError::truncated);
    const auto* call = reply ? std::get_if<CallReply>(&*reply) : nullptr;
    if (call == nullptr || call->reverted) return postpone(now, id);
    abi::Decoder output(call->output);
    const bool known = output.boolean();
    if (!output.ok()) return postpone(now, id);
    if (known)
        close(id, CaseState::settled, effects);
    else
        file(id, effects);
}

void WatcherCore::file(const Digest& id, Effects& effects) {
    const Case record = load(id);
    effects.logs.push_back({Level::info, "filing evidence " + to_hex(id.view())});
    sender_.send(modules::slashing, abi::Encoder().bytes(record.evidence).call(modules::submit_evidence), to_bytes(id.view()),
                 effects);
}

void WatcherCore::close(const Digest& id, CaseState state, Effects& effects) {
    Case record = load(id);
    record.state = state;
    if (state == CaseState::settled) record.evidence.clear();
    save(id, record, effects);
    cases_.at(id).state = state;
}

/// Without a durable mark: nothing was decided.
void WatcherCore::postpone(Instant now, const Digest& id) {
    Filing& filing = cases_.at(id);
    filing.back_off_ms = std::clamp(filing.back_off_ms * 2, back_off_min_ms, back_off_max_ms);
    filing.due = now.plus(filing.back_off_ms);
}

/// It reverted: as a rule because another's came first, which the next look at the ledger shows.
void WatcherCore::count_refusal(Instant now, const Digest& id, Effects& effects) {
    Case record = load(id);
    ++record.refusals;
    save(id, record, effects);
    if (record.refusals >= refusals_max) return close(id, CaseState::refused, effects);
    if (record.refusals > 1)
        postpone(now, id);
    else
        cases_.at(id).due = now;
}

Case WatcherCore::load(const Digest& id) const {
    if (const auto fresh = fresh_cases_.find(id); fresh != fresh_cases_.end()) return fresh->second;
    const auto stored = view_.get(cases_table, id.view());
    require(stored.has_value(), "a case is missing from the store");
    return decode_own<Case>(*stored);
}

void WatcherCore::save(const Digest& id, const Case& record, Effects& effects) {
    fresh_cases_.insert_or_assign(id, record);
    effects.put(cases_table, to_bytes(id.view()), encode(record));
}

std::uint64_t WatcherCore::count(CaseState state) const {
    return static_cast<std::uint64_t>(
        std::count_if(cases_.begin(), cases_.end(), [&](const auto& c) { return c.second.state == state; }));
}

std::vector<StatusField> WatcherCore::status() const {
    return {
        {"messages_indexed", index_.messages()},
        {"index_bytes", index_.bytes()},
        {"index_dropped", index_.dropped()},
        {"evidence_open", count(CaseState::open)},
        {"evidence_settled", count(CaseState::settled)},
        {"evidence_refused", count(CaseState::refused)},
        {"evidence_too_large", count(CaseState::too_large)},
        {"last_error", sender_.trouble()},
    };
}

}  // namespace rondo::watcher
