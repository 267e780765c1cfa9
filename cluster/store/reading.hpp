#pragma once
#include <lmdb.h>

#include <functional>
#include <optional>

#include "cluster/runtime/core.hpp"

/// Reads of a table, whichever file it lies in.
namespace rondo::store {

/// A file's tables, and what happens when it returns other bytes than were written.
class Source {
  public:
    virtual ~Source() = default;
    [[nodiscard]] virtual MDB_dbi handle(Table table) const = 0;
    /// What is stored, without its checksum; nothing if that fails, and the source goes on without the record.
    [[nodiscard]] virtual std::optional<ByteView> value_of(Table table, ByteView key, ByteView stored) const = 0;
    /// LMDB cannot read the file. If it returns, the record is as if it were not there.
    virtual void on_unreadable(int error) const = 0;
};

using Visit = std::function<bool(ByteView, ByteView)>;

[[nodiscard]] std::optional<ByteView> read_value(const Source& source, MDB_txn* txn, Table table, ByteView key);
void scan_up(const Source& source, MDB_txn* txn, Table table, ByteView from, ByteView to, const Visit& visit);
void scan_down(const Source& source, MDB_txn* txn, Table table, ByteView from, ByteView to, const Visit& visit);

void require_key(ByteView key);
/// In the order of keys.
[[nodiscard]] bool less(ByteView a, ByteView b);

/// Closes with the scope.
class Cursor {
  public:
    Cursor(const Source& source, MDB_txn* txn, Table table);
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    ~Cursor();
    /// False: there is none.
    [[nodiscard]] bool get(MDB_val& key, MDB_val& value, MDB_cursor_op op) const;
    [[nodiscard]] MDB_cursor* raw() const { return cursor_; }

  private:
    const Source& source_;
    MDB_cursor* cursor_ = nullptr;
};

}  // namespace rondo::store
