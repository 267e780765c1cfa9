#pragma once
#include <map>

#include "cluster/runtime/core.hpp"

namespace rondo::testing {

/// A store in memory: what the shell's is to a core. Copying it is taking a snapshot, as a crash would find it.
class MemoryStore : public StoreView {
  public:
    std::optional<ByteView> get(Table table, ByteView key) const override {
        const auto& rows = table_of(table);
        const auto it = rows.find(to_bytes(key));
        if (it == rows.end()) return std::nullopt;
        return ByteView(it->second);
    }
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        const auto& rows = table_of(table);
        for (auto it = rows.lower_bound(to_bytes(from)); it != rows.end() && (to.empty() || it->first < to_bytes(to)); ++it)
            if (!visit(it->first, it->second)) return;
    }
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override {
        const auto& rows = table_of(table);
        auto it = to.empty() ? rows.end() : rows.lower_bound(to_bytes(to));
        while (it != rows.begin()) {
            --it;
            if (it->first < to_bytes(from) || !visit(it->first, it->second)) return;
        }
    }
    void apply(const Effects& effects) {
        for (const Record& record : effects.records) {
            if (const auto* put = std::get_if<Put>(&record))
                tables_[put->table.index][put->key] = put->value;
            else if (const auto* erase = std::get_if<Erase>(&record))
                tables_[erase->table.index].erase(erase->key);
            else
                erase_range(std::get<EraseRange>(record));
        }
    }
    std::size_t rows(std::uint8_t table) const {
        const auto it = tables_.find(table);
        return it == tables_.end() ? 0 : it->second.size();
    }

  private:
    using Rows = std::map<Bytes, Bytes>;
    const Rows& table_of(Table table) const {
        static const Rows empty;
        const auto it = tables_.find(table.index);
        return it == tables_.end() ? empty : it->second;
    }
    void erase_range(const EraseRange& range) {
        Rows& rows = tables_[range.table.index];
        rows.erase(rows.lower_bound(range.from), rows.lower_bound(range.to));
    }
    std::map<std::uint8_t, Rows> tables_;
};

}  // namespace rondo::testing
