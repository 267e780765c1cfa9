#include "cluster/store/reading.hpp"

#include <cstring>

#include "cluster/runtime/limits.hpp"
#include "cluster/store/environment.hpp"
#include "messages/base/require.hpp"

namespace rondo::store {

void require_key(ByteView key) {
    require(!key.empty() && key.size() <= limits::key_bytes_max, "a key of the store has 1 to 511 bytes");
}

bool less(ByteView a, ByteView b) {
    const std::size_t common = std::min(a.size(), b.size());
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);  // an empty view may point nowhere
    return order < 0 || (order == 0 && a.size() < b.size());
}

Cursor::Cursor(const Source& source, MDB_txn* txn, Table table) : source_(source) {
    const int error = mdb_cursor_open(txn, source.handle(table), &cursor_);
    if (error == MDB_SUCCESS) return;
    cursor_ = nullptr;
    source.on_unreadable(error);
}

Cursor::~Cursor() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

bool Cursor::get(MDB_val& key, MDB_val& value, MDB_cursor_op op) const {
    if (cursor_ == nullptr) return false;
    const int error = mdb_cursor_get(cursor_, &key, &value, op);
    if (error != MDB_SUCCESS && error != MDB_NOTFOUND) source_.on_unreadable(error);
    return error == MDB_SUCCESS;
}

std::optional<ByteView> read_value(const Source& source, MDB_txn* txn, Table table, ByteView key) {
    require_key(key);
    MDB_val k = to_val(key), v{};
    const int error = mdb_get(txn, source.handle(table), &k, &v);
    if (error == MDB_SUCCESS) return source.value_of(table, key, to_view(v));
    if (error != MDB_NOTFOUND) source.on_unreadable(error);
    return std::nullopt;
}

void scan_up(const Source& source, MDB_txn* txn, Table table, ByteView from, ByteView to, const Visit& visit) {
    const Cursor cursor(source, txn, table);
    MDB_val key = to_val(from), stored{};
    bool found = cursor.get(key, stored, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (found && (to.empty() || less(to_view(key), to))) {
        const auto value = source.value_of(table, to_view(key), to_view(stored));
        if (!value || !visit(to_view(key), *value)) return;
        found = cursor.get(key, stored, MDB_NEXT);
    }
}

void scan_down(const Source& source, MDB_txn* txn, Table table, ByteView from, ByteView to, const Visit& visit) {
    const Cursor cursor(source, txn, table);
    MDB_val key = to_val(to), stored{};
    const bool above = !to.empty() && cursor.get(key, stored, MDB_SET_RANGE);
    bool found = cursor.get(key, stored, above ? MDB_PREV : MDB_LAST);
    while (found && !less(to_view(key), from)) {
        const auto value = source.value_of(table, to_view(key), to_view(stored));
        if (!value || !visit(to_view(key), *value)) return;
        found = cursor.get(key, stored, MDB_PREV);
    }
}

}  // namespace rondo::store
