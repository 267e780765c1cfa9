#pragma once
#include <map>
#include <vector>

#include "messages/base/uint256.hpp"
#include "messages/wire/epoch.hpp"

/// The division of one epoch's pot: pure integer arithmetic, exact to the last unit.
///
/// 1. The pool is the epoch's pot and what the epochs before carried over.
/// 2. It is divided by shares.hpp; each part pro rata by weight, every division rounding down.
/// 3. A member that is jailed in the epoch's context, or after the epoch's last block (`jailed`, ascending), weighs nothing.
/// 4. What rounding leaves, and a part that nobody weighs anything in, is carried over.
namespace rondo::rewards {

/// What an epoch's blocks said about its members.
struct Tally {
    Wei pot;                                     ///< sum of all lane fees
    std::map<SignerIndex, std::uint64_t> led;    ///< final blocks
    std::map<SignerIndex, std::uint64_t> votes;  ///< notarize and finalize votes in block bodies
    std::map<LaneId, Wei> carried;               ///< fees by lane
};

/// floor(amount * weight / sum of weights) for each; zeros if nobody weighs anything.
[[nodiscard]] std::vector<Wei> pro_rata(const Wei& amount, const std::vector<Wei>& weights);

struct Split {
    std::vector<Wei> earned;  ///< by index into the context's operators
    Wei carried_over;
};
[[nodiscard]] Split split(const Tally& tally, const Wei& carried_in, const EpochContext& context,
                          std::span<const OperatorNumber> jailed);

}  // namespace rondo::rewards
