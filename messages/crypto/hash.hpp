#pragma once
#include <initializer_list>

#include "messages/base/bytes.hpp"

namespace rondo::crypto {

/// BLAKE2b-256 (RFC 7693) over the concatenation of the parts.
[[nodiscard]] Digest blake2b(std::initializer_list<ByteView> parts);
[[nodiscard]] inline Digest blake2b(ByteView data) { return blake2b({data}); }
/// Keccak-256 as Ethereum uses it (the padding of the submission, not of SHA-3).
[[nodiscard]] Hash256 keccak256(ByteView data);
[[nodiscard]] Hash256 keccak256(std::initializer_list<ByteView> parts);  ///< over their concatenation

}  // namespace rondo::crypto
