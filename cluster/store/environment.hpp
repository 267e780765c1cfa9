#pragma once
#include <lmdb.h>
#include <sys/random.h>

#include <string>
#include <string_view>
#include <vector>

#include "cluster/store/journal.hpp"
#include "cluster/store/marker.hpp"
#include "cluster/store/reading.hpp"
#include "cluster/store/store.hpp"

/// What the parts of the store share. Only this folder includes it: LMDB ends here.
namespace rondo::store {

/// Ends the process: see the head of store.hpp.
[[noreturn]] void end_process(int exit_code, std::string_view reason);

struct Environment final : Source {
    std::filesystem::path folder;
    Durability durability = Durability::durable;
    std::vector<Table> tables;
    std::vector<MDB_dbi> handles;
    MDB_dbi meta = 0;
    MDB_env* env = nullptr;
    int lock_descriptor = -1;
    std::optional<Marker> marker;  ///< Derived only
    Journal journal;               ///< Durable only
    bool unsynced = false;
    bool discarded = false;
    bool older_schema = false;  ///< why it was refused
    bool writing = false;
    std::size_t readers = 0;  ///< beside the one of a copy
    std::weak_ptr<CheckpointCopy> copy;
    Checkpoints checkpoints;
    std::optional<Height> restored_from;
    std::vector<std::string> notes;
    Incarnation incarnation{};

    Environment() = default;
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() override;

    [[nodiscard]] MDB_dbi handle(Table table) const override;
    /// A failed checksum ends the process.
    [[nodiscard]] std::optional<ByteView> value_of(Table table, ByteView key, ByteView stored) const override;
    [[nodiscard]] ByteView value_in(std::string_view name, ByteView key, ByteView stored) const;  ///< the same
    void on_unreadable(int error) const override { fail(error, "reading"); }
    [[nodiscard]] MDB_txn* begin(unsigned flags);
    /// Removes the content of a Derived store.
    void discard();
    void grow();
    void grow_if_nearly_full();
    [[noreturn]] void fail(int error, std::string_view doing) const;
    /// The generation of the journal that the environment does not include yet.
    [[nodiscard]] Journal::Generation stored_generation();
    [[nodiscard]] int store_generation(MDB_txn* txn, const Journal::Generation& generation) const;
};

/// Random bytes from the kernel.
template <class Id>
[[nodiscard]] Id draw() {
    Id id{};
    if (::getrandom(id.bytes.data(), Id::size_bytes, 0) != Id::size_bytes)
        end_process(exit_code_failed, "the kernel gives no random bytes");
    return id;
}

/// Opens or creates the environment in a folder whose lock is held. `owner` is written into a new one and compared in an old one.
[[nodiscard]] std::optional<Refusal> open_environment(Environment& environment, const Options& options);

/// The store's own table, which must not be an actor's too.
inline constexpr std::string_view meta_name = "store.meta";
/// Why what lies in `meta` is not `options`' own, of its schema: a sentence about `where`.
[[nodiscard]] std::optional<std::string> find_foreign(MDB_txn* txn, MDB_dbi meta, const Options& options,
                                                      const std::string& where);

[[nodiscard]] inline MDB_val to_val(ByteView view) { return {view.size(), const_cast<std::uint8_t*>(view.data())}; }
[[nodiscard]] inline ByteView to_view(const MDB_val& val) { return {static_cast<const std::uint8_t*>(val.mv_data), val.mv_size}; }

/// Every value is stored as CRC-32C(table name ‖ key ‖ value) ‖ value, so that a value at a wrong place fails as well.
inline constexpr std::size_t checksum_bytes = 4;
[[nodiscard]] std::uint32_t checksum_of(std::string_view table, ByteView key, ByteView value);
/// The value, if its checksum holds.
[[nodiscard]] std::optional<ByteView> checked(std::string_view table, ByteView key, ByteView stored);

}  // namespace rondo::store
