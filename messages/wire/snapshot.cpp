#include "messages/wire/snapshot.hpp"

#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {

Digest digest_of(const Carried& carried) { return crypto::blake2b(encode(carried)); }

template Bytes encode(const Carried&);
template tl::expected<Carried, codec::DecodeError> decode(ByteView);
template Bytes encode(const StateMessage&);
template tl::expected<StateMessage, codec::DecodeError> decode(ByteView);

}  // namespace rondo
