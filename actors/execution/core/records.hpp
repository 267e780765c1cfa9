#pragma once
#include <tuple>
#include <vector>

#include "messages/codec/encode.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"
#include "messages/wire/requests.hpp"
#include "messages/wire/snapshot.hpp"

/// What the execution actor keeps of its own, in our canonical encoding.
namespace rondo::execution {

/// What a context is computed from, of one operator.
struct RegisteredOperator {
    OperatorNumber number;
    Wei bond;
    bool jailed = false;
    bool left = false;
    PublicKey key{};
    TransportKey transport_key{};
    Address owner{};
    Address watcher_account{};
    Address rewards_account{};
    Endpoints endpoints{};
    static auto fields(auto& v) {
        return std::tie(v.number, v.bond, v.jailed, v.left, v.key, v.transport_key, v.owner, v.watcher_account, v.rewards_account,
                        v.endpoints);
    }
    bool operator==(const RegisteredOperator&) const = default;
};
/// The staking module's operators as they stood after a block: those that have not withdrawn.
struct Registry {
    std::vector<RegisteredOperator> operators;  ///< ascending by number
    static auto fields(auto& v) { return std::tie(v.operators); }
    bool operator==(const Registry&) const = default;

    [[nodiscard]] const RegisteredOperator* find(OperatorNumber number) const;
};
/// What later blocks need of the state after a block: they cite its result, and a boundary block computes the next context
/// from the registry in the state that it cites.
struct Snapshot {
    Digest result_digest{};  ///< zero at genesis
    Height registry;         ///< at or below it: where the Registry in force was written
    static auto fields(auto& v) { return std::tie(v.result_digest, v.registry); }
    bool operator==(const Snapshot&) const = default;
};

/// Where execution stands.
struct Head {
    Height height;        ///< 0: genesis
    Epoch next_epoch{1};  ///< of the block after it
    Digest block_digest{};
    std::uint64_t timestamp_ms = 0;
    Hash256 state_root{};
    Digest result_digest{};  ///< zero at genesis
    Wei base_fee;
    Wei base_fee_next;
    Cut cut;
    Wei supply;  ///< sum of all balances
    Wei burnt;   ///< in all blocks so far; with `supply` always the genesis supply
    Wei genesis_supply;
    std::uint64_t accounts = 0;
    Height base;                          ///< what is at or below it was not executed here, but taken from others; 0: all was
    ExecutedRef snapshot;                 ///< the newest, at or below the head; height 0: none
    std::vector<RegistryRef> registries;  ///< ascending: those in force from the newest cited height on
    static auto fields(auto& v) {
        return std::tie(v.height, v.next_epoch, v.block_digest, v.timestamp_ms, v.state_root, v.result_digest, v.base_fee,
                        v.base_fee_next, v.cut, v.supply, v.burnt, v.genesis_supply, v.accounts, v.base, v.snapshot,
                        v.registries);
    }
    bool operator==(const Head&) const = default;
};

/// Gas of a block at one tip, for fee percentiles.
struct TipGas {
    Wei tip;
    std::uint64_t gas = 0;
    static auto fields(auto& v) { return std::tie(v.tip, v.gas); }
};
/// A block as queries show it.
struct BlockRecord {
    Digest digest{};
    Digest parent_digest{};
    std::uint64_t timestamp_ms = 0;
    Address miner{};
    Result result;
    Wei base_fee;
    std::uint64_t gas_limit = 0;
    std::uint64_t size_bytes = 0;
    static auto fields(auto& v) {
        return std::tie(v.digest, v.parent_digest, v.timestamp_ms, v.miner, v.result, v.base_fee, v.gas_limit, v.size_bytes);
    }
};
/// What is long in a block.
struct BlockBody {
    std::vector<Hash256> hashes;  ///< transactions with effect
    std::vector<TipGas> tips;     ///< ascending by tip
    static auto fields(auto& v) { return std::tie(v.hashes, v.tips); }
};
/// A transaction with effect; its hash, block and index stand in keys.
struct TransactionRecord {
    Address sender{};
    Bytes raw;
    std::uint64_t gas_used = 0;
    Wei effective_gas_price;
    std::uint32_t log_index = 0;
    ethereum::TransactionReceipt receipt;
    static auto fields(auto& v) { return std::tie(v.sender, v.raw, v.gas_used, v.effective_gas_price, v.log_index, v.receipt); }
};

/// Where a transaction was ordered.
struct TransactionPlace {
    Height height;
    std::uint32_t index = 0;  ///< among those with effect; 0 if it had none
    TxStatus status = TxStatus::skipped;
    ethereum::Refusal skip_reason = ethereum::Refusal::none;
    static auto fields(auto& v) { return std::tie(v.height, v.index, v.status, v.skip_reason); }
};

[[nodiscard]] Digest parameters_hash(const Parameters& parameters);

// Keys.
[[nodiscard]] Bytes height_key(Height height);
[[nodiscard]] Bytes epoch_key(Epoch epoch);
[[nodiscard]] Bytes transaction_key(Height height, std::uint32_t index);
/// lane ‖ lane height, and with the digest behind it the key of one batch.
[[nodiscard]] Bytes lane_key(LaneId lane, LaneHeight height);
[[nodiscard]] Bytes batch_key(LaneId lane, LaneHeight height, const Digest& digest);
[[nodiscard]] Bytes head_key();

/// A record of our own, which must decode.
template <class T>
[[nodiscard]] T decode_own(ByteView record) {
    auto value = decode<T>(record);
    require(value.has_value(), "a record of the execution store is damaged");
    return std::move(*value);
}

}  // namespace rondo::execution
