#pragma once
#include <map>
#include <vector>

#include "cluster/runtime/core.hpp"

namespace rondo::sim {

/// One actor's disk: ordered tables, an open turn that may be rolled back, and commits that are not synced yet, which a
/// power cut takes away from the newest on.
class SimStore : public StoreView {
  public:
    explicit SimStore(std::size_t table_count) : tables_(table_count) {}

    std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;

    void apply(const Record& record);
    void put(Table table, Bytes key, Bytes value) { apply(Put{table, std::move(key), std::move(value)}); }
    void erase(Table table, Bytes key) { apply(Erase{table, std::move(key)}); }

    /// Ends the turn. A synced commit syncs all before it too.
    void commit(bool synced);
    /// What was committed is safe from a power cut now; the open turn stays open.
    void sync() { unsynced_.clear(); }
    /// For a mutant: what the open turn wrote to this table stays whatever happens to the rest.
    void commit_only(Table table) {
        std::erase_if(open_, [&](const Undo& u) { return u.table == table.index; });
    }
    void roll_back();  ///< the process died before the commit
    /// The power failed: of the unsynced commits only the oldest `survivors` are left.
    void lose_unsynced(std::size_t survivors);
    [[nodiscard]] std::size_t unsynced() const { return unsynced_.size(); }
    void wipe();  ///< a Derived store whose marker is dirty from another boot, or a disk that is lost

    /// All that is committed, as a backup of the disk holds it.
    [[nodiscard]] SimStore backup() const;

  private:
    struct Undo {
        std::size_t table;
        Bytes key;
        std::optional<Bytes> before;
    };
    using Journal = std::vector<Undo>;
    struct Less {
        using is_transparent = void;
        bool operator()(ByteView a, ByteView b) const {
            return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
        }
    };
    using Rows = std::map<Bytes, Bytes, Less>;

    void set(std::size_t table, ByteView key, std::optional<Bytes> value);
    void undo(Journal& journal);

    std::vector<Rows> tables_;
    Journal open_;
    std::vector<Journal> unsynced_;
};

}  // namespace rondo::sim
