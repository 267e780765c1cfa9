#include "tests/simulation/world/store.hpp"

#include <algorithm>
#include <utility>

#include "cluster/runtime/limits.hpp"

namespace rondo::sim {
namespace {

/// [from, to) of the rows.
std::pair<Rows::const_iterator, Rows::const_iterator> range(const Rows& rows, ByteView from, ByteView to) {
    if (!to.empty() && !BytesLess{}(from, to)) return {rows.end(), rows.end()};
    return {rows.lower_bound(from), to.empty() ? rows.end() : rows.lower_bound(to)};
}

}  // namespace

std::optional<ByteView> SimCheckpoint::get(Table table, ByteView key) const {
    const Rows& rows = tables_.at(table.index);
    const auto it = is_read() ? rows.find(key) : rows.end();
    if (it == rows.end()) return std::nullopt;
    return ByteView(it->second);
}

void SimCheckpoint::scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    if (!is_read()) return;
    const auto [begin, end] = range(tables_.at(table.index), from, to);
    for (auto it = begin; it != end; ++it)
        if (!visit(it->first, it->second)) return;
}

void SimCheckpoint::scan_reverse(Table table, ByteView from, ByteView to,
                                 const std::function<bool(ByteView, ByteView)>& visit) const {
    if (!is_read()) return;
    const auto [begin, end] = range(tables_.at(table.index), from, to);
    for (auto it = end; it != begin;) {
        --it;
        if (!visit(it->first, it->second)) return;
    }
}

std::optional<ByteView> SimStore::get(Table table, ByteView key) const {
    const Rows& rows = tables_.at(table.index);
    const auto it = rows.find(key);
    if (it == rows.end()) return std::nullopt;
    return ByteView(checked(table.index, it));
}

const Bytes& SimStore::checked(std::size_t table, Rows::const_iterator row) const {
    if (!rotten_.empty() && !trust_.rotten_records && rotten_.contains({table, row->first})) throw ChecksumFailed{};
    return row->second;
}

void SimStore::scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    const auto [begin, end] = range(tables_.at(table.index), from, to);
    for (auto it = begin; it != end; ++it)
        if (!visit(it->first, checked(table.index, it))) return;
}

void SimStore::scan_reverse(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    const auto [begin, end] = range(tables_.at(table.index), from, to);
    for (auto it = end; it != begin;) {
        --it;
        if (!visit(it->first, checked(table.index, it))) return;
    }
}

void SimStore::apply(const Record& record) {
    if (const auto* p = std::get_if<Put>(&record)) return set(p->table.index, p->key, p->value);
    if (const auto* e = std::get_if<Erase>(&record)) return set(e->table.index, e->key, std::nullopt);
    const auto& range = std::get<EraseRange>(record);
    if (!range.to.empty() && !BytesLess{}(range.from, range.to)) return;
    const Rows& rows = tables_.at(range.table.index);
    std::vector<Bytes> keys;
    const auto end = range.to.empty() ? rows.end() : rows.lower_bound(range.to);
    for (auto it = rows.lower_bound(range.from); it != end; ++it) keys.push_back(it->first);
    for (const Bytes& key : keys) set(range.table.index, key, std::nullopt);
}

void SimStore::set(std::size_t table, ByteView key, std::optional<Bytes> value) {
    Rows& rows = tables_.at(table);
    auto it = rows.lower_bound(key);
    const bool present = it != rows.end() && !BytesLess{}(key, it->first);
    if (!present && !value) return;
    std::optional<Bytes> written;
    if (const auto rotten = rotten_.find({table, to_bytes(key)}); rotten != rotten_.end()) {
        written = std::move(rotten->second);
        rotten_.erase(rotten);
    }
    open_.push_back({table, to_bytes(key), present ? std::optional(std::move(it->second)) : std::nullopt, std::move(written)});
    if (!value)
        rows.erase(it);
    else if (present)
        it->second = std::move(*value);
    else
        rows.emplace_hint(it, to_bytes(key), std::move(*value));
}

void SimStore::undo(Journal& journal) {
    for (auto it = journal.rbegin(); it != journal.rend(); ++it) {
        // What rots is a value: when it goes, so does its rot, and what was there before has its own again.
        rotten_.erase(Place{it->table, it->key});
        if (it->written) rotten_.emplace(Place{it->table, it->key}, std::move(*it->written));
        if (it->before)
            tables_[it->table].insert_or_assign(it->key, std::move(*it->before));
        else
            tables_[it->table].erase(it->key);
    }
    journal.clear();
}

