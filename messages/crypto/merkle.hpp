#pragma once
#include <optional>
#include <vector>

#include "messages/base/bytes.hpp"

namespace rondo::crypto {

/// Binary Merkle tree over BLAKE2b-256 with the shape and domain separation of RFC 6962, section 2.1:
/// leaf = H(0x00 ‖ data), node = H(0x01 ‖ left ‖ right); the root of nothing is H("").
[[nodiscard]] Digest merkle_leaf(ByteView data);
[[nodiscard]] Digest merkle_root(const std::vector<Digest>& leaves);
/// The audit path of leaf `index`, bottom up. index < leaves.size().
[[nodiscard]] std::vector<Digest> merkle_path(const std::vector<Digest>& leaves, std::size_t index);
/// True if `leaf` stands at `index` of a tree of `leaf_count` leaves with this root.
[[nodiscard]] bool merkle_verify(const Digest& root, std::uint64_t leaf_count, std::uint64_t index, const Digest& leaf,
                                 const std::vector<Digest>& path);

}  // namespace rondo::crypto
