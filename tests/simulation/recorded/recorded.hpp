#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "tests/simulation/world/clock.hpp"

/// What others measured: latencies between real places, and stakes of real networks (RONDO_DATA_DIR). Nothing where the folder is
/// not there, or the name is none of these.
namespace rondo::sim {

/// One-way, from each of `nodes` to each, the nodes spread evenly over the places: `aws` (21 regions), `cometbft` (13 regions),
/// `cities` (217). Two nodes at one place are half a millisecond apart.
[[nodiscard]] std::optional<std::vector<Micros>> recorded_latencies(std::string_view name, std::size_t nodes);

/// The largest `nodes` stakes, in proportion, the largest first: `cosmos` (2019, 105 validators), `solana` (epoch 860), `sui`.
[[nodiscard]] std::optional<std::vector<std::uint64_t>> recorded_stakes(std::string_view name, std::size_t nodes);

}  // namespace rondo::sim
