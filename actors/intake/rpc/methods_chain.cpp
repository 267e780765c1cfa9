#include <array>
#include <cmath>

#include "actors/intake/rpc/methods.hpp"
#include "actors/intake/rpc/shapes.hpp"
#include "cluster/runtime/limits.hpp"

namespace rondo::rpc {
namespace {

using Awaited = asio::awaitable<RpcResult>;

/// Offered when nothing else is known; the pot pays tips to the operators, ordering does not depend on it by default.
constexpr std::uint64_t suggested_tip_wei = 1;
constexpr std::uint32_t fee_history_blocks_max = 1024;
/// An answer that takes more memory is made in turn with the others like it: this much is some milliseconds of execution's time.
constexpr std::uint64_t large_answer_bytes = 1U << 20;

Awaited chain_id(Node& node, Params) { co_return Json(quantity(node.config().chain_id)); }

asio::awaitable<tl::expected<BlockReply, RpcError>> head(Node& node) {
    co_return co_await node.execution<BlockReply>(GetBlock{});
}

Awaited block_number(Node& node, Params) {
    const auto block = co_await head(node);
    if (!block) co_return tl::unexpected(block.error());
    co_return Json(quantity(block->height.value));
}

/// What a block with its transactions takes at most: as execution answers it, decoded, and its text, which is about twice as
/// long.
std::uint64_t memory_for_full(const BlockReply& block) {
    constexpr std::uint64_t beside_raw = 512;  // of each transaction: its place, its receipt
    return 4 * std::min<std::uint64_t>(limits::request_bytes_max, block.size_bytes + beside_raw * block.hashes.size());
}

/// The block is known without its transactions, and so is what it takes with them.
Awaited get_full_block(Node& node, const BlockReply& block) {
    const std::uint64_t memory = memory_for_full(block);
    if (!node.take_memory(memory))
        co_return refuse(code_limit, "too much is being answered for this address; send less at once, or retry later");
    std::optional<Turns::Turn> turn;
    if (memory >= large_answer_bytes) turn.emplace(co_await node.large_answers().take());
    const auto whole = co_await node.execution<BlockReply>(GetBlock{std::nullopt, block.digest, true});
    if (!whole) co_return tl::unexpected(whole.error());
    co_return block_object(*whole, node.config().chain_id, true);
}

Awaited get_block(Node& node, BlockTag tag, bool full) {
    auto wanted = co_await resolve(node, tag);
    if (!wanted) co_return tl::unexpected(wanted.error());
    const auto block = co_await node.execution<BlockReply>(*wanted);
    if (!block && block.error().code == code_server && block.error().data.is_null()) co_return Json(nullptr);  // no such block
    if (!block) co_return tl::unexpected(block.error());
    if (full && !block->hashes.empty()) co_return co_await get_full_block(node, *block);
    co_return block_object(*block, node.config().chain_id, full);
}

Awaited get_block_by_number(Node& node, Params params) {
    const BlockTag tag = params.block(0);
    const bool full = params.boolean(1, false);
    if (!params.ok()) co_return tl::unexpected(params.error());
    co_return co_await get_block(node, tag, full);
}

Awaited get_block_by_hash(Node& node, Params params) {
    const Hash256 hash = params.hash(0);
    const bool full = params.boolean(1, false);
    if (!params.ok()) co_return tl::unexpected(params.error());
    co_return co_await get_block(node, {BlockTag::Name::hash, {}, Digest{hash.bytes}}, full);
}

asio::awaitable<tl::expected<AccountState, RpcError>> account_at(Node& node, const Address& address, BlockTag tag) {
    if (const auto refusal = co_await refuse_old_state(node, tag)) co_return tl::unexpected(*refusal);
    GetAccounts request;
    request.addresses.push_back(address);
    const auto reply = co_await node.execution<AccountsReply>(std::move(request));
    if (!reply) co_return tl::unexpected(reply.error());
    if (reply->accounts.size() != 1) co_return refuse(code_internal, "execution answered for another number of accounts");
    co_return reply->accounts[0];
}

Awaited get_balance(Node& node, Params params) {
    const Address address = params.address(0);
    const BlockTag tag = params.block(1);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto account = co_await account_at(node, address, tag);
    if (!account) co_return tl::unexpected(account.error());
    co_return Json(quantity(account->balance));
}

Awaited get_transaction_count(Node& node, Params params) {
    const Address address = params.address(0);
    const BlockTag tag = params.block(1);
    if (!params.ok()) co_return tl::unexpected(params.error());
    if (tag.name == BlockTag::Name::pending) {
        const auto pending = co_await node.intake<PendingNonceReply>(PendingNonce{address});
        if (!pending) co_return tl::unexpected(pending.error());
        co_return Json(quantity(pending->nonce));
    }
    const auto account = co_await account_at(node, address, tag);
    if (!account) co_return tl::unexpected(account.error());
    co_return Json(quantity(account->nonce));
}

Awaited get_code(Node& node, Params params) {
    const Address address = params.address(0);
    const BlockTag tag = params.block(1);
    if (!params.ok()) co_return tl::unexpected(params.error());
    if (const auto refusal = co_await refuse_old_state(node, tag)) co_return tl::unexpected(*refusal);
    const auto reply = co_await node.execution<CodeReply>(GetCode{address});
    if (!reply) co_return tl::unexpected(reply.error());
    co_return Json(to_hex_prefixed(reply->code));
}

asio::awaitable<tl::expected<FeeHistoryReply, RpcError>> next_fee(Node& node) {
    co_return co_await node.execution<FeeHistoryReply>(GetFeeHistory{std::nullopt, 1, {}});
}

Awaited gas_price(Node& node, Params) {
    const auto fees = co_await next_fee(node);
    if (!fees) co_return tl::unexpected(fees.error());
    co_return Json(quantity(fees->base_fees.empty() ? uint256(0) : uint256(fees->base_fees.back() + suggested_tip_wei)));
}

Awaited max_priority_fee(Node&, Params) { co_return Json(quantity(suggested_tip_wei)); }

std::vector<std::uint32_t> read_percentiles(Params& params) {
    std::vector<std::uint32_t> out;
    if (!params.has(2)) return out;
    const Json& list = params.raw(2);
    double last = 0;
    if (!list.is_array() || list.size() > 100) params.fail(2, "expected at most 100 ascending percentiles");
    if (!params.ok()) return out;
    for (const Json& item : list) {
        const double value = item.is_number() ? item.get<double>() : -1;
        if (!(value >= last && value <= 100)) params.fail(2, "expected ascending percentiles between 0 and 100");
        if (!params.ok()) return out;
        last = value;
        out.push_back(static_cast<std::uint32_t>(std::lround(value * 100)));
    }
    return out;
}

std::uint32_t read_block_count(Params& params) {
    const Json& raw = params.raw(0);
    const uint256 count = raw.is_number_unsigned() ? uint256(raw.get<std::uint64_t>()) : params.quantity(0);
    if (params.ok() && count == 0) params.fail(0, "expected at least one block");
    return count > fee_history_blocks_max ? fee_history_blocks_max : static_cast<std::uint32_t>(count);
}

Json fee_history_object(const FeeHistoryReply& reply, bool with_rewards) {
    Json out{{"oldestBlock", quantity(reply.oldest.value)}, {"baseFeePerGas", Json::array()}, {"gasUsedRatio", Json::array()}};
    for (const Wei& fee : reply.base_fees) out["baseFeePerGas"].push_back(quantity(fee));
    for (const std::uint32_t ppm : reply.used_ppm) out["gasUsedRatio"].push_back(ppm / 1e6);
    if (!with_rewards) return out;
    out["reward"] = Json::array();
    for (const auto& block : reply.rewards) {
        Json row = Json::array();
        for (const Wei& tip : block) row.push_back(quantity(tip));
        out["reward"].push_back(std::move(row));
    }
    return out;
}

Awaited fee_history(Node& node, Params params) {
    GetFeeHistory request;
    request.count = read_block_count(params);
    const BlockTag tag = params.block(1);
    request.percentiles = read_percentiles(params);
    if (!params.ok()) co_return tl::unexpected(params.error());
    if (tag.name == BlockTag::Name::hash) co_return refuse(code_params, "invalid argument 1: expected a block number or a tag");
    const auto wanted = co_await resolve(node, tag);
    if (!wanted) co_return tl::unexpected(wanted.error());
    request.newest = wanted->height;
    const bool with_rewards = !request.percentiles.empty();
    const auto reply = co_await node.execution<FeeHistoryReply>(std::move(request));
    if (!reply) co_return tl::unexpected(reply.error());
    co_return fee_history_object(*reply, with_rewards);
}

constexpr std::array table{
    NamedMethod{"eth_chainId", chain_id},
    NamedMethod{"eth_blockNumber", block_number},
    NamedMethod{"eth_getBlockByNumber", get_block_by_number},
    NamedMethod{"eth_getBlockByHash", get_block_by_hash},
    NamedMethod{"eth_getBalance", get_balance},
    NamedMethod{"eth_getTransactionCount", get_transaction_count},
    NamedMethod{"eth_getCode", get_code},
    NamedMethod{"eth_gasPrice", gas_price},
    NamedMethod{"eth_maxPriorityFeePerGas", max_priority_fee},
    NamedMethod{"eth_feeHistory", fee_history},
};

}  // namespace

std::span<const NamedMethod> chain_methods() { return table; }

}  // namespace rondo::rpc
