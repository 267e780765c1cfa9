#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cluster/runtime/core.hpp"

/// What the execution of a block reads and writes: a step of the core and `rondo verify` run the same code over
/// different stores.
namespace rondo::execution {

class StateReader {
  public:
    virtual ~StateReader() = default;
    /// Valid until the same key is written.
    [[nodiscard]] virtual std::optional<ByteView> get(Table table, ByteView key) const = 0;
};

class StateStore : public StateReader {
  public:
    virtual void put(Table table, Bytes key, Bytes value) = 0;
    virtual void erase(Table table, Bytes key) = 0;
    /// Erases from <= key < to. In an Overlay, what was written through it in that range stays readable through it.
    virtual void erase_range(Table table, Bytes from, Bytes to) = 0;
};

class ViewReader : public StateReader {
  public:
    explicit ViewReader(const StoreView& view) : view_(view) {}
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override { return view_.get(table, key); }

  private:
    const StoreView& view_;
};

/// Writes kept above a reader: one step's records, or a scratch copy for queries and rewinding. Each key is written
/// once, at the place of its first write, however often it changes.
class Overlay : public StateStore {
  public:
    explicit Overlay(const StateReader& base) : base_(base) {}

    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void put(Table table, Bytes key, Bytes value) override;
    void erase(Table table, Bytes key) override;
    void erase_range(Table table, Bytes from, Bytes to) override;

    /// The records in order; the overlay is empty afterwards.
    [[nodiscard]] std::vector<Record> take_records();

  private:
    /// Points at a key inside records_: a record's key stays where it is however the record changes or moves.
    struct Place {
        std::uint8_t table = 0;
        ByteView key;
        bool operator==(const Place& other) const { return table == other.table && as_text(key) == as_text(other.key); }
    };
    struct PlaceHash {
        std::size_t operator()(const Place& p) const noexcept { return std::hash<std::string_view>{}(as_text(p.key)) + p.table; }
    };
    const StateReader& base_;
    std::vector<Record> records_;
    std::unordered_map<Place, std::size_t, PlaceHash> index_;  ///< place in records_; looked up, never iterated
};

/// A whole store in memory: for verification from the DA layer and for tests.
class MemoryStore : public StateStore {
  public:
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void put(Table table, Bytes key, Bytes value) override;
    void erase(Table table, Bytes key) override;
    void erase_range(Table table, Bytes from, Bytes to) override;
    void each(Table table, const std::function<void(const Bytes& key, const Bytes& value)>& visit) const;

  private:
    std::vector<std::map<Bytes, Bytes, std::less<>>> tables_ = std::vector<std::map<Bytes, Bytes, std::less<>>>(18);
};

}  // namespace rondo::execution
