#pragma once
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/endpoints.hpp"
#include "messages/base/types.hpp"
#include "messages/base/uint256.hpp"
#include "messages/codec/encode.hpp"

/// Who takes part, frozen for an epoch, and the pure functions over it that every actor shares.
namespace rondo {

enum class Policy : std::uint8_t { single = 0, round_robin = 1, stake = 2 };
[[nodiscard]] constexpr bool is_valid(Policy p) { return p <= Policy::stake; }
[[nodiscard]] std::string_view to_string(Policy policy);
[[nodiscard]] std::optional<Policy> policy_from_string(std::string_view name);

/// Genesis values; times in milliseconds.
struct Parameters {
    std::uint64_t epoch_blocks = 1024;      ///< E: planned epoch ends are its multiples
    std::uint64_t delta_ms = 150;           ///< Δ0
    std::uint64_t delta_max_ms = 5000;      ///< cap of Δ
    std::uint64_t idle_ms = 500;            ///< an empty block after so long with nothing to order
    std::uint64_t retry_ms = 500;           ///< without progress, say it all again
    std::uint64_t skip_views = 10;          ///< nullify at once under a leader silent for so many views
    std::uint64_t lane_window = 64;         ///< batches a lane may be ahead of the final cut
    std::uint64_t censorship_ms = 30000;    ///< T_cens; T_cens/2 >= 2 * (retry + delta_max)
    std::uint64_t execution_lag_max = 256;  ///< D
    std::uint64_t promise_blocks = 64;      ///< a receipt's deadline above the head it was given at
    std::uint64_t gas_target_per_second = 1'000'000'000;
    std::uint64_t fee_window_ms = 1000;
    std::uint64_t base_fee_min_wei = 7;
    std::uint64_t burn_permille = 200;        ///< of the base fee
    std::uint64_t downtime_slots = 500;       ///< liveness slots missed in a row (preset `balanced`)
    std::uint64_t posting_turn_ms = 2000;     ///< another operator posts after the one whose turn it is stayed silent so long
    std::uint64_t double_sign_permille = 30;  ///< of stake (preset `balanced`)
    std::uint64_t operators_max = 100;        ///< in one epoch's set
    std::uint64_t self_stake_min_gwei = 16'000'000'000;  ///< to be in a set (preset `balanced`)
    std::uint64_t unbonding_ms = 604'800'000;  ///< from leaving, or the last epoch in a set, to the withdrawal of the bond
    std::uint64_t snapshot_blocks = 8192;      ///< state is kept as it was at the multiples, to restart from and to hand out
    static auto fields(auto& v) {
        return std::tie(v.epoch_blocks, v.delta_ms, v.delta_max_ms, v.idle_ms, v.retry_ms, v.skip_views, v.lane_window,
                        v.censorship_ms, v.execution_lag_max, v.promise_blocks, v.gas_target_per_second, v.fee_window_ms,
                        v.base_fee_min_wei, v.burn_permille, v.downtime_slots, v.posting_turn_ms, v.double_sign_permille,
                        v.operators_max, v.self_stake_min_gwei, v.unbonding_ms, v.snapshot_blocks);
    }
    bool operator==(const Parameters&) const = default;
};

struct OperatorInfo {
    OperatorNumber number;
    PublicKey key{};
    TransportKey transport_key{};
    Stake stake;
    bool leads = true;  ///< false: jailed in the state this context was computed from
    Address fee_address{};
    Address watcher_account{};
    Address rewards_account{};
    Endpoints endpoints{};
    static auto fields(auto& v) {
        return std::tie(v.number, v.key, v.transport_key, v.stake, v.leads, v.fee_address, v.watcher_account, v.rewards_account,
                        v.endpoints);
    }
    bool operator==(const OperatorInfo&) const = default;
};

/// Frozen from final state one epoch earlier; everything that consensus may know of the economy. Before its epoch begins it is a
/// plan: successor() says what becomes of it.
struct EpochContext {
    Epoch epoch{1};
    Digest seed{};
    Policy policy = Policy::round_robin;
    Height planned_end;                   ///< height of the boundary block, unless the epoch ends early
    std::vector<OperatorInfo> operators;  ///< ascending by number; SignerIndex points here
    Parameters parameters;

    static auto fields(auto& v) { return std::tie(v.epoch, v.seed, v.policy, v.planned_end, v.operators, v.parameters); }
    bool operator==(const EpochContext&) const = default;

