#pragma once
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "actors/da/frame/frame.hpp"
#include "actors/da/local/record.hpp"
#include "cluster/shell/shell_config.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::da {

/// What a test makes go wrong with one submission.
struct LocalFault {
    enum class Kind : std::uint8_t {
        none,
        refuse,      ///< answered with an error, nothing written
        torn,        ///< only `bytes` bytes of the record reach the file, then an error: as after a crash
        lost_reply,  ///< written and synced, but the answer is an error
    };
    Kind kind = Kind::none;
    std::size_t bytes = 0;
    DurationMs delay_ms = 0;  ///< before anything else, without the lock
};
using LocalFaultHook = std::function<LocalFault(const DaSubmit&)>;

/// The embedded DA layer: an append-only, checksummed file store in a folder that all nodes of a host share.
///
/// 1. A record is written by one append under an exclusive lock on `lock`, and synced before the lock is released. Readers
///    take the lock shared, so that what they list is synced.
/// 2. A submission is stored only if it continues the layer exactly. That is the fence: of two posters one loses, and
///    learns the other's posting by listing. The very submission that lies there already is answered as stored.
/// 3. An append that was cut short is recognised, passed over by readers, and cut off by the next writer. Bytes that
///    changed under whole records are damage: refused, never repaired.
///
/// Segments `segment-00000000.rls` … of about 64 MiB; a pointer is be64 segment ‖ be64 offset of the record.
/// Not thread-safe; several objects and processes may share a folder.
class LocalStore : public Backend {
  public:
    enum class Access : std::uint8_t { read_only, read_write };
    /// The folder is created by the first writer.
    explicit LocalStore(std::filesystem::path folder, Access access = Access::read_write);
    ~LocalStore() override;
    LocalStore(const LocalStore&) = delete;
    LocalStore& operator=(const LocalStore&) = delete;

    /// BackendRequest to BackendReply; a trouble of the store is a RequestError.
    [[nodiscard]] Bytes handle(ByteView request) override;

    /// Nothing lost and nothing half done on an error; what was not stored may be submitted again.
    [[nodiscard]] tl::expected<DaSubmitted, std::string> submit(const DaSubmit& submission);
    /// Postings that cover `from` and what follows, in order, at most listing_max.
    [[nodiscard]] tl::expected<std::vector<Posting>, std::string> list(Height from);
    [[nodiscard]] tl::expected<Bytes, std::string> fetch(ByteView pointer);

    void inject(LocalFaultHook hook) { fault_hook_ = std::move(hook); }
    /// Smaller segments for tests.
    void set_segment_bytes(std::uint64_t bytes) { segment_bytes_ = bytes; }

  private:
    class Lock;
    struct Scan {
        RecordState end = RecordState::end;
        std::uint64_t offset = 0;  ///< where the scan ended
    };
    [[nodiscard]] std::filesystem::path segment_path(std::uint64_t number) const;
    [[nodiscard]] tl::expected<void, std::string> refresh();
    [[nodiscard]] tl::expected<void, std::string> open_tail();
    [[nodiscard]] bool find_tail_segment();
    [[nodiscard]] Scan scan_segment(std::uint64_t number, std::uint64_t offset, bool check_blobs,
                                    const std::function<bool(const Posting&)>& visit) const;
    [[nodiscard]] tl::expected<void, std::string> cut_off_torn_tail();
    [[nodiscard]] tl::expected<void, std::string> append_record(const Posting& posting, ByteView blob, const LocalFault& fault);
    [[nodiscard]] std::optional<Posting> already_there(const DaSubmit& submission, const Digest& commitment);
    [[nodiscard]] tl::expected<std::vector<Posting>, std::string> list_old(Height from) const;
    void remember(Posting posting);
    [[nodiscard]] LayerPosition position() const { return recent_.empty() ? LayerPosition{} : after(recent_.back()); }

    std::filesystem::path folder_;
    Access access_;
    std::uint64_t segment_bytes_ = 64ULL << 20;
    LocalFaultHook fault_hook_;
    std::string failed_;  ///< a sync failed: nothing more is written by this object
    bool opened_ = false;
    std::uint64_t tail_segment_ = 0;
    std::uint64_t tail_offset_ = 0;  ///< behind the last whole record seen
    bool tail_torn_ = false;
    std::deque<Posting> recent_;  ///< the newest postings, bounded
};

}  // namespace rondo::da
