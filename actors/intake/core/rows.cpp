#include "actors/intake/core/rows.hpp"

#include "messages/codec/codec.hpp"

namespace rondo {

template Bytes encode(const intake::LaneState&);
template tl::expected<intake::LaneState, codec::DecodeError> decode(ByteView);
template Bytes encode(const intake::LinkRow&);
template tl::expected<intake::LinkRow, codec::DecodeError> decode(ByteView);
template Bytes encode(const intake::PromisedChunk&);
template tl::expected<intake::PromisedChunk, codec::DecodeError> decode(ByteView);
template Bytes encode(const intake::HeldRow&);
template tl::expected<intake::HeldRow, codec::DecodeError> decode(ByteView);
template Bytes encode(const intake::WantedCut&);
template tl::expected<intake::WantedCut, codec::DecodeError> decode(ByteView);

namespace intake {

Bytes key_of(LaneHeight height) {
    Bytes key;
    append_be64(key, height.value);
    return key;
}

Bytes key_of(LaneHeight height, std::uint32_t index) {
    Bytes key = key_of(height);
    append_be32(key, index);
    return key;
}

Bytes key_of(Epoch epoch) {
    Bytes key;
    append_be64(key, epoch.value);
    return key;
}

Bytes key_of(Epoch epoch, LaneId lane, LaneHeight height) {
    Bytes key = key_of(epoch);
    append_be32(key, lane.value);
    append_be64(key, height.value);
    return key;
}

Bytes key_of(const BatchRef& batch) {
    Bytes key;
    append_be32(key, batch.lane.value);
    append_be64(key, batch.height.value);
    append(key, batch.digest.view());
    return key;
}

Bytes key_of(Height height, LaneId lane) {
    Bytes key;
    append_be64(key, height.value);
    append_be32(key, lane.value);
    return key;
}

}  // namespace intake
}  // namespace rondo
