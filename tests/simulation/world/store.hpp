#pragma once
#include <map>
#include <set>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "tests/simulation/world/random.hpp"

namespace rondo::sim {

/// Thrown where a record is read whose bytes are not those that were written.
struct ChecksumFailed {};

/// What the opening of a store fails to look at, for mutants.
struct StoreTrust {
    bool torn_writes = false;  ///< a journal's last entry that is not whole, a Derived store that was not synced
    bool rotten_records = false;
};

/// One actor's disk: ordered tables, an open turn that may be rolled back, a commit whose sync has not returned, and commits that
/// nobody synced. A power cut leaves a part of what was not synced; records rot.
class SimStore : public StoreView {
  public:
    explicit SimStore(std::size_t table_count, StoreTrust trust = {}) : trust_(trust), tables_(table_count) {}

    std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;

    void apply(const Record& record);
    void put(Table table, Bytes key, Bytes value) { apply(Put{table, std::move(key), std::move(value)}); }
    void erase(Table table, Bytes key) { apply(Erase{table, std::move(key)}); }

    /// Ends the turn. A synced commit is safe once settle() says that its sync returned.
    void commit(bool synced);
    void settle() { in_flight_.clear(); }
    /// What was committed is safe from a power cut now; the open turn stays open.
    void sync() { unsynced_.clear(); }
    /// For a mutant: what the open turn wrote to this table stays whatever happens to the rest.
    void commit_only(Table table) {
        std::erase_if(open_, [&](const Undo& u) { return u.table == table.index; });
    }
    void roll_back();  ///< the process died before the commit
    /// The power failed: of what was not synced a part has reached the disk, record by record, as luck would have it.
    void lose_power(Random& random);
    /// The opening of a store, before its first use. A commit that was under way when the power failed is there whole or not at
    /// all: its journal entry carries a checksum. A Derived store that was not synced is discarded: nothing in it can be trusted.
    void open(Durability durability);
    void wipe();  ///< a disk that is lost
    /// A few neighbouring records rot, as those of a page do. Reading one throws, writing it anew heals it.
    void rot(Random& random);
    void heal_rot();  ///< what nobody has read since is as it was

    /// All that is committed, as a backup of the disk holds it.
    [[nodiscard]] SimStore backup() const;

  private:
    struct Undo {
        std::size_t table;
        Bytes key;
        std::optional<Bytes> before;
        std::optional<Bytes> written;  ///< where `before` is not what was
    };
    using Journal = std::vector<Undo>;
    using Place = std::pair<std::size_t, Bytes>;
    struct Less {
        using is_transparent = void;
        bool operator()(ByteView a, ByteView b) const {
            return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
        }
    };
    using Rows = std::map<Bytes, Bytes, Less>;

    void set(std::size_t table, ByteView key, std::optional<Bytes> value);
    void undo(Journal& journal);
    void apply_torn();
    void heal(const Place& place);
    [[nodiscard]] const Bytes& checked(std::size_t table, Rows::const_iterator row) const;

    StoreTrust trust_;
    std::vector<Rows> tables_;
    Journal open_;
    Journal in_flight_;  ///< of the last synced commit, as long as its sync has not returned
    std::vector<Journal> unsynced_;
    bool power_failed_ = false;                   ///< with something unsynced, and the store was not opened since
    std::map<Place, std::optional<Bytes>> torn_;  ///< what reached the disk of it
    std::map<Place, Bytes> rotten_;               ///< and what was written there
};

}  // namespace rondo::sim
