#include "messages/ethereum/receipt.hpp"

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/rlp.hpp"

namespace rondo::ethereum {
namespace {

/// Yellow paper, section 4.3.1: three times the low 11 bits of two bytes of the hash, counted from the end.
void mark(Bloom& bloom, ByteView item) {
    const Hash256 hash = crypto::keccak256(item);
    for (std::size_t i = 0; i < 6; i += 2) {
        const std::size_t bit = static_cast<std::size_t>((hash.bytes[i] << 8) | hash.bytes[i + 1]) & 2047U;
        bloom.bytes[Bloom::size_bytes - 1 - bit / 8] |= static_cast<std::uint8_t>(1U << (bit % 8));
    }
}

Bytes encode_log(const LogEntry& log) {
    rlp::Writer topics;
    for (const Hash256& topic : log.topics) topics.string(topic.view());
    return rlp::Writer().string(log.address.view()).raw(topics.list()).string(log.data).list();
}

}  // namespace

Bloom bloom_of(const std::vector<LogEntry>& logs) {
    Bloom out;
    for (const LogEntry& log : logs) {
        mark(out, log.address.view());
        for (const Hash256& topic : log.topics) mark(out, topic.view());
    }
    return out;
}

void merge(Bloom& into, const Bloom& other) {
    for (std::size_t i = 0; i < Bloom::size_bytes; ++i) into.bytes[i] |= other.bytes[i];
}

Bytes encode_receipt(const TransactionReceipt& receipt) {
    rlp::Writer logs;
    for (const LogEntry& log : receipt.logs) logs.raw(encode_log(log));
    rlp::Writer w;
    w.integer64(receipt.success ? 1 : 0).integer64(receipt.cumulative_gas_used);
    w.string(bloom_of(receipt.logs).view()).raw(logs.list());
    Bytes out;
    if (receipt.type != 0) out.push_back(receipt.type);
    append(out, w.list());
    return out;
}

}  // namespace rondo::ethereum
