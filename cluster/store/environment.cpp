#include "cluster/store/environment.hpp"

#include <cryptopp/crc.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::store {
namespace {

constexpr std::string_view generation_name = "journal";

MDB_val text_val(std::string_view text) { return to_val(as_bytes(text)); }

/// What stands at `key` in the store's own table; or LMDB's error, which is MDB_CORRUPTED where the checksum fails.
tl::expected<Bytes, int> get_meta(MDB_txn* txn, MDB_dbi meta, std::string_view key) {
    MDB_val k = text_val(key), v{};
    if (const int error = mdb_get(txn, meta, &k, &v); error != MDB_SUCCESS) return tl::unexpected(error);
    const auto value = checked(meta_name, as_bytes(key), to_view(v));
    if (!value) return tl::unexpected(MDB_CORRUPTED);
    return to_bytes(*value);
}

int put_meta(MDB_txn* txn, MDB_dbi meta, std::string_view key, ByteView value) {
    const std::uint32_t checksum = checksum_of(meta_name, as_bytes(key), value);
    Bytes stored(checksum_bytes);
    std::memcpy(stored.data(), &checksum, checksum_bytes);
    append(stored, value);
    MDB_val k = text_val(key), v = to_val(stored);
    return mdb_put(txn, meta, &k, &v, 0);
}

Bytes be32(std::uint32_t value) {
    Bytes out;
    append_be32(out, value);
    return out;
}

constexpr std::string_view operator_name = "operator";

/// What a new store says about itself, in the order in which an old one is compared.
struct Fact {
    std::string_view key;
    Bytes value;
    std::string mismatch;
};
std::vector<Fact> facts_of(const Options& options) {
    const std::string where = "the store at " + options.folder.string();
    return {
        {"genesis", to_bytes(options.owner.genesis.view()),
         where + " belongs to another network (another genesis); use another home folder or remove it"},
        {"actor", to_bytes(as_bytes(to_string(options.owner.actor))),
         where + " belongs to another actor; check store_folder in the configuration"},
        {operator_name, be32(options.owner.self.value),
         where + " belongs to another operator; check the operator number in the configuration"},
    };
}

std::optional<Refusal> check_schema(const Options& options, std::uint32_t found) {
    if (found == options.schema_version) return std::nullopt;
    const std::string where = "the store at " + options.folder.string() + " has schema version " + std::to_string(found);
    if (found > options.schema_version)
        return Refusal{exit_code_refused, where + ", newer than this program's " + std::to_string(options.schema_version) +
                                              "; run the newer release that wrote it"};
    return Refusal{exit_code_refused, where + " and this program, of version " + std::to_string(options.schema_version) +
                                          ", has no migration from it"};
}

/// The store's own table within one transaction. Whatever is wrong with it ends the process.
struct Meta {
    const Environment& environment;
    MDB_txn* txn;

