#pragma once
#include <vector>

#include "cluster/cli/pipeline.hpp"
#include "cluster/config/load_accounts.hpp"

namespace rondo::cli {

/// A transfer of `rondo load`, signed ahead of time.
struct SignedTransfer {
    Bytes raw;
    Hash256 hash{};
    std::uint32_t sender = 0;  ///< index into the senders
    std::uint64_t nonce = 0;
};

struct LoadSenders {
    std::vector<crypto::AccountKey> keys;
    std::vector<std::uint64_t> nonces;  ///< next free
};

/// Transfers `first` … `first + count - 1` of the run: the k-th is sent by the sender k modulo their number, and goes to the
/// account k modulo `recipients`. Uses all cores.
[[nodiscard]] std::vector<SignedTransfer> sign_transfers(const LoadSenders& senders, std::uint64_t first, std::uint64_t count,
                                                         std::uint64_t recipients, std::uint64_t payload_bytes,
                                                         std::uint64_t chain_id);

}  // namespace rondo::cli
