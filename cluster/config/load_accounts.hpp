#pragma once
#include <cstdint>

#include "cluster/config/key_file.hpp"

/// The accounts of `rondo load`: all derived from one seed file of the home, funded in genesis.
namespace rondo {

/// The i-th sender of the seed.
[[nodiscard]] crypto::AccountKey load_sender(const Secret& seed, std::uint64_t index);
/// The i-th recipient: an address whose key nobody knows.
[[nodiscard]] Address load_recipient(std::uint64_t index);

[[nodiscard]] Configured<void> write_load_seed(const std::filesystem::path& path, const Secret& seed, std::uint64_t accounts);
struct LoadSeed {
    Secret seed;
    std::uint64_t accounts = 0;  ///< funded in genesis
};
[[nodiscard]] Configured<LoadSeed> read_load_seed(const std::filesystem::path& path);

}  // namespace rondo
