#include "actors/execution/core/queries.hpp"

#include <algorithm>

#include "actors/execution/core/call.hpp"
#include "actors/execution/core/fees.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::execution {
namespace {

ExecutionReply unknown_block() { return RequestError{"block not found"}; }
ExecutionReply not_kept(Height from) {
    return RequestError{"blocks below " + std::to_string(from.value) +
                        " are not kept any more; ask a node started with --archive"};
}

ExecutionReply too_large() { return RequestError{"the block is too large to be answered with full transactions"}; }

/// What a transaction's place takes in a reply beside its record: hash, height, block, index.
constexpr std::size_t place_bytes = Hash256::size_bytes + 8 + Digest::size_bytes + 4;

PlacedTransaction place(ByteView record, Height height, std::uint32_t index, const Hash256& hash, const Digest& block) {
    TransactionRecord t = decode_own<TransactionRecord>(record);
    return {hash,  t.sender,   std::move(t.raw),      height,      block,
            index, t.gas_used, t.effective_gas_price, t.log_index, std::move(t.receipt)};
}

/// geth's rule: the tip below which this share of the block's gas was bought.
std::vector<Wei> percentiles_of(const std::vector<TipGas>& tips, std::uint64_t gas_used,
                                const std::vector<std::uint32_t>& percentiles) {
    std::vector<Wei> out;
    std::size_t at = 0;
    std::uint64_t sum = tips.empty() ? 0 : tips[0].gas;
    for (const std::uint32_t percentile : percentiles) {
        const std::uint64_t threshold = gas_used / 10'000 * percentile + gas_used % 10'000 * percentile / 10'000;
        while (sum < threshold && at + 1 < tips.size()) sum += tips[++at].gas;
        out.push_back(tips.empty() ? Wei(0) : tips[at].tip);
    }
    return out;
}

}  // namespace

ExecutionReply Queries::answer(const ExecutionRequest& request) {
    return std::visit([&](const auto& r) { return on(r); }, request);
}

ExecutionReply Queries::on(const GetAccounts& request) {
    if (request.addresses.size() > accounts_per_request_max) return RequestError{"too many addresses in one request"};
    AccountsReply reply{executor_.head().height, {}};
    for (const Address& address : request.addresses) {
        const Account account = read_account(store_, address);
        reply.accounts.push_back({address, account.nonce, account.balance});
    }
    return reply;
}

std::optional<Height> Queries::height_of(const GetBlock& request) const {
    if (request.height) return request.height;
    if (!request.digest) return executor_.head().height;
    const auto height = store_.get(tables::block_index, request.digest->view());
    return height ? std::optional(Height(read_be64(*height))) : std::nullopt;
}

std::optional<BlockRecord> Queries::block_at(Height height) const {
    const auto record = store_.get(tables::blocks, height_key(height));
    return record ? std::optional(decode_own<BlockRecord>(*record)) : std::nullopt;
}

std::optional<PlacedTransaction> Queries::placed(Height height, std::uint32_t index, const Hash256& hash,
                                                 const Digest& block) const {
    const auto record = store_.get(tables::transactions, transaction_key(height, index));
    return record ? std::optional(place(*record, height, index, hash, block)) : std::nullopt;
}

ExecutionReply Queries::on(const GetBlock& request) {
    const auto height = height_of(request);
    const auto block = height ? block_at(*height) : std::nullopt;
    if (!block) return unknown_block();
    BlockReply reply;
    reply.height = *height;
    reply.digest = block->digest;
    reply.parent_digest = block->parent_digest;
    reply.timestamp_ms = block->timestamp_ms;
    reply.miner = block->miner;
    reply.result = block->result;
    reply.base_fee = block->base_fee;
    reply.gas_limit = block->gas_limit;
    reply.size_bytes = block->size_bytes;
    const auto body = store_.get(tables::bodies, height_key(*height));
    require(body.has_value(), "a block without a body");
    reply.hashes = decode_own<BlockBody>(*body).hashes;
    if (!request.with_transactions) return reply;
    // Too large by the raw bytes and the places alone: not read.
    std::size_t bytes = encode(ExecutionReply(reply)).size() + reply.hashes.size() * place_bytes;
    if (bytes + block->size_bytes > full_block_bytes_max) return too_large();
    for (std::uint32_t index = 0; index < reply.hashes.size(); ++index) {
        const auto record = store_.get(tables::transactions, transaction_key(*height, index));
        require(record.has_value(), "a transaction of a block is missing");
        bytes += record->size();
        if (bytes > full_block_bytes_max) return too_large();
        reply.transactions.push_back(place(*record, *height, index, reply.hashes[index], reply.digest));
    }
    return reply;
}

