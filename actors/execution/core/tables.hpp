#pragma once
#include <array>

#include "cluster/runtime/core.hpp"

/// The execution actor's store. Heights, epochs and lanes in keys are big-endian.
namespace rondo::execution::tables {

inline constexpr Table meta{0, "meta"};                   ///< "head" -> Head
inline constexpr Table accounts{1, "accounts"};           ///< keccak(address) -> account RLP: the leaf's value
inline constexpr Table storage{2, "storage"};             ///< trie id ‖ keccak(slot) -> RLP of the word: the leaf's value
inline constexpr Table nodes{3, "nodes"};                 ///< trie id ‖ depth ‖ path -> branch node; trie id ‖ 0xff -> root
inline constexpr Table diffs{4, "diffs"};                 ///< height -> what accounts and storage held before the block
inline constexpr Table snapshots{5, "snapshots"};         ///< height -> Snapshot
inline constexpr Table contexts{6, "contexts"};           ///< epoch -> EpochContext
inline constexpr Table batches{7, "batches"};             ///< lane ‖ lane height ‖ digest -> BatchRecord, until executed
inline constexpr Table waiting{8, "waiting"};             ///< height -> FinalBlock, until executed
inline constexpr Table results{9, "results"};             ///< height -> ExecutedBlock: the `results` stream refers here
inline constexpr Table blocks{10, "blocks"};              ///< height -> BlockRecord
inline constexpr Table block_index{11, "block_index"};    ///< block digest -> height
inline constexpr Table transactions{12, "transactions"};  ///< height ‖ index -> TransactionRecord
inline constexpr Table transaction_index{13, "transaction_index"};  ///< hash -> height ‖ index ‖ status ‖ skip reason
inline constexpr Table bodies{14, "bodies"};                        ///< height -> BlockBody
inline constexpr Table registries{15, "registries"};                ///< height -> Registry, where it changed
inline constexpr Table outcomes{16, "outcomes"};  ///< height -> Outcome, of the last blocks and of the last snapshots
inline constexpr Table joining{17, "joining"};    ///< what is here of a snapshot that is being taken (joining.hpp)

inline constexpr std::array all{meta,         accounts,          storage, nodes,      diffs,    snapshots,
                                contexts,     batches,           waiting, results,    blocks,   block_index,
                                transactions, transaction_index, bodies,  registries, outcomes, joining};

}  // namespace rondo::execution::tables
