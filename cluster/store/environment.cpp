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

std::optional<Bytes> get_meta(MDB_txn* txn, MDB_dbi meta, std::string_view key) {
    MDB_val k = text_val(key), v{};
    if (mdb_get(txn, meta, &k, &v) != MDB_SUCCESS) return std::nullopt;
    return to_bytes(to_view(v));
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

void put_meta(MDB_txn* txn, MDB_dbi meta, std::string_view key, ByteView value, const Environment& environment) {
    MDB_val k = text_val(key), v = to_val(value);
    const int error = mdb_put(txn, meta, &k, &v, 0);
    if (error != MDB_SUCCESS) environment.fail(error, "writing the store's meta table");
}

std::optional<Refusal> check_or_write_meta(MDB_txn* txn, MDB_dbi meta, Environment& environment, const Options& options) {
    const auto incarnation = get_meta(txn, meta, "incarnation");
    if (!incarnation) {
        environment.incarnation = draw<Incarnation>();
        for (const Fact& fact : facts_of(options)) put_meta(txn, meta, fact.key, fact.value, environment);
        put_meta(txn, meta, "schema", be32(options.schema_version), environment);
        put_meta(txn, meta, "incarnation", environment.incarnation.view(), environment);
        put_meta(txn, meta, generation_name, draw<Journal::Generation>().view(), environment);
        return std::nullopt;
    }
    const auto id = Incarnation::from(*incarnation);
    const auto schema = get_meta(txn, meta, "schema");
    if (!id || !schema || schema->size() != 4) environment.fail(MDB_CORRUPTED, "reading the store's meta table");
    environment.incarnation = *id;
    for (const Fact& fact : facts_of(options)) {
        const auto found = get_meta(txn, meta, fact.key);
        if (found == fact.value) continue;
        // Who followed the network may become an operator, and keeps what it has. Nothing else changes hands.
        if (fact.key != operator_name || found != be32(no_operator.value)) return Refusal{exit_code_refused, fact.mismatch};
        put_meta(txn, meta, fact.key, fact.value, environment);
    }
    environment.older_schema = read_be32(*schema) < options.schema_version;
    return check_schema(options, read_be32(*schema));
}

std::optional<Refusal> open_tables(Environment& environment, const Options& options) {
    MDB_txn* txn = environment.begin(0);
    const auto open = [&](std::string_view name) {
        MDB_dbi handle = 0;
        const int error = mdb_dbi_open(txn, std::string(name).c_str(), MDB_CREATE, &handle);
        if (error != MDB_SUCCESS) environment.fail(error, "opening table " + std::string(name));
        return handle;
    };
    environment.meta = open(meta_name);
    if (auto refusal = check_or_write_meta(txn, environment.meta, environment, options)) {
        mdb_txn_abort(txn);
        return refusal;
    }
    for (const Table& table : options.tables) environment.handles.push_back(open(std::string(table.name)));
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
    const std::string_view name = tables[table.index].name;
    if (const auto value = checked(name, key, stored)) return value;
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
    const auto stored = get_meta(txn, meta, generation_name);
    mdb_txn_abort(txn);
    const auto generation = stored ? Journal::Generation::from(*stored) : std::nullopt;
    if (!generation) fail(MDB_CORRUPTED, "reading the journal's generation");
    return *generation;
}

int Environment::store_generation(MDB_txn* txn, const Journal::Generation& generation) const {
    MDB_val k = text_val(generation_name), v = to_val(generation.view());
    return mdb_put(txn, meta, &k, &v, 0);
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
        if (found == fact.value || (fact.key == operator_name && found == be32(no_operator.value))) continue;
        return where + " is not of this network, actor and operator";
    }
    if (get_meta(txn, meta, "schema") != be32(options.schema_version)) return where + " has another schema version";
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
