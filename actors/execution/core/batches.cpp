#include <algorithm>

#include "actors/execution/core/executor.hpp"

namespace rondo::execution {
namespace {

using Found = std::vector<std::shared_ptr<const BatchRecord>>;

/// From the tip downwards.
tl::expected<Found, BatchRef> walk_down(const CutEntry& tip, LaneHeight below, const BatchSource& source) {
    Found out;
    Digest digest = tip.digest;
    for (LaneHeight height = tip.height; height > below; height = height.minus_or_zero(1)) {
        auto batch = source.find(tip.lane, height, digest);
        if (!batch) return tl::unexpected(BatchRef{tip.lane, height, digest});
        digest = batch->header.parent_digest;
        out.push_back(std::move(batch));
    }
    return out;
}

LaneBatches decoded(LaneId lane, const Found& found) {
    LaneBatches out{lane, {}};
    // Bytes that do not decode are a batch without transactions: the same for everybody.
    std::for_each(found.rbegin(), found.rend(),
                  [&](const auto& batch) { out.batches.push_back(decode<Payload>(batch->payload).value_or(Payload{})); });
    return out;
}

}  // namespace

tl::expected<std::vector<LaneBatches>, std::vector<BatchRef>> collect_batches(const Cut& cut, const Proposal& block,
                                                                              const BatchSource& source) {
    std::vector<Found> found;
    std::vector<BatchRef> missing;
    for (const CutEntry& tip : block.cut_delta) {
        const CutEntry* last = cut.find(tip.lane);
        auto lane = walk_down(tip, last != nullptr ? last->height : LaneHeight(0), source);
        if (lane)
            found.push_back(std::move(*lane));
        else
            missing.push_back(lane.error());
    }
    if (!missing.empty()) return tl::unexpected(std::move(missing));
    std::vector<LaneBatches> out;
    for (std::size_t i = 0; i < found.size(); ++i) out.push_back(decoded(block.cut_delta[i].lane, found[i]));
    return out;
}

}  // namespace rondo::execution
