#pragma once
#include "messages/base/bytes.hpp"

/// Paths of the secure trie: 64 nibbles, high half of a byte first.
namespace rondo::execution {

inline constexpr unsigned key_nibbles = 64;

[[nodiscard]] inline unsigned nibble(const Hash256& key, unsigned at) {
    const std::uint8_t byte = key.bytes[at / 2];
    return at % 2 == 0 ? byte >> 4 : byte & 0x0fU;
}

/// How many leading nibbles two keys share.
[[nodiscard]] inline unsigned common_nibbles(const Hash256& a, const Hash256& b) {
    unsigned at = 0;
    while (at < 32 && a.bytes[at] == b.bytes[at]) ++at;
    if (at == 32) return key_nibbles;
    return at * 2 + ((a.bytes[at] >> 4) == (b.bytes[at] >> 4) ? 1 : 0);
}

/// The first `depth` nibbles; zero beyond.
[[nodiscard]] inline Hash256 prefix_of(const Hash256& key, unsigned depth) {
    Hash256 out;
    std::memcpy(out.bytes.data(), key.bytes.data(), depth / 2);
    if (depth % 2 != 0) out.bytes[depth / 2] = key.bytes[depth / 2] & 0xf0U;
    return out;
}

}  // namespace rondo::execution
