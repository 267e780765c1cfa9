#include <algorithm>

#include "actors/execution/core/executor.hpp"

namespace rondo::execution {
namespace {

tl::expected<LaneBatches, MissingBatch> collect_lane(const CutEntry& tip, LaneHeight below, const BatchSource& source) {
    LaneBatches out{tip.lane, {}};
    Digest digest = tip.digest;
    for (LaneHeight height = tip.height; height > below; height = height.minus_or_zero(1)) {
        const auto batch = source.find(tip.lane, height, digest);
        if (!batch) return tl::unexpected(MissingBatch{tip.lane, height, digest});
        // Bytes that do not decode are a batch without transactions: the same for everybody.
        out.batches.push_back(decode<Payload>(batch->payload).value_or(Payload{}));
        digest = batch->header.parent_digest;
    }
    std::reverse(out.batches.begin(), out.batches.end());
    return out;
}

}  // namespace

tl::expected<std::vector<LaneBatches>, std::vector<MissingBatch>> collect_batches(const Cut& cut, const Proposal& block,
                                                                                 const BatchSource& source) {
    std::vector<LaneBatches> out;
    std::vector<MissingBatch> missing;
    for (const CutEntry& tip : block.cut_delta) {
        const CutEntry* last = cut.find(tip.lane);
        auto lane = collect_lane(tip, last != nullptr ? last->height : LaneHeight(0), source);
        if (lane) out.push_back(std::move(*lane));
        else missing.push_back(lane.error());
    }
    if (!missing.empty()) return tl::unexpected(std::move(missing));
    return out;
}

}  // namespace rondo::execution
