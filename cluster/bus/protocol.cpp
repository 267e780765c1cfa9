#include "cluster/bus/protocol.hpp"

#include "messages/codec/codec.hpp"

namespace rondo {

template Bytes encode(const ActorStatus&);
template tl::expected<ActorStatus, codec::DecodeError> decode(ByteView);
template Bytes encode(const bus::Envelope&);
template tl::expected<bus::Envelope, codec::DecodeError> decode(ByteView);
template Bytes encode(const bus::ChunkHeader&);
template tl::expected<bus::ChunkHeader, codec::DecodeError> decode(ByteView);
template Bytes encode(const bus::Announcement&);
template tl::expected<bus::Announcement, codec::DecodeError> decode(ByteView);
template Bytes encode(const bus::ReplayRequest&);
template tl::expected<bus::ReplayRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const bus::CursorReport&);
template tl::expected<bus::CursorReport, codec::DecodeError> decode(ByteView);

}  // namespace rondo
