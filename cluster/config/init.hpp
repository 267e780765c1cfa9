#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config/error.hpp"
#include "cluster/config/genesis_maker.hpp"
#include "cluster/config/home.hpp"
#include "cluster/config/node_folder.hpp"

namespace rondo {

inline constexpr std::uint64_t nodes_max = 100;

/// A local cluster: one party holds all keys.
struct InitOptions : GenesisOptions {
    Home home;
    std::uint64_t nodes = 4;
    std::vector<std::uint64_t> stakes_ether;  ///< per node; the last one counts for the rest; empty: 32 each
    std::uint64_t load_accounts = 1000;       ///< senders of `rondo load`
    History history;
};

struct InitSummary {
    Digest genesis{};
    std::uint64_t chain_id = 0;
    std::uint64_t accounts = 0;  ///< funded in genesis
    std::uint16_t first_port = 0;
    std::vector<std::string> rpc;  ///< per node
    std::optional<Allocation> allocation;
};

/// Writes keys, genesis, one file per actor, cluster.toml. Refuses a home that has a cluster already; leaves nothing behind on an
/// error.
[[nodiscard]] Configured<InitSummary> init_cluster(const InitOptions& options);

}  // namespace rondo
