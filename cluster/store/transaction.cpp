#include <cstring>

#include "cluster/runtime/limits.hpp"
#include "cluster/store/environment.hpp"
#include "messages/base/require.hpp"

namespace rondo::store {
namespace {

using Visit = std::function<bool(ByteView, ByteView)>;

MDB_txn* as_txn(void* txn) { return static_cast<MDB_txn*>(txn); }

void require_key(ByteView key) {
    require(!key.empty() && key.size() <= limits::key_bytes_max, "a key of the store has 1 to 511 bytes");
}

bool less(ByteView a, ByteView b) {
    const std::size_t common = std::min(a.size(), b.size());
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);  // an empty view may point nowhere
    return order < 0 || (order == 0 && a.size() < b.size());
}

/// Closes with the scope.
struct Cursor {
    MDB_cursor* cursor = nullptr;
    const Environment& environment;
    Cursor(const Environment& e, MDB_txn* txn, Table table) : environment(e) {
        const int error = mdb_cursor_open(txn, e.handle(table), &cursor);
        if (error != MDB_SUCCESS) e.fail(error, "opening a cursor");
    }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    ~Cursor() { mdb_cursor_close(cursor); }
    [[nodiscard]] bool get(MDB_val& key, MDB_val& value, MDB_cursor_op op) const {
        const int error = mdb_cursor_get(cursor, &key, &value, op);
        if (error == MDB_NOTFOUND) return false;
        if (error != MDB_SUCCESS) environment.fail(error, "reading");
        return true;
    }
};

std::optional<ByteView> get_value(const Environment& environment, MDB_txn* txn, Table table, ByteView key) {
    require_key(key);
    MDB_val k = to_val(key), v{};
    const int error = mdb_get(txn, environment.handle(table), &k, &v);
    if (error == MDB_NOTFOUND) return std::nullopt;
    if (error != MDB_SUCCESS) environment.fail(error, "reading");
    return checked(environment, table, key, to_view(v));
}

void scan_up(const Environment& environment, MDB_txn* txn, Table table, ByteView from, ByteView to, const Visit& visit) {
    const Cursor cursor(environment, txn, table);
    MDB_val key = to_val(from), value{};
    bool found = cursor.get(key, value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (found && (to.empty() || less(to_view(key), to))) {
        if (!visit(to_view(key), checked(environment, table, to_view(key), to_view(value)))) return;
        found = cursor.get(key, value, MDB_NEXT);
    }
}

void scan_down(const Environment& environment, MDB_txn* txn, Table table, ByteView from, ByteView to, const Visit& visit) {
    const Cursor cursor(environment, txn, table);
    MDB_val key = to_val(to), value{};
    const bool above = !to.empty() && cursor.get(key, value, MDB_SET_RANGE);
    bool found = cursor.get(key, value, above ? MDB_PREV : MDB_LAST);
    while (found && !less(to_view(key), from)) {
        if (!visit(to_view(key), checked(environment, table, to_view(key), to_view(value)))) return;
        found = cursor.get(key, value, MDB_PREV);
    }
}

int try_put(const Environment& environment, MDB_txn* txn, const Put& put) {
    require_key(put.key);
    MDB_val key = to_val(put.key);
    MDB_val room{checksum_bytes + put.value.size(), nullptr};
    const int error = mdb_put(txn, environment.handle(put.table), &key, &room, MDB_RESERVE);
    if (error != MDB_SUCCESS) return error;
    const std::uint32_t checksum = checksum_of(environment.tables[put.table.index].name, put.key, put.value);
    auto* out = static_cast<std::uint8_t*>(room.mv_data);
    std::memcpy(out, &checksum, checksum_bytes);
    if (!put.value.empty()) std::memcpy(out + checksum_bytes, put.value.data(), put.value.size());
    return MDB_SUCCESS;
}

int try_erase(const Environment& environment, MDB_txn* txn, const Erase& erase) {
    require_key(erase.key);
    MDB_val key = to_val(erase.key);
    const int error = mdb_del(txn, environment.handle(erase.table), &key, nullptr);
    return error == MDB_NOTFOUND ? MDB_SUCCESS : error;
}

int try_erase_range(const Environment& environment, MDB_txn* txn, const EraseRange& range) {
    const Cursor cursor(environment, txn, range.table);
    MDB_val key = to_val(range.from), value{};
    bool found = cursor.get(key, value, range.from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (found && (range.to.empty() || less(to_view(key), range.to))) {
        if (const int error = mdb_cursor_del(cursor.cursor, 0); error != MDB_SUCCESS) return error;
        found = cursor.get(key, value, MDB_NEXT);  // after a deletion the cursor stands before the next entry
    }
    return MDB_SUCCESS;
}

/// The transaction is over, however it ends.
int try_commit(const Environment& environment, MDB_txn* txn, const Journal::Generation& next) {
    const bool durable = environment.durability == Durability::durable;
    if (const int error = durable ? environment.store_generation(txn, next) : MDB_SUCCESS; error != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn);
}

}  // namespace

ReadTxn::ReadTxn(Environment& environment) : environment_(&environment), txn_(environment.begin(MDB_RDONLY)) {
    ++environment.readers;
}
ReadTxn::ReadTxn(ReadTxn&& other) noexcept : environment_(other.environment_), txn_(std::exchange(other.txn_, nullptr)) {}
ReadTxn::~ReadTxn() {
    if (txn_ == nullptr) return;
    mdb_txn_abort(as_txn(txn_));
    --environment_->readers;
}
std::optional<ByteView> ReadTxn::get(Table table, ByteView key) const {
    return get_value(*environment_, as_txn(txn_), table, key);
}
void ReadTxn::scan(Table table, ByteView from, ByteView to, const Visit& visit) const {
    scan_up(*environment_, as_txn(txn_), table, from, to, visit);
}
void ReadTxn::scan_reverse(Table table, ByteView from, ByteView to, const Visit& visit) const {
    scan_down(*environment_, as_txn(txn_), table, from, to, visit);
}

WriteTxn::WriteTxn(Environment& environment) : environment_(&environment), txn_(nullptr) {
    require(!environment.writing, "one write transaction at a time");
    environment.grow_if_nearly_full();
    txn_ = environment.begin(0);
    environment.writing = true;
}
WriteTxn::WriteTxn(WriteTxn&& other) noexcept
    : environment_(other.environment_),
      txn_(std::exchange(other.txn_, nullptr)),
      applied_(std::move(other.applied_)),
      logged_(other.logged_) {}
WriteTxn::~WriteTxn() {
    if (txn_ == nullptr) return;
    mdb_txn_abort(as_txn(txn_));
    environment_->writing = false;
}
std::optional<ByteView> WriteTxn::get(Table table, ByteView key) const {
    return get_value(*environment_, as_txn(txn_), table, key);
}
void WriteTxn::scan(Table table, ByteView from, ByteView to, const Visit& visit) const {
    scan_up(*environment_, as_txn(txn_), table, from, to, visit);
}
void WriteTxn::scan_reverse(Table table, ByteView from, ByteView to, const Visit& visit) const {
    scan_down(*environment_, as_txn(txn_), table, from, to, visit);
}

int WriteTxn::try_apply(const Record& record) {
    if (const auto* put = std::get_if<Put>(&record)) return try_put(*environment_, as_txn(txn_), *put);
    if (const auto* erase = std::get_if<Erase>(&record)) return try_erase(*environment_, as_txn(txn_), *erase);
    return try_erase_range(*environment_, as_txn(txn_), std::get<EraseRange>(record));
}

int WriteTxn::try_all_again() {
    for (const Record& record : applied_)
        if (const int error = try_apply(record); error != MDB_SUCCESS) return error;
    return MDB_SUCCESS;
}

void WriteTxn::grow_and_redo() {
    int error = MDB_MAP_FULL;
    while (error == MDB_MAP_FULL) {
        if (txn_ != nullptr) mdb_txn_abort(as_txn(txn_));
        environment_->writing = false;
        environment_->grow();
        txn_ = environment_->begin(0);
        environment_->writing = true;
        error = try_all_again();
    }
    if (error != MDB_SUCCESS) environment_->fail(error, "writing");
}

void WriteTxn::apply(Record record) {
    require(txn_ != nullptr, "the transaction is over");
    const int error = try_apply(record);
    applied_.push_back(std::move(record));
    if (error == MDB_MAP_FULL) return grow_and_redo();
    if (error != MDB_SUCCESS) environment_->fail(error, "writing");
}

bool WriteTxn::log() {
    require(txn_ != nullptr, "the transaction is over");
    if (environment_->durability == Durability::derived) return false;
    const auto fresh = std::span<const Record>(applied_).subspan(logged_);
    if (fresh.empty()) return true;
    if (!environment_->journal.has_room_for(fresh)) return false;
    if (const int error = environment_->journal.append(fresh)) environment_->fail(error, "writing the journal");
    logged_ = applied_.size();
    return true;
}

void WriteTxn::commit() {
    require(txn_ != nullptr, "the transaction is over");
    if (environment_->marker) environment_->marker->set_dirty();
    const auto next = draw<Journal::Generation>();
    int error = try_commit(*environment_, as_txn(std::exchange(txn_, nullptr)), next);
    while (error == MDB_MAP_FULL) {
        grow_and_redo();  // the free list itself did not fit
        error = try_commit(*environment_, as_txn(std::exchange(txn_, nullptr)), next);
    }
    environment_->writing = false;
    if (error != MDB_SUCCESS) environment_->fail(error, "committing");
    environment_->unsynced = environment_->durability == Durability::derived;
    if (environment_->durability == Durability::durable) environment_->journal.begin(next);
    applied_.clear();
    logged_ = 0;
}

}  // namespace rondo::store
