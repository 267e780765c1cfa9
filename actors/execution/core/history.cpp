#include "actors/execution/core/history.hpp"

#include <algorithm>

#include "actors/execution/core/fees.hpp"
#include "actors/execution/core/tables.hpp"

namespace rondo::execution {
namespace {

std::vector<TipGas> tips_of(const std::vector<BlockRun::Effect>& effects, const Wei& base_fee) {
    std::vector<TipGas> tips;
    for (const auto& effect : effects) {
        const Wei tip = effect.effective_gas_price > base_fee ? Wei(effect.effective_gas_price - base_fee) : Wei(0);
        tips.push_back({tip, effect.gas_used});
    }
    std::sort(tips.begin(), tips.end(), [](const TipGas& a, const TipGas& b) { return a.tip < b.tip; });
    std::vector<TipGas> merged;
    for (const TipGas& t : tips) {
        if (!merged.empty() && merged.back().tip == t.tip) merged.back().gas += t.gas;
        else merged.push_back(t);
    }
    return merged;
}

void write_effects(StateStore& store, Height height, const std::vector<BlockRun::Effect>& effects) {
    std::uint32_t log_index = 0;
    for (std::uint32_t index = 0; index < effects.size(); ++index) {
        const BlockRun::Effect& effect = effects[index];
        const TransactionRecord record{effect.source->sender, effect.source->raw, effect.gas_used, effect.effective_gas_price,
                                       log_index,             effect.receipt};
        log_index += static_cast<std::uint32_t>(effect.receipt.logs.size());
        store.put(tables::transactions, transaction_key(height, index), encode(record));
        const TxStatus status = effect.receipt.success ? TxStatus::success : TxStatus::reverted;
        store.put(tables::transaction_index, to_bytes(effect.hash.view()), encode(TransactionPlace{height, index, status, {}}));
    }
}

/// A transaction can be ordered several times and has effect once: being skipped never hides that.
void write_skips(StateStore& store, Height height, const std::vector<TxOutcome>& outcomes) {
    for (const TxOutcome& outcome : outcomes) {
        if (outcome.status != TxStatus::skipped) continue;
        const auto known = store.get(tables::transaction_index, outcome.hash.view());
        if (known && decode_own<TransactionPlace>(*known).status != TxStatus::skipped) continue;
        store.put(tables::transaction_index, to_bytes(outcome.hash.view()),
                  encode(TransactionPlace{height, 0, TxStatus::skipped, outcome.skip_reason}));
    }
}

}  // namespace

void write_history(StateStore& store, const Proposal& block, const EpochContext& context, const ExecutedBlock& executed,
                   const std::vector<BlockRun::Effect>& effects) {
    BlockRecord record;
    record.parent_digest = block.parent_digest;
    record.miner = context.operators[block.leader.value].fee_address;
    record.size_bytes = encode(block).size();
    record.gas_limit = 2 * context.parameters.gas_target_per_second;
    for (const auto& effect : effects) {
        record.hashes.push_back(effect.hash);
        record.size_bytes += effect.source->raw.size();
    }
    record.tips = tips_of(effects, executed.base_fee);
    store.put(tables::blocks, height_key(block.height), encode(record));
    store.put(tables::block_index, to_bytes(executed.block_digest.view()), height_key(block.height));
    write_effects(store, block.height, effects);
    write_skips(store, block.height, executed.outcomes);
}

}  // namespace rondo::execution
