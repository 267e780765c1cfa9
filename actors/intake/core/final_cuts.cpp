#include "actors/intake/core/final_cuts.hpp"

#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

FinalCuts::FinalCuts(Common& common, Batches& batches, Fetch& fetch) : common_(common), batches_(batches), fetch_(fetch) {
    common_.book.committed().scan(tables::wanted, {}, {}, [&](ByteView key, ByteView stored) {
        const Height height(read_be64(key.first(8)));
        const LaneId lane(read_be32(key.subspan(8, 4)));
        wanted_.emplace(Key{height, lane}, decode_own<WantedCut>(stored));
        return true;
    });
}

void FinalCuts::start() {
    std::vector<Key> keys;
    for (const auto& [key, cut] : wanted_) keys.push_back(key);
    for (const Key& key : keys) go_on(key);
}

void FinalCuts::cite(Height block, const CutEntry& tip, LaneHeight above) {
    const WantedCut wanted{tip, above};
    const auto missing = walk(wanted, Fetch::Urgency::in_turn);
    if (!missing) return;
    const Key key{block, tip.lane};
    wanted_.emplace(key, wanted);
    common_.book.put(tables::wanted, key_of(block, tip.lane), encode(wanted));
    await(key, *missing);
}

void FinalCuts::await(const Key& key, const BatchRef& missing) {
    if (fetch_.is_wanted(missing))
        waiting_.emplace(missing, key);
    else
        unasked_.insert(key);
}

void FinalCuts::on_stored(const BatchRef& batch) {
    std::vector<Key> concerned;
    const auto [first, last] = waiting_.equal_range(batch);
    for (auto it = first; it != last; ++it) concerned.push_back(it->second);
    waiting_.erase(first, last);
    for (const Key& key : concerned) go_on(key);
    if (!unasked_.empty() && fetch_.has_room()) go_on(unasked_.extract(unasked_.begin()).value());
}

void FinalCuts::go_on(const Key& key) {
    const auto unfinished = wanted_.find(key);
    require(unfinished != wanted_.end(), "a walk goes on that is finished");
    // It began before those that wait their turn.
    if (const auto missing = walk(unfinished->second, Fetch::Urgency::first)) return await(key, *missing);
    common_.book.erase(tables::wanted, key_of(key.first, key.second));
    wanted_.erase(unfinished);
}

std::optional<BatchRef> FinalCuts::walk(const WantedCut& wanted, Fetch::Urgency urgency) {
    std::vector<BatchRef> found;
    BatchRef at = wanted.tip;
    while (at.height > wanted.above) {
        const auto header = batches_.header(at);
        if (!header) {
            fetch_.want(at, {}, urgency);
            return at;
        }
        found.push_back(at);
        at = parent_of(*header);
    }
    for (auto it = found.rbegin(); it != found.rend(); ++it) batches_.publish(*it);
    return std::nullopt;
}

}  // namespace rondo::intake
