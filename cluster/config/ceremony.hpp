#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "cluster/config/genesis_entry.hpp"
#include "cluster/config/node_folder.hpp"

/// How a network begins whose operators share no machine, and how one more node joins it later (`rondo genesis`, `rondo join`).
///   1. Somebody drafts what the network is (genesis_maker.hpp), and hands the draft out.
///   2. Each operator makes its keys at home and hands out an entry, signed for that draft: take_part.
///   3. Anybody collects the entries into the genesis: collect. The order of the files does not matter.
///   4. Each operator checks that the genesis is that draft with its own entry in it, and installs it: install_genesis.
/// All compare the genesis' digest, which every handshake checks.
namespace rondo {

struct TakingPart : NodeOptions {
    std::filesystem::path draft;
    std::string moniker;
    Wei self_stake;
    std::filesystem::path out;  ///< the entry to hand over; a copy stays in the home
};
/// Makes the home and the keys in it.
[[nodiscard]] Configured<GenesisEntry> take_part(const TakingPart& options);

/// Numbers the operators from 0 on in the order of their consensus keys.
[[nodiscard]] Configured<Genesis> collect(const std::filesystem::path& draft, const std::vector<std::filesystem::path>& entries);

/// What it found in order, and installed.
struct Installed {
    Digest genesis{};
    OperatorNumber number;
    std::size_t operators = 0;
};
[[nodiscard]] Configured<Installed> install_genesis(const Home& home, const std::filesystem::path& genesis);

/// A home of one node that follows the network of that genesis, and may register later.
struct Joined {
    Digest genesis{};
    NodePlan plan;
    Address owner{};  ///< of the key that registers it, unless another is taken
};
[[nodiscard]] Configured<Joined> join_network(const NodeOptions& options, const std::filesystem::path& genesis);

}  // namespace rondo
