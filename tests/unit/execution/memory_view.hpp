#pragma once
#include <memory>

#include "actors/execution/core/store.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo::execution::test {

/// The store as a shell keeps it: committed after each step.
class MemoryView : public StoreView {
  public:
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override { return rows.get(table, key); }
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        for (const auto& [key, value] : range(table, from, to))
            if (!visit(key, value)) return;
    }
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override {
        const auto all = range(table, from, to);
        for (auto it = all.rbegin(); it != all.rend(); ++it)
            if (!visit(it->first, it->second)) return;
    }
    void apply(const std::vector<Record>& records) {
        for (const Record& record : records) {
            if (const auto* put = std::get_if<Put>(&record))
                rows.put(put->table, put->key, put->value);
            else if (const auto* erase = std::get_if<Erase>(&record))
                rows.erase(erase->table, erase->key);
            else if (const auto* span = std::get_if<EraseRange>(&record))
                rows.erase_range(span->table, span->from, span->to);
        }
    }
    [[nodiscard]] std::size_t count(Table table) const { return range(table, {}, {}).size(); }
    [[nodiscard]] const Checkpoints& checkpoints() const override { return copies; }
    /// As the shell does after a step that asked for it.
    void copy(Height height);

    MemoryStore rows;
    Checkpoints copies;  ///< newest last

  private:
    [[nodiscard]] std::map<Bytes, Bytes> range(Table table, ByteView from, ByteView to) const {
        std::map<Bytes, Bytes> out;
        const Bytes first = to_bytes(from);
        const Bytes last = to_bytes(to);
        rows.each(table, [&](const Bytes& key, const Bytes& value) {
            if (key >= first && (last.empty() || key < last)) out[key] = value;
        });
        return out;
    }
};

/// A copy of such a store.
class MemoryCopy : public Checkpoint {
  public:
    MemoryCopy(const MemoryView& of, Height height) : height_(height) { rows_.rows = of.rows; }
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override { return rows_.get(table, key); }
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        rows_.scan(table, from, to, visit);
    }
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override {
        rows_.scan_reverse(table, from, to, visit);
    }
    [[nodiscard]] Height height() const override { return height_; }
    [[nodiscard]] bool is_sound() const override { return true; }

  private:
    MemoryView rows_;
    Height height_;
};

inline void MemoryView::copy(Height height) { copies.push_back(std::make_shared<MemoryCopy>(*this, height)); }

}  // namespace rondo::execution::test
