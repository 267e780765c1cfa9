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
        if (!merged.empty() && merged.back().tip == t.tip)
            merged.back().gas += t.gas;
        else
            merged.push_back(t);
    }
    return merged;
}

void write_effects(StateStore& store, Height height, const std::vector<BlockRun::Effect>& effects) {
    std::uint32_t log_index = 0;
    for (std::uint32_t index = 0; index < effects.size(); ++index) {
        const BlockRun::Effect& effect = effects[index];
        const TransactionRecord record{effect.source->sender,      effect.source->raw, effect.gas_used,
                                       effect.effective_gas_price, log_index,          effect.receipt};
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

void write_block(StateStore& store, Height height, const BlockRecord& record, const BlockBody& body) {
    store.put(tables::blocks, height_key(height), encode(record));
    store.put(tables::bodies, height_key(height), encode(body));
    store.put(tables::block_index, to_bytes(record.digest.view()), height_key(height));
}

}  // namespace

void write_genesis_history(StateStore& store, const Genesis& genesis, const Head& head) {
    BlockRecord record;
    record.digest = head.block_digest;
    record.timestamp_ms = head.timestamp_ms;
    record.result.state_root = head.state_root;
    record.result.transactions_root = record.result.receipts_root = empty_root();
    record.result.parameters_hash = parameters_hash(genesis.parameters);
    record.base_fee = head.base_fee;
    record.gas_limit = 2 * genesis.parameters.gas_target_per_second;
    write_block(store, head.height, record, {});
}

void write_history(StateStore& store, const Proposal& block, const EpochContext& context, const ExecutedBlock& executed,
                   const std::vector<BlockRun::Effect>& effects) {
    BlockRecord record{executed.block_digest,
                       block.parent_digest,
                       block.timestamp_ms,
                       context.operators[block.leader.value].fee_address,
                       executed.result,
                       executed.base_fee,
                       2 * context.parameters.gas_target_per_second,
                       encode(block).size()};
    BlockBody body{{}, tips_of(effects, executed.base_fee)};
    for (const auto& effect : effects) {
        body.hashes.push_back(effect.hash);
        record.size_bytes += effect.source->raw.size();
    }
    write_block(store, block.height, record, body);
    write_effects(store, block.height, effects);
    write_skips(store, block.height, executed.outcomes);
}

}  // namespace rondo::execution
