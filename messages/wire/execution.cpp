#include "messages/wire/execution.hpp"

#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {

Digest digest_of(const Result& result) { return crypto::blake2b(encode(result)); }

template Bytes encode(const Result&);
template tl::expected<Result, codec::DecodeError> decode(ByteView);
template Bytes encode(const ExecutedBlock&);
template tl::expected<ExecutedBlock, codec::DecodeError> decode(ByteView);
template Bytes encode(const Posting&);
template tl::expected<Posting, codec::DecodeError> decode(ByteView);

}  // namespace rondo
