#pragma once
#include <functional>
#include <string>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/codec/reader.hpp"

namespace rondo::test {

/// A wire type behind one face: what the codec tests need of it.
struct WireType {
    std::string name;
    std::size_t alternatives = 1;  ///< of a variant
    /// The same value at every call: fields counted up, two elements in every list, every optional present.
    std::function<Bytes(std::size_t alternative)> counted;
    /// A value drawn from a seed, encoded.
    std::function<Bytes(std::uint64_t seed)> drawn;
    /// Decodes; on success encodes again into `again`.
    std::function<codec::DecodeError(ByteView input, Bytes& again)> recode;
};
/// Every type that is spoken between actors or nodes, or is signed.
[[nodiscard]] const std::vector<WireType>& wire_types();

}  // namespace rondo::test
