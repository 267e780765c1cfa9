#include "actors/da/core/backlog.hpp"

#include <algorithm>

#include "actors/da/frame/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::da {
namespace {

/// More than a range needs, so that the end of a range never waits for a load.
constexpr std::size_t waiting_max = 4 * range_blocks_max;

Bytes height_key(Height height) {
    Bytes key;
    append_be64(key, height.value);
    return key;
}

/// lane ‖ lane height ‖ digest: a lane's batches lie together, in order.
Bytes lane_key(LaneId lane, LaneHeight height) {
    Bytes key;
    append_be32(key, lane.value);
    append_be64(key, height.value);
    return key;
}
Bytes batch_key(const CutEntry& at) {
    Bytes key = lane_key(at.lane, at.height);
    append(key, at.digest.view());
    return key;
}

const Bytes base_key = to_bytes(as_bytes("base"));
const Bytes executed_key = to_bytes(as_bytes("executed"));

/// be64 height ‖ encoded cut.
Bytes encode_base(Height height, const Cut& cut) {
    Bytes out = height_key(height);
    append(out, encode(cut));
    return out;
}

template <class T>
T decode_own(ByteView value) {
    auto decoded = decode<T>(value);
    require(decoded.has_value(), "a record of our own store does not decode");
    return std::move(*decoded);
}

}  // namespace

Backlog::Backlog(const StoreView& view, Tables tables) : view_(view), tables_(tables) {
    if (const auto base = view.get(tables.meta, base_key)) {
        base_ = Height(read_be64(base->first(8)));
        base_cut_ = decode_own<Cut>(base->subspan(8));
    }
    if (const auto executed = view.get(tables.meta, executed_key)) executed_ = Height(read_be64(*executed));
    newest_ = base_;
    view.scan_reverse(tables.blocks, {}, {}, [&](ByteView key, ByteView) {
        newest_ = std::max(newest_, Height(read_be64(key)));
        return false;
    });
    view.scan(tables.headers, {}, {}, [&](ByteView, ByteView value) {
        payload_bytes_ += decode_own<BatchHeader>(value).bytes;
        return true;
    });
    ready_cut_ = base_cut_;
    load_waiting();
}

Backlog::Waiting Backlog::waiting_of(const Proposal& block) {
    return {block.epoch, block.timestamp_ms, encode(block).size(), block.cut_delta};
}

void Backlog::load_waiting() {
    while (waiting_.size() < waiting_max) {
        const Height next = base_.plus(waiting_.size() + 1);
        const auto stored = next <= newest_ ? view_.get(tables_.blocks, height_key(next)) : std::nullopt;
        if (!stored) return;
        waiting_.push_back(waiting_of(decode_own<FinalBlock>(*stored).block));
    }
}

void Backlog::begin_step() {
    fresh_headers_.clear();
    erased_.clear();
    load_waiting();
}

void Backlog::begin_at(Height height, const Cut& cut, Effects& effects) {
    if (newest_.value != 0) return;
    base_ = newest_ = height;
    base_cut_ = ready_cut_ = cut;
    effects.put(tables_.meta, base_key, encode_base(base_, base_cut_));
}

void Backlog::add_block(const FinalBlock& final_block, Effects& effects) {
    const Height height = final_block.block.height;
    if (height <= newest_) return;
    require(height == newest_.next(), "the blocks stream has a gap");
    effects.put(tables_.blocks, height_key(height), encode(final_block));
    // Only if it is the next in memory too: otherwise a later step loads it.
    if (base_.plus(waiting_.size() + 1) == height && waiting_.size() < waiting_max)
        waiting_.push_back(waiting_of(final_block.block));
    newest_ = height;
}

void Backlog::add_batch(const BatchRecord& batch, Effects& effects) {
    const CutEntry at{batch.header.lane, batch.header.height, digest_of(batch.header)};
    const CutEntry* tip = base_cut_.find(at.lane);
    if (tip != nullptr && at.height <= tip->height) return;  // posted already, by somebody
    if (find_header(at)) return;
    const Bytes key = batch_key(at);
    effects.put(tables_.headers, key, encode(batch.header));
    effects.put(tables_.payloads, key, batch.payload);
    fresh_headers_.emplace(key, batch.header);
    payload_bytes_ += batch.header.bytes;
}

void Backlog::set_executed(Height height, Effects& effects) {
    if (height <= executed_) return;
    executed_ = height;
    effects.put(tables_.meta, executed_key, height_key(height));
}

std::optional<BatchHeader> Backlog::find_header(const CutEntry& at) const {
    const Bytes key = batch_key(at);
    if (const auto fresh = fresh_headers_.find(key); fresh != fresh_headers_.end()) return fresh->second;
    if (const auto stored = view_.get(tables_.headers, key)) return decode_own<BatchHeader>(*stored);
    return std::nullopt;
}

