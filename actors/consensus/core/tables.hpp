#pragma once
#include "cluster/runtime/core.hpp"

/// The store of the consensus actor.
namespace rondo::consensus::tables {

inline constexpr Table meta{0, "meta"};                  ///< "floor" → Floor; "muted" → why nothing is signed
inline constexpr Table gate{1, "gate"};                  ///< the signing gate's own
inline constexpr Table certificates{2, "certificates"};  ///< epoch, view, kind → Certificate; from the floor up
inline constexpr Table bodies{3, "bodies"};              ///< epoch, view, digest → Body; above the floor
inline constexpr Table blocks{4, "blocks"};              ///< height → FinalBlock
inline constexpr Table contexts{5, "contexts"};          ///< epoch → EpochContext
inline constexpr Table proofs{6, "proofs"};              ///< epoch → FinalBlocks that prove its boundary block
inline constexpr Table poas{7, "poas"};                  ///< epoch, lane, lane height → PoA; above the final cut
inline constexpr Table results{8, "results"};            ///< height → result digest, who is jailed
inline constexpr Table witnessed{9, "witnessed"};        ///< operator, kind → its newest Vote seen here

namespace detail {
inline void append_number(Bytes& out, std::uint64_t value) { append_be64(out, value); }
template <class Tag, class Rep>
void append_number(Bytes& out, Number<Tag, Rep> number) {
    append_be64(out, number.value);
}
}  // namespace detail

template <class... Numbers>
[[nodiscard]] Bytes key(Numbers... numbers) {
    Bytes out;
    out.reserve(8 * sizeof...(numbers));
    (detail::append_number(out, numbers), ...);
    return out;
}

}  // namespace rondo::consensus::tables
