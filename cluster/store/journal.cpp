#include "cluster/store/journal.hpp"

#include <cryptopp/crc.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

/// An entry: crc (4) ‖ length of what follows (4) ‖ generation (16) ‖ number in the generation (8) ‖ records. The crc is over all
/// that follows it. A record: kind (1) ‖ table (1) ‖ two byte strings, each with its length (4): key and value, key and nothing,
/// from and to.
namespace rondo::store {
namespace {

constexpr std::size_t sector = 4096;
constexpr std::size_t crc_bytes = 4, prefix_bytes = 8, number_at = 24, head_bytes = 32;
enum class RecordKind : std::uint8_t { put = 0, erase = 1, erase_range = 2 };
static_assert(limits::journal_entry_bytes_max < limits::journal_bytes_max && limits::journal_entry_bytes_max % sector == 0);

std::uint32_t crc_of(ByteView bytes) {
    CryptoPP::CRC32C crc;
    crc.Update(bytes.data(), bytes.size());
    std::uint32_t out = 0;
    crc.TruncatedFinal(reinterpret_cast<CryptoPP::byte*>(&out), sizeof out);
    return out;
}

struct Parts {
    RecordKind kind;
    Table table;
    ByteView first, second;
};
Parts parts_of(const Record& record) {
    if (const auto* put = std::get_if<Put>(&record)) return {RecordKind::put, put->table, put->key, put->value};
    if (const auto* erase = std::get_if<Erase>(&record)) return {RecordKind::erase, erase->table, erase->key, {}};
    const auto& range = std::get<EraseRange>(record);
    return {RecordKind::erase_range, range.table, range.from, range.to};
}

std::size_t size_of(std::span<const Record> records) {
    std::size_t size = head_bytes;
    for (const Record& record : records) {
        const Parts parts = parts_of(record);
        size += 2 + 4 + parts.first.size() + 4 + parts.second.size();
    }
    return size;
}
std::size_t rounded_up(std::size_t size) { return (size + sector - 1) / sector * sector; }

Bytes encode_entry(const Journal::Generation& generation, std::uint64_t number, std::span<const Record> records) {
    const std::size_t size = size_of(records);
    Bytes out;
    out.reserve(size);
    append_be32(out, 0);
    append_be32(out, static_cast<std::uint32_t>(size - prefix_bytes));
    append(out, generation.view());
    append_be64(out, number);
    for (const Record& record : records) {
        const Parts parts = parts_of(record);
        out.push_back(static_cast<std::uint8_t>(parts.kind));
        out.push_back(parts.table.index);
        for (const ByteView string : {parts.first, parts.second}) {
            append_be32(out, static_cast<std::uint32_t>(string.size()));
            append(out, string);
        }
    }
    Bytes crc;
    append_be32(crc, crc_of(ByteView(out).subspan(crc_bytes)));
    std::copy(crc.begin(), crc.end(), out.begin());
    return out;
}

/// Takes what a whole entry holds; a record that ends early is our own fault, its crc was right.
Bytes take(ByteView& rest, std::size_t count) {
    require(rest.size() >= count, "a record of the journal ends early");
    Bytes out = to_bytes(rest.first(count));
    rest = rest.subspan(count);
    return out;
}
void decode_records(ByteView rest, std::vector<Record>& out) {
    while (!rest.empty()) {
        const Bytes kind_and_table = take(rest, 2);
        const Table table{kind_and_table[1], ""};
        const std::size_t first_bytes = read_be32(take(rest, 4));
        Bytes first = take(rest, first_bytes);
        const std::size_t second_bytes = read_be32(take(rest, 4));
        Bytes second = take(rest, second_bytes);
        switch (static_cast<RecordKind>(kind_and_table[0])) {
            case RecordKind::put:
                out.push_back(Put{table, std::move(first), std::move(second)});
                break;
            case RecordKind::erase:
                out.push_back(Erase{table, std::move(first)});
                break;
            case RecordKind::erase_range:
                out.push_back(EraseRange{table, std::move(first), std::move(second)});
                break;
        }
    }
}

/// A new file is there after a power cut only if its folder is synced.
std::optional<int> sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    const int error = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return error == 0 ? std::nullopt : std::optional(error);
}

}  // namespace

