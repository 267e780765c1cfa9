#pragma once
#include "messages/base/require.hpp"
#include "messages/codec/encode.hpp"

namespace rondo::fuzz {

/// Whatever decodes as a T is the only encoding of that T.
template <class T>
void round_trip(ByteView input) {
    if (const auto value = decode<T>(input)) require(encode(*value) == to_bytes(input), "a second encoding");
}

}  // namespace rondo::fuzz
