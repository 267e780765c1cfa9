#pragma once
#include <cstdint>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"

namespace rondo {

/// What a signature is for. Part of the signed bytes, so that no signature of one kind passes for another.
enum class Kind : std::uint8_t {
    proposal = 1,
    tail = 2,
    notarize = 3,
    nullify = 4,
    finalize = 5,
    batch_header = 6,
    ack = 7,
    receipt = 8,
    registration = 9,  ///< proof that a new operator, or one that rotates, has the key it names
};
[[nodiscard]] constexpr bool is_valid(Kind k) { return k >= Kind::proposal && k <= Kind::registration; }

/// The bytes an operator signs: domain ‖ genesis digest ‖ epoch ‖ kind ‖ canonical body.
[[nodiscard]] Bytes signing_bytes(const Digest& genesis, Epoch epoch, Kind kind, ByteView body);

}  // namespace rondo