    [[nodiscard]] Bytes get(std::string_view key) const {
        auto value = get_meta(txn, environment.meta, key);
        if (!value) environment.fail(value.error(), "reading the store's meta table");
        return *std::move(value);
    }
    void put(std::string_view key, ByteView value) const {
        const int error = put_meta(txn, environment.meta, key, value);
        if (error != MDB_SUCCESS) environment.fail(error, "writing the store's meta table");
    }
};

void write_meta(const Meta& meta, Environment& environment, const Options& options) {
    environment.incarnation = draw<Incarnation>();
    for (const Fact& fact : facts_of(options)) meta.put(fact.key, fact.value);
    meta.put("schema", be32(options.schema_version));
    meta.put("incarnation", environment.incarnation.view());
    meta.put(generation_name, draw<Journal::Generation>().view());
}

std::optional<Refusal> check_meta(const Meta& meta, Environment& environment, const Options& options) {
    const auto id = Incarnation::from(meta.get("incarnation"));
    const Bytes schema = meta.get("schema");
    if (!id || schema.size() != 4) environment.fail(MDB_CORRUPTED, "reading the store's meta table");
    environment.incarnation = *id;
    for (const Fact& fact : facts_of(options)) {
        const Bytes found = meta.get(fact.key);
        if (found == fact.value) continue;
        // Who followed the network may become an operator, and keeps what it has. Nothing else changes hands.
        if (fact.key != operator_name || found != be32(no_operator.value)) return Refusal{exit_code_refused, fact.mismatch};
        meta.put(fact.key, fact.value);
    }
    environment.older_schema = read_be32(schema) < options.schema_version;
    return check_schema(options, read_be32(schema));
}

/// Whether nothing was ever committed: all tables, and what the store says about itself, came with the first transaction.
bool is_new(const Environment& environment, MDB_txn* txn) {
    MDB_dbi names = 0;
    MDB_stat stat{};
    int error = mdb_dbi_open(txn, nullptr, 0, &names);
    if (error == MDB_SUCCESS) error = mdb_stat(txn, names, &stat);
    if (error != MDB_SUCCESS) environment.fail(error, "reading the names of the tables");
    return stat.ms_entries == 0;
}

/// In a store that is not new nothing is made anew that is not found: an empty table would stand for what was lost.
std::optional<Refusal> open_tables(Environment& environment, const Options& options) {
    MDB_txn* txn = environment.begin(0);
    const bool fresh = is_new(environment, txn);
    const auto open = [&](std::string_view name) {
        MDB_dbi handle = 0;
        const int error = mdb_dbi_open(txn, std::string(name).c_str(), fresh ? MDB_CREATE : 0, &handle);
        if (error != MDB_SUCCESS) environment.fail(error, "opening table " + std::string(name));
        return handle;
    };
    environment.meta = open(meta_name);
    const Meta meta{environment, txn};
    if (fresh) write_meta(meta, environment, options);
    if (auto refusal = check_meta(meta, environment, options)) {
        mdb_txn_abort(txn);
        return refusal;
    }
    for (const Table& table : options.tables) environment.handles.push_back(open(table.name));
    const int error = mdb_txn_commit(txn);
    if (error != MDB_SUCCESS) environment.fail(error, "creating the tables");
    return std::nullopt;
}

}  // namespace

void end_process(int exit_code, std::string_view reason) {
    std::fprintf(stderr, "store: %.*s\n", static_cast<int>(reason.size()), reason.data());
    std::fflush(stderr);
    std::_Exit(exit_code);
}

void Environment::fail(int error, std::string_view doing) const {
    const std::string reason = std::string(doing) + " in " + folder.string() + ": " + mdb_strerror(error);
    // LMDB reports a write that was cut short as EIO; on a full disk that is what happened.
    std::error_code ignored;
    const bool cut_short = error == EIO && std::filesystem::space(folder, ignored).available < limits::mib;
    if (error == ENOSPC || error == EDQUOT || cut_short)
        end_process(exit_code_disk_full, reason + "; free some space and start again");
    end_process(exit_code_failed, reason);
}

Environment::~Environment() {
    if (env != nullptr) mdb_env_close(env);
    if (lock_descriptor >= 0) ::close(lock_descriptor);
}

MDB_dbi Environment::handle(Table table) const {
    require(table.index < handles.size(), "a table that the actor did not declare");
    return handles[table.index];
}

std::optional<ByteView> Environment::value_of(Table table, ByteView key, ByteView stored) const {
    return value_in(tables[table.index].name, key, stored);
}

ByteView Environment::value_in(std::string_view name, ByteView key, ByteView stored) const {
    if (const auto value = checked(name, key, stored)) return *value;
    end_process(exit_code_failed, "checksum failed in table " + std::string(name) + " at key " + to_hex(key) + " of " +
                                      folder.string() + "; the disk returned other bytes than were written");
}

MDB_txn* Environment::begin(unsigned flags) {
    MDB_txn* txn = nullptr;
    const int error = mdb_txn_begin(env, nullptr, flags, &txn);
    if (error != MDB_SUCCESS) fail(error, "beginning a transaction");
    return txn;
}

Journal::Generation Environment::stored_generation() {
    MDB_txn* txn = begin(MDB_RDONLY);
    const auto generation = Journal::Generation::from(Meta{*this, txn}.get(generation_name));
    mdb_txn_abort(txn);
    if (!generation) fail(MDB_CORRUPTED, "reading the journal's generation");
    return *generation;
}

