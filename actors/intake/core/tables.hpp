#pragma once
#include "cluster/runtime/core.hpp"

/// The intake's store. Keys are big-endian.
namespace rondo::intake::tables {

inline constexpr Table meta{0, "meta"};                  ///< "state" -> LaneState; "settled" -> lane height
inline constexpr Table signed_slots{1, "signed"};        ///< the signing gate's
inline constexpr Table batches{2, "batches"};            ///< header digest -> BatchRecord, payload included
inline constexpr Table headers{3, "headers"};            ///< header digest -> HeaderRow: the link without its payload
inline constexpr Table certificates{4, "certificates"};  ///< header digest -> PoA
inline constexpr Table acks{5, "acks"};                  ///< epoch, lane, lane height -> Ack that was given
inline constexpr Table own_lane{6, "own_lane"};          ///< lane height -> header digest, above the final cut, this epoch
inline constexpr Table promised{7, "promised"};          ///< lane height, first index -> PromisedChunk
inline constexpr Table held{8, "held"};                  ///< transaction hash -> HeldRow
inline constexpr Table wanted{9, "wanted"};              ///< block height, lane -> WantedCut: cited, not all here yet
inline constexpr Table contexts{10, "contexts"};         ///< epoch -> EpochContext, from the third on

}  // namespace rondo::intake::tables
