#pragma once
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/base/uint256.hpp"
#include "messages/codec/encode.hpp"
#include "messages/ethereum/receipt.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

/// What execution says about a final block: the `results` stream.
namespace rondo {

/// What operators agree on after executing a block; `result_digest` is BLAKE2b-256 of its encoding.
struct Result {
    Hash256 state_root{};
    Hash256 transactions_root{};  ///< Ethereum trie over the transactions with effect
    Hash256 receipts_root{};
    Hash256 namespace_root{};  ///< zero until shared sequencing
    ethereum::Bloom logs_bloom{};
    std::uint64_t gas_used = 0;
    Digest parameters_hash{};
    Digest carried_digest{};  ///< of the block's Carried (snapshot.hpp)
    static auto fields(auto& v) {
        return std::tie(v.state_root, v.transactions_root, v.receipts_root, v.namespace_root, v.logs_bloom, v.gas_used,
                        v.parameters_hash, v.carried_digest);
    }
    bool operator==(const Result&) const = default;
};
[[nodiscard]] Digest digest_of(const Result& result);

enum class TxStatus : std::uint8_t { success = 0, reverted = 1, skipped = 2 };
[[nodiscard]] constexpr bool is_valid(TxStatus s) { return s <= TxStatus::skipped; }

/// One ordered transaction, in execution order.
struct TxOutcome {
    Hash256 hash{};
    TxStatus status = TxStatus::success;
    ethereum::Refusal skip_reason = ethereum::Refusal::none;
    LaneId lane;  ///< whose batch carried it
    static auto fields(auto& v) { return std::tie(v.hash, v.status, v.skip_reason, v.lane); }
    bool operator==(const TxOutcome&) const = default;
};

/// An account that the block touched, as it stands after the block.
struct AccountState {
    Address address{};
    std::uint64_t nonce = 0;
    Wei balance;
    static auto fields(auto& v) { return std::tie(v.address, v.nonce, v.balance); }
    bool operator==(const AccountState&) const = default;
};

/// Fees of a block: what the rewards actor splits.
struct LaneFees {
    LaneId lane;
    Wei fees;  ///< of transactions with effect that the lane carried, after the burn
    static auto fields(auto& v) { return std::tie(v.lane, v.fees); }
    bool operator==(const LaneFees&) const = default;
};

struct ExecutedBlock {
    Height height;
    Digest block_digest{};
    Epoch epoch;
    std::uint64_t timestamp_ms = 0;
    Result result;
    Digest result_digest{};
    Wei base_fee;
    Wei base_fee_next;  ///< lower bound for the next block
    std::vector<TxOutcome> outcomes;
    std::vector<AccountState> touched;  ///< ascending by address
    std::vector<LaneFees> lane_fees;    ///< ascending by lane
    Wei burnt;
    std::vector<OperatorNumber> jailed;  ///< of all registered, after the block; ascending
    /// Not empty exactly in a boundary block's result. Ends epoch e with the block: the context of e+1 if it
    /// is another than the one planned, and the plan for e+2. They replace what was said of these epochs before.
    std::vector<EpochContext> contexts;
    /// In the first result of a node that took the state after this block from others: of the block itself only its place is
    /// told.
    std::optional<Base> base{};
    static auto fields(auto& v) {
        return std::tie(v.height, v.block_digest, v.epoch, v.timestamp_ms, v.result, v.result_digest, v.base_fee, v.base_fee_next,
                        v.outcomes, v.touched, v.lane_fees, v.burnt, v.jailed, v.contexts, v.base);
    }
    bool operator==(const ExecutedBlock&) const = default;
};

/// Where a range of final blocks lies on the DA layer: the `postings` stream.
enum class PostingStage : std::uint8_t { intended = 0, posted = 1, confirmed = 2 };
[[nodiscard]] constexpr bool is_valid(PostingStage s) { return s <= PostingStage::confirmed; }
struct Posting {
    Height first;
    Height last;
    OperatorNumber poster;
    PostingStage stage = PostingStage::intended;
    std::string backend;  ///< "local"
    Bytes pointer;        ///< the back end's own
    Digest commitment{};  ///< of the posted bytes
    std::uint64_t bytes = 0;
    /// A block too large for one blob is posted alone (first == last) in several parts; everything else has one.
    std::uint32_t part = 0;
    std::uint32_t parts = 1;
    static auto fields(auto& v) {
        return std::tie(v.first, v.last, v.poster, v.stage, v.backend, v.pointer, v.commitment, v.bytes, v.part, v.parts);
    }
    bool operator==(const Posting&) const = default;
};

}  // namespace rondo
