#pragma once
#include <cstdint>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"

/// The order of transactions inside a block: a pure function of its cut.
namespace rondo::execution {

/// One transaction: the lane by its place among the block's lanes, and its place in what the lane adds to the cut.
struct Position {
    std::uint32_t lane = 0;
    std::uint32_t index = 0;
    bool operator==(const Position&) const = default;
};

/// `fair`: lanes take turns, transaction by transaction, beginning with the one drawn from H(seed ‖ height). A lane with
/// nothing left is passed over. `counts` holds each lane's number of transactions, lanes ascending.
[[nodiscard]] std::vector<Position> fair_order(const std::vector<std::uint32_t>& counts, const Digest& seed, Height height);

}  // namespace rondo::execution
