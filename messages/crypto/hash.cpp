#include "messages/crypto/hash.hpp"

#include <cryptopp/keccak.h>
#include <sodium.h>

namespace rondo::crypto {
namespace {
/// TruncatedFinal() restarts the object: one per thread saves constructing and wiping it for every hash.
thread_local CryptoPP::Keccak_256 keccak;
}  // namespace

Digest blake2b(std::initializer_list<ByteView> parts) {
    Digest out;
    if (parts.size() == 1) {
        crypto_generichash(out.bytes.data(), Digest::size_bytes, parts.begin()->data(), parts.begin()->size(), nullptr, 0);
        return out;
    }
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, Digest::size_bytes);
    for (const ByteView part : parts) crypto_generichash_update(&state, part.data(), part.size());
    crypto_generichash_final(&state, out.bytes.data(), Digest::size_bytes);
    return out;
}

Hash256 keccak256(std::initializer_list<ByteView> parts) {
    for (const ByteView part : parts) keccak.Update(part.data(), part.size());
    Hash256 out;
    keccak.TruncatedFinal(out.bytes.data(), Hash256::size_bytes);
    return out;
}

Hash256 keccak256(ByteView data) { return keccak256({data}); }

}  // namespace rondo::crypto
