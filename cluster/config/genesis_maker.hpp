#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config/allocation.hpp"
#include "cluster/config/error.hpp"
#include "messages/wire/epoch.hpp"

/// A genesis in two steps: what the network is, then who runs it.
namespace rondo {

inline constexpr std::uint64_t default_chain_id = 7'357;

struct GenesisOptions {
    std::optional<std::uint64_t> chain_id;
    Policy policy = Policy::round_robin;
    std::string profile = "local";
    std::filesystem::path alloc_from;
    std::vector<std::string> settings;  ///< name=value of genesis parameters
    std::vector<std::string> funded;    ///< ADDRESS=WEI
    std::uint64_t timestamp_ms = 0;
};

/// A genesis that lists no operators yet.
struct GenesisDraft {
    Genesis genesis;
    std::optional<Allocation> allocation;
};
[[nodiscard]] Configured<GenesisDraft> draft_genesis(const GenesisOptions& options);

/// Adds to the genesis' accounts; what is funded twice gets both amounts.
[[nodiscard]] std::optional<ConfigError> fund(Genesis& genesis, const std::vector<GenesisAccount>& more);

/// The draft with these operators, numbered already, and with the accounts that act for them funded. The same input gives the
/// same genesis, whoever makes it.
[[nodiscard]] Configured<Genesis> with_operators(const Genesis& draft, const std::vector<GenesisOperator>& operators);

/// "32", "0.5": ether as people write it, in wei.
[[nodiscard]] Configured<Wei> wei_from_ether(const std::string& text);
[[nodiscard]] std::string ether_from_wei(const Wei& wei);

}  // namespace rondo
