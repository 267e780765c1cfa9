#include "cluster/store/checkpoint.hpp"

#include <algorithm>
#include <charconv>

#include "cluster/runtime/limits.hpp"
#include "cluster/store/files.hpp"

namespace rondo::store {
namespace {

constexpr std::string_view name_prefix = "checkpoint-";

std::filesystem::path path_of(const std::filesystem::path& folder, Height height) {
    return folder / (std::string(name_prefix) + std::to_string(height.value));
}

/// The height, if the name is that of a complete copy.
std::optional<Height> height_in(const std::string& name) {
    if (!name.starts_with(name_prefix)) return std::nullopt;
    std::uint64_t height = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + name_prefix.size(), end, height);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return Height(height);
}

/// Ascending.
std::vector<Height> heights_in(const std::filesystem::path& folder) {
    std::vector<Height> out;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
        if (const auto height = height_in(entry.path().filename().string())) out.push_back(*height);
    std::ranges::sort(out);
    return out;
}

/// A complete copy, read in place. Nobody ever writes it.
class CheckpointFile final : public Checkpoint, private Source {
  public:
    /// Or why it cannot be used.
    [[nodiscard]] static tl::expected<std::shared_ptr<const CheckpointFile>, std::string> open(const Options& options,
                                                                                               Height height) {
        auto file = std::make_shared<CheckpointFile>(options.tables, height);
        const auto path = path_of(options.folder, height);
        const std::string where = "the checkpoint " + path.string();
        if (const int error = file->open_file(path, options)) return tl::unexpected(where + ": " + mdb_strerror(error));
        if (auto foreign = find_foreign(file->txn_, file->meta_, options, where)) return tl::unexpected(std::move(*foreign));
        return file;
    }
    CheckpointFile(std::vector<Table> tables, Height height) : tables_(std::move(tables)), height_(height) {}
    CheckpointFile(const CheckpointFile&) = delete;
    CheckpointFile& operator=(const CheckpointFile&) = delete;
    ~CheckpointFile() override {
        if (txn_ != nullptr) mdb_txn_abort(txn_);
        if (env_ != nullptr) mdb_env_close(env_);
    }

    [[nodiscard]] Height height() const override { return height_; }
    [[nodiscard]] bool is_sound() const override { return sound_; }
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override {
        return read_value(*this, txn_, table, key);
    }
    void scan(Table table, ByteView from, ByteView to, const Visit& visit) const override {
        scan_up(*this, txn_, table, from, to, visit);
    }
    void scan_reverse(Table table, ByteView from, ByteView to, const Visit& visit) const override {
        scan_down(*this, txn_, table, from, to, visit);
    }

  private:
    [[nodiscard]] int open_file(const std::filesystem::path& path, const Options& options) {
        int error = mdb_env_create(&env_);
        if (error == MDB_SUCCESS) error = mdb_env_set_maxdbs(env_, limits::tables_max);
        if (error == MDB_SUCCESS) error = mdb_env_set_mapsize(env_, options.map_bytes);
        const unsigned flags = MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD;
        if (error == MDB_SUCCESS) error = mdb_env_open(env_, path.c_str(), flags, 0600);
        if (error == MDB_SUCCESS) error = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn_);
        if (error == MDB_SUCCESS) error = open_table(meta_name, meta_);
        handles_.resize(tables_.size());
        for (std::size_t i = 0; i < tables_.size() && error == MDB_SUCCESS; ++i) error = open_table(tables_[i].name, handles_[i]);
        return error;
    }
    [[nodiscard]] int open_table(std::string_view name, MDB_dbi& handle) const {
        return mdb_dbi_open(txn_, std::string(name).c_str(), 0, &handle);
    }
    [[nodiscard]] MDB_dbi handle(Table table) const override { return handles_.at(table.index); }
    [[nodiscard]] std::optional<ByteView> value_of(Table table, ByteView key, ByteView stored) const override {
        const auto value = checked(tables_[table.index].name, key, stored);
        sound_ = sound_ && value.has_value();
        return value;
    }
    void on_unreadable(int) const override { sound_ = false; }

    std::vector<Table> tables_;
    Height height_;
    MDB_env* env_ = nullptr;
    MDB_txn* txn_ = nullptr;
    MDB_dbi meta_ = 0;
    std::vector<MDB_dbi> handles_;
    mutable bool sound_ = true;
};

void remove_checkpoint(Environment& environment, Height height, const std::string& why) {
    std::error_code ignored;
    std::filesystem::remove(path_of(environment.folder, height), ignored);
    environment.notes.push_back(why + "; it is removed");
}

std::string rotten(const std::filesystem::path& path) {
    return "the checkpoint " + path.string() + " holds other bytes than were written";
}

}  // namespace

void remove_unfinished_copies(const std::filesystem::path& folder) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
        if (entry.path().extension() == unfinished_suffix) std::filesystem::remove(entry.path(), ignored);
}

void list_checkpoints(Environment& environment, const Options& options) {
    Checkpoints kept;
    const std::vector<Height> heights = heights_in(environment.folder);
    for (const Height height : heights) {
        const auto same = std::ranges::find(environment.checkpoints, height, [](const auto& c) { return c->height(); });
        if (same != environment.checkpoints.end()) {
            kept.push_back(*same);
            continue;
        }
        auto file = CheckpointFile::open(options, height);
        if (file)
            kept.push_back(std::move(*file));
        else
            remove_checkpoint(environment, height, file.error());
    }
    const std::size_t superfluous = kept.size() - std::min(kept.size(), limits::checkpoints_kept);
    std::error_code ignored;
    for (std::size_t i = 0; i < superfluous; ++i)
        std::filesystem::remove(path_of(environment.folder, kept[i]->height()), ignored);
    kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(superfluous));
    environment.checkpoints = std::move(kept);
}

void drop_rotten_checkpoints(Environment& environment) {
    for (const auto& checkpoint : environment.checkpoints)
        if (!checkpoint->is_sound())
            remove_checkpoint(environment, checkpoint->height(), rotten(path_of(environment.folder, checkpoint->height())));
    std::erase_if(environment.checkpoints, [](const auto& checkpoint) { return !checkpoint->is_sound(); });
}

std::optional<Refusal> restore_newest_checkpoint(Environment& environment, const Options& options) {
    std::vector<Height> heights = heights_in(environment.folder);
    while (!heights.empty()) {
        const Height height = heights.back();
        heights.pop_back();
        const auto path = path_of(environment.folder, height);
        if (!is_sealed(path)) {
            remove_checkpoint(environment, height, rotten(path));
            continue;
        }
        if (const auto file = CheckpointFile::open(options, height); !file) {
            remove_checkpoint(environment, height, file.error());
            continue;
        }
        if (const int error = copy_sealed(path, environment.folder / "data.mdb"))
            return Refusal{error == ENOSPC ? exit_code_disk_full : exit_code_failed,
                           "cannot restore the store from " + path.string() + ": " + std::strerror(error)};
        environment.restored_from = height;
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace rondo::store
