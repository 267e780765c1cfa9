#include "actors/execution/core/following.hpp"

#include "actors/execution/core/tables.hpp"

namespace rondo::execution {

Following::Following(StateStore& store, const StoreView& view) : store_(store), view_(view) {}

void Following::recover(Height executed) {
    newest_ = executed;
    view_.scan_reverse(tables::waiting, {}, {}, [&](ByteView key, ByteView) {
        newest_ = std::max(newest_, Height(read_be64(key)));
        return false;
    });
}

bool Following::note_batch(ByteView encoded, const Cut& executed) {
    auto batch = decode<BatchRecord>(encoded);
    if (!batch) return false;
    note_batch(std::move(*batch), to_bytes(encoded), executed);
    return true;
}

void Following::note_batch(BatchRecord batch, Bytes encoded, const Cut& executed) {
    const BatchHeader& header = batch.header;
    const CutEntry* tip = executed.find(header.lane);
    if (tip != nullptr && header.height <= tip->height) return;
    Bytes key = batch_key(header.lane, header.height, digest_of(header));
    if (batches_.contains(key)) return;
    store_.put(tables::batches, key, std::move(encoded));
    if (batch_bytes_ + batch.payload.size() > batches_in_memory_bytes_max) return;
    batch_bytes_ += batch.payload.size();
    batches_.emplace(std::move(key), std::make_shared<const BatchRecord>(std::move(batch)));
}

void Following::note_block(Height height, Bytes encoded) {
    newest_ = std::max(newest_, height);
    store_.put(tables::waiting, height_key(height), std::move(encoded));
}

const Proposal* Following::next(Height executed) {
    if (next_ && next_->height == executed.next()) return &*next_;
    const auto record = store_.get(tables::waiting, height_key(executed.next()));
    if (!record) return nullptr;
    next_ = decode_own<FinalBlock>(*record).block;
    return &*next_;
}

void Following::drop(const Proposal& block) {
    store_.erase(tables::waiting, height_key(block.height));
    for (const CutEntry& tip : block.cut_delta) {
        store_.erase_range(tables::batches, lane_key(tip.lane, LaneHeight(0)), lane_key(tip.lane, tip.height.next()));
        const auto first = batches_.lower_bound(lane_key(tip.lane, LaneHeight(0)));
        const auto last = batches_.lower_bound(lane_key(tip.lane, tip.height.next()));
        for (auto it = first; it != last; ++it) batch_bytes_ -= it->second->payload.size();
        batches_.erase(first, last);
    }
}

std::shared_ptr<const BatchRecord> Following::find(LaneId lane, LaneHeight height, const Digest& digest) const {
    const Bytes key = batch_key(lane, height, digest);
    const auto it = batches_.find(key);
    if (it != batches_.end()) return it->second;
    const auto record = store_.get(tables::batches, key);
    return record ? std::make_shared<const BatchRecord>(decode_own<BatchRecord>(*record)) : nullptr;
}

}  // namespace rondo::execution
