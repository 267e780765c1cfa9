#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"

/// An actor's store: one LMDB environment, one writing process, one writing thread.
///
/// A failed sync, a full disk and a failed checksum end the process on the spot with an exit code of their own and one line
/// on stderr: after a failed fsync nobody knows what the disk holds, so nothing is retried.
namespace rondo::store {

inline constexpr int exit_code_failed = 74;
inline constexpr int exit_code_disk_full = 75;
inline constexpr int exit_code_refused = 78;
inline constexpr int exit_code_locked = 79;

/// Whose store this is. A store of another owner is refused, never reused.
struct Owner {
    Digest genesis{};
    Actor actor = Actor::intake;
    OperatorNumber self;
};

struct Options {
    std::filesystem::path folder;  ///< created if missing, mode 0700
    Durability durability = Durability::durable;
    std::uint64_t map_bytes = 64ULL << 30;  ///< sparse; doubled when full
    std::vector<Table> tables;              ///< index 0..n-1
    std::uint32_t schema_version = 1;
    Owner owner;
};

/// Why a store was not opened: the exit code and a sentence that says what to do.
struct Refusal {
    int exit_code;
    std::string reason;
};

/// Made with the store and lost with it: tells a store that was replaced from one that was rolled back.
using Incarnation = FixedBytes<16, struct IncarnationTag>;

class Store;
struct Environment;

/// A snapshot. Keep it shorter than a second: pages it can see are not reused.
class ReadTxn final : public StoreView {
  public:
    ReadTxn(ReadTxn&&) noexcept;
    ReadTxn& operator=(ReadTxn&&) = delete;
    ~ReadTxn() override;
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;

  private:
    friend class Store;
    explicit ReadTxn(Environment& environment);
    Environment* environment_;
    void* txn_;
};

/// The one write transaction: sees its own writes; without commit() nothing of it stays but what was logged, which the next
/// opening of the store finds.
class WriteTxn final : public StoreView {
  public:
    WriteTxn(WriteTxn&&) noexcept;
    WriteTxn& operator=(WriteTxn&&) = delete;
    ~WriteTxn() override;
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override;
    void scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override;
    void scan_reverse(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView, ByteView)>& visit) const override;

    /// Keys have 1..511 bytes. Views returned earlier end here.
    void apply(Record record);
    void put(Table table, Bytes key, Bytes value) { apply(Put{table, std::move(key), std::move(value)}); }
    void erase(Table table, Bytes key) { apply(Erase{table, std::move(key)}); }

    [[nodiscard]] bool has_writes() const { return !applied_.empty(); }
    /// Durable: all writes so far are on the disk when it returns true, in the journal; the transaction goes on. False (too much
    /// for the journal, or a Derived store): commit instead.
    [[nodiscard]] bool log();
    /// Durable: returns when it is on the disk. The transaction is over.
    void commit();

  private:
    friend class Store;
    explicit WriteTxn(Environment& environment);
    [[nodiscard]] int try_apply(const Record& record);
    [[nodiscard]] int try_all_again();
    void grow_and_redo();
    Environment* environment_;
    void* txn_;
    /// All writes so far: when the map is full they are done again in a larger one.
    std::vector<Record> applied_;
    std::size_t logged_ = 0;  ///< of them, in the journal
};

/// A copy of a Derived store under way: of what was committed when it was begun.
class CheckpointCopy {
  public:
    virtual ~CheckpointCopy() = default;
    [[nodiscard]] virtual Height height() const = 0;
    /// Once, in a thread of its own. Nothing: the copy is complete and synced. Otherwise why not; then nothing is left of it.
    [[nodiscard]] virtual std::optional<std::string> run() = 0;
    /// Makes run() end soon, without a complete copy. Returns when the store is no longer read.
    virtual void cancel() = 0;
};

class Store {
  public:
    [[nodiscard]] static tl::expected<Store, Refusal> open(const Options& options);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) = delete;
    /// A Derived store is synced and marked clean.
    ~Store();

    [[nodiscard]] ReadTxn read();
    [[nodiscard]] WriteTxn write();
    /// Derived: syncs what was committed since, and says so in the marker. Durable: nothing to do.
    void sync();
    [[nodiscard]] bool needs_sync() const;

    [[nodiscard]] const Incarnation& incarnation() const;
    /// Derived: the content (torn by a power cut, or of an older schema) is gone; the core rebuilds by replay.
    [[nodiscard]] bool was_discarded() const;
    /// Derived: the checkpoint that it was restored from; the core replays what came after it.
    [[nodiscard]] std::optional<Height> restored_from() const;
    /// What the operator should know of the checkpoints; each is told once.
    [[nodiscard]] std::vector<std::string> take_notes();

    /// Derived, between transactions: the caller runs it elsewhere. Or why there is none: one is under way, or it would not fit.
    [[nodiscard]] tl::expected<std::shared_ptr<CheckpointCopy>, std::string> begin_checkpoint(Height height);
    /// Returns when no copy reads the store any more.
    void cancel_checkpoint();
    /// The complete ones. Ends what an earlier call returned.
    [[nodiscard]] const Checkpoints& checkpoints() const;
    /// Looks for those that were completed, and takes out those that turned out to be rotten.
    void refresh_checkpoints();
    [[nodiscard]] std::uint64_t used_bytes() const;
    [[nodiscard]] std::uint64_t map_bytes() const;

  private:
    Store(std::unique_ptr<Environment> environment, Options options);
    void apply_journal();
    std::unique_ptr<Environment> environment_;
    Options options_;
};

}  // namespace rondo::store
