#include "messages/wire/batch.hpp"

#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/crypto/merkle.hpp"

namespace rondo {

Digest payload_leaf(const LaneTransaction& transaction) {
    Bytes leaf = to_bytes(transaction.sender.view());
    append(leaf, transaction.raw);
    return crypto::merkle_leaf(leaf);
}

std::vector<Digest> payload_leaves(const Payload& payload) {
    std::vector<Digest> leaves;
    leaves.reserve(payload.transactions.size());
    for (const LaneTransaction& t : payload.transactions) leaves.push_back(payload_leaf(t));
    return leaves;
}

Digest payload_root(const Payload& payload) { return crypto::merkle_root(payload_leaves(payload)); }

Digest digest_of(const BatchHeader& header) { return crypto::blake2b(encode_body(header)); }
BatchRef ref_of(const BatchHeader& header) { return {header.lane, header.height, digest_of(header)}; }
BatchRef parent_of(const BatchHeader& header) { return {header.lane, header.height.minus_or_zero(1), header.parent_digest}; }

template Bytes encode(const BatchHeader&);
template Bytes encode_body(const BatchHeader&);
template tl::expected<BatchHeader, codec::DecodeError> decode(ByteView);
template Bytes encode(const Payload&);
template tl::expected<Payload, codec::DecodeError> decode(ByteView);
template Bytes encode(const Ack&);
template Bytes encode_body(const Ack&);
template tl::expected<Ack, codec::DecodeError> decode(ByteView);
template Bytes encode(const PoA&);
template tl::expected<PoA, codec::DecodeError> decode(ByteView);
template Bytes encode(const BatchRecord&);
template tl::expected<BatchRecord, codec::DecodeError> decode(ByteView);
template Bytes encode(const Receipt&);
template Bytes encode_body(const Receipt&);
template tl::expected<Receipt, codec::DecodeError> decode(ByteView);
template Bytes encode(const LaneMessage&);
template tl::expected<LaneMessage, codec::DecodeError> decode(ByteView);

}  // namespace rondo
