#pragma once
#include "cluster/cli/ledger.hpp"
#include "messages/crypto/secp256k1.hpp"

namespace rondo::cli {

struct Transacted {
    Hash256 hash{};
    Ending ending;
};

/// Signs a call of a module, sends it and waits until it is executed. What the ledger would refuse now is not sent at all. An
/// ending without success is an answer, not a trouble.
[[nodiscard]] Answered<Transacted> transact(Ledger& ledger, const crypto::AccountKey& sender, const Call& what,
                                            std::uint64_t timeout_s);

}  // namespace rondo::cli
