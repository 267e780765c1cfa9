#include "actors/execution/core/kept.hpp"

#include "actors/execution/core/records.hpp"
#include "actors/execution/core/tables.hpp"

namespace rondo::execution {
namespace {

/// How many transactions stood in it.
std::size_t forget_block(StateStore& store, Height height) {
    const auto result = store.get(tables::results, height_key(height));
    require(result.has_value(), "a result that is kept is missing");
    const ExecutedBlock executed = decode_own<ExecutedBlock>(*result);
    for (const TxOutcome& outcome : executed.outcomes) {
        const auto place = store.get(tables::transaction_index, outcome.hash.view());
        // One that was skipped here may have had effect later, and is found there.
        if (place && decode_own<TransactionPlace>(*place).height == height)
            store.erase(tables::transaction_index, to_bytes(outcome.hash.view()));
    }
    store.erase(tables::block_index, to_bytes(executed.block_digest.view()));
    return executed.outcomes.size();
}

}  // namespace

Kept::Kept(const StoreView& view, Retention retention) : retention_(retention) {
    view.scan(tables::results, {}, {}, [&](ByteView key, ByteView) {
        from_ = Height(read_be64(key));
        return false;
    });
}

void Kept::forget(StateStore& store, Height base, Height executed, std::vector<Forget>& forgets) {
    from_ = std::max(from_, base);
    const Height piece = Retention::next_piece(from_, retention_.keep_from(executed, {released_}));
    if (piece <= from_) return;
    Height to = from_;
    for (std::size_t rows = 0; to < piece && rows < limits::forget_rows_max; to = to.next()) rows += forget_block(store, to);
    for (const Table table : {tables::results, tables::blocks, tables::bodies})
        store.erase_range(table, height_key(from_), height_key(to));
    store.erase_range(tables::transactions, transaction_key(from_, 0), transaction_key(to, 0));
    forgets.push_back({Stream::results, to.value});
    from_ = to;
}

}  // namespace rondo::execution
