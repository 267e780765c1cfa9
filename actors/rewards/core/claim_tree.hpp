#pragma once
#include <optional>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

namespace rondo::rewards {

struct Entry {
    Address account{};
    Wei cumulative;  ///< all that the account ever earned
    static auto fields(auto& v) { return std::tie(v.account, v.cumulative); }
    bool operator==(const Entry&) const = default;
};

/// OpenZeppelin's standard Merkle tree over (address, uint256), as its JavaScript library builds it and MerkleProof.sol checks
/// it: leaf = keccak(keccak(abi.encode(address, uint256))), node = keccak of the two children in ascending order, leaves
/// ascending and laid backwards at the end of an array heap.
class ClaimTree {
  public:
    explicit ClaimTree(const std::vector<Entry>& entries);
    /// Zero if there are no entries.
    [[nodiscard]] Hash256 root() const;
    /// Siblings from the leaf up; nothing if this is no entry.
    [[nodiscard]] std::optional<std::vector<Word256>> proof(const Entry& entry) const;

  private:
    std::vector<Hash256> heap_;
    std::size_t leaves_ = 0;
};

[[nodiscard]] Hash256 claim_leaf(const Entry& entry);
[[nodiscard]] bool proves(const Hash256& root, const Entry& entry, const std::vector<Word256>& proof);

}  // namespace rondo::rewards
