#include "cluster/cli/transact.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "messages/ethereum/transaction.hpp"

namespace rondo::cli {
namespace {

constexpr auto pause = std::chrono::milliseconds(50);
/// A node that has just started, or is full, takes nothing for a moment; one that is no operator's never does.
constexpr std::uint64_t busy_patience_s = 10;

Answered<ethereum::Transaction> prepared(Ledger& ledger, const Call& what) {
    const auto chain_id = ledger.chain_id();
    if (!chain_id) return tl::unexpected(chain_id.error());
    const auto gas = ledger.estimate(what);
    if (!gas) return tl::unexpected(gas.error());
    const auto nonce = ledger.next_nonce(what.from);
    if (!nonce) return tl::unexpected(nonce.error());
    const auto fee = ledger.base_fee();
    if (!fee) return tl::unexpected(fee.error());
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = *chain_id;
    t.nonce = *nonce;
    t.to = *what.to;
    t.value = what.value;
    t.data = what.data;
    t.gas_limit = *gas + *gas / 4;  // what others do before it may make it dearer
    t.max_priority_fee = 1;
    t.max_fee = 2 * *fee + 1;  // it may rise by an eighth per fee window while the transaction is on its way
    return t;
}

/// What was answered busy may have been taken all the same, by a lane whose answer came too late: when it is refused then, its
/// outcome is to be waited for.
Answered<void> submit(Ledger& ledger, const Bytes& raw, std::uint64_t timeout_s) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(std::min(busy_patience_s, timeout_s));
    for (bool again = false;; again = true) {
        const auto taken = ledger.submit(raw);
        if (taken || (again && taken.error().code == exit_no)) return {};
        if (taken.error().code != exit_unreachable || std::chrono::steady_clock::now() > until) return taken;
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace

Answered<Transacted> transact(Ledger& ledger, const crypto::AccountKey& sender, const Call& what, std::uint64_t timeout_s) {
    const auto transaction = prepared(ledger, what);
    if (!transaction) return tl::unexpected(transaction.error());
    const Bytes raw = ethereum::sign_transaction(*transaction, sender);
    const Hash256 hash = ethereum::decode_any(raw)->transaction.hash;
    if (const auto taken = submit(ledger, raw, timeout_s); !taken)
        return trouble(taken.error().code, taken.error().message + " (sent by " + to_hex_prefixed(sender.address().view()) + ")");
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
    while (std::chrono::steady_clock::now() < until) {
        if (auto ending = ledger.ending_of(hash)) return Transacted{hash, *std::move(ending)};
        std::this_thread::sleep_for(pause);
    }
    return trouble(exit_timed_out, "no outcome of " + to_hex_prefixed(hash.view()) + "; see 'rondo trace'");
}

}  // namespace rondo::cli
