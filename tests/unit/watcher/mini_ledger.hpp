#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "../da/chain_maker.hpp"
#include "../da/memory_store.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/modules.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::testing {

/// Intake and execution as a core that sends transactions sees them: nonces are kept, what is taken is executed in the next
/// block, and the module call is a function of the test. Any ask may be lost on its way there or back.
class MiniLedger {
  public:
    using Module = std::function<TxStatus(const ethereum::Transaction&, const Address& sender)>;
    using Views = std::function<Bytes(const Call&)>;

    Module module = [](const ethereum::Transaction&, const Address&) { return TxStatus::success; };
    Views views = [](const Call&) { return Bytes{}; };
    std::uint64_t chain_id = 5201;
    bool is_busy = false;
    std::size_t with_effect = 0;

    Bytes answer(const Ask& ask) {
        if (ask.whom == Askable::intake) return encode(on_intake(*decode<IntakeRequest>(ask.payload)));
        return encode(on_execution(*decode<ExecutionRequest>(ask.payload)));
    }
    /// Executes what was taken, in order, into the outcomes of a block.
    std::vector<TxOutcome> execute() {
        std::vector<TxOutcome> out;
        for (const Bytes& raw : std::exchange(pool_, {})) {
            const auto t = ethereum::decode_any(raw)->transaction;
            const Address sender = *ethereum::recover_sender(t);
            TxOutcome outcome;
            outcome.hash = t.hash;
            std::uint64_t& nonce = nonces_[sender];
            if (t.nonce != nonce) {
                outcome.status = TxStatus::skipped;
                outcome.skip_reason = t.nonce < nonce ? ethereum::Refusal::nonce_too_low : ethereum::Refusal::nonce_gap;
            } else {
                ++nonce;
                ++with_effect;
                outcome.status = module(t, sender);
            }
            out.push_back(outcome);
        }
        height_ = height_.next();
        return out;
    }
    void use_nonce(const Address& account) { ++nonces_[account]; }
    void set_height(Height height) { height_ = height; }
    std::size_t pool() const { return pool_.size(); }
    void drop_pool() { pool_.clear(); }

  private:
    IntakeReply on_intake(const IntakeRequest& request) {
        SubmitReply reply;
        for (const Bytes& raw : std::get<SubmitRequest>(request).transactions) {
            SubmitOutcome& outcome = reply.outcomes.emplace_back();
            const auto t = ethereum::decode_transaction(raw, chain_id, 7);
            if (!t) {
                outcome.reason = t.error();
                continue;
            }
            outcome.hash = t->hash;
            const std::uint64_t nonce = nonces_[*ethereum::recover_sender(*t)];
            if (is_busy)
                outcome.admission = Admission::busy;
            else if (t->nonce < nonce)
                outcome.reason = ethereum::Refusal::nonce_too_low;
            else if (std::find(pool_.begin(), pool_.end(), raw) != pool_.end())
                outcome.reason = ethereum::Refusal::already_known;
            else
                outcome.admission = Admission::accepted, pool_.push_back(raw);
        }
        return reply;
    }
    ExecutionReply on_execution(const ExecutionRequest& request) {
        if (const auto* get = std::get_if<GetAccounts>(&request)) {
            AccountsReply reply{height_, {}};
            for (const Address& a : get->addresses) reply.accounts.push_back({a, nonces_[a], Wei(1) << 80});
            return reply;
        }
        return CallReply{false, views(std::get<Call>(request)), 0};
    }
    std::map<Address, std::uint64_t> nonces_;
    std::vector<Bytes> pool_;
    Height height_;
};

/// A core under a virtual clock, its store, and its open asks.
class CoreHost {
  public:
    using Make = std::function<std::unique_ptr<Core>(const StoreView&)>;
    CoreHost(Make make, MiniLedger& ledger) : make_(std::move(make)), ledger_(ledger) { boot(); }
    CoreHost(const CoreHost&) = delete;  // the core refers to the store
    CoreHost& operator=(const CoreHost&) = delete;

    void input(const Input& in) { take(core_->step(now, in)); }
    /// Forgets all but the store.
    void crash() {
        asks_.clear();
        timers_.clear();
        boot();
    }
    /// As crash(), and the store is lost too.
    void lose_store() {
        store = MemoryStore{};
        crash();
    }
    enum class Fate : std::uint8_t { answered, lost_before, lost_after };
    bool answer(Fate fate = Fate::answered) {
        if (asks_.empty()) return false;
        const Ask ask = asks_.front();
        asks_.pop_front();
        std::optional<Bytes> reply;
        if (fate != Fate::lost_before) reply = ledger_.answer(ask);
        if (fate != Fate::answered) reply.reset();
        input(Answer{ask.id, reply});
        return true;
    }
    void run(DurationMs ms) {
        const Instant end = now.plus(ms);
        while (true) {
            while (answer()) {
            }
            const auto next = std::min_element(timers_.begin(), timers_.end(),
                                               [](const auto& a, const auto& b) { return a.second < b.second; });
            if (next == timers_.end() || next->second > end) break;
            now = std::max(now, next->second);
            const TimerId id = next->first;
            timers_.erase(next);
            input(TimerFired{id});
        }
        now = end;
    }
    std::uint64_t number(std::string_view field) const {
        for (const StatusField& f : core_->status())
            if (f.name == field) return std::get<std::uint64_t>(f.value);
        return ~0ULL;
    }
    const std::deque<Ask>& asks() const { return asks_; }
    Core& core() { return *core_; }

    Instant now{5'000'000};
    MemoryStore store;
    std::vector<Reply> replies;
    std::map<Height, MemoryStore> checkpoints;

  private:
    void boot() {
        core_ = make_(store);
        take(core_->start(now));
    }
    void take(const Effects& effects) {
        store.apply(effects);
        if (effects.checkpoint) checkpoints.emplace(*effects.checkpoint, store);
        for (const Ask& ask : effects.asks) asks_.push_back(ask);
        for (const SetTimer& t : effects.timers) timers_[t.id] = now.plus(t.after_ms);
        for (const Reply& r : effects.replies) replies.push_back(r);
    }
    Make make_;
    MiniLedger& ledger_;
    std::unique_ptr<Core> core_;
    std::deque<Ask> asks_;
    std::map<TimerId, Instant> timers_;
};

}  // namespace rondo::testing
