#include <cstring>

#include "cluster/store/environment.hpp"
#include "messages/base/require.hpp"

namespace rondo::store {
namespace {

MDB_txn* as_txn(void* txn) { return static_cast<MDB_txn*>(txn); }

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
        if (const int error = mdb_cursor_del(cursor.raw(), 0); error != MDB_SUCCESS) return error;
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
    return read_value(*environment_, as_txn(txn_), table, key);
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
    return read_value(*environment_, as_txn(txn_), table, key);
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
