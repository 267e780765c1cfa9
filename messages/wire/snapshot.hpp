#pragma once
#include <tuple>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"
#include "messages/wire/execution.hpp"

/// Snapshots: the state after a block whose height is a multiple of Parameters::snapshot_blocks, handed over in parts.
/// Everything in it is proven, so that it may come from anybody, in any order:
///   1. A final block cites a result digest; the Result under it names the digest of its Carried.
///   2. A Carried names the newest snapshot below it by its result digest, so that any citation above leads to it.
///   3. A Result names its state root; the parts of the trie follow from there, each by the hash that its parent holds.
///   4. Contexts of all epochs stand in the state by their digests.
namespace rondo {

/// A registry of operators as execution encodes it, at the height where it was written.
struct RegistryRef {
    Height height;
    Digest digest{};
    static auto fields(auto& v) { return std::tie(v.height, v.digest); }
    bool operator==(const RegistryRef&) const = default;
};

/// What the blocks after one need of it and what does not stand in the trie.
struct Carried {
    Digest block_digest{};
    Epoch epoch;       ///< of the block
    Epoch next_epoch;  ///< of the one after it
    std::uint64_t timestamp_ms = 0;
    Digest cut_root{};
    ExecutedRef cited;                    ///< by the block; those after it cite nothing older
    ExecutedRef snapshot;                 ///< the newest below the block; height 0: none
    std::vector<RegistryRef> registries;  ///< ascending: those in force from the cited height on
    static auto fields(auto& v) {
        return std::tie(v.block_digest, v.epoch, v.next_epoch, v.timestamp_ms, v.cut_root, v.cited, v.snapshot, v.registries);
    }
    bool operator==(const Carried&) const = default;
};
[[nodiscard]] Digest digest_of(const Carried& carried);

/// A result digest taken apart.
struct Outcome {
    Result result;
    Carried carried;
    static auto fields(auto& v) { return std::tie(v.result, v.carried); }
};

// ---------------------------------------------------------------------------- execution <-> execution (Channel::state)

/// The newest snapshot at or below this block, please.
struct SnapshotRequest {
    ExecutedRef cited;
    static auto fields(auto& v) { return std::tie(v.cited); }
};
/// The beginning of a snapshot, beside its trie.
struct SnapshotHead {
    Outcome outcome;
    Cut cut;
    std::vector<Bytes> registries;  ///< of outcome.carried.registries, in their order
    static auto fields(auto& v) { return std::tie(v.outcome, v.cut, v.registries); }
};
struct SnapshotOffer {
    ExecutedRef cited;  ///< as asked
    Outcome outcome;    ///< under it
    std::optional<SnapshotHead>
        head;  ///< of the cited block if it is a snapshot, else of the one that its outcome names; nothing: not to be had here
    static auto fields(auto& v) { return std::tie(v.cited, v.outcome, v.head); }
};

/// All that lies below the first `depth` nibbles of `prefix` in one trie of the state.
struct PartRequest {
    Height height;
    std::uint8_t trie = 0;  ///< 0: accounts; else the storage of the module whose address ends so
    std::uint8_t depth = 0;
    Hash256 prefix{};  ///< zero beyond its depth
    static auto fields(auto& v) { return std::tie(v.height, v.trie, v.depth, v.prefix); }
    auto operator<=>(const PartRequest&) const = default;
};
struct StateLeaf {
    Hash256 key{};
    Bytes value;
    static auto fields(auto& v) { return std::tie(v.key, v.value); }
    bool operator==(const StateLeaf&) const = default;
};
/// All leaves, ascending by key.
struct PartLeaves {
    PartRequest part;
    std::vector<StateLeaf> leaves;
    static auto fields(auto& v) { return std::tie(v.part, v.leaves); }
};
/// The leaves are too many for one message: the first branch below instead, whose children can be asked for.
struct PartBranch {
    PartRequest part;
    std::uint8_t depth = 0;
    Hash256 path{};               ///< to the branch: begins with the part's prefix, zero beyond its depth
    std::vector<Bytes> children;  ///< 16: how the branch refers to each; empty: nothing there
    static auto fields(auto& v) { return std::tie(v.part, v.depth, v.path, v.children); }
};
/// The snapshot is not to be had here, or not any more.
struct PartGone {
    PartRequest part;
    static auto fields(auto& v) { return std::tie(v.part); }
};
/// Contexts of consecutive epochs, bounded, as they stood at a snapshot: that of the epoch after it was a plan.
struct ContextsRequest {
    Height snapshot;
    Epoch first;
    static auto fields(auto& v) { return std::tie(v.snapshot, v.first); }
};
/// None: the snapshot is not to be had here, or not any more.
struct ContextsFound {
    Epoch first;
    std::vector<EpochContext> contexts;
    static auto fields(auto& v) { return std::tie(v.first, v.contexts); }
};
using StateMessage =
    std::variant<SnapshotRequest, SnapshotOffer, PartRequest, PartLeaves, PartBranch, PartGone, ContextsRequest, ContextsFound>;

}  // namespace rondo
