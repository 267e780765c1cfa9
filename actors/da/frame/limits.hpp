#pragma once
#include <cstddef>
#include <cstdint>

#include "cluster/runtime/limits.hpp"

/// How large what is posted may become.
namespace rondo::da {

using limits::batch_bytes_max;
using limits::kib;
using limits::mib;

inline constexpr std::size_t range_bytes_target = 4 * mib;  ///< a range is closed before it grows beyond
inline constexpr std::size_t range_blocks_max = 256;        ///< a range is closed at so many blocks
inline constexpr std::size_t part_bytes_target = 4 * mib;   ///< a block larger than a range is cut into parts of this size
inline constexpr std::size_t batch_overhead_bytes = 256;    ///< a header beside its payload, more than it ever takes
inline constexpr std::uint32_t parts_max = 4096;            ///< of one block
inline constexpr std::size_t frame_bytes_max = 7 * mib;     ///< a frame unpacked: what a decoder allocates at most
inline constexpr std::size_t blob_bytes_max = limits::request_bytes_max - 64 * kib;  ///< a frame packed
inline constexpr std::size_t listing_max = 256;  ///< postings in one DaListed or PostingsReply

// A part holds at least one whole batch, and beside the batches the block's header with its votes.
static_assert(frame_bytes_max >= part_bytes_target + batch_bytes_max + mib);
static_assert(frame_bytes_max >= range_bytes_target);
// zstd never grows data by more than 1/256 and a few bytes.
static_assert(blob_bytes_max >= frame_bytes_max + frame_bytes_max / 256 + kib);

}  // namespace rondo::da
