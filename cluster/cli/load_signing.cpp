#include "cluster/cli/load_signing.hpp"

#include <thread>

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::cli {
namespace {

const uint256 max_fee_per_gas{1'000'000'000'000ULL};  // 1000 gwei: whatever the base fee does, it covers it

/// Data that does not compress, as real data would not; the same for the same transfer.
Bytes payload(std::uint64_t index, std::uint64_t bytes) {
    Bytes out;
    Bytes seed;
    append_be64(seed, index);
    for (Digest block = crypto::blake2b(seed); out.size() < bytes; block = crypto::blake2b(block.view()))
        append(out, block.view());
    out.resize(static_cast<std::size_t>(bytes));
    return out;
}

SignedTransfer sign_one(const LoadSenders& senders, std::uint64_t index, std::uint64_t recipients, std::uint64_t payload_bytes,
                        std::uint64_t chain_id) {
    SignedTransfer out;
    out.sender = static_cast<std::uint32_t>(index % senders.keys.size());
    out.nonce = senders.nonces[out.sender] + index / senders.keys.size();
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = chain_id;
    t.nonce = out.nonce;
    t.max_priority_fee = 1;
    t.max_fee = max_fee_per_gas;
    t.to = load_recipient(index % recipients);
    t.value = 1;
    t.data = payload(index, payload_bytes);
    t.gas_limit = ethereum::intrinsic_gas(t.data, {});
    out.raw = ethereum::sign_transaction(t, senders.keys[out.sender]);
    out.hash = crypto::keccak256(out.raw);
    return out;
}

}  // namespace

std::vector<SignedTransfer> sign_transfers(const LoadSenders& senders, std::uint64_t first, std::uint64_t count,
                                           std::uint64_t recipients, std::uint64_t payload_bytes, std::uint64_t chain_id) {
    std::vector<SignedTransfer> out(static_cast<std::size_t>(count));
    const std::size_t parts = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (std::size_t part = 0; part < parts; ++part)
        threads.emplace_back([&, part] {
            for (std::size_t i = part; i < out.size(); i += parts)
                out[i] = sign_one(senders, first + i, recipients, payload_bytes, chain_id);
        });
    for (std::thread& thread : threads) thread.join();
    return out;
}

}  // namespace rondo::cli
