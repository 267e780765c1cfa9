#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"
#include "messages/crypto/secp256k1.hpp"

/// Ethereum transactions as wallets send them: legacy with EIP-155, EIP-2930 (type 1), EIP-1559 (type 2).
namespace rondo::ethereum {

/// Why a transaction is refused, skipped, or not promised. The words (to_string) are what people and JSON see.
enum class Refusal : std::uint8_t {
    none,
    // by kind, at decoding
    malformed,              ///< "malformed transaction": not strictly canonical RLP, or a field out of range
    transaction_too_large,  ///< over 128 KiB
    unsupported_type,       ///< "transaction type not supported"
    blob_transaction,
    set_code_transaction,
    unprotected_legacy,
    wrong_chain_id,
    contract_creation,
    // by content, without state
    fee_below_minimum,
    tip_above_max_fee,
    gas_limit_too_high,
    intrinsic_gas_too_low,
    nonce_at_maximum,  ///< EIP-2681
    high_s,
    bad_signature,
    // with state
    nonce_too_low,
    insufficient_funds,
    too_many_held,
    already_known,
    replacement_underpriced,
    busy,  ///< retry later
    // by execution only: ordered without effect
    nonce_gap,
    fee_below_base_fee,
};
[[nodiscard]] std::string_view to_string(Refusal reason);  ///< "contract creation", "fee below minimum", ...
[[nodiscard]] constexpr bool is_valid(Refusal r) { return r <= Refusal::fee_below_base_fee; }

inline constexpr std::size_t transaction_bytes_max = 128 * 1024;
inline constexpr std::uint64_t gas_limit_max = 1ULL << 32;

struct AccessEntry {
    Address address{};
    std::vector<Word256> keys;
};

struct Transaction {
    std::uint8_t type = 0;  ///< 0, 1 or 2
    std::uint64_t chain_id = 0;
    std::uint64_t nonce = 0;
    uint256 max_priority_fee;  ///< types 0 and 1: the gas price
    uint256 max_fee;           ///< types 0 and 1: the gas price
    std::uint64_t gas_limit = 0;
    Address to{};
    uint256 value;
    Bytes data;
    std::vector<AccessEntry> access_list;
    crypto::RecoverableSignature signature;
    Hash256 hash{};          ///< Keccak-256 of the raw bytes
    Hash256 signing_hash{};  ///< what the signature covers

    /// value + gas_limit * max_fee; nothing on overflow (then no balance covers it).
    [[nodiscard]] std::optional<uint256> cost_max() const;
    /// What the sender pays per gas at this base fee: min(max_fee, base_fee + max_priority_fee).
    [[nodiscard]] uint256 effective_gas_price(const uint256& base_fee) const;
};

/// Decodes and checks everything that needs no state and no chain but its id, in this order: size, kind (by name), canonical
/// RLP, unprotected legacy, chain id, contract creation, fee minimum, tip, gas limit, intrinsic gas, nonce, low s.
[[nodiscard]] tl::expected<Transaction, Refusal> decode_transaction(ByteView raw, std::uint64_t chain_id,
                                                                    std::uint64_t fee_min_wei);

/// Decoding alone: any chain id, creation allowed, no economic rules. For tools and outside vectors. Chain id 0: unprotected.
struct DecodedTransaction {
    Transaction transaction;
    bool is_creation = false;
    bool is_protected = true;
};
[[nodiscard]] tl::expected<DecodedTransaction, Refusal> decode_any(ByteView raw);

/// 21000 + 4 per zero and 16 per other data byte + 2400 per access-list address + 1900 per key.
[[nodiscard]] std::uint64_t intrinsic_gas(ByteView data, const std::vector<AccessEntry>& access_list);

/// The sender; nothing if the signature recovers to no key.
[[nodiscard]] std::optional<Address> recover_sender(const Transaction& transaction);
/// Decodes just far enough to recover; what the worker pool runs. Thread-safe.
[[nodiscard]] std::optional<Address> recover_sender(ByteView raw);

/// Signs and returns the raw bytes. `t.type` must be 0, 1 or 2; hash, signing_hash and signature are ignored.
[[nodiscard]] Bytes sign_transaction(const Transaction& t, const crypto::AccountKey& key);

}  // namespace rondo::ethereum
