#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "messages/wire/execution.hpp"

/// One record of the local store's segment files:
///
///   header  "RLS1" ‖ be32 size of the meta ‖ be32 size of the blob ‖ first 8 bytes of BLAKE2b of these 12
///   meta    canonical encoding of the Posting (its pointer empty, its commitment BLAKE2b of the blob)
///   blob
///   check   BLAKE2b-256 of header ‖ meta (the blob is covered by the commitment)
namespace rondo::da {

inline constexpr std::size_t record_header_bytes = 20;
inline constexpr std::size_t record_check_bytes = 32;
inline constexpr std::size_t record_meta_bytes_max = 4096;

[[nodiscard]] Bytes encode_record(const Posting& posting, ByteView blob);

/// What was found at an offset of a segment.
enum class [[nodiscard]] RecordState : std::uint8_t{
    complete,
    end,      ///< the file ends here
    torn,     ///< an append that was cut short: nothing whole follows
    damaged,  ///< bytes changed that once were whole
    failed,   ///< the file could not be read
};

struct FoundRecord {
    RecordState state = RecordState::end;
    Posting posting;  ///< pointer not filled in
    std::uint64_t blob_offset = 0;
    std::uint64_t next_offset = 0;
};
/// `file` is an open descriptor. With `check_blob` the blob is read and hashed too.
[[nodiscard]] FoundRecord read_record(int file, std::uint64_t offset, std::uint64_t file_bytes, bool check_blob);

/// Exactly `size` bytes; nothing on an error or a short file.
[[nodiscard]] std::optional<Bytes> read_exactly(int file, std::uint64_t offset, std::size_t size);

}  // namespace rondo::da
