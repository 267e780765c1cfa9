#include "cluster/store/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cluster/runtime/limits.hpp"
#include "cluster/store/checkpoint.hpp"
#include "messages/base/require.hpp"

namespace rondo::store {
namespace {

std::optional<Refusal> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return std::nullopt;
    std::filesystem::create_directories(folder, error);
    if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (!error) return std::nullopt;
    return Refusal{error.value() == ENOSPC ? exit_code_disk_full : exit_code_failed,
                   "cannot create the store's folder " + folder.string() + ": " + error.message()};
}

std::string read_pid(int file) {
    char text[32] = {};
    const ssize_t length = ::pread(file, text, sizeof text - 1, 0);
    return length > 0 ? " (process " + std::string(text, static_cast<std::size_t>(length)) + ")" : "";
}

/// The lock ends with the process, however it ends.
std::optional<Refusal> lock_folder(Environment& environment) {
    const auto path = environment.folder / "lock";
    environment.lock_descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (environment.lock_descriptor < 0)
        return Refusal{errno == ENOSPC ? exit_code_disk_full : exit_code_failed,
                       "cannot write in the store's folder " + environment.folder.string() + ": " + std::strerror(errno)};
    if (::flock(environment.lock_descriptor, LOCK_EX | LOCK_NB) != 0)
        return Refusal{exit_code_locked, "the store at " + environment.folder.string() + " is in use by another process" +
                                             read_pid(environment.lock_descriptor) + "; one actor runs once"};
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(environment.lock_descriptor, 0) != 0 ||
        ::pwrite(environment.lock_descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
        return Refusal{errno == ENOSPC ? exit_code_disk_full : exit_code_failed,
                       "cannot write " + path.string() + ": " + std::strerror(errno)};
    return std::nullopt;
}

bool is_trustworthy(Marker::State state) { return state == Marker::State::clean || state == Marker::State::dirty_this_boot; }

/// A Derived store that a power cut may have torn is removed: LMDB without sync promises nothing then. Its newest checkpoint
/// takes its place. The marker follows, so that a crash before it leads here again.
std::optional<Refusal> prepare_derived(Environment& environment, const Options& options) {
    remove_unfinished_copies(environment.folder);
    const auto exists = [&] { return std::filesystem::exists(environment.folder / "data.mdb"); };
    if (exists() && !is_trustworthy(Marker::read(environment.folder))) environment.discard();
    if (!exists())
        if (auto refusal = restore_newest_checkpoint(environment, options)) return refusal;
    environment.marker.emplace(environment.folder);
    environment.marker->set_dirty();
    return std::nullopt;
}

/// Before the environment: one without its journal has lost what was durable in it.
std::optional<Refusal> open_journal(Environment& environment) {
    const auto path = environment.folder / "journal";
    if (std::filesystem::exists(environment.folder / "data.mdb") && !std::filesystem::exists(path))
        return Refusal{exit_code_failed, "the store's journal " + path.string() +
                                             " is missing, and with it what was stored last; put it back, or remove the "
                                             "whole store: the operator then re-enters as one that lost its store"};
    const auto error = environment.journal.open(path);
    if (!error) return std::nullopt;
    return Refusal{*error == ENOSPC ? exit_code_disk_full : exit_code_failed,
                   "cannot open " + path.string() + ": " + std::strerror(*error)};
}

}  // namespace

tl::expected<Store, Refusal> Store::open(const Options& options) {
    auto environment = std::make_unique<Environment>();
    environment->folder = options.folder;
    environment->durability = options.durability;
    if (const auto no_folder = make_folder(options.folder)) return tl::unexpected(*no_folder);
    if (const auto no_lock = lock_folder(*environment)) return tl::unexpected(*no_lock);
    const auto trouble =
        options.durability == Durability::derived ? prepare_derived(*environment, options) : open_journal(*environment);
    if (trouble) return tl::unexpected(*trouble);
    auto refusal = open_environment(*environment, options);
    if (refusal && environment->older_schema && options.durability == Durability::derived) {
        environment->discard();
        refusal = open_environment(*environment, options);
    }
    if (refusal) return tl::unexpected(*refusal);
    environment->unsynced = options.durability == Durability::derived;
    if (options.durability == Durability::derived) list_checkpoints(*environment, options);
    Store store(std::move(environment), options);
    store.apply_journal();
    return store;
}

Store::Store(std::unique_ptr<Environment> environment, Options options)
    : environment_(std::move(environment)), options_(std::move(options)) {}
Store::Store(Store&&) noexcept = default;
Store::~Store() {
    if (!environment_) return;
    cancel_checkpoint();
    sync();
}

/// What was durable in the journal only is now in the environment.
void Store::apply_journal() {
    if (environment_->durability == Durability::derived) return;
    const Journal::Generation generation = environment_->stored_generation();
    auto records = environment_->journal.recover(generation);
    if (!records)
        end_process(exit_code_failed, "checksum failed in entry " + std::to_string(records.error().entry) + " of " +
                                          (environment_->folder / "journal").string() + ", which entry " +
                                          std::to_string(records.error().later_entry) +
                                          " follows; the disk returned other bytes than were written");
    environment_->journal.begin(generation);
    if (records->empty()) return;
    WriteTxn txn = write();
    for (Record& record : *records) txn.apply(std::move(record));
    txn.commit();
}

ReadTxn Store::read() { return ReadTxn(*environment_); }
WriteTxn Store::write() { return WriteTxn(*environment_); }

void Store::sync() {
    if (!environment_->unsynced) return;
    const int error = mdb_env_sync(environment_->env, 1);
    if (error != MDB_SUCCESS) environment_->fail(error, "syncing");
    environment_->marker->set_clean();
    environment_->unsynced = false;
}

bool Store::needs_sync() const { return environment_->unsynced; }
const Incarnation& Store::incarnation() const { return environment_->incarnation; }
bool Store::was_discarded() const { return environment_->discarded; }
std::optional<Height> Store::restored_from() const { return environment_->restored_from; }
std::vector<std::string> Store::take_notes() { return std::exchange(environment_->notes, {}); }

tl::expected<std::shared_ptr<CheckpointCopy>, std::string> Store::begin_checkpoint(Height height) {
    require(environment_->durability == Durability::derived && !environment_->writing, "a checkpoint is not due now");
    if (!environment_->copy.expired()) return tl::unexpected(std::string("another one is being made"));
    std::error_code error;
    const auto space = std::filesystem::space(environment_->folder, error);
    const std::uint64_t needed = used_bytes() + limits::checkpoint_free_bytes_min;
    if (error || space.available < needed)
        return tl::unexpected("it takes " + std::to_string(needed) + " free bytes, and " + std::to_string(space.available) +
                              " are left");
    auto copy = make_copy(*environment_, height);
    environment_->copy = copy;
    return copy;
}

void Store::cancel_checkpoint() {
    if (const auto copy = environment_->copy.lock()) copy->cancel();
}

const Checkpoints& Store::checkpoints() const { return environment_->checkpoints; }

void Store::refresh_checkpoints() {
    drop_rotten_checkpoints(*environment_);
    list_checkpoints(*environment_, options_);
}

std::uint64_t Store::used_bytes() const {
    MDB_envinfo info{};
    MDB_stat stat{};
    mdb_env_info(environment_->env, &info);
    mdb_env_stat(environment_->env, &stat);
    return (info.me_last_pgno + 1) * stat.ms_psize;
}

std::uint64_t Store::map_bytes() const {
    MDB_envinfo info{};
    mdb_env_info(environment_->env, &info);
    return info.me_mapsize;
}

}  // namespace rondo::store
