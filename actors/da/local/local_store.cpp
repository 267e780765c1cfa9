#include "actors/da/local/local_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <thread>

#include "actors/da/frame/limits.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::da {
namespace {

constexpr std::size_t recent_max = 4 * listing_max;
constexpr std::chrono::seconds lock_patience{3};
constexpr std::string_view backend_name = "local";

std::string system_error(std::string_view what, const std::filesystem::path& where) {
    return std::string(what) + " " + where.string() + ": " + std::strerror(errno);
}

class File {
  public:
    File(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }
    [[nodiscard]] std::uint64_t bytes() const {
        struct stat info {};
        return ::fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
    }

  private:
    int fd_;
};

bool write_exactly(int fd, std::uint64_t offset, ByteView data) {
    std::size_t done = 0;
    while (done < data.size()) {
        const ssize_t n = ::pwrite(fd, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

bool sync_folder(const std::filesystem::path& folder) {
    const File file(folder, O_RDONLY | O_DIRECTORY);
    return file.ok() && ::fsync(file.fd()) == 0;
}

Bytes pointer_of(std::uint64_t segment, std::uint64_t offset) {
    Bytes out;
    append_be64(out, segment);
    append_be64(out, offset);
    return out;
}

}  // namespace

/// flock on the folder's lock file, waited for a bounded time: a stopped process may hold it.
class LocalStore::Lock {
  public:
    Lock(const std::filesystem::path& folder, int operation, bool create)
        : file_(folder / "lock", create ? O_RDWR | O_CREAT : O_RDONLY) {
        if (!file_.ok()) {
            error_ = system_error("cannot open", folder / "lock");
            return;
        }
        const auto give_up = std::chrono::steady_clock::now() + lock_patience;
        while (::flock(file_.fd(), operation | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK && errno != EINTR)
                error_ = system_error("cannot lock", folder / "lock");
            else if (std::chrono::steady_clock::now() > give_up)
                error_ = "another process holds " + (folder / "lock").string();
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (!error_.empty()) return;
        }
    }
    [[nodiscard]] const std::string& error() const { return error_; }

  private:
    File file_;  ///< closing it releases the lock
    std::string error_;
};

LocalStore::LocalStore(std::filesystem::path folder, Access access) : folder_(std::move(folder)), access_(access) {}
LocalStore::~LocalStore() = default;

std::filesystem::path LocalStore::segment_path(std::uint64_t number) const {
    char name[32];
    std::snprintf(name, sizeof name, "segment-%08llu.rls", static_cast<unsigned long long>(number));
    return folder_ / name;
}

LocalStore::Scan LocalStore::scan_segment(std::uint64_t number, std::uint64_t offset, bool check_blobs,
                                          const std::function<bool(const Posting&)>& visit) const {
    const File file(segment_path(number), O_RDONLY);
    if (!file.ok()) return {errno == ENOENT ? RecordState::end : RecordState::failed, offset};
    const std::uint64_t bytes = file.bytes();
    if (bytes < offset) return {RecordState::damaged, offset};
    while (true) {
        FoundRecord found = read_record(file.fd(), offset, bytes, check_blobs);
        if (found.state != RecordState::complete) return {found.state, offset};
        found.posting.pointer = pointer_of(number, offset);
        offset = found.next_offset;
        if (!visit(found.posting)) return {RecordState::complete, offset};
    }
}

void LocalStore::remember(Posting posting) {
    recent_.push_back(std::move(posting));
    if (recent_.size() > recent_max) recent_.pop_front();
}

/// The last segment with a whole record, from which the position follows; true if one was found.
bool LocalStore::find_tail_segment() {
    std::uint64_t count = 0;
    while (std::filesystem::exists(segment_path(count))) ++count;
    for (std::uint64_t number = count; number-- > 0;) {
        bool any = false;
        const Scan scan = scan_segment(number, 0, false, [&](const Posting&) {
            any = true;
            return false;
        });
        tail_segment_ = number;
        if (any || scan.end == RecordState::damaged || scan.end == RecordState::failed) return true;
    }
    tail_segment_ = 0;
    return count > 0;
}

tl::expected<void, std::string> LocalStore::open_tail() {
    if (opened_) return {};
    if (!find_tail_segment() && access_ == Access::read_only && !std::filesystem::exists(folder_))
        return tl::unexpected("there is no local DA store in " + folder_.string());
    opened_ = true;
    return {};
}

/// Reads what others appended. Needs the lock, shared or exclusive.
tl::expected<void, std::string> LocalStore::refresh() {
    if (auto opened = open_tail(); !opened) return opened;
    std::string out_of_order;
    while (true) {
        const Scan scan = scan_segment(tail_segment_, tail_offset_, true, [&](const Posting& posting) {
            const bool begins_later = recent_.empty() && tail_segment_ > 0;  // then it says itself where the layer stood
            const LayerPosition at =
                begins_later ? LayerPosition{posting.first.minus_or_zero(1), posting.part, posting.parts} : position();
            if (!continues(at, posting.first, posting.last, posting.part, posting.parts)) {
                out_of_order = "a posting is out of order in " + segment_path(tail_segment_).string();
                return false;
            }
            remember(posting);
            return true;
        });
        if (!out_of_order.empty()) return tl::unexpected(out_of_order);
        tail_offset_ = scan.offset;
        tail_torn_ = scan.end == RecordState::torn;
        if (scan.end == RecordState::failed) return tl::unexpected(system_error("cannot read", segment_path(tail_segment_)));
        const bool has_next = std::filesystem::exists(segment_path(tail_segment_ + 1));
        if (scan.end == RecordState::damaged || (tail_torn_ && has_next))
            return tl::unexpected("damaged at byte " + std::to_string(tail_offset_) + " of " +
                                  segment_path(tail_segment_).string());
        if (!has_next) return {};
        ++tail_segment_;
        tail_offset_ = 0;
    }
}

tl::expected<void, std::string> LocalStore::cut_off_torn_tail() {
    if (!tail_torn_) return {};
    const File file(segment_path(tail_segment_), O_RDWR);
    if (!file.ok() || ::ftruncate(file.fd(), static_cast<off_t>(tail_offset_)) != 0 || ::fsync(file.fd()) != 0)
        return tl::unexpected(system_error("cannot cut off the torn end of", segment_path(tail_segment_)));
    tail_torn_ = false;
    return {};
}

tl::expected<void, std::string> LocalStore::append_record(const Posting& posting, ByteView blob, const LocalFault& fault) {
    const Bytes record = encode_record(posting, blob);
    const bool roll = tail_offset_ > 0 && tail_offset_ + record.size() > segment_bytes_;
    const std::uint64_t segment = roll ? tail_segment_ + 1 : tail_segment_;
    const std::uint64_t offset = roll ? 0 : tail_offset_;
    const bool is_new = offset == 0;
    const File file(segment_path(segment), O_RDWR | O_CREAT);
    if (!file.ok()) return tl::unexpected(system_error("cannot open", segment_path(segment)));
    const bool torn = fault.kind == LocalFault::Kind::torn;
    const ByteView written = torn ? ByteView(record).first(std::min(fault.bytes, record.size())) : ByteView(record);
    if (!write_exactly(file.fd(), offset, written)) {
        std::string error = system_error("cannot write to", segment_path(segment));
        // Best effort: if this fails too, the next writer cuts the torn end off.
        if (::ftruncate(file.fd(), static_cast<off_t>(offset)) != 0) error += " (and cannot cut it off)";
        return tl::unexpected(error);
    }
    if (torn) return tl::unexpected(std::string("the write was torn"));
    if (::fsync(file.fd()) != 0 || (is_new && !sync_folder(folder_))) {
        // What a failed sync left behind is unknown, and asking again would be told that all is well.
        failed_ = system_error("cannot sync", segment_path(segment));
        if (::ftruncate(file.fd(), static_cast<off_t>(offset)) != 0) failed_ += " (and cannot cut it off)";
        return tl::unexpected(failed_);
    }
    tail_segment_ = segment;
    tail_offset_ = offset + record.size();
    Posting stored = posting;
    stored.pointer = pointer_of(segment, offset);
    remember(std::move(stored));
    return {};
}

std::optional<Posting> LocalStore::already_there(const DaSubmit& submission, const Digest& commitment) {
    const auto postings = list_old(submission.first);
    if (!postings) return std::nullopt;
    for (const Posting& p : *postings)
        if (p.first == submission.first && p.last == submission.last && p.part == submission.part &&
            p.parts == submission.parts && p.poster == submission.poster && p.commitment == commitment)
            return p;
    return std::nullopt;
}

tl::expected<DaSubmitted, std::string> LocalStore::submit(const DaSubmit& submission) {
    if (access_ == Access::read_only) return tl::unexpected(std::string("opened for reading only"));
    if (!failed_.empty()) return tl::unexpected(failed_);
    if (submission.blob.size() > blob_bytes_max) return DaSubmitted{false, {}, "the blob is too large"};
    const LocalFault fault = fault_hook_ ? fault_hook_(submission) : LocalFault{};
    if (fault.delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(fault.delay_ms));
    if (fault.kind == LocalFault::Kind::refuse) return tl::unexpected(std::string("refused by the test"));

    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) return tl::unexpected("cannot create " + folder_.string() + ": " + error.message());
    const Lock lock(folder_, LOCK_EX, true);
    if (!lock.error().empty()) return tl::unexpected(lock.error());
    if (auto fresh = refresh(); !fresh) return tl::unexpected(fresh.error());

    const Digest commitment = crypto::blake2b(submission.blob);
    if (!continues(position(), submission.first, submission.last, submission.part, submission.parts)) {
        if (const auto same = already_there(submission, commitment)) return DaSubmitted{true, same->pointer, {}};
        return DaSubmitted{false,
                           {},
                           "the layer goes on at block " + std::to_string(position().complete.value + 1) + ", part " +
                               std::to_string(position().next_part)};
    }
    if (auto cut = cut_off_torn_tail(); !cut) return tl::unexpected(cut.error());
    Posting posting{
        submission.first, submission.last,        submission.poster, PostingStage::confirmed, std::string(backend_name), {},
        commitment,       submission.blob.size(), submission.part,   submission.parts};
    if (auto appended = append_record(posting, submission.blob, fault); !appended) return tl::unexpected(appended.error());
    if (fault.kind == LocalFault::Kind::lost_reply) return tl::unexpected(std::string("the reply was lost"));
    return DaSubmitted{true, recent_.back().pointer, {}};
}

/// Needs the lock and a fresh tail. Goes back segment by segment while the newest postings kept do not reach `from`.
tl::expected<std::vector<Posting>, std::string> LocalStore::list_old(Height from) const {
    std::vector<Posting> out;
    const auto take = [&](const Posting& p) {
        if (p.last >= from) out.push_back(p);
        return out.size() < listing_max;
    };
    if (recent_.empty()) return out;
    if (recent_.front().first <= from) {
        for (const Posting& p : recent_)
            if (!take(p)) break;
        return out;
    }
    std::uint64_t number = tail_segment_;
    const auto begins_above = [&](std::uint64_t n) {
        bool above = true;
        (void)scan_segment(n, 0, false, [&](const Posting& p) {
            above = p.first > from;
            return false;
        });
        return above;
    };
    while (number > 0 && begins_above(number)) --number;
    for (; number <= tail_segment_ && out.size() < listing_max; ++number) {
        const Scan scan = scan_segment(number, 0, false, take);
        if (scan.end == RecordState::damaged || scan.end == RecordState::failed)
            return tl::unexpected("cannot read " + segment_path(number).string() + " at byte " + std::to_string(scan.offset));
    }
    return out;
}

tl::expected<std::vector<Posting>, std::string> LocalStore::list(Height from) {
    // Before the first posting there is nothing to lock and nothing to list.
    if (!std::filesystem::exists(folder_ / "lock")) {
        if (access_ == Access::read_only) return tl::unexpected("there is no local DA store in " + folder_.string());
        return std::vector<Posting>{};
    }
    const Lock lock(folder_, LOCK_SH, false);
    if (!lock.error().empty()) return tl::unexpected(lock.error());
    if (auto fresh = refresh(); !fresh) return tl::unexpected(fresh.error());
    return list_old(from);
}

tl::expected<Bytes, std::string> LocalStore::fetch(ByteView pointer) {
    if (pointer.size() != 16) return tl::unexpected(std::string("not a pointer of the local store"));
    const std::uint64_t segment = read_be64(pointer.first(8));
    const std::uint64_t offset = read_be64(pointer.subspan(8, 8));
    const File file(segment_path(segment), O_RDONLY);
    if (!file.ok()) return tl::unexpected(system_error("cannot open", segment_path(segment)));
    const std::uint64_t bytes = file.bytes();
    if (offset >= bytes) return tl::unexpected(std::string("the pointer lies beyond its segment"));
    const FoundRecord found = read_record(file.fd(), offset, bytes, true);
    if (found.state != RecordState::complete)
        return tl::unexpected("damaged at byte " + std::to_string(offset) + " of " + segment_path(segment).string());
    auto blob = read_exactly(file.fd(), found.blob_offset, static_cast<std::size_t>(found.posting.bytes));
    if (!blob) return tl::unexpected(system_error("cannot read", segment_path(segment)));
    return std::move(*blob);
}

Bytes LocalStore::handle(ByteView request) {
    const auto reply = [&]() -> BackendReply {
        const auto decoded = decode<BackendRequest>(request);
        if (!decoded) return RequestError{"the request does not decode"};
        if (const auto* submission = std::get_if<DaSubmit>(&*decoded)) {
            auto submitted = submit(*submission);
            if (!submitted) return RequestError{submitted.error()};
            return std::move(*submitted);
        }
        auto listed = list(std::get<DaListing>(*decoded).from);
        if (!listed) return RequestError{listed.error()};
        return DaListed{std::move(*listed)};
    }();
    return encode(reply);
}

}  // namespace rondo::da