int Environment::store_generation(MDB_txn* txn, const Journal::Generation& generation) const {
    return put_meta(txn, meta, generation_name, generation.view());
}

void Environment::discard() {
    require(durability == Durability::derived, "only a Derived store can be rebuilt");
    if (env != nullptr) mdb_env_close(std::exchange(env, nullptr));
    handles.clear();
    std::filesystem::remove(folder / "data.mdb");
    std::filesystem::remove(folder / "lock.mdb");
    discarded = true;
}

void Environment::grow() {
    require(!writing && readers == 0, "the map grows between transactions only");
    if (const auto under_way = copy.lock()) under_way->cancel();
    MDB_envinfo info{};
    mdb_env_info(env, &info);
    const int error = mdb_env_set_mapsize(env, info.me_mapsize * 2);
    if (error != MDB_SUCCESS) fail(error, "growing the map");
}

void Environment::grow_if_nearly_full() {
    MDB_envinfo info{};
    MDB_stat stat{};
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    const std::size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    if (used > info.me_mapsize / 4 * 3 && readers == 0) grow();
}

std::optional<std::string> find_foreign(MDB_txn* txn, MDB_dbi meta, const Options& options, const std::string& where) {
    for (const Fact& fact : facts_of(options)) {
        const auto found = get_meta(txn, meta, fact.key);
        if (!found) return where + " cannot be read: " + mdb_strerror(found.error());
        if (*found == fact.value || (fact.key == operator_name && *found == be32(no_operator.value))) continue;
        return where + " is not of this network, actor and operator";
    }
    const auto schema = get_meta(txn, meta, "schema");
    if (!schema || *schema != be32(options.schema_version)) return where + " has another schema version";
    return std::nullopt;
}

std::optional<Refusal> open_environment(Environment& environment, const Options& options) {
    require(options.tables.size() < limits::tables_max, "too many tables");
    for (std::size_t i = 0; i < options.tables.size(); ++i)
        require(options.tables[i].index == i && options.tables[i].name != meta_name,
                "tables are numbered from 0 without gaps, and none has the name of the store's own");
    environment.tables = options.tables;
    const bool derived = options.durability == Durability::derived;
    // MDB_NOTLS: a transaction is an object, not a property of a thread. Read-ahead wastes the page cache on random reads.
    const unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (derived ? MDB_NOSYNC : 0U);
    int error = mdb_env_create(&environment.env);
    if (error == MDB_SUCCESS) error = mdb_env_set_maxdbs(environment.env, limits::tables_max);
    if (error == MDB_SUCCESS) error = mdb_env_set_mapsize(environment.env, options.map_bytes);
    if (error == MDB_SUCCESS) error = mdb_env_open(environment.env, options.folder.c_str(), flags, 0600);
    if (error == ENOSPC)
        return Refusal{exit_code_disk_full,
                       "no space for the store at " + options.folder.string() + "; free some and start again"};
    if (error != MDB_SUCCESS)
        return Refusal{exit_code_failed, "cannot open the store at " + options.folder.string() + ": " + mdb_strerror(error)};
    return open_tables(environment, options);
}

std::uint32_t checksum_of(std::string_view table, ByteView key, ByteView value) {
    CryptoPP::CRC32C crc;
    crc.Update(reinterpret_cast<const CryptoPP::byte*>(table.data()), table.size());
    crc.Update(key.data(), key.size());
    crc.Update(value.data(), value.size());
    std::uint32_t out = 0;
    crc.TruncatedFinal(reinterpret_cast<CryptoPP::byte*>(&out), sizeof out);
    return out;
}

std::optional<ByteView> checked(std::string_view table, ByteView key, ByteView stored) {
    if (stored.size() < checksum_bytes) return std::nullopt;
    std::uint32_t found = 0;
    std::memcpy(&found, stored.data(), checksum_bytes);
    const ByteView value = stored.subspan(checksum_bytes);
    return checksum_of(table, key, value) == found ? std::optional(value) : std::nullopt;
}

}  // namespace rondo::store
