#include "actors/intake/rpc/shapes.hpp"

namespace rondo::rpc {
namespace {

/// Keccak-256 of the RLP of an empty list.
constexpr std::string_view no_uncles = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
constexpr std::string_view zero_word = "0x0000000000000000000000000000000000000000000000000000000000000000";

template <class Fixed>
std::string hex(const Fixed& value) {
    return to_hex_prefixed(value.view());
}

std::string word_quantity(const std::array<std::uint8_t, 32>& big_endian) { return quantity(uint256_from_be(big_endian)); }

Json access_list_object(const std::vector<ethereum::AccessEntry>& entries) {
    Json list = Json::array();
    for (const auto& entry : entries) {
        Json keys = Json::array();
        for (const Word256& key : entry.keys) keys.push_back(hex(key));
        list.push_back({{"address", hex(entry.address)}, {"storageKeys", std::move(keys)}});
    }
    return list;
}

/// The fields that stand in the raw bytes.
Json body_object(ByteView raw, const Hash256& hash, const Address& sender) {
    const auto decoded = ethereum::decode_any(raw);
    if (!decoded) return nullptr;
    const ethereum::Transaction& t = decoded->transaction;
    Json out{{"hash", hex(hash)},
             {"from", hex(sender)},
             {"to", hex(t.to)},
             {"type", quantity(t.type)},
             {"nonce", quantity(t.nonce)},
             {"gas", quantity(t.gas_limit)},
             {"value", quantity(t.value)},
             {"input", to_hex_prefixed(t.data)},
             {"chainId", quantity(t.chain_id)},
             {"gasPrice", quantity(t.max_fee)},
             {"r", word_quantity(t.signature.r)},
             {"s", word_quantity(t.signature.s)}};
    out["v"] = quantity(t.type == 0 ? uint256(t.chain_id) * 2 + 35 + t.signature.y_parity : uint256(t.signature.y_parity));
    if (t.type != 0) {
        out["yParity"] = quantity(t.signature.y_parity);
        out["accessList"] = access_list_object(t.access_list);
    }
    if (t.type == 2) {
        out["maxFeePerGas"] = quantity(t.max_fee);
        out["maxPriorityFeePerGas"] = quantity(t.max_priority_fee);
    }
    return out;
}

Json log_object(const PlacedTransaction& placed, std::size_t i) {
    const ethereum::LogEntry& log = placed.receipt.logs[i];
    Json topics = Json::array();
    for (const Hash256& topic : log.topics) topics.push_back(hex(topic));
    return {{"address", hex(log.address)},
            {"topics", std::move(topics)},
            {"data", to_hex_prefixed(log.data)},
            {"blockHash", hex(placed.block_digest)},
            {"blockNumber", quantity(placed.height.value)},
            {"transactionHash", hex(placed.hash)},
            {"transactionIndex", quantity(placed.index)},
            {"logIndex", quantity(placed.log_index + i)},
            {"removed", false}};
}

}  // namespace

std::string quantity(const uint256& value) { return to_quantity(value); }

Json block_object(const BlockReply& block, std::uint64_t chain_id, bool full_transactions) {
    Json transactions = Json::array();
    if (full_transactions)
        for (const auto& t : block.transactions) transactions.push_back(transaction_object(t, chain_id));
    else
        for (const auto& h : block.hashes) transactions.push_back(hex(h));
    return {{"number", quantity(block.height.value)},
            {"hash", hex(block.digest)},
            {"parentHash", hex(block.parent_digest)},
            {"sha3Uncles", no_uncles},
            {"uncles", Json::array()},
            {"miner", hex(block.miner)},
            {"stateRoot", hex(block.result.state_root)},
            {"transactionsRoot", hex(block.result.transactions_root)},
            {"receiptsRoot", hex(block.result.receipts_root)},
            {"logsBloom", hex(block.result.logs_bloom)},
            {"difficulty", "0x0"},
            {"totalDifficulty", "0x0"},
            {"nonce", "0x0000000000000000"},
            {"extraData", "0x"},
            {"mixHash", zero_word},
            {"gasLimit", quantity(block.gas_limit)},
            {"gasUsed", quantity(block.result.gas_used)},
            {"timestamp", quantity(block.timestamp_ms / 1000)},
            {"timestampMs", quantity(block.timestamp_ms)},
            {"baseFeePerGas", quantity(block.base_fee)},
            {"size", quantity(block.size_bytes)},
            {"transactions", std::move(transactions)}};
}

Json transaction_object(const PlacedTransaction& placed, std::uint64_t chain_id) {
    Json out = body_object(placed.raw, placed.hash, placed.sender);
    if (out.is_null()) return out;
    out["chainId"] = quantity(chain_id);
    out["blockHash"] = hex(placed.block_digest);
    out["blockNumber"] = quantity(placed.height.value);
    out["transactionIndex"] = quantity(placed.index);
    out["gasPrice"] = quantity(placed.effective_gas_price);
    return out;
}

Json pending_transaction_object(const FindPendingReply& pending) {
    const auto decoded = ethereum::decode_any(pending.raw);
    if (!decoded) return nullptr;
    Json out = body_object(pending.raw, decoded->transaction.hash, pending.sender);
    for (const char* field : {"blockHash", "blockNumber", "transactionIndex"}) out[field] = nullptr;
    return out;
}

Json receipt_object(const PlacedTransaction& placed) {
    const auto decoded = ethereum::decode_any(placed.raw);
    if (!decoded) return nullptr;
    Json logs = Json::array();
    for (std::size_t i = 0; i < placed.receipt.logs.size(); ++i) logs.push_back(log_object(placed, i));
    return {{"transactionHash", hex(placed.hash)},
            {"transactionIndex", quantity(placed.index)},
            {"blockHash", hex(placed.block_digest)},
            {"blockNumber", quantity(placed.height.value)},
            {"from", hex(placed.sender)},
            {"to", hex(decoded->transaction.to)},
            {"contractAddress", nullptr},
            {"cumulativeGasUsed", quantity(placed.receipt.cumulative_gas_used)},
            {"gasUsed", quantity(placed.gas_used)},
            {"effectiveGasPrice", quantity(placed.effective_gas_price)},
            {"logs", std::move(logs)},
            {"logsBloom", hex(ethereum::bloom_of(placed.receipt.logs))},
            {"status", placed.receipt.success ? "0x1" : "0x0"},
            {"type", quantity(placed.receipt.type)}};
}

Json promise_object(const Receipt& receipt) {
    return {{"epoch", receipt.epoch.value},
            {"transactionHash", hex(receipt.tx_hash)},
            {"operator", receipt.operator_number.value},
            {"lane", receipt.lane.value},
            {"laneHeight", receipt.lane_height.value},
            {"index", receipt.index},
            {"deadlineHeight", receipt.deadline_height.value},
            {"signature", hex(receipt.signature)},
            {"encoded", to_hex_prefixed(encode(receipt))}};
}

}  // namespace rondo::rpc
