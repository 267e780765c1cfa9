#include "actors/execution/core/records.hpp"

#include <algorithm>

#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {

template Bytes encode(const execution::Registry&);
template tl::expected<execution::Registry, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::Snapshot&);
template tl::expected<execution::Snapshot, codec::DecodeError> decode(ByteView);
template Bytes encode(const Outcome&);
template tl::expected<Outcome, codec::DecodeError> decode(ByteView);
template Bytes encode(const SnapshotHead&);
template tl::expected<SnapshotHead, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::Head&);
template tl::expected<execution::Head, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::BlockRecord&);
template tl::expected<execution::BlockRecord, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::BlockBody&);
template tl::expected<execution::BlockBody, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::TransactionRecord&);
template tl::expected<execution::TransactionRecord, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::TransactionPlace&);
template tl::expected<execution::TransactionPlace, codec::DecodeError> decode(ByteView);

}  // namespace rondo

namespace rondo::execution {

const RegisteredOperator* Registry::find(OperatorNumber number) const {
    const auto at = std::lower_bound(operators.begin(), operators.end(), number,
                                     [](const RegisteredOperator& o, OperatorNumber n) { return o.number < n; });
    return at != operators.end() && at->number == number ? &*at : nullptr;
}

Digest parameters_hash(const Parameters& parameters) { return crypto::blake2b(encode(parameters)); }

Bytes height_key(Height height) {
    Bytes key;
    append_be64(key, height.value);
    return key;
}

Bytes epoch_key(Epoch epoch) {
    Bytes key;
    append_be64(key, epoch.value);
    return key;
}

Bytes transaction_key(Height height, std::uint32_t index) {
    Bytes key = height_key(height);
    append_be32(key, index);
    return key;
}

Bytes lane_key(LaneId lane, LaneHeight height) {
    Bytes key;
    append_be32(key, lane.value);
    append_be64(key, height.value);
    return key;
}

Bytes batch_key(LaneId lane, LaneHeight height, const Digest& digest) {
    Bytes key = lane_key(lane, height);
    append(key, digest.view());
    return key;
}

Bytes head_key() { return to_bytes(as_bytes("head")); }

}  // namespace rondo::execution
