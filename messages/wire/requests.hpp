#pragma once
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"

/// Requests inside a node. Each actor has one request variant and one reply variant; every reply variant
/// begins with RequestError.
namespace rondo {

struct RequestError {
    std::string reason;  ///< a sentence for people
    static auto fields(auto& v) { return std::tie(v.reason); }
};

// ------------------------------------------------------------------------------------------------ intake

enum class Admission : std::uint8_t {
    accepted = 0,  ///< placed in a lane; a promise exists
    held = 1,      ///< admissible, but not next in nonce (or not covered yet); no promise
    refused = 2,   ///< see the reason
    busy = 3,      ///< retry later
};
[[nodiscard]] constexpr bool is_valid(Admission a) { return a <= Admission::busy; }

struct SubmitRequest {
    std::vector<Bytes> transactions;  ///< raw; at most 4096
    static auto fields(auto& v) { return std::tie(v.transactions); }
};
struct SubmitOutcome {
    Hash256 hash{};
    Admission admission = Admission::refused;
    ethereum::Refusal reason = ethereum::Refusal::none;
    std::optional<Receipt> receipt;
    static auto fields(auto& v) { return std::tie(v.hash, v.admission, v.reason, v.receipt); }
};
/// In the order of the request. Answered when every outcome is known and every promise durable.
struct SubmitReply {
    std::vector<SubmitOutcome> outcomes;
    static auto fields(auto& v) { return std::tie(v.outcomes); }
};
struct FetchBatches {
    std::vector<BatchRef> batches;  ///< at most 64
    static auto fields(auto& v) { return std::tie(v.batches); }
};
struct FoundBatches {
    std::vector<BatchRecord> batches;  ///< those known here, bounded by replay_bytes_max
    static auto fields(auto& v) { return std::tie(v.batches); }
};
/// The next free nonce of an account, counting what this intake holds and has promised.
struct PendingNonce {
    Address address{};
    static auto fields(auto& v) { return std::tie(v.address); }
};
struct PendingNonceReply {
    std::uint64_t nonce = 0;
    std::uint32_t held = 0;  ///< transactions of this sender waiting behind a hole
    static auto fields(auto& v) { return std::tie(v.nonce, v.held); }
};
struct FindPending {
    Hash256 hash{};
    static auto fields(auto& v) { return std::tie(v.hash); }
};
struct FindPendingReply {
    bool known = false;
    Admission admission = Admission::refused;
    std::optional<Receipt> receipt;
    Bytes raw;
    Address sender{};
    std::uint64_t accepted_ms = 0;
    std::uint64_t certified_ms = 0;  ///< 0: not yet
    static auto fields(auto& v) {
        return std::tie(v.known, v.admission, v.receipt, v.raw, v.sender, v.accepted_ms, v.certified_ms);
    }
};
/// The operator lifts the quarantine of the acks: the key runs nowhere else. The own lane waits for the next epoch all the same.
struct AcceptLaneRisk {
    std::uint8_t unused = 0;
    static auto fields(auto& v) { return std::tie(v.unused); }
};
struct LaneRiskAccepted {
    Epoch epoch;  ///< the own lane goes on after this one
    static auto fields(auto& v) { return std::tie(v.epoch); }
};
using IntakeRequest = std::variant<SubmitRequest, FetchBatches, PendingNonce, FindPending, AcceptLaneRisk>;
using IntakeReply = std::variant<RequestError, SubmitReply, FoundBatches, PendingNonceReply, FindPendingReply, LaneRiskAccepted>;

// --------------------------------------------------------------------------------------------- consensus

struct GetFinalBlocks {
    Height first;
    Height last;
    static auto fields(auto& v) { return std::tie(v.first, v.last); }
};
struct FinalBlocksReply {
    std::vector<FinalBlock> blocks;
    static auto fields(auto& v) { return std::tie(v.blocks); }
};
/// Newest finalization known here: proves the head.
struct GetHead {
    std::uint8_t unused = 0;
    static auto fields(auto& v) { return std::tie(v.unused); }
};
struct HeadReply {
    Height final_height;
    Digest final_digest{};
    Epoch epoch;
    View view;
    bool whole = false;  ///< no block was ever final here above `final_height`, as far as peers can prove
    static auto fields(auto& v) { return std::tie(v.final_height, v.final_digest, v.epoch, v.view, v.whole); }
};
/// The operator lifts the quarantine: the key runs nowhere else, and has signed nothing from this view of the current epoch on.
struct AcceptRisk {
    View from_view;
    static auto fields(auto& v) { return std::tie(v.from_view); }
};
struct RiskAccepted {
    Epoch epoch;
    View from_view;
    static auto fields(auto& v) { return std::tie(v.epoch, v.from_view); }
};
using ConsensusRequest = std::variant<GetFinalBlocks, GetHead, AcceptRisk>;
using ConsensusReply = std::variant<RequestError, FinalBlocksReply, HeadReply, RiskAccepted>;

// --------------------------------------------------------------------------------------------- execution

/// Accounts as of the executed head.
struct GetAccounts {
    std::vector<Address> addresses;  ///< at most 4096
    static auto fields(auto& v) { return std::tie(v.addresses); }
};
struct AccountsReply {
    Height height;
    std::vector<AccountState> accounts;  ///< in the order of the request; unknown ones are empty
    static auto fields(auto& v) { return std::tie(v.height, v.accounts); }
};
/// A block by height, by digest, or the executed head (neither given).
struct GetBlock {
    std::optional<Height> height;
    std::optional<Digest> digest;
    bool with_transactions = false;  ///< full transactions instead of hashes
    static auto fields(auto& v) { return std::tie(v.height, v.digest, v.with_transactions); }
};
/// A transaction with effect, where it stands.
struct PlacedTransaction {
    Hash256 hash{};
    Address sender{};
    Bytes raw;
    Height height;
    Digest block_digest{};
    std::uint32_t index = 0;  ///< among the transactions with effect
    std::uint64_t gas_used = 0;
    Wei effective_gas_price;
    std::uint32_t log_index = 0;  ///< of its first log in the block
    ethereum::TransactionReceipt receipt;
    static auto fields(auto& v) {
        return std::tie(v.hash, v.sender, v.raw, v.height, v.block_digest, v.index, v.gas_used, v.effective_gas_price,
                        v.log_index, v.receipt);
    }
};
struct BlockReply {
    Height height;
    Digest digest{};
    Digest parent_digest{};
    std::uint64_t timestamp_ms = 0;
    Address miner{};
    Result result;
    Wei base_fee;
    std::uint64_t gas_limit = 0;
    std::uint64_t size_bytes = 0;
    std::vector<Hash256> hashes;                  ///< transactions with effect, in order
    std::vector<PlacedTransaction> transactions;  ///< filled when asked for
    static auto fields(auto& v) {
        return std::tie(v.height, v.digest, v.parent_digest, v.timestamp_ms, v.miner, v.result, v.base_fee, v.gas_limit,
                        v.size_bytes, v.hashes, v.transactions);
    }
};
struct GetTransaction {
    Hash256 hash{};
    static auto fields(auto& v) { return std::tie(v.hash); }
};
/// `height` and `reason` also for what was ordered without effect.
struct TransactionReply {
    bool ordered = false;
    TxStatus status = TxStatus::skipped;
    ethereum::Refusal skip_reason = ethereum::Refusal::none;
    Height height;
    std::uint64_t block_timestamp_ms = 0;  ///< the proposal's
    std::optional<PlacedTransaction> placed;
    static auto fields(auto& v) { return std::tie(v.ordered, v.status, v.skip_reason, v.height, v.block_timestamp_ms, v.placed); }
};
/// A read-only call at the executed head. `gas` 0: as much as it needs.
struct Call {
    Address from{};
    std::optional<Address> to;
    Wei value;
    Bytes data;
    std::uint64_t gas = 0;
    bool estimate = false;  ///< answer with the exact gas instead of the output
    std::uint32_t access_addresses = 0;
    std::uint32_t access_keys = 0;
    static auto fields(auto& v) {
        return std::tie(v.from, v.to, v.value, v.data, v.gas, v.estimate, v.access_addresses, v.access_keys);
    }
};
struct CallReply {
    bool reverted = false;
    Bytes output;  ///< or the ABI error
    std::uint64_t gas_used = 0;
    static auto fields(auto& v) { return std::tie(v.reverted, v.output, v.gas_used); }
};
struct GetCode {
    Address address{};
    static auto fields(auto& v) { return std::tie(v.address); }
};
struct CodeReply {
    Bytes code;
    static auto fields(auto& v) { return std::tie(v.code); }
};
/// Base fees and gas ratios of `count` (<= 1024) blocks ending at `newest` (or the head).
struct GetFeeHistory {
    std::optional<Height> newest;
    std::uint32_t count = 0;
    std::vector<std::uint32_t> percentiles;  ///< in 1/100 of a percent, ascending
    static auto fields(auto& v) { return std::tie(v.newest, v.count, v.percentiles); }
};
struct FeeHistoryReply {
    Height oldest;
    std::vector<Wei> base_fees;             ///< one more than blocks: the last is the next block's
    std::vector<std::uint32_t> used_ppm;    ///< gas used per gas limit, in millionths
    std::vector<std::vector<Wei>> rewards;  ///< per block, per percentile: effective tip
    static auto fields(auto& v) { return std::tie(v.oldest, v.base_fees, v.used_ppm, v.rewards); }
};
/// Results by height, both ends included, bounded: for tools. Those that are kept; an error if none is.
struct GetResults {
    Height first;
    Height last;
    static auto fields(auto& v) { return std::tie(v.first, v.last); }
};
struct ResultEntry {
    Height height;
    Digest block_digest{};
    Result result;
    Digest result_digest{};
    static auto fields(auto& v) { return std::tie(v.height, v.block_digest, v.result, v.result_digest); }
};
struct ResultsReply {
    std::vector<ResultEntry> results;
    static auto fields(auto& v) { return std::tie(v.results); }
};
/// The own consensus knows that the chain is far ahead: take the state of a snapshot at or below the cited height from other
/// nodes. Asked again and again, with ever newer citations, until the `results` stream begins.
struct JoinFromSnapshot {
    ExecutedRef cited;     ///< in a final block
    EpochContext context;  ///< the newest that is known: whom to ask
    static auto fields(auto& v) { return std::tie(v.cited, v.context); }
};
enum class JoinState : std::uint8_t {
    under_way = 0,
    done = 1,         ///< `results` begins at the snapshot
    unavailable = 2,  ///< nobody hands out a snapshot; or this node is not to take one
};
[[nodiscard]] constexpr bool is_valid(JoinState s) { return s <= JoinState::unavailable; }
struct JoinReply {
    JoinState state = JoinState::under_way;
    Height snapshot;  ///< 0: not chosen yet
    static auto fields(auto& v) { return std::tie(v.state, v.snapshot); }
};
using ExecutionRequest =
    std::variant<GetAccounts, GetBlock, GetTransaction, Call, GetCode, GetFeeHistory, GetResults, JoinFromSnapshot>;
using ExecutionReply = std::variant<RequestError, AccountsReply, BlockReply, TransactionReply, CallReply, CodeReply,
                                    FeeHistoryReply, ResultsReply, JoinReply>;

// ---------------------------------------------------------------------------------------------------- da

struct GetPostings {
    Height from;  ///< the postings that cover this height and what follows, bounded
    static auto fields(auto& v) { return std::tie(v.from); }
};
struct PostingsReply {
    Height posted;  ///< everything up to here is confirmed
    std::vector<Posting> postings;
    static auto fields(auto& v) { return std::tie(v.posted, v.postings); }
};
using DaRequest = std::variant<GetPostings>;
using DaReply = std::variant<RequestError, PostingsReply>;

/// What the da core says to its back end (Askable::backend).
/// Stored only if it continues the layer exactly: the next block, or the next part of the block that lies there in part.
struct DaSubmit {
    Height first;
    Height last;
    OperatorNumber poster;
    Bytes blob;
    std::uint32_t part = 0;
    std::uint32_t parts = 1;
    static auto fields(auto& v) { return std::tie(v.first, v.last, v.poster, v.blob, v.part, v.parts); }
};
struct DaSubmitted {
    bool stored = false;
    Bytes pointer;
    std::string reason;
    static auto fields(auto& v) { return std::tie(v.stored, v.pointer, v.reason); }
};
struct DaListing {
    Height from;
    static auto fields(auto& v) { return std::tie(v.from); }
};
/// Consecutive postings that lie on the layer from `from` on, bounded.
struct DaListed {
    std::vector<Posting> postings;
    static auto fields(auto& v) { return std::tie(v.postings); }
};
using BackendRequest = std::variant<DaSubmit, DaListing>;
using BackendReply = std::variant<RequestError, DaSubmitted, DaListed>;

// ----------------------------------------------------------------------------------------------- rewards

struct GetRewardProof {
    Address account{};
    static auto fields(auto& v) { return std::tie(v.account); }
};
struct RewardProofReply {
    Epoch epoch;     ///< of the newest accepted root
    Wei cumulative;  ///< all that the account ever earned
    std::vector<Word256> proof;
    bool found = false;
    static auto fields(auto& v) { return std::tie(v.epoch, v.cumulative, v.proof, v.found); }
};
using RewardsRequest = std::variant<GetRewardProof>;
using RewardsReply = std::variant<RequestError, RewardProofReply>;

}  // namespace rondo
