#include "tests/simulation/world/store.hpp"

namespace rondo::sim {

std::optional<ByteView> SimStore::get(Table table, ByteView key) const {
    const Rows& rows = tables_.at(table.index);
    const auto it = rows.find(key);
    if (it == rows.end()) return std::nullopt;
    return ByteView(it->second);
}

void SimStore::scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    const Rows& rows = tables_.at(table.index);
    const auto end = to.empty() ? rows.end() : rows.lower_bound(to);
    if (!to.empty() && !Less{}(from, to)) return;
    for (auto it = rows.lower_bound(from); it != end; ++it)
        if (!visit(it->first, it->second)) return;
}

void SimStore::scan_reverse(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    const Rows& rows = tables_.at(table.index);
    if (!to.empty() && !Less{}(from, to)) return;
    const auto begin = rows.lower_bound(from);
    auto it = to.empty() ? rows.end() : rows.lower_bound(to);
    while (it != begin) {
        --it;
        if (!visit(it->first, it->second)) return;
    }
}

void SimStore::apply(const Record& record) {
    if (const auto* p = std::get_if<Put>(&record)) return set(p->table.index, p->key, p->value);
    if (const auto* e = std::get_if<Erase>(&record)) return set(e->table.index, e->key, std::nullopt);
    const auto& range = std::get<EraseRange>(record);
    std::vector<Bytes> keys;
    scan(range.table, range.from, range.to, [&](ByteView key, ByteView) {
        keys.push_back(to_bytes(key));
        return true;
    });
    for (const Bytes& key : keys) set(range.table.index, key, std::nullopt);
}

void SimStore::set(std::size_t table, ByteView key, std::optional<Bytes> value) {
    Rows& rows = tables_.at(table);
    auto it = rows.lower_bound(key);
    const bool present = it != rows.end() && !Less{}(key, it->first);
    if (!present && !value) return;
    open_.push_back({table, to_bytes(key), present ? std::optional(std::move(it->second)) : std::nullopt});
    if (!value)
        rows.erase(it);
    else if (present)
        it->second = std::move(*value);
    else
        rows.emplace_hint(it, to_bytes(key), std::move(*value));
}

void SimStore::undo(Journal& journal) {
    for (auto it = journal.rbegin(); it != journal.rend(); ++it) {
        if (it->before)
            tables_[it->table].insert_or_assign(it->key, std::move(*it->before));
        else
            tables_[it->table].erase(it->key);
    }
    journal.clear();
}

void SimStore::commit(bool synced) {
    if (synced)
        unsynced_.clear();
    else if (!open_.empty())
        unsynced_.push_back(std::move(open_));
    open_.clear();
}

void SimStore::roll_back() { undo(open_); }

void SimStore::lose_unsynced(std::size_t survivors) {
    roll_back();
    while (unsynced_.size() > survivors) {
        undo(unsynced_.back());
        unsynced_.pop_back();
    }
}

SimStore SimStore::backup() const {
    SimStore copy = *this;
    copy.roll_back();
    copy.unsynced_.clear();
    return copy;
}

void SimStore::wipe() {
    for (Rows& rows : tables_) rows.clear();
    open_.clear();
    unsynced_.clear();
}

}  // namespace rondo::sim
