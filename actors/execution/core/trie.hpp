#pragma once
#include <memory>
#include <span>
#include <vector>

#include "actors/execution/core/store.hpp"
#include "actors/execution/core/trie_node.hpp"

/// The secure Merkle-Patricia trie over a flat table, updated in batches.
namespace rondo::execution {

/// Which trie: 0 is the account trie; a module's storage trie bears the last byte of the module's address.
using TrieId = std::uint8_t;
inline constexpr TrieId account_trie = 0;

/// Where the value of a leaf lies: accounts by hash, storage by trie and hash.
[[nodiscard]] Bytes flat_key(TrieId trie, const Hash256& key);
[[nodiscard]] Table flat_table(TrieId trie);

/// A key whose flat value has changed. An empty value means that it is gone.
struct TrieChange {
    Hash256 key{};
    Bytes value;
};

/// Descends once for all changes, and hashes each touched branch once. Upper branches of the account trie stay decoded in
/// memory (at most 1 + 16 + 256 + 4096); so there is one Trie per store that lives as long as the store.
class Trie {
  public:
    explicit Trie(TrieId id, bool keep_upper_branches = false);

    /// Brings the trie up to date with flat values that were written already. `changes` ascend by key, each key once.
    Hash256 update(StateStore& store, std::span<const TrieChange> changes);
    [[nodiscard]] Hash256 root(const StateReader& store) const;

    // Parts of a trie by themselves, as snapshots hand them over (parts.hpp).
    /// The subtree of these leaves below the first `start` nibbles, which they share: writes its branches, and tells how what is
    /// above refers to it. `leaves` ascend by key, none with an empty value.
    [[nodiscard]] static Child build(StateStore& store, TrieId id, unsigned start, std::span<const TrieChange> leaves);
    [[nodiscard]] static std::optional<Branch> find_branch(const StateReader& store, TrieId id, const Hash256& path,
                                                           unsigned depth);
    /// All its children are in the store.
    static void put_branch(StateStore& store, TrieId id, const Hash256& path, unsigned depth, const Branch& branch);
    static void put_root(StateStore& store, TrieId id, const Child& top);

  private:
    struct Pass;  // one update
    static constexpr unsigned cached_depth_max = 3;
    static constexpr std::size_t cached_branches_max = 1 + 16 + 256 + 4096;
    [[nodiscard]] std::unique_ptr<Branch>* cache_slot(const Hash256& path, unsigned depth);

    TrieId id_;
    std::vector<std::unique_ptr<Branch>> upper_;  ///< by path; empty if not kept
};

}  // namespace rondo::execution
