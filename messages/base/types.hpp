#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>

#include "messages/base/require.hpp"

namespace rondo {

/// A number that means one thing. Two of different tags do not mix; arithmetic is checked.
template <class Tag, class Rep>
struct Number {
    using Representation = Rep;
    Rep value{};

    constexpr Number() = default;
    constexpr explicit Number(Rep v) : value(v) {}
    constexpr auto operator<=>(const Number&) const = default;

    [[nodiscard]] constexpr Number next() const { return plus(1); }
    [[nodiscard]] constexpr Number plus(Rep n) const {
        require(value <= std::numeric_limits<Rep>::max() - n, "a number overflowed");
        return Number(static_cast<Rep>(value + n));
    }
    /// Never below zero.
    [[nodiscard]] constexpr Number minus_or_zero(Rep n) const { return Number(value > n ? static_cast<Rep>(value - n) : Rep{0}); }
};

using Epoch = Number<struct EpochTag, std::uint64_t>;              ///< first epoch is 1
using View = Number<struct ViewTag, std::uint64_t>;                ///< first view of an epoch is 1; 0 is its starting block
using Height = Number<struct HeightTag, std::uint64_t>;            ///< of a block; genesis is 0
using LaneHeight = Number<struct LaneHeightTag, std::uint64_t>;    ///< of a batch in its lane; 0 means "nothing yet"
using OperatorNumber = Number<struct OperatorTag, std::uint32_t>;  ///< permanent registration number
/// The number of a node that follows the network and is not registered: nobody's, and never in a set.
inline constexpr OperatorNumber no_operator{std::numeric_limits<std::uint32_t>::max()};
using LaneId = OperatorNumber;                                ///< a lane is named by its operator
using SignerIndex = Number<struct SignerTag, std::uint16_t>;  ///< into EpochContext::operators
/// Effective stake in gwei (10^9 wei): 2^64 gwei is 18 billion ether, so that sums fit.
using Stake = Number<struct StakeTag, std::uint64_t>;

/// A point of (virtual or real) time in milliseconds since the Unix epoch.
using Instant = Number<struct InstantTag, std::uint64_t>;
using DurationMs = std::uint64_t;

}  // namespace rondo

template <class Tag, class Rep>
struct std::hash<rondo::Number<Tag, Rep>> {
    std::size_t operator()(const rondo::Number<Tag, Rep>& n) const noexcept { return std::hash<Rep>{}(n.value); }
};
