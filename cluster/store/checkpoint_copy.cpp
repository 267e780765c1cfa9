#include <atomic>
#include <condition_variable>
#include <mutex>

#include "cluster/runtime/limits.hpp"
#include "cluster/store/checkpoint.hpp"
#include "cluster/store/files.hpp"

namespace rondo::store {
namespace {

/// The file that is being written.
class Target {
  public:
    ~Target() {
        if (txn_ != nullptr) mdb_txn_abort(txn_);
        if (env_ != nullptr) mdb_env_close(env_);
    }
    // Each returns LMDB's error.
    [[nodiscard]] int open(const std::filesystem::path& path, std::size_t map_bytes) {
        int error = mdb_env_create(&env_);
        if (error == MDB_SUCCESS) error = mdb_env_set_maxdbs(env_, limits::tables_max);
        if (error == MDB_SUCCESS) error = mdb_env_set_mapsize(env_, map_bytes);
        if (error == MDB_SUCCESS) error = mdb_env_open(env_, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600);
        if (error == MDB_SUCCESS) error = mdb_txn_begin(env_, nullptr, 0, &txn_);
        return error;
    }
    [[nodiscard]] int open_table(std::string_view name) {
        return mdb_dbi_open(txn_, std::string(name).c_str(), MDB_CREATE, &handle_);
    }
    /// Keys ascend.
    [[nodiscard]] int append(MDB_val key, MDB_val value) {
        bytes_ += key.mv_size + value.mv_size;
        int error = mdb_put(txn_, handle_, &key, &value, MDB_APPEND);
        if (error != MDB_SUCCESS || bytes_ < limits::checkpoint_commit_bytes) return error;
        bytes_ = 0;
        error = commit();
        return error == MDB_SUCCESS ? mdb_txn_begin(env_, nullptr, 0, &txn_) : error;
    }
    [[nodiscard]] int commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }

  private:
    MDB_env* env_ = nullptr;
    MDB_txn* txn_ = nullptr;
    MDB_dbi handle_ = 0;
    std::size_t bytes_ = 0;  ///< in the open transaction
};

class Copy final : public CheckpointCopy {
  public:
    Copy(Environment& environment, Height height)
        : environment_(environment),
          height_(height),
          path_(environment.folder / ("checkpoint-" + std::to_string(height.value))),
          txn_(environment.begin(MDB_RDONLY)) {
        MDB_envinfo info{};
        mdb_env_info(environment.env, &info);
        map_bytes_ = info.me_mapsize;
    }
    ~Copy() override { end_reading(); }

    [[nodiscard]] Height height() const override { return height_; }

    [[nodiscard]] std::optional<std::string> run() override {
        std::error_code ignored;
        std::filesystem::remove(unfinished(path_), ignored);
        int error = cancelled_ ? ECANCELED : copy();
        end_reading();
        if (error == MDB_SUCCESS) error = seal(unfinished(path_));
        if (error == MDB_SUCCESS) error = finish(path_);
        if (error == MDB_SUCCESS) return std::nullopt;
        std::filesystem::remove(unfinished(path_), ignored);
        return mdb_strerror(error);
    }

    void cancel() override {
        cancelled_ = true;
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [&] { return txn_ == nullptr; });
    }

  private:
    [[nodiscard]] int copy() {
        Target target;
        int error = target.open(unfinished(path_), map_bytes_);
        if (error == MDB_SUCCESS) error = copy_table(target, meta_name, environment_.meta);
        for (const Table& table : environment_.tables)
            if (error == MDB_SUCCESS) error = copy_table(target, table.name, environment_.handle(table));
        return error == MDB_SUCCESS ? target.commit() : error;
    }
    [[nodiscard]] int copy_table(Target& target, std::string_view name, MDB_dbi handle) {
        int error = target.open_table(name);
        MDB_cursor* cursor = nullptr;
        if (error == MDB_SUCCESS) error = mdb_cursor_open(txn_, handle, &cursor);
        MDB_val key{}, value{};
        while (error == MDB_SUCCESS && (error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
            if (cancelled_) error = ECANCELED;
            (void)environment_.value_in(name, to_view(key), to_view(value));
            if (error == MDB_SUCCESS) error = target.append(key, value);
        }
        if (cursor != nullptr) mdb_cursor_close(cursor);
        return error == MDB_NOTFOUND ? MDB_SUCCESS : error;
    }
    void end_reading() {
        const std::lock_guard lock(mutex_);
        if (txn_ == nullptr) return;
        mdb_txn_abort(std::exchange(txn_, nullptr));
        ended_.notify_all();
    }

    const Environment& environment_;
    Height height_;
    std::filesystem::path path_;
    std::size_t map_bytes_ = 0;
    std::atomic<bool> cancelled_ = false;
    std::mutex mutex_;
    std::condition_variable ended_;
    MDB_txn* txn_;
};

}  // namespace

std::shared_ptr<CheckpointCopy> make_copy(Environment& environment, Height height) {
    return std::make_shared<Copy>(environment, height);
}

}  // namespace rondo::store
