#pragma once
#include <cstdint>
#include <tuple>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

namespace rondo::ethereum {

using Bloom = FixedBytes<256, struct BloomTag>;

struct LogEntry {
    Address address{};
    std::vector<Hash256> topics;
    Bytes data;
    static auto fields(auto& v) { return std::tie(v.address, v.topics, v.data); }
    bool operator==(const LogEntry&) const = default;
};

/// The consensus part of an Ethereum receipt (EIP-658, EIP-2718).
struct TransactionReceipt {
    std::uint8_t type = 0;
    bool success = false;
    std::uint64_t cumulative_gas_used = 0;
    std::vector<LogEntry> logs;
    static auto fields(auto& v) { return std::tie(v.type, v.success, v.cumulative_gas_used, v.logs); }
    bool operator==(const TransactionReceipt&) const = default;
};
[[nodiscard]] Bloom bloom_of(const std::vector<LogEntry>& logs);
void merge(Bloom& into, const Bloom& other);
/// Typed envelope ‖ rlp([status, cumulative gas, bloom, logs]).
[[nodiscard]] Bytes encode_receipt(const TransactionReceipt& receipt);

}  // namespace rondo::ethereum
