#pragma once
#include <cstdint>

/// How an epoch's fees are divided, in thousandths. What is left goes to the voters.
namespace rondo::rewards {

inline constexpr std::uint64_t proposers_permille = 300;  ///< by final blocks led
inline constexpr std::uint64_t lanes_permille = 300;      ///< by fees that the lane carried
inline constexpr std::uint64_t voters_permille = 400;     ///< by stake times notarize and finalize votes in block bodies
static_assert(proposers_permille + lanes_permille + voters_permille == 1000);
// Who fills its own lane with its own transactions gets less back than it pays.
static_assert(lanes_permille < 1000);

}  // namespace rondo::rewards
