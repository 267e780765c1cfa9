#include "actors/da/local/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "actors/da/frame/limits.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::da {
namespace {

constexpr std::string_view magic = "RLS1";
constexpr std::size_t header_checked_bytes = 12;

Bytes encode_header(std::size_t meta_bytes, std::size_t blob_bytes) {
    Bytes out = to_bytes(as_bytes(magic));
    append_be32(out, static_cast<std::uint32_t>(meta_bytes));
    append_be32(out, static_cast<std::uint32_t>(blob_bytes));
    append(out, crypto::blake2b(out).view().first(record_header_bytes - header_checked_bytes));
    return out;
}

struct Sizes {
    std::size_t meta = 0;
    std::size_t blob = 0;
};
std::optional<Sizes> decode_header(ByteView header) {
    if (as_text(header.first(magic.size())) != magic) return std::nullopt;
    const Sizes sizes{read_be32(header.subspan(4, 4)), read_be32(header.subspan(8, 4))};
    if (sizes.meta > record_meta_bytes_max || sizes.blob > blob_bytes_max) return std::nullopt;
    const Bytes expected = encode_header(sizes.meta, sizes.blob);
    if (!std::equal(header.begin(), header.end(), expected.begin(), expected.end())) return std::nullopt;
    return sizes;
}

/// A file system may extend a file before it writes the data: a torn append may read as zeros to the end.
bool is_zero_from(int file, std::uint64_t offset, std::uint64_t file_bytes) {
    constexpr std::uint64_t window = 1U << 20;
    for (std::uint64_t at = offset; at < file_bytes; at += window) {
        const auto chunk = read_exactly(file, at, static_cast<std::size_t>(std::min(window, file_bytes - at)));
        if (!chunk || std::any_of(chunk->begin(), chunk->end(), [](std::uint8_t b) { return b != 0; })) return false;
    }
    return true;
}

FoundRecord with_state(RecordState state) {
    FoundRecord out;
    out.state = state;
    return out;
}

}  // namespace

std::optional<Bytes> read_exactly(int file, std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t n = ::pread(file, out.data() + done, size - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return std::nullopt;
        done += static_cast<std::size_t>(n);
    }
    return out;
}

Bytes encode_record(const Posting& posting, ByteView blob) {
    const Bytes meta = encode(posting);
    Bytes out = encode_header(meta.size(), blob.size());
    out.reserve(out.size() + meta.size() + blob.size() + record_check_bytes);
    append(out, meta);
    const Digest check = crypto::blake2b(out);
    append(out, blob);
    append(out, check.view());
    return out;
}

FoundRecord read_record(int file, std::uint64_t offset, std::uint64_t file_bytes, bool check_blob) {
    if (offset == file_bytes) return with_state(RecordState::end);
    const std::uint64_t left = file_bytes - offset;
    if (left < record_header_bytes) return with_state(RecordState::torn);
    const auto header = read_exactly(file, offset, record_header_bytes);
    if (!header) return with_state(RecordState::failed);
    const auto sizes = decode_header(*header);
    if (!sizes) return with_state(is_zero_from(file, offset, file_bytes) ? RecordState::torn : RecordState::damaged);

    const std::uint64_t total = record_header_bytes + sizes->meta + sizes->blob + record_check_bytes;
    if (left < total) return with_state(RecordState::torn);
    // The last record may have been extended without its data; a record with something whole behind it was synced once.
    FoundRecord broken =
        with_state(left == total || is_zero_from(file, offset + total, file_bytes) ? RecordState::torn : RecordState::damaged);
    FoundRecord out;
    out.state = RecordState::complete;
    out.blob_offset = offset + record_header_bytes + sizes->meta;
    out.next_offset = offset + total;
    const auto meta = read_exactly(file, offset + record_header_bytes, sizes->meta);
    const auto check = read_exactly(file, out.blob_offset + sizes->blob, record_check_bytes);
    if (!meta || !check) return with_state(RecordState::failed);
    if (crypto::blake2b({*header, *meta}) != *Digest::from(*check)) return broken;
    const auto posting = decode<Posting>(*meta);
    if (!posting || posting->bytes != sizes->blob) return broken;
    if (check_blob) {
        const auto blob = read_exactly(file, out.blob_offset, sizes->blob);
        if (!blob) return with_state(RecordState::failed);
        if (crypto::blake2b(*blob) != posting->commitment) return broken;
    }
    out.posting = *posting;
    return out;
}

}  // namespace rondo::da