Journal::~Journal() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<int> Journal::open(const std::filesystem::path& file) {
    constexpr int flags = O_CREAT | O_RDWR | O_CLOEXEC | O_DSYNC;
    descriptor_ = ::open(file.c_str(), flags | O_DIRECT, 0600);
    if (descriptor_ < 0 && errno == EINVAL) descriptor_ = ::open(file.c_str(), flags, 0600);
    if (descriptor_ < 0) return errno;
    struct stat found {};
    if (::fstat(descriptor_, &found) != 0) return errno;
    zeroed_ = static_cast<std::size_t>(found.st_size) / sector * sector;
    buffer_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(sector, limits::journal_entry_bytes_max)));
    require(buffer_ != nullptr, "no memory for the journal");
    return zeroed_ > 0 ? std::nullopt : sync_folder(file.parent_path());
}

std::optional<Bytes> Journal::read(std::size_t at, std::size_t size) const {
    const std::size_t whole = rounded_up(size);
    if (::pread(descriptor_, buffer_.get(), whole, static_cast<off_t>(at)) != static_cast<ssize_t>(whole)) return std::nullopt;
    return Bytes(buffer_.get(), buffer_.get() + size);
}

/// The entry that begins there, if it is whole and of the generation.
std::optional<Bytes> Journal::read_entry(std::size_t at, const Generation& generation) const {
    const auto head = read(at, head_bytes);
    if (!head || !std::ranges::equal(ByteView(*head).subspan(prefix_bytes, Generation::size_bytes), generation.view()))
        return std::nullopt;
    const std::size_t size = prefix_bytes + read_be32(ByteView(*head).subspan(crc_bytes, 4));
    if (size < head_bytes || size > limits::journal_entry_bytes_max) return std::nullopt;
    auto entry = read(at, size);
    if (!entry || crc_of(ByteView(*entry).subspan(crc_bytes)) != read_be32(ByteView(*entry).first(crc_bytes)))
        return std::nullopt;
    return entry;
}

std::optional<std::uint64_t> Journal::find_entry_after(std::size_t at, const Generation& generation, std::uint64_t number) const {
    for (; at < zeroed_; at += sector) {
        const auto entry = read_entry(at, generation);
        const std::uint64_t found = entry ? read_be64(ByteView(*entry).subspan(number_at, 8)) : 0;
        if (found > number) return found;
    }
    return std::nullopt;
}

tl::expected<std::vector<Record>, Journal::Rotten> Journal::recover(const Generation& generation) const {
    std::vector<Record> out;
    std::size_t at = 0;
    for (std::uint64_t number = 0;; ++number) {
        const auto entry = read_entry(at, generation);
        if (!entry || read_be64(ByteView(*entry).subspan(number_at, 8)) != number) {
            if (const auto later = find_entry_after(at, generation, number)) return tl::unexpected(Rotten{number, *later});
            return out;
        }
        decode_records(ByteView(*entry).subspan(head_bytes), out);
        at += rounded_up(entry->size());
    }
}

void Journal::begin(const Generation& generation) {
    generation_ = generation;
    position_ = 0;
    next_entry_ = 0;
}

bool Journal::has_room_for(std::span<const Record> records) const {
    const std::size_t size = size_of(records);
    return size <= limits::journal_entry_bytes_max && position_ + rounded_up(size) <= limits::journal_bytes_max;
}

/// `size` bytes of the buffer, whole sectors, are on the disk when it returns 0.
int Journal::write_through(std::size_t at, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t written = ::pwrite(descriptor_, buffer_.get() + done, size - done, static_cast<off_t>(at + done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        if (written == 0 || static_cast<std::size_t>(written) % sector != 0) return EIO;
        done += static_cast<std::size_t>(written);
    }
    return 0;
}

int Journal::make_room(std::size_t end) {
    constexpr std::size_t step = limits::journal_entry_bytes_max;
    while (zeroed_ < end) {
        std::fill_n(buffer_.get(), step, std::uint8_t{0});
        if (const int error = write_through(zeroed_, step)) return error;
        zeroed_ += step;
    }
    return 0;
}

int Journal::append(std::span<const Record> records) {
    const Bytes entry = encode_entry(generation_, next_entry_, records);
    const std::size_t size = rounded_up(entry.size());
    if (const int error = make_room(position_ + size)) return error;
    std::copy(entry.begin(), entry.end(), buffer_.get());
    std::fill(buffer_.get() + entry.size(), buffer_.get() + size, std::uint8_t{0});
    if (const int error = write_through(position_, size)) return error;
    position_ += size;
    ++next_entry_;
    return 0;
}

}  // namespace rondo::store
