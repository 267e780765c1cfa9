#pragma once
#include <cstddef>
#include <cstdint>

#include "cluster/runtime/limits.hpp"

/// Every bound of snapshots in one place (joining.hpp, snapshot_server.hpp).
namespace rondo::execution {

// ------------------------------------------------------------------------------------------------ parts
inline constexpr std::size_t part_leaves_max = 4096;  ///< beyond, a part is handed over as a branch
inline constexpr std::size_t part_bytes_max = limits::mib;
inline constexpr std::size_t leaf_value_bytes_max = 256;  ///< an account takes 110 at most, a storage word 33
inline constexpr std::size_t contexts_per_answer_max = 64;
inline constexpr std::size_t contexts_bytes_max = limits::mib;

// ---------------------------------------------------------------------------------------------- serving
inline constexpr std::size_t questions_max = 256;  ///< waiting for an answer; further ones are dropped: whoever asks, asks again
inline constexpr std::size_t questions_per_asker_max = 8;
inline constexpr std::uint64_t answer_interval_ms = 10;  ///< so many answers in so long: the node's own blocks come first
inline constexpr std::size_t answers_per_interval = 2;
inline constexpr std::uint64_t copy_held_ms =
    30'000;  ///< after the last part of it was asked for, even if newer ones took its place
inline constexpr std::uint64_t snapshots_known = 3;  ///< outcomes of so many snapshots are kept

// ---------------------------------------------------------------------------------------------- joining
inline constexpr std::size_t peers_at_once_max = 3;   ///< that hand over parts
inline constexpr std::size_t parts_per_peer_max = 2;  ///< on their way
inline constexpr std::size_t offers_asked_at_once = 4;
inline constexpr std::uint64_t joining_tick_ms = 100;
inline constexpr std::uint64_t part_deadline_ms = 3000;
inline constexpr std::uint64_t offer_deadline_ms = 2000;
inline constexpr std::size_t peer_failures_max = 3;  ///< silences in a row, after which a peer is passed over
/// Without an offer, or without anything of the goal, after which it is given up.
inline constexpr std::size_t offer_rounds_max = 8;
inline constexpr std::size_t goals_max = 4;       ///< that were given up, after which there is none either
inline constexpr std::size_t citations_max = 16;  ///< that are believed at a time

static_assert(part_bytes_max + part_leaves_max * 8 + leaf_value_bytes_max + limits::kib < limits::message_bytes_max);
static_assert(contexts_bytes_max * 2 < limits::message_bytes_max, "one context more than the bound still fits");
static_assert(questions_per_asker_max >= parts_per_peer_max && questions_max >= questions_per_asker_max);
static_assert(part_deadline_ms > questions_max / answers_per_interval * answer_interval_ms, "a full queue is answered in time");

}  // namespace rondo::execution
