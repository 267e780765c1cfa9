#include "messages/wire/requests.hpp"

#include "messages/codec/codec.hpp"

namespace rondo {

template Bytes encode(const IntakeRequest&);
template tl::expected<IntakeRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const IntakeReply&);
template tl::expected<IntakeReply, codec::DecodeError> decode(ByteView);
template Bytes encode(const ConsensusRequest&);
template tl::expected<ConsensusRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const ConsensusReply&);
template tl::expected<ConsensusReply, codec::DecodeError> decode(ByteView);
template Bytes encode(const ExecutionRequest&);
template tl::expected<ExecutionRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const ExecutionReply&);
template tl::expected<ExecutionReply, codec::DecodeError> decode(ByteView);
template Bytes encode(const DaRequest&);
template tl::expected<DaRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const DaReply&);
template tl::expected<DaReply, codec::DecodeError> decode(ByteView);
template Bytes encode(const BackendRequest&);
template tl::expected<BackendRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const BackendReply&);
template tl::expected<BackendReply, codec::DecodeError> decode(ByteView);
template Bytes encode(const RewardsRequest&);
template tl::expected<RewardsRequest, codec::DecodeError> decode(ByteView);
template Bytes encode(const RewardsReply&);
template tl::expected<RewardsReply, codec::DecodeError> decode(ByteView);

}  // namespace rondo
