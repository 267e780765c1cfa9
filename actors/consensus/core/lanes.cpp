#include "actors/consensus/core/lanes.hpp"

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {
namespace {

LaneHeight tip_of(const Cut& cut, LaneId lane) {
    const CutEntry* entry = cut.find(lane);
    return entry == nullptr ? LaneHeight(0) : entry->height;
}

}  // namespace

Lanes::Lanes(const StoreView& store, Epoch epoch) : epoch_(epoch) {
    store.scan(tables::poas, tables::key(epoch), {}, [&](ByteView, ByteView value) {
        auto poa = decode<PoA>(value);
        require(poa.has_value(), "a stored certificate of availability decodes");
        const BatchHeader header = poa->header;
        by_epoch_[header.epoch][header.lane].emplace(header.height,
                                                     Held{digest_of(header), std::move(*poa), Instant(0), std::nullopt});
        return true;
    });
}

const Lanes::LaneMap& Lanes::current() const {
    static const LaneMap nothing;
    const auto it = by_epoch_.find(epoch_);
    return it == by_epoch_.end() ? nothing : it->second;
}

bool Lanes::add(Turn& turn, const PoA& poa, const Cut& final_cut, std::uint64_t window) {
    const BatchHeader& header = poa.header;
    if (header.epoch != epoch_ && header.epoch != epoch_.next()) return false;
    if (header.height <= tip_of(final_cut, header.lane)) return false;
    Lane& lane = by_epoch_[header.epoch][header.lane];
    if (!lane.emplace(header.height, Held{digest_of(header), poa, turn.now, std::nullopt}).second) return false;
    turn.effects.put(tables::poas, tables::key(header.epoch, header.lane, header.height), encode(poa));
    // The newest vouch for their ancestors, so the oldest go first.
    if (lane.size() > poa_windows_max * window) {
        turn.effects.erase(tables::poas, tables::key(header.epoch, header.lane, lane.begin()->first));
        lane.erase(lane.begin());
    }
    return true;
}

const Lanes::Held* Lanes::find(Epoch epoch, LaneId lane, LaneHeight height) const {
    const auto lanes = by_epoch_.find(epoch);
    if (lanes == by_epoch_.end()) return nullptr;
    const auto it = lanes->second.find(lane);
    if (it == lanes->second.end()) return nullptr;
    const auto held = it->second.find(height);
    return held == it->second.end() ? nullptr : &held->second;
}

const Lanes::Held* Lanes::find(const Digest& digest) const {
    for (const auto& [lane, held] : current())
        for (const auto& [height, entry] : held)
            if (entry.digest == digest) return &entry;
    return nullptr;
}

std::vector<CutEntry> Lanes::tips_beyond(const Cut& cut, std::uint64_t window) const {
    std::vector<CutEntry> tips;
    for (const auto& [lane, held] : current()) {
        const LaneHeight base = tip_of(cut, lane);
        auto above = held.upper_bound(base.plus(window));
        if (above == held.begin()) continue;
        --above;
        if (above->first > base) tips.push_back({lane, above->first, above->second.digest});
    }
    return tips;
}

std::size_t Lanes::pending_beyond(const Cut& cut) const {
    std::size_t count = 0;
    for (const auto& [lane, held] : current()) count += !held.empty() && held.rbegin()->first > tip_of(cut, lane);
    return count;
}

std::vector<PoA> Lanes::take_overdue(const Cut& cut, std::uint64_t window, Instant now, DurationMs patience) {
    std::vector<PoA> overdue;
    for (const CutEntry& tip : tips_beyond(cut, window)) {
        // The oldest unused one of the lane decides whether it is overdue; the tip vouches for it.
        Lane& lane = by_epoch_[epoch_][tip.lane];
        const auto oldest = lane.upper_bound(tip_of(cut, tip.lane));
        if (oldest == lane.end() || oldest->second.since.plus(patience) > now) continue;
        if (!oldest->second.relayed_since) oldest->second.relayed_since = now;
        overdue.push_back(oldest->second.poa);
        if (overdue.size() == poas_per_message_max) break;
    }
    return overdue;
}

std::optional<LaneId> Lanes::neglected(const Cut& parent_cut, const Cut& cut, std::uint64_t window, Instant before) const {
    for (const auto& [lane, held] : current()) {
        const auto first = held.upper_bound(tip_of(parent_cut, lane));
        if (first == held.end() || first->first > tip_of(parent_cut, lane).plus(window)) continue;
        const bool relayed_in_time = first->second.relayed_since && *first->second.relayed_since < before;
        if (relayed_in_time && tip_of(cut, lane) < first->first) return lane;
    }
    return std::nullopt;
}

void Lanes::on_final_cut(Turn& turn, const std::vector<CutEntry>& delta) {
    LaneMap& lanes = by_epoch_[epoch_];
    for (const CutEntry& entry : delta) {
        if (const auto it = lanes.find(entry.lane); it != lanes.end())
            it->second.erase(it->second.begin(), it->second.upper_bound(entry.height));
        turn.effects.records.push_back(
            EraseRange{tables::poas, tables::key(epoch_, entry.lane), tables::key(epoch_, entry.lane, entry.height.next())});
    }
}

void Lanes::begin(Turn& turn, Epoch epoch) {
    epoch_ = epoch;
    by_epoch_.erase(by_epoch_.begin(), by_epoch_.lower_bound(epoch));
    turn.effects.records.push_back(EraseRange{tables::poas, {}, tables::key(epoch)});
}

void Lanes::forget(Turn& turn, Epoch epoch) {
    by_epoch_.erase(epoch);
    turn.effects.records.push_back(EraseRange{tables::poas, tables::key(epoch), tables::key(epoch.next())});
}

void Lanes::restart_clocks(Instant now) {
    for (auto& [epoch, lanes] : by_epoch_)
        for (auto& [lane, held] : lanes)
            for (auto& [height, entry] : held) entry.since = now;
}

}  // namespace rondo::consensus
