#pragma once
#include <cstddef>

/// Maxima that several actors rely on, and how they relate. What only one core needs stands in its own folder.
namespace rondo {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

inline constexpr std::size_t batch_bytes_max = 2 * mib;   ///< encoded Payload of one batch (3-protocol.md, 1)
inline constexpr std::size_t replay_bytes_max = 8 * mib;  ///< one chunk of a replay, and one FoundBatches reply
// A lagging subscriber must always fit one whole batch.
static_assert(replay_bytes_max >= 2 * batch_bytes_max);

}  // namespace rondo
