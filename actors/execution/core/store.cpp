#include "actors/execution/core/store.hpp"

namespace rondo::execution {

std::optional<ByteView> Overlay::get(Table table, ByteView key) const {
    if (index_.empty()) return base_.get(table, key);
    const auto it = index_.find({table.index, key});
    if (it == index_.end()) return base_.get(table, key);
    if (const Put* put = std::get_if<Put>(&records_[it->second])) return ByteView(put->value);
    return std::nullopt;
}

void Overlay::put(Table table, Bytes key, Bytes value) {
    const auto it = index_.find({table.index, key});
    if (it == index_.end()) {
        index_.emplace(Place{table.index, key}, records_.size());  // the view follows the buffer into the record
        records_.emplace_back(Put{table, std::move(key), std::move(value)});
    } else if (Put* put = std::get_if<Put>(&records_[it->second])) {
        put->value = std::move(value);
    } else {
        Bytes kept = std::move(std::get<Erase>(records_[it->second]).key);
        records_[it->second] = Put{table, std::move(kept), std::move(value)};
    }
}

void Overlay::erase(Table table, Bytes key) {
    const auto it = index_.find({table.index, key});
    if (it == index_.end()) {
        index_.emplace(Place{table.index, key}, records_.size());
        records_.emplace_back(Erase{table, std::move(key)});
    } else if (Put* put = std::get_if<Put>(&records_[it->second])) {
        Bytes kept = std::move(put->key);
        records_[it->second] = Erase{table, std::move(kept)};
    }
}

void Overlay::erase_range(Table table, Bytes from, Bytes to) {
    records_.emplace_back(EraseRange{table, std::move(from), std::move(to)});
}

std::vector<Record> Overlay::take_records() {
    index_ = {};  // not clear(): that keeps, and sweeps, as many buckets as the largest step ever needed
    return std::exchange(records_, {});
}

std::optional<ByteView> MemoryStore::get(Table table, ByteView key) const {
    const auto& rows = tables_.at(table.index);
    const auto it = rows.find(to_bytes(key));
    if (it == rows.end()) return std::nullopt;
    return ByteView(it->second);
}

void MemoryStore::put(Table table, Bytes key, Bytes value) {
    tables_.at(table.index).insert_or_assign(std::move(key), std::move(value));
}

void MemoryStore::erase(Table table, Bytes key) { tables_.at(table.index).erase(key); }

void MemoryStore::erase_range(Table table, Bytes from, Bytes to) {
    auto& rows = tables_.at(table.index);
    const auto end = to.empty() ? rows.end() : rows.lower_bound(to);
    rows.erase(rows.lower_bound(from), end);
}

void MemoryStore::each(Table table, const std::function<void(const Bytes& key, const Bytes& value)>& visit) const {
    for (const auto& [key, value] : tables_.at(table.index)) visit(key, value);
}

}  // namespace rondo::execution
