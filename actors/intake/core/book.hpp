#pragma once
#include <map>
#include <optional>
#include <utility>

#include "cluster/runtime/core.hpp"

namespace rondo::intake {

/// The store as the current step sees it: the view plus what this step has written already. Every record of
/// the intake goes through here, except the signing gate's own.
class Book {
  public:
    explicit Book(const StoreView& view) : view_(view) {}

    /// At the beginning of each step; `effects` receives the records until the next call.
    void open(Effects& effects) {
        effects_ = &effects;
        fresh_.clear();
    }

    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const;
    [[nodiscard]] bool has(Table table, ByteView key) const { return get(table, key).has_value(); }
    void put(Table table, Bytes key, Bytes value);
    void erase(Table table, Bytes key);
    /// Erases from <= key < to. Not seen by `get` within the same step.
    void erase_range(Table table, Bytes from, Bytes to) {
        effects_->records.push_back(EraseRange{table, std::move(from), std::move(to)});
    }

    /// Ranges are read from the view: what this step wrote is not in them.
    [[nodiscard]] const StoreView& committed() const { return view_; }

  private:
    const StoreView& view_;
    Effects* effects_ = nullptr;
    /// Index of the newest record of this step for a key.
    std::map<std::pair<std::uint8_t, Bytes>, std::size_t> fresh_;
};

}  // namespace rondo::intake
