#include "cluster/config/node_bundle.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cluster/config/file_io.hpp"
#include "cluster/config/key_file.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/require.hpp"

/// The file: magic, salt, stream header, then the sealed stream in chunks. The stream: operator and genesis, then for each file
/// its path, its length and its bytes, and an empty path at the end. A stream that was cut off has no last chunk.
namespace rondo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "rondo node bundle 1\n";
constexpr std::size_t chunk_bytes = 1 << 16;
constexpr std::size_t sealed_chunk_bytes = chunk_bytes + crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr std::size_t path_bytes_max = 255;
constexpr const char* mark_name = "handed-over";

tl::unexpected<ConfigError> trouble(const fs::path& path, const std::string& doing) {
    return tl::unexpected(ConfigError{path.string() + ": " + doing + ": " + std::strerror(errno)});
}

bool sync_path(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    return done;
}

/// Bytes in, sealed chunks out.
class Sealer {
  public:
    Sealer(std::ofstream& out, const Secret& key) : out_(out) {
        Bytes header(crypto_secretstream_xchacha20poly1305_HEADERBYTES);
        crypto_secretstream_xchacha20poly1305_init_push(&state_, header.data(), key.view().data());
        write(header);
    }
    void put(ByteView bytes) {
        while (!bytes.empty()) {
            const std::size_t taken = std::min(bytes.size(), chunk_bytes - waiting_.size());
            append(waiting_, bytes.first(taken));
            bytes = bytes.subspan(taken);
            if (waiting_.size() == chunk_bytes) push(0);
        }
    }
    void put_number(std::uint64_t number) {
        Bytes bytes;
        append_be64(bytes, number);
        put(bytes);
    }
    void finish() { push(crypto_secretstream_xchacha20poly1305_TAG_FINAL); }

  private:
    void push(unsigned char tag) {
        Bytes sealed(waiting_.size() + crypto_secretstream_xchacha20poly1305_ABYTES);
        crypto_secretstream_xchacha20poly1305_push(&state_, sealed.data(), nullptr, waiting_.data(), waiting_.size(), nullptr, 0,
                                                   tag);
        write(sealed);
        waiting_.clear();
    }
    void write(const Bytes& bytes) {
        out_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    std::ofstream& out_;
    crypto_secretstream_xchacha20poly1305_state state_{};
    Bytes waiting_;
};

/// Sealed chunks in, bytes out; nothing of a chunk before all of it proved to be what was sealed.
class Opener {
  public:
    Opener(std::ifstream& in, const Secret& key) : in_(in) {
        Bytes header(crypto_secretstream_xchacha20poly1305_HEADERBYTES);
        in_.read(reinterpret_cast<char*>(header.data()), static_cast<std::streamsize>(header.size()));
        good_ = in_.good() && crypto_secretstream_xchacha20poly1305_init_pull(&state_, header.data(), key.view().data()) == 0;
    }
    /// Exactly so many bytes; fewer, and no longer good, where the bundle is not what was sealed.
    Bytes take(std::size_t count) {
        while (good_ && !is_last_ && open_.size() - at_ < count) pull();
        good_ = good_ && open_.size() - at_ >= count;
        if (!good_) return {};
        Bytes out(open_.begin() + static_cast<std::ptrdiff_t>(at_), open_.begin() + static_cast<std::ptrdiff_t>(at_ + count));
        at_ += count;
        return out;
    }
    std::uint64_t take_number() {
        const Bytes bytes = take(8);
        return good_ ? read_be64(bytes) : 0;
    }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool is_at_end() const { return good_ && is_last_ && at_ == open_.size(); }

  private:
    void pull() {
        Bytes sealed(sealed_chunk_bytes);
        in_.read(reinterpret_cast<char*>(sealed.data()), static_cast<std::streamsize>(sealed.size()));
        const auto got = static_cast<std::size_t>(in_.gcount());
        open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(std::exchange(at_, 0)));
        good_ = got >= crypto_secretstream_xchacha20poly1305_ABYTES;
        if (!good_) return;
        Bytes plain(got - crypto_secretstream_xchacha20poly1305_ABYTES);
        unsigned char tag = 0;
        good_ =
            crypto_secretstream_xchacha20poly1305_pull(&state_, plain.data(), nullptr, &tag, sealed.data(), got, nullptr, 0) == 0;
        is_last_ = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
        append(open_, plain);
    }
    std::ifstream& in_;
    crypto_secretstream_xchacha20poly1305_state state_{};
    Bytes open_;
    std::size_t at_ = 0;
    bool good_ = false, is_last_ = false;
};

/// What belongs to processes and not to the node.
bool stays_behind(const fs::path& path) { return path.filename() == "lock" || path.filename() == "lock.mdb"; }

std::vector<fs::path> files_of(const fs::path& node_folder) {
    std::vector<fs::path> out;
    std::error_code error;
    for (const char* part : {"keys", "store"})
        for (const auto& entry : fs::recursive_directory_iterator(node_folder / part, error))
            if (entry.is_regular_file() && !stays_behind(entry.path()))
                out.push_back(entry.path().lexically_relative(node_folder));
    std::sort(out.begin(), out.end());
    return out;
}

Configured<void> put_file(Sealer& sealer, const fs::path& folder, const fs::path& relative) {
    std::ifstream in(folder / relative, std::ios::binary);
    const std::uint64_t size = fs::file_size(folder / relative);
    sealer.put_number(relative.string().size());
    sealer.put(as_bytes(relative.string()));
    sealer.put_number(size);
    Bytes buffer(chunk_bytes);
    for (std::uint64_t left = size; left > 0;) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
        if (!in.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(wanted)))
            return trouble(folder / relative, "cannot be read");
        sealer.put(ByteView(buffer).first(wanted));
        left -= wanted;
    }
    return {};
}

