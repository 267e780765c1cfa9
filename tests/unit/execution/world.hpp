#pragma once
#include <map>
#include <string>
#include <vector>

#include "actors/execution/core/executor.hpp"
#include "actors/execution/core/ledger.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/secp256k1.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/modules.hpp"

/// A small chain for tests: operators, funded accounts, and blocks made of the transactions given to each lane.
namespace rondo::execution::test {

inline constexpr std::uint64_t gwei = 1'000'000'000;
inline const Wei ether = Wei(gwei) * gwei;

[[nodiscard]] crypto::AccountKey account_key(std::uint32_t number);
[[nodiscard]] crypto::SecretKey operator_key(std::uint32_t number);  ///< below 256
[[nodiscard]] TransportKey transport_key(std::uint32_t number);      ///< likewise
[[nodiscard]] Endpoints endpoints(std::uint32_t number);

struct Send {
    std::uint32_t from = 0;  ///< account number
    std::uint64_t nonce = 0;
    Address to{};
    Wei value{};
    Bytes data{};
    std::uint64_t gas_limit = 1'000'000;
    std::uint64_t max_fee = 1000;
    std::uint64_t tip = 2;
    std::uint64_t chain_id = 7;
};
[[nodiscard]] LaneTransaction signed_by(const Send& send);
[[nodiscard]] Hash256 hash_of(const LaneTransaction& transaction);

struct WorldOptions {
    std::uint32_t operators = 4;
    std::uint32_t accounts = 8;
    std::uint64_t epoch_blocks = 1000;
    std::uint64_t lag_max = 256;
    std::uint64_t gas_target_per_second = 1'000'000'000;
    Policy policy = Policy::round_robin;
    std::uint64_t operators_max = 100;
    std::uint64_t unbonding_ms = 604'800'000;
    std::uint64_t snapshot_blocks = 8192;
};
[[nodiscard]] Genesis make_genesis(const WorldOptions& options);

/// Accounts of operator n: watcher 1000 + n, rewards 2000 + n, its owner 3000 + n. They hold nothing.
[[nodiscard]] inline std::uint32_t watcher_of(std::uint32_t number) { return 1000 + number; }
[[nodiscard]] inline std::uint32_t rewards_of(std::uint32_t number) { return 2000 + number; }
[[nodiscard]] inline std::uint32_t owner_of(std::uint32_t number) { return 3000 + number; }
[[nodiscard]] inline Address address(std::uint32_t number) { return account_key(number).address(); }

/// Makes final blocks and the batches that they cite.
class ChainMaker {
  public:
    explicit ChainMaker(const Genesis& genesis);
    using Lanes = std::map<std::uint32_t, std::vector<std::vector<LaneTransaction>>>;  ///< per lane, batch by batch
    struct Made {
        Proposal block;
        std::vector<BatchRecord> batches;
        std::vector<LaneBatches> lanes;
    };
    /// The next block. `cited` is what its leader vouches for.
    [[nodiscard]] Made make(const Lanes& lanes, const ExecutedRef& cited, std::uint64_t after_ms = 100);
    /// The next epoch's set if the block ends its own. Without it no epoch ends.
    std::function<std::optional<EpochContext>(const Proposal&)> next_epoch;

  private:
    Genesis genesis_;
    Cut cut_;
    Digest parent_;
    Height height_;
    std::uint64_t now_ms_;
    Epoch epoch_{1};
};

/// One executor over a store in memory.
class World {
  public:
    explicit World(const WorldOptions& options = {});
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    /// Everything in one batch of one lane.
    ExecutedBlock run(std::vector<LaneTransaction> transactions, std::uint64_t after_ms = 100);
    ExecutedBlock run_lanes(const ChainMaker::Lanes& lanes, std::uint64_t after_ms = 100);
    [[nodiscard]] Account account(const Address& address) const { return read_account(store, address); }
    [[nodiscard]] uint256 number(const Address& module, const Bytes& call);  ///< first word that a view answers

    Genesis genesis;
    MemoryStore store;
    BlockExecutor executor;
    ChainMaker maker;
    ExecutedRef cited;  ///< defaults to the head of one block ago
};

}  // namespace rondo::execution::test
