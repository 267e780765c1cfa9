#include "actors/intake/core/final_cuts.hpp"

#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

FinalCuts::FinalCuts(Common& common, Batches& batches, Fetch& fetch) : common_(common), batches_(batches), fetch_(fetch) {
    common_.book.committed().scan(tables::wanted, {}, {}, [&](ByteView key, ByteView stored) {
        const Height height(read_be64(key.first(8)));
        const LaneId lane(read_be32(key.subspan(8, 4)));
        wanted_.emplace(std::pair{height, lane}, Unfinished{decode_own<WantedCut>(stored), {}});
        return true;
    });
}

void FinalCuts::start() { on_stored(BatchRef{}); }

void FinalCuts::cite(Height block, const CutEntry& tip, LaneHeight above) {
    const WantedCut wanted{tip, above};
    const auto missing = walk(wanted);
    if (!missing) return;
    wanted_.emplace(std::pair{block, tip.lane}, Unfinished{wanted, *missing});
    common_.book.put(tables::wanted, key_of(block, tip.lane), encode(wanted));
}

void FinalCuts::on_stored(const BatchRef& batch) {
    for (auto it = wanted_.begin(); it != wanted_.end();) {
        // What the full fetch list had no room for is asked for as soon as there is some.
        const bool concerned = it->second.missing == batch || !fetch_.is_wanted(it->second.missing);
        const std::optional<BatchRef> missing = concerned ? walk(it->second.cut) : it->second.missing;
        if (missing) {
            it->second.missing = *missing;
            ++it;
            continue;
        }
        common_.book.erase(tables::wanted, key_of(it->first.first, it->first.second));
        it = wanted_.erase(it);
    }
}

std::optional<BatchRef> FinalCuts::walk(const WantedCut& wanted) {
    std::vector<BatchRef> found;
    BatchRef at = wanted.tip;
    while (at.height > wanted.above) {
        const auto header = batches_.header(at);
        if (!header) {
            fetch_.want(at, {});
            return at;
        }
        found.push_back(at);
        at = parent_of(*header);
    }
    for (auto it = found.rbegin(); it != found.rend(); ++it) batches_.publish(*it);
    return std::nullopt;
}

}  // namespace rondo::intake