    [[nodiscard]] std::optional<SignerIndex> index_of(OperatorNumber number) const;
    /// Nothing for an index outside the set.
    [[nodiscard]] const OperatorInfo* at(SignerIndex index) const;
    [[nodiscard]] Stake total() const;   ///< W
    [[nodiscard]] Stake quorum() const;  ///< q = W - floor((W-1)/3)
    [[nodiscard]] Stake weak() const;    ///< F + 1 = floor((W-1)/3) + 1
    /// Sum of the stakes of strictly ascending indices; nothing if they are not, or one is outside the set.
    [[nodiscard]] std::optional<Stake> stake_of(std::span<const SignerIndex> ascending) const;
};
[[nodiscard]] Digest digest_of(const EpochContext& context);

/// A set has 1 member or at least so many: with 2 or 3 one stop halts all.
inline constexpr std::size_t members_min = 4;

/// An epoch ends before its planned end with the first block that cites a state in which a member is jailed that leads in it.
/// `jailed` ascends.
[[nodiscard]] bool ends_early(const EpochContext& current, std::span<const OperatorNumber> jailed);
/// The context of the epoch after `current`, made of `base`: what was planned, or `current` again when it ends early. Without
/// those `jailed` (ascending) in the state that the boundary block cites; if that leaves fewer than 4, they stay and lead no
/// more.
[[nodiscard]] EpochContext successor(const EpochContext& current, const EpochContext& base,
                                     std::span<const OperatorNumber> jailed);

/// The leader of a view: pure, and independent of certificates.
/// Members that do not lead or have no stake are passed over; if none is left, everybody takes part.
/// `single`: the lowest-numbered of them, except that every fourth view belongs to one of the others, by turns, so that
/// a dead leader is passed over without agreeing on it. `round_robin`: by turns. `stake`: a lottery by stake over
/// H(seed ‖ epoch ‖ view).
[[nodiscard]] SignerIndex leader_of(const EpochContext& context, View view);

/// The lane that takes a sender's transactions in this epoch: weighted rendezvous hash by stake.
[[nodiscard]] LaneId home_lane(const EpochContext& context, const Address& sender);

/// The order in which members are asked to verify a batch's senders: by hash(seed, lane, height, operator).
[[nodiscard]] std::vector<SignerIndex> verifier_order(const EpochContext& context, LaneId lane, LaneHeight height);

struct GenesisOperator {
    OperatorNumber number;
    PublicKey key{};
    TransportKey transport_key{};
    Address fee_address{};      ///< `miner`; owner of its registration and of its reward share
    Address watcher_account{};  ///< sends evidence
    Address rewards_account{};  ///< sends reward roots
    Wei self_stake;
    std::string moniker;
    Endpoints endpoints{};
    static auto fields(auto& v) {
        return std::tie(v.number, v.key, v.transport_key, v.fee_address, v.watcher_account, v.rewards_account, v.self_stake,
                        v.moniker, v.endpoints);
    }
    bool operator==(const GenesisOperator&) const = default;
};
struct GenesisAccount {
    Address address{};
    Wei balance;
    std::uint64_t nonce = 0;
    static auto fields(auto& v) { return std::tie(v.address, v.balance, v.nonce); }
    bool operator==(const GenesisAccount&) const = default;
};
/// What a new operator signs with its consensus key, under Kind::registration and epoch 0: who registers it, with which transport
/// key.
struct KeyProof {
    Address owner{};
    TransportKey transport_key{};
    static auto fields(auto& v) { return std::tie(v.owner, v.transport_key); }
};

/// Where a network begins. Its digest is checked at every handshake and is part of every signature.
struct Genesis {
    std::uint64_t chain_id = 0;
    std::uint64_t timestamp_ms = 0;
    Policy policy = Policy::round_robin;
    Parameters parameters;
    std::vector<GenesisOperator> operators;  ///< ascending by number; 1, or at least 4
    std::vector<GenesisAccount> accounts;    ///< strictly ascending by address
    static auto fields(auto& v) { return std::tie(v.chain_id, v.timestamp_ms, v.policy, v.parameters, v.operators, v.accounts); }
    bool operator==(const Genesis&) const = default;
};
[[nodiscard]] Digest digest_of(const Genesis& genesis);
/// The contexts of epochs 1 and 2, which come from genesis; `epoch` is 1 or 2.
[[nodiscard]] EpochContext genesis_context(const Genesis& genesis, Epoch epoch);
/// The cited result below the first block: height 0 with a zero digest.
[[nodiscard]] Digest genesis_block_digest(const Genesis& genesis);

}  // namespace rondo
