#include "actors/intake/core/open_batch.hpp"

#include "actors/intake/core/limits.hpp"
#include "messages/crypto/merkle.hpp"

namespace rondo::intake {
namespace {

// The few msgpack forms of a Payload (https://github.com/msgpack/msgpack/blob/master/spec.md), shortest first.
void append_be(Bytes& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_array_header(Bytes& out, std::size_t count) {
    if (count < 16) {
        out.push_back(static_cast<std::uint8_t>(0x90 | count));
    } else if (count <= 0xffff) {
        out.push_back(0xdc);
        append_be(out, count, 2);
    } else {
        out.push_back(0xdd);
        append_be(out, count, 4);
    }
}

void append_bin(Bytes& out, ByteView content) {
    const std::size_t size = content.size();
    if (size <= 0xff) {
        out.push_back(0xc4);
        append_be(out, size, 1);
    } else if (size <= 0xffff) {
        out.push_back(0xc5);
        append_be(out, size, 2);
    } else {
        out.push_back(0xc6);
        append_be(out, size, 4);
    }
    append(out, content);
}

constexpr std::size_t transaction_overhead_max = 1 + 2 + Address::size_bytes + 5;

}  // namespace

bool OpenBatch::has_room_for(std::size_t raw_bytes) const {
    return count() < batch_transactions_max && bytes() + raw_bytes + transaction_overhead_max <= batch_bytes_max;
}

void OpenBatch::append(const LaneTransaction& transaction) {
    append_array_header(body_, 2);
    append_bin(body_, transaction.sender.view());
    append_bin(body_, transaction.raw);
    leaves_.push_back(payload_leaf(transaction));
}

Bytes OpenBatch::payload() const {
    Bytes out;
    out.reserve(bytes());
    append_array_header(out, 1);
    append_array_header(out, leaves_.size());
    rondo::append(out, body_);
    return out;
}

Digest OpenBatch::payload_hash() const { return crypto::merkle_root(leaves_); }

}  // namespace rondo::intake
