#pragma once
#include <tl/expected.hpp>

#include "messages/base/bytes.hpp"
#include "messages/codec/reader.hpp"

/// What everybody includes. The definitions are in codec.hpp, included only by the .cpp files that
/// instantiate them for their types, so that one translation unit pays for the templates:
///   template Bytes rondo::encode(const Vote&); template tl::expected<Vote, ...> rondo::decode(ByteView);
namespace rondo {

/// The canonical encoding. decode(encode(x)) == x, and encode(decode(b)) == b for every b that decodes.
template <class T>
[[nodiscard]] Bytes encode(const T& value);

/// The encoding of a signed struct without its signature: what is hashed and signed.
template <class T>
[[nodiscard]] Bytes encode_body(const T& value);

/// Refuses everything that is not the canonical encoding of a T.
template <class T>
[[nodiscard]] tl::expected<T, codec::DecodeError> decode(ByteView input);

}  // namespace rondo
