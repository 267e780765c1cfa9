#pragma once
#include "actors/execution/core/trie_node.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

namespace rondo::execution {

/// An Ethereum account (yellow paper, 4.1).
struct Account {
    std::uint64_t nonce = 0;
    Wei balance;
    Hash256 storage_root = empty_root();
    Hash256 code_hash = empty_code();
    /// EIP-161: such an account has no leaf.
    [[nodiscard]] bool is_empty() const { return nonce == 0 && balance == 0 && code_hash == empty_code(); }
    bool operator==(const Account&) const = default;
    [[nodiscard]] static const Hash256& empty_code();
};

/// What modules show as their code: an invalid opcode, so that nobody takes them for a plain account.
inline constexpr std::uint8_t module_code = 0xfe;

[[nodiscard]] Bytes encode_account(const Account& account);
[[nodiscard]] Account decode_account(ByteView rlp);

/// A storage word as the leaf of a storage trie: RLP of the number; empty for zero, which has no leaf.
[[nodiscard]] Bytes encode_storage_word(const Word256& word);
[[nodiscard]] Word256 decode_storage_word(ByteView rlp);

/// 32 bytes, big-endian, without passing through a vector: accounts are encoded for every transfer.
[[nodiscard]] std::array<std::uint8_t, 32> big_endian(const uint256& value);

}  // namespace rondo::execution
