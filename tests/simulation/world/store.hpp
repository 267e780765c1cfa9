#pragma once
#include <map>
#include <memory>
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

struct BytesLess {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const { return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end()); }
};
using Rows = std::map<Bytes, Bytes, BytesLess>;

/// A copy of all tables. When it rots, nothing can be read of it.
class SimCheckpoint : public Checkpoint {
  public:
    SimCheckpoint(Height height, std::vector<Rows> tables) : height_(height), tables_(std::move(tables)) {}
    [[nodiscard]] Height height() const override { return height_; }
    [[nodiscard]] bool is_sound() const override { return sound_; }
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;
    void rot() { rotten_ = true; }
    [[nodiscard]] bool is_rotten() const { return rotten_; }
    [[nodiscard]] const std::vector<Rows>& tables() const { return tables_; }

  private:
    [[nodiscard]] bool is_read() const { return sound_ = sound_ && !rotten_; }

    Height height_;
    std::vector<Rows> tables_;
    bool rotten_ = false;
    mutable bool sound_ = true;
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
    /// Copies what is committed, until finish_checkpoint(); false while another copy is being made.
    [[nodiscard]] bool begin_checkpoint(Height height);
    /// The copy is complete, unless the process died meanwhile. It has read every record, and ends at a rotten one.
    void finish_checkpoint();
    void drop_unfinished_checkpoint() { unfinished_.reset(); }
    [[nodiscard]] const Checkpoint* unfinished_checkpoint() const { return unfinished_.get(); }
    [[nodiscard]] const Checkpoints& checkpoints() const override { return checkpoints_; }
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
    /// all: its journal entry carries a checksum. A Derived store that was not synced is discarded, because nothing in it can be
    /// trusted, and comes back as its newest sound checkpoint.
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
    void set(std::size_t table, ByteView key, std::optional<Bytes> value);
    void undo(Journal& journal);
    void restore_checkpoint();
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
    std::shared_ptr<SimCheckpoint> unfinished_;
    Checkpoints checkpoints_;
};

}  // namespace rondo::sim