ExecutionReply Queries::on(const GetTransaction& request) {
    TransactionReply reply;
    const auto record = store_.get(tables::transaction_index, request.hash.view());
    if (!record) return reply;
    const TransactionPlace place = decode_own<TransactionPlace>(*record);
    const auto block = block_at(place.height);
    require(block.has_value(), "a transaction of an unknown block");
    reply.ordered = true;
    reply.status = place.status;
    reply.skip_reason = place.skip_reason;
    reply.height = place.height;
    reply.block_timestamp_ms = block->timestamp_ms;
    if (place.status != TxStatus::skipped) reply.placed = placed(place.height, place.index, request.hash, block->digest);
    return reply;
}

ExecutionReply Queries::on(const Call& request) {
    if (!request.to) return RequestError{"contract creation"};
    Ledger ledger(store_);
    if (request.value > ledger.balance(request.from)) return RequestError{"insufficient funds for gas * price + value"};
    const std::uint64_t intrinsic =
        ethereum::intrinsic_gas(request.data, {}) + 2400ULL * request.access_addresses + 1900ULL * request.access_keys;
    const std::uint64_t limit = request.gas == 0 ? ethereum::gas_limit_max : request.gas;
    if (limit < intrinsic) return RequestError{"intrinsic gas too low"};
    const Chain chain = executor_.chain_at_head(store_);
    CallOutcome outcome = run_call(ledger, chain, {request.from, *request.to, request.value, request.data, intrinsic, limit});
    CallReply reply{!outcome.success, std::move(outcome.output), outcome.gas_used};
    if (request.estimate && outcome.success) reply.output.clear();
    return reply;
}

ExecutionReply Queries::on(const GetCode& request) {
    return CodeReply{is_module(request.address) ? Bytes{module_code} : Bytes{}};
}

/// What the next block asks if it opens a new fee window, or this window's fee if that is more: enough either way.
Wei Queries::base_fee_after_head() {
    Ledger ledger(store_);
    const FeeState fees = load_fees(ledger);
    return std::max(fees.base_fee, next_base_fee(fees.base_fee, fees.gas, executor_.genesis().parameters));
}

ExecutionReply Queries::on(const GetFeeHistory& request) {
    const Height head = executor_.head().height;
    const Height newest = std::min(request.newest.value_or(head), head);
    if (request.percentiles.size() > percentiles_max) return RequestError{"too many percentiles"};
    const bool ascending = std::is_sorted(request.percentiles.begin(), request.percentiles.end());
    if (!ascending || (!request.percentiles.empty() && request.percentiles.back() > 10'000))
        return RequestError{"percentiles must ascend up to 100"};
    // Of blocks at or below a snapshot that the node began with nothing is told here, nor of those that are not kept any more.
    const Height oldest = std::max(kept_from_, executor_.head().base.next());
    if (newest < oldest && newest != head) return not_kept(oldest);
    const std::uint64_t known =
        oldest <= Height(1) ? newest.value + 1 : newest.next().value - std::min(newest.next(), oldest).value;
    const std::uint64_t count = std::min<std::uint64_t>({request.count, fee_history_blocks_max, known});
    FeeHistoryReply reply;
    reply.oldest = Height(newest.value + 1 - count);
    for (Height height = reply.oldest; height <= newest; height = height.next()) {
        const auto block = block_at(height);
        require(block.has_value(), "a block of the history is missing");
        reply.base_fees.push_back(block->base_fee);
        reply.used_ppm.push_back(static_cast<std::uint32_t>(std::min<uint256>(
            uint256(block->result.gas_used) * 1'000'000 / std::max<std::uint64_t>(1, block->gas_limit), 1'000'000)));
        if (request.percentiles.empty()) continue;
        const auto body = store_.get(tables::bodies, height_key(height));
        require(body.has_value(), "a block without a body");
        reply.rewards.push_back(percentiles_of(decode_own<BlockBody>(*body).tips, block->result.gas_used, request.percentiles));
    }
    const auto after = newest == head ? std::nullopt : block_at(newest.next());
    reply.base_fees.push_back(after ? after->base_fee : base_fee_after_head());
    return reply;
}

ExecutionReply Queries::on(const GetResults& request) {
    if (request.last < kept_from_ && request.first.value != 0) return not_kept(kept_from_);
    ResultsReply reply;
    const Height last = std::min(request.last, executor_.head().height);
    const Height first = request.first.value == 0 ? request.first : std::max(request.first, kept_from_);
    for (Height height = first; height <= last && reply.results.size() < results_per_request_max; height = height.next()) {
        const auto block = block_at(height);
        if (!block && (height <= executor_.head().base || height < kept_from_)) continue;  // not told here, or no more
        require(block.has_value(), "a block of the history is missing");
        const Digest digest = height.value == 0 ? Digest{} : digest_of(block->result);
        reply.results.push_back({height, block->digest, block->result, digest});
    }
    return reply;
}

}  // namespace rondo::execution
