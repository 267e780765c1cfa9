#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config/error.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo {

/// The ledger on which a file of recorded transactions can run: every sender stands at its first nonce, amply funded.
struct Allocation {
    std::uint64_t chain_id = 0;            ///< the one that most transactions carry
    std::vector<GenesisAccount> accounts;  ///< ascending by address; balance = sum of value + gas limit * max fee
    std::uint64_t transactions = 0;
    std::map<std::string, std::uint64_t> refused;  ///< by the reason that intake would give
};

/// Decides by the admission rules alone. A `wanted_chain_id` that differs from the file's is an error.
[[nodiscard]] Configured<Allocation> allocation_from(const std::filesystem::path& path,
                                                     std::optional<std::uint64_t> wanted_chain_id, std::uint64_t fee_min_wei);

}  // namespace rondo
