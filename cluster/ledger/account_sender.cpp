#include "cluster/ledger/account_sender.hpp"

#include <algorithm>

#include "messages/base/require.hpp"
#include "messages/codec/codec.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo {
namespace {

constexpr DurationMs ask_deadline_ms = 5000;
constexpr DurationMs outcome_patience_ms = 5000;
constexpr DurationMs back_off_min_ms = 250;
constexpr DurationMs back_off_max_ms = 30'000;
/// Above the intrinsic gas: what a module may use for checks, words and logs.
constexpr std::uint64_t module_gas = 3'000'000;
/// The base fee may rise this often between signing and ordering (by 12.5 % a second: four times in 12 s).
constexpr std::uint64_t fee_headroom = 4;

const Bytes the_transaction = to_bytes(as_bytes("pending"));

}  // namespace

AccountSender::AccountSender(const StoreView& view, Table table, crypto::AccountKey key, Config config)
    : table_(table), key_(std::move(key)), config_(std::move(config)), last_ask_(config_.first_ask), base_fee_(config_.fee_min) {
    const auto stored = view.get(table, the_transaction);
    if (!stored) return;
    auto pending = decode<Pending>(*stored);
    require(pending.has_value(), "the journalled transaction does not decode");
    pending_ = std::move(*pending);
}

const Bytes& AccountSender::tag() const {
    require(pending_.has_value(), "no transaction is open");
    return pending_->tag;
}

void AccountSender::start(Effects& effects) { go_on(effects); }

void AccountSender::send(const Address& to, Bytes data, Bytes tag, Effects& effects) {
    require(!pending_, "one transaction at a time");
    pending_ = Pending{to, std::move(data), std::move(tag), {}, {}, 0};
    effects.put(table_, the_transaction, encode(*pending_));
    back_off_ms_ = 0;
    go_on(effects);
}

void AccountSender::go_on(Effects& effects) {
    if (!pending_ || open_ != Open::nothing) return;
    // Before it is signed, and whenever its outcome is overdue, the account says where it stands.
    if (pending_->raw.empty() || is_submitted_)
        ask_account(effects);
    else
        ask_submission(effects);
}

void AccountSender::ask_account(Effects& effects) {
    open_ = Open::account;
    effects.asks.push_back(
        {Askable::execution, ++last_ask_, encode(ExecutionRequest{GetAccounts{{key_.address()}}}), ask_deadline_ms});
}

void AccountSender::ask_submission(Effects& effects) {
    open_ = Open::submission;
    effects.asks.push_back(
        {Askable::intake, ++last_ask_, encode(IntakeRequest{SubmitRequest{{pending_->raw}}}), ask_deadline_ms});
}

void AccountSender::sign(std::uint64_t nonce, Effects& effects) {
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = config_.chain_id;
    t.nonce = nonce;
    t.max_fee = std::max(base_fee_, config_.fee_min) * fee_headroom;
    t.gas_limit = ethereum::intrinsic_gas(pending_->data, {}) + module_gas;
    t.to = pending_->to;
    t.data = pending_->data;
    pending_->nonce = nonce;
    pending_->raw = ethereum::sign_transaction(t, key_);
    pending_->hash = ethereum::decode_any(pending_->raw)->transaction.hash;
    is_submitted_ = false;
    nonce_used_at_.reset();
    effects.put(table_, the_transaction, encode(*pending_));
}

void AccountSender::forget_signature(Effects& effects) {
    pending_->raw.clear();
    is_submitted_ = false;
    nonce_used_at_.reset();
    effects.put(table_, the_transaction, encode(*pending_));
}