std::optional<std::vector<Backlog::BatchKey>> Backlog::batches_between(const Cut& below,
                                                                       const std::vector<CutEntry>& delta) const {
    std::vector<BatchKey> out;
    for (const CutEntry& tip : delta) {
        const CutEntry* base = below.find(tip.lane);
        const LaneHeight floor = base != nullptr ? base->height : LaneHeight{};
        const std::size_t begin = out.size();
        for (CutEntry at = tip; at.height > floor;) {
            const auto header = find_header(at);
            if (!header) return std::nullopt;
            out.push_back({at, header->bytes});
            at = {at.lane, at.height.minus_or_zero(1), header->parent_digest};
        }
        std::reverse(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
    }
    return out;
}

void Backlog::update_ready() {
    while (ready_.size() < waiting_.size()) {
        const Height height = base_.plus(ready_.size() + 1);
        if (height > executed_) return;
        const Waiting& block = waiting_[ready_.size()];
        const auto batches = batches_between(ready_cut_, block.delta);
        if (!batches) return;
        ReadyBlock ready{height, block.epoch, block.timestamp_ms, block.header_bytes, block.delta.empty()};
        for (const BatchKey& batch : *batches) ready.bytes += batch.bytes + batch_overhead_bytes;
        ready_.push_back(ready);
        ready_cut_ = rondo::advance(ready_cut_, block.delta);
    }
}

void Backlog::forget_batches(const std::vector<CutEntry>& delta, Effects& effects) {
    for (const CutEntry& tip : delta) {
        const Bytes from = lane_key(tip.lane, LaneHeight{});
        const Bytes to = lane_key(tip.lane, tip.height.next());
        view_.scan(tables_.headers, from, to, [&](ByteView key, ByteView value) {
            // Two blocks settled in one step may both reach down here; what the first erased counts once.
            if (erased_.insert(to_bytes(key)).second) payload_bytes_ -= decode_own<BatchHeader>(value).bytes;
            return true;
        });
        for (auto it = fresh_headers_.lower_bound(from); it != fresh_headers_.end() && it->first < to;) {
            if (erased_.insert(it->first).second) payload_bytes_ -= it->second.bytes;
            it = fresh_headers_.erase(it);
        }
        effects.records.push_back(EraseRange{tables_.headers, from, to});
        effects.records.push_back(EraseRange{tables_.payloads, from, to});
    }
}

void Backlog::settle(Height height, Effects& effects) {
    const Height before = base_;
    while (base_ < height && !waiting_.empty()) {
        forget_batches(waiting_.front().delta, effects);
        base_cut_ = rondo::advance(base_cut_, waiting_.front().delta);
        base_ = base_.next();
        waiting_.pop_front();
        if (!ready_.empty()) ready_.pop_front();
        if (ready_.empty()) ready_cut_ = base_cut_;
    }
    if (base_ == before) return;
    effects.records.push_back(EraseRange{tables_.blocks, height_key(Height{}), height_key(base_.next())});
    effects.put(tables_.meta, base_key, encode_base(base_, base_cut_));
}

std::optional<std::uint64_t> Backlog::oldest_timestamp_ms() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front().timestamp_ms;
}

FinalBlock Backlog::stored_block(Height height) const {
    const auto stored = view_.get(tables_.blocks, height_key(height));
    require(stored.has_value(), "a ready block is missing from the store");
    return decode_own<FinalBlock>(*stored);
}

FrameBatch Backlog::stored_batch(const BatchKey& key) const {
    const auto header = find_header(key.at);
    const auto payload = view_.get(tables_.payloads, batch_key(key.at));
    require(header && payload, "a ready batch is missing from the store");
    return {*header, to_bytes(*payload)};
}

Frame Backlog::frame_of(const Digest& genesis, std::size_t count) const {
    require(count > 0 && count <= ready_.size(), "a frame of what is not ready");
    Frame frame;
    frame.genesis = genesis;
    frame.first = base_.next();
    frame.last = base_.plus(count);
    Cut cut = base_cut_;
    for (std::size_t i = 0; i < count; ++i) {
        FinalBlock final_block = stored_block(base_.plus(i + 1));
        const auto batches = batches_between(cut, final_block.block.cut_delta);
        require(batches.has_value(), "a ready block lost a batch");
        cut = rondo::advance(cut, final_block.block.cut_delta);
        FrameBlock& out = frame.blocks.emplace_back();
        for (const BatchKey& key : *batches) out.batches.push_back(stored_batch(key));
        if (final_block.finalization && final_block.finalization->digest == digest_of(final_block.block))
            frame.finality = std::move(final_block.finalization);
        out.block = std::move(final_block.block);
    }
    return frame;
}

std::vector<Backlog::BatchKey> Backlog::batches_of_first() const {
    require(!ready_.empty(), "a frame of what is not ready");
    const auto batches = batches_between(base_cut_, waiting_.front().delta);
    require(batches.has_value(), "a ready block lost a batch");
    return *batches;
}

/// A pure function of the block: any poster may go on where another stopped.
std::vector<std::vector<Backlog::BatchKey>> Backlog::parts_of(const std::vector<BatchKey>& batches) const {
    std::vector<std::vector<BatchKey>> parts(1);
    std::uint64_t bytes = 0;
    for (const BatchKey& batch : batches) {
        const std::uint64_t size = batch.bytes + batch_overhead_bytes;
        if (!parts.back().empty() && bytes + size > part_bytes_target) {
            parts.emplace_back();
            bytes = 0;
        }
        parts.back().push_back(batch);
        bytes += size;
    }
    return parts;
}

std::uint32_t Backlog::parts_of_first() const {
    if (ready_.front().bytes <= range_bytes_target) return 1;
    return static_cast<std::uint32_t>(parts_of(batches_of_first()).size());
}

Frame Backlog::part_of_first(const Digest& genesis, std::uint32_t part) const {
    const auto parts = parts_of(batches_of_first());
    require(part < parts.size(), "a part beyond the block's last");
    Frame frame;
    frame.genesis = genesis;
    frame.first = frame.last = base_.next();
    frame.part = part;
    frame.parts = static_cast<std::uint32_t>(parts.size());
    FrameBlock& out = frame.blocks.emplace_back();
    if (part == 0) out.block = stored_block(base_.next()).block;
    for (const BatchKey& key : parts[part]) out.batches.push_back(stored_batch(key));
    return frame;
}

}  // namespace rondo::da