void SimStore::commit(bool synced) {
    if (synced)
        in_flight_ = std::move(open_);
    else if (!open_.empty())
        unsynced_.push_back(std::move(open_));
    open_.clear();
}

void SimStore::roll_back() { undo(open_); }

void SimStore::lose_power(Random& random) {
    roll_back();
    std::vector<Journal> lost = std::move(unsynced_);
    if (!in_flight_.empty()) lost.push_back(std::move(in_flight_));
    unsynced_.clear();
    in_flight_.clear();
    if (lost.empty()) return;
    power_failed_ = true;
    for (const Journal& journal : lost)
        for (const Undo& u : journal) {
            heal({u.table, u.key});
            const auto row = tables_[u.table].find(u.key);
            torn_[{u.table, u.key}] = row == tables_[u.table].end() ? std::nullopt : std::optional(row->second);
        }
    for (auto journal = lost.rbegin(); journal != lost.rend(); ++journal) undo(*journal);
    const bool whole = random.one_in(4);
    std::erase_if(torn_, [&](const auto&) { return !whole && random.one_in(2); });
    if (whole) apply_torn();
}

void SimStore::apply_torn() {
    for (auto& [place, value] : torn_) set(place.first, place.second, std::move(value));
    open_.clear();
    torn_.clear();
}

void SimStore::open(Durability durability) {
    if (!std::exchange(power_failed_, false)) return;
    if (trust_.torn_writes) return apply_torn();
    torn_.clear();
    if (durability == Durability::derived) restore_checkpoint();
}

bool SimStore::begin_checkpoint(Height height) {
    if (unfinished_) return false;
    unfinished_ = std::make_shared<SimCheckpoint>(height, tables_);
    if (!rotten_.empty() && !trust_.rotten_records) unfinished_->rot();
    return true;
}

void SimStore::finish_checkpoint() {
    if (!unfinished_) return;
    if (unfinished_->is_rotten()) throw ChecksumFailed{};
    std::erase_if(checkpoints_, [&](const auto& c) { return c->height() == unfinished_->height(); });
    checkpoints_.push_back(std::move(unfinished_));
    if (checkpoints_.size() > limits::checkpoints_kept) checkpoints_.erase(checkpoints_.begin());
}

void SimStore::restore_checkpoint() {
    std::erase_if(checkpoints_, [](const auto& c) { return static_cast<const SimCheckpoint&>(*c).is_rotten(); });
    Checkpoints sound = std::exchange(checkpoints_, {});
    wipe();
    checkpoints_ = std::move(sound);
    if (!checkpoints_.empty()) tables_ = static_cast<const SimCheckpoint&>(*checkpoints_.back()).tables();
}

void SimStore::rot(Random& random) {
    if (!checkpoints_.empty() && random.one_in(3)) {  // as so often it is these that nobody looks at
        const auto rotten = std::make_shared<SimCheckpoint>(static_cast<const SimCheckpoint&>(*checkpoints_.back()));
        rotten->rot();
        checkpoints_.back() = rotten;
        return;
    }
    constexpr std::size_t page_records = 12;
    const std::size_t table = random.below(tables_.size());
    Rows& rows = tables_[table];
    if (rows.empty()) return;
    // What was written last is read soonest: half of the time the end of a table rots.
    const std::size_t last = rows.size() - std::min(rows.size(), page_records);
    auto row = std::next(rows.begin(), static_cast<std::ptrdiff_t>(random.one_in(2) ? last : random.below(rows.size())));
    for (std::size_t i = 0; i < page_records && row != rows.end(); ++i, ++row) {
        if (row->second.empty() || !rotten_.emplace(Place{table, row->first}, row->second).second) continue;
        row->second[random.below(row->second.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
    }
}

void SimStore::heal(const Place& place) {
    const auto rotten = rotten_.find(place);
    if (rotten == rotten_.end()) return;
    tables_[place.first].insert_or_assign(place.second, std::move(rotten->second));
    rotten_.erase(rotten);
}

void SimStore::heal_rot() {
    while (!rotten_.empty()) heal(Place(rotten_.begin()->first));
}

SimStore SimStore::backup() const {
    SimStore copy = *this;
    copy.roll_back();
    copy.heal_rot();
    copy.in_flight_.clear();
    copy.unsynced_.clear();
    return copy;
}

void SimStore::wipe() {
    for (Rows& rows : tables_) rows.clear();
    open_.clear();
    in_flight_.clear();
    unsynced_.clear();
    torn_.clear();
    rotten_.clear();
    unfinished_.reset();
    checkpoints_.clear();
    power_failed_ = false;
}

}  // namespace rondo::sim
