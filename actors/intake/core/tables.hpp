#pragma once
#include "cluster/runtime/core.hpp"

/// The intake's store. Keys are big-endian.
namespace rondo::intake::tables {

inline constexpr Table meta{0, "meta"};            ///< "state" -> LaneState; "settled" -> lane height; "published" -> count
inline constexpr Table signed_slots{1, "signed"};  ///< the signing gate's
inline constexpr Table batches{2, "batches"};      ///< lane, lane height, digest -> BatchRecord, payload included
inline constexpr Table links{3, "links"};          ///< lane, lane height, digest -> LinkRow
inline constexpr Table acks{4, "acks"};            ///< epoch, lane, lane height -> Ack that was given
inline constexpr Table own_lane{5, "own_lane"};    ///< lane height -> header digest, above the final cut, this epoch
inline constexpr Table promised{6, "promised"};    ///< lane height, first index -> PromisedChunk
inline constexpr Table held{7, "held"};            ///< transaction hash -> HeldRow
inline constexpr Table wanted{8, "wanted"};        ///< block height, lane -> WantedCut: cited, not all here yet
inline constexpr Table contexts{9, "contexts"};    ///< epoch -> EpochContext, from the third on
inline constexpr Table cited{10, "cited"};  ///< block height, lane -> lane height: the final cut's tip, as long as it is kept

}  // namespace rondo::intake::tables
