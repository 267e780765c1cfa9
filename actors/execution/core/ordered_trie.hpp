#pragma once
#include <span>
#include <utility>
#include <vector>

#include "messages/base/bytes.hpp"

/// Roots of tries that are not kept.
namespace rondo::execution {

/// Root of a plain Merkle-Patricia trie (keys of any length, not hashed). Keys ascend, each once; no value is empty.
[[nodiscard]] Hash256 plain_root(const std::vector<std::pair<Bytes, Bytes>>& entries);

/// Root over a list, with rlp(index) as keys: transactionsRoot and receiptsRoot of an Ethereum block.
[[nodiscard]] Hash256 ordered_root(std::span<const ByteView> values);

}  // namespace rondo::execution