bool AccountSender::on_answer(const Answer& answer, Effects& effects) {
    if (open_ == Open::nothing || answer.id != last_ask_) return answer.id > config_.first_ask;
    const Open asked = open_;
    open_ = Open::nothing;
    if (!pending_) return true;
    if (!answer.payload) {
        try_again("no answer in time", effects);
    } else if (asked == Open::account) {
        const auto reply = decode<ExecutionReply>(*answer.payload);
        const auto* accounts = reply ? std::get_if<AccountsReply>(&*reply) : nullptr;
        if (accounts != nullptr && accounts->accounts.size() == 1)
            on_account(*accounts, effects);
        else
            try_again("execution does not say where the account stands", effects);
    } else {
        const auto reply = decode<IntakeReply>(*answer.payload);
        const auto* submitted = reply ? std::get_if<SubmitReply>(&*reply) : nullptr;
        if (submitted != nullptr && submitted->outcomes.size() == 1)
            on_submitted(submitted->outcomes[0], effects);
        else
            try_again("intake does not take the transaction", effects);
    }
    return true;
}

void AccountSender::on_account(const AccountsReply& reply, Effects& effects) {
    const std::uint64_t nonce = reply.accounts[0].nonce;
    if (pending_->raw.empty()) {
        sign(nonce, effects);
        return ask_submission(effects);
    }
    if (nonce > pending_->nonce) {
        // By us, then `results` says so soon; or by another, then it never will: on_executed finds out.
        if (!nonce_used_at_) nonce_used_at_ = reply.height;
        return wait(outcome_patience_ms, effects);
    }
    ask_submission(effects);
}

void AccountSender::on_submitted(const SubmitOutcome& outcome, Effects& effects) {
    using ethereum::Refusal;
    const bool is_taken = outcome.admission == Admission::accepted || outcome.admission == Admission::held ||
                          outcome.reason == Refusal::already_known || outcome.reason == Refusal::nonce_too_low;
    if (is_taken) {
        is_submitted_ = true;
        trouble_.clear();
        back_off_ms_ = 0;
        return wait(outcome_patience_ms, effects);
    }
    // Refused for what was signed (a fee that is too low by now): with that signature it never gets in.
    if (outcome.admission == Admission::refused && outcome.reason != Refusal::insufficient_funds) forget_signature(effects);
    try_again(std::string(to_string(outcome.reason)), effects);
}

void AccountSender::try_again(std::string trouble, Effects& effects) {
    trouble_ = std::move(trouble);
    back_off_ms_ = std::clamp(back_off_ms_ * 2, back_off_min_ms, back_off_max_ms);
    wait(back_off_ms_, effects);
}

void AccountSender::wait(DurationMs ms, Effects& effects) { effects.timers.push_back({config_.timer, ms}); }

bool AccountSender::on_timer(TimerId timer, Effects& effects) {
    if (timer != config_.timer) return false;
    go_on(effects);
    return true;
}

std::optional<AccountSender::Done> AccountSender::on_executed(const ExecutedBlock& block, Effects& effects) {
    base_fee_ = block.base_fee_next;
    if (!pending_ || pending_->raw.empty()) return std::nullopt;
    for (const TxOutcome& outcome : block.outcomes) {
        if (outcome.hash != pending_->hash) continue;
        if (outcome.status == TxStatus::skipped) {
            // Ordered twice: the other time has effect, now or before. Anything else: it may never have.
            if (outcome.skip_reason == ethereum::Refusal::nonce_too_low) continue;
            forget_signature(effects);
            try_again(std::string(to_string(outcome.skip_reason)), effects);
            return std::nullopt;
        }
        Done done{outcome.status == TxStatus::success ? Outcome::success : Outcome::reverted, std::move(pending_->tag)};
        pending_.reset();
        is_submitted_ = false;
        nonce_used_at_.reset();
        trouble_.clear();
        effects.erase(table_, the_transaction);
        return done;
    }
    if (nonce_used_at_ && block.height >= *nonce_used_at_) {
        forget_signature(effects);
        try_again("the account's nonce was used by another transaction", effects);
    }
    return std::nullopt;
}

}  // namespace rondo