/// Within the folder, whatever the path says.
bool is_inside(const fs::path& relative) {
    return !relative.empty() && relative.is_relative() &&
           std::none_of(relative.begin(), relative.end(), [](const fs::path& part) { return part == ".."; });
}

Configured<void> take_file(Opener& opener, const fs::path& into, const fs::path& relative) {
    const fs::path path = into / relative;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return trouble(path, "cannot be created");
    bool written = true;
    for (std::uint64_t left = opener.take_number(); left > 0 && opener.good() && written;) {
        const Bytes bytes = opener.take(static_cast<std::size_t>(std::min<std::uint64_t>(left, chunk_bytes)));
        written = ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
        left -= bytes.size();
    }
    written = ::fsync(fd) == 0 && written;
    ::close(fd);
    if (!written) return trouble(path, "cannot be written");
    return {};
}

}  // namespace

Configured<void> mark_handed_over(const fs::path& node_folder, const std::string& sentence) {
    if (!handed_over(node_folder).empty()) return {};  // the first one stands
    const fs::path beside = node_folder / (std::string(mark_name) + ".new");
    std::error_code ignored;
    fs::remove(beside, ignored);
    if (auto made = create_private_file(beside, sentence + "\n"); !made) return made;
    if (auto placed = rename_into_place(beside, node_folder / mark_name); !placed) return placed;
    if (!sync_path(node_folder)) return trouble(node_folder, "cannot be synced");
    return {};
}

std::string handed_over(const fs::path& node_folder) {
    const fs::path path = node_folder / mark_name;
    std::error_code error;
    if (!fs::exists(path, error) && !error) return {};
    std::ifstream in(path);
    std::string sentence;
    std::getline(in, sentence);
    return sentence.empty() ? "handed over to another machine" : sentence;
}

Configured<StoreLocks> StoreLocks::take(const fs::path& node_folder) {
    StoreLocks out;
    std::error_code error;
    for (const auto& store : fs::directory_iterator(node_folder / "store", error)) {
        const fs::path path = store.path() / "lock";
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) return trouble(path, "cannot be opened");
        out.descriptors_.push_back(fd);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
            return config_error(store.path().string() + ": an actor uses it; stop the node first");
    }
    return out;
}

StoreLocks::~StoreLocks() {
    for (const int fd : descriptors_) ::close(fd);
}

Configured<void> write_bundle(const fs::path& node_folder, const BundledNode& node, const fs::path& file,
                              const std::string& passphrase, const StoreLocks&) {
    require(sodium_init() >= 0, "libsodium does not start");
    Bytes salt(crypto_pwhash_SALTBYTES);
    randombytes_buf(salt.data(), salt.size());
    const auto key = sealing_key(passphrase, salt);
    if (!key) return tl::make_unexpected(key.error());
    const fs::path part = file.string() + ".part";
    std::error_code ignored;
    fs::remove(part, ignored);
    if (auto made = create_private_file(part, ""); !made) return made;
    std::ofstream out(part, std::ios::binary);
    out << magic;
    out.write(reinterpret_cast<const char*>(salt.data()), static_cast<std::streamsize>(salt.size()));
    Sealer sealer(out, *key);
    sealer.put_number(node.number.value);
    sealer.put(node.genesis.view());
    for (const fs::path& relative : files_of(node_folder))
        if (auto put = put_file(sealer, node_folder, relative); !put) return put;
    sealer.put_number(0);
    sealer.finish();
    out.close();
    if (!out || !sync_path(part)) return trouble(part, "cannot be written");
    return rename_into_place(part, file);
}

Configured<BundledNode> open_bundle(const fs::path& file, const std::string& passphrase, const fs::path& into) {
    require(sodium_init() >= 0, "libsodium does not start");
    std::ifstream in(file, std::ios::binary);
    std::string begin(magic.size(), '\0');
    Bytes salt(crypto_pwhash_SALTBYTES);
    if (!in) return trouble(file, "cannot be read");
    in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    in.read(reinterpret_cast<char*>(salt.data()), static_cast<std::streamsize>(salt.size()));
    if (!in || begin != magic) return config_error(file.string() + ": is no bundle of a node");
    const auto key = sealing_key(passphrase, salt);
    if (!key) return tl::make_unexpected(key.error());
    Opener opener(in, *key);
    BundledNode node;
    node.number = OperatorNumber(static_cast<std::uint32_t>(opener.take_number()));
    node.genesis = Digest::from(opener.take(Digest::size_bytes)).value_or(Digest{});
    if (!opener.good()) return config_error(file.string() + ": wrong passphrase, or the bundle is damaged");
    if (auto made = make_private_folder(into); !made) return tl::make_unexpected(made.error());
    for (std::uint64_t length = 0; (length = opener.take_number()) > 0 && length <= path_bytes_max;) {
        const Bytes name = opener.take(static_cast<std::size_t>(length));
        const fs::path relative(std::string(name.begin(), name.end()));
        if (!opener.good() || !is_inside(relative)) break;
        if (auto taken = take_file(opener, into, relative); !taken) return tl::make_unexpected(taken.error());
    }
    if (!opener.is_at_end()) return config_error(file.string() + ": the bundle is damaged, or was cut off");
    return node;
}

}  // namespace rondo
