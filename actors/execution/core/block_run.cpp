#include "actors/execution/core/block_run.hpp"

#include <algorithm>

#include "actors/execution/core/order.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {

using ethereum::Refusal;

BlockRun::BlockRun(Ledger& ledger, const Chain& chain, const FeeState& fees, const EpochContext& context,
                   const std::vector<LaneBatches>& lanes)
    : ledger_(ledger), chain_(chain), fees_(fees), context_(context), lanes_(lanes), fees_of_lane_(lanes.size()) {}

void BlockRun::run() {
    std::vector<std::vector<const LaneTransaction*>> of_lane(lanes_.size());
    std::vector<std::uint32_t> counts;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
        for (const Payload& batch : lanes_[lane].batches)
            for (const LaneTransaction& t : batch.transactions) of_lane[lane].push_back(&t);
        counts.push_back(static_cast<std::uint32_t>(of_lane[lane].size()));
    }
    std::size_t order = 0;
    for (const Position& p : fair_order(counts, context_.seed, chain_.height)) take(*of_lane[p.lane][p.index], order++, p.lane);
    skip_waiting();
}

void BlockRun::take(const LaneTransaction& source, std::size_t order, std::size_t lane) {
    auto transaction = ethereum::decode_transaction(source.raw, chain_.genesis.chain_id, context_.parameters.base_fee_min_wei);
    if (!transaction) {
        skip(crypto::keccak256(source.raw), lane, transaction.error());
        return;
    }
    Candidate candidate{&source, order, lane, std::move(*transaction)};
    if (candidate.transaction.nonce > ledger_.account(source.sender).nonce) {
        waiting_[source.sender][candidate.transaction.nonce].push_back(std::move(candidate));
        return;
    }
    attempt(std::move(candidate));
    if (!waiting_.empty()) attempt_successors(source.sender);
}

void BlockRun::attempt(Candidate&& candidate) {
    const bool free = may_be_free(candidate);
    const Refusal reason = why_skipped(candidate, free);
    if (reason != Refusal::none)
        skip(candidate.transaction.hash, candidate.lane, reason);
    else
        apply(candidate, free);
}

/// Rule 3: what waited for a nonce that has just been used. Of several with one nonce the first in order has it.
void BlockRun::attempt_successors(const Address& sender) {
    const auto mine = waiting_.find(sender);
    if (mine == waiting_.end()) return;
    Waiting& waiting = mine->second;
    while (!waiting.empty() && waiting.begin()->first <= ledger_.account(sender).nonce) {
        std::vector<Candidate> ready = std::move(waiting.begin()->second);
        waiting.erase(waiting.begin());
        for (Candidate& candidate : ready) attempt(std::move(candidate));
    }
    if (waiting.empty()) waiting_.erase(mine);
}

void BlockRun::skip_waiting() {
    std::vector<const Candidate*> left;
    for (const auto& [sender, waiting] : waiting_)
        for (const auto& [nonce, candidates] : waiting)
            for (const Candidate& candidate : candidates) left.push_back(&candidate);
    std::sort(left.begin(), left.end(), [](const Candidate* a, const Candidate* b) { return a->order < b->order; });
    for (const Candidate* candidate : left) skip(candidate->transaction.hash, candidate->lane, Refusal::nonce_gap);
}

/// Rule 5.
bool BlockRun::may_be_free(const Candidate& candidate) const {
    static const abi::Selector submit = abi::selector(modules::submit_evidence);
    static const abi::Selector attest = abi::selector(modules::attest);
    const ethereum::Transaction& t = candidate.transaction;
    if (t.to != modules::slashing && t.to != modules::rewards) return false;
    const auto selector = abi::Selector::from(ByteView(t.data).first(std::min<std::size_t>(4, t.data.size())));
    if (!selector || t.value != 0) return false;
    const auto has_the_sender = [&](const EpochContext& context) {
        return std::any_of(context.operators.begin(), context.operators.end(), [&](const OperatorInfo& o) {
            return (t.to == modules::slashing && *selector == submit && o.watcher_account == candidate.source->sender) ||
                   (t.to == modules::rewards && *selector == attest && o.rewards_account == candidate.source->sender);
        });
    };
    if (has_the_sender(context_)) return true;
    // Who is not a member any more still attests the root of its last epoch, and reports what it saw in it.
    const EpochContext* before = chain_.contexts.find(chain_.store, Epoch(context_.epoch.value - 1));
    return before != nullptr && has_the_sender(*before);
}

Refusal BlockRun::why_skipped(const Candidate& candidate, bool free) {
    const ethereum::Transaction& t = candidate.transaction;
    const Account& account = ledger_.account(candidate.source->sender);
    if (t.nonce < account.nonce) return Refusal::nonce_too_low;
    if (t.nonce > account.nonce) return Refusal::nonce_gap;
    if (free) return Refusal::none;
    if (t.max_fee < fees_.base_fee) return Refusal::fee_below_base_fee;
    const auto cost = t.cost_max();
    return cost && *cost <= account.balance ? Refusal::none : Refusal::insufficient_funds;
}

void BlockRun::apply(const Candidate& candidate, bool free) {
    const ethereum::Transaction& t = candidate.transaction;
    const Address& sender = candidate.source->sender;
    ledger_.set_nonce(sender, t.nonce + 1);
    CallOutcome outcome =
        run_call(ledger_, chain_, {sender, t.to, t.value, t.data, ethereum::intrinsic_gas(t.data, t.access_list), t.gas_limit});
    const Wei price = charge(candidate, outcome, free);
    ledger_.forget_journal();
    gas_used_ += outcome.gas_used;
    changed_operators_.insert(changed_operators_.end(), outcome.operators.begin(), outcome.operators.end());
    effects_.push_back(
        {candidate.source, t.hash, outcome.gas_used, price, {t.type, outcome.success, gas_used_, std::move(outcome.logs)}});
    outcomes_.push_back(
        {t.hash, outcome.success ? TxStatus::success : TxStatus::reverted, Refusal::none, lanes_[candidate.lane].lane});
}

/// Rules 5 and 6. Returns the price per gas that was paid.
Wei BlockRun::charge(const Candidate& candidate, const CallOutcome& outcome, bool free) {
    if (free && (outcome.success || outcome.harmless)) return 0;
    const Address& sender = candidate.source->sender;
    Wei price = candidate.transaction.effective_gas_price(fees_.base_fee);
    Wei fee = price * outcome.gas_used;
    Wei burnt = std::min(fee, burnt_part(fees_.base_fee, outcome.gas_used, context_.parameters));
    if (free && ledger_.balance(sender) < fee) {
        fee = ledger_.balance(sender);
        burnt = std::min(burnt, fee);
    }
    require(ledger_.debit(sender, fee), "a fee that was covered is not");
    ledger_.note_burnt(burnt);
    fees_of_lane_[candidate.lane] += fee - burnt;
    return price;
}

void BlockRun::skip(const Hash256& hash, std::size_t lane, Refusal reason) {
    outcomes_.push_back({hash, TxStatus::skipped, reason, lanes_[lane].lane});
}

std::vector<LaneFees> BlockRun::lane_fees() const {
    std::vector<LaneFees> out;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
        if (fees_of_lane_[lane] != 0) out.push_back({lanes_[lane].lane, fees_of_lane_[lane]});
    return out;
}

}  // namespace rondo::execution
