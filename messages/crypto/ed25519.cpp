#include "messages/crypto/ed25519.hpp"

#include <sodium.h>

#include <unordered_map>

#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::crypto {
namespace {

void start_sodium() {
    static const bool started = sodium_init() >= 0;
    require(started, "libsodium cannot start");
}

/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
class VerdictMemo {
  public:
    static constexpr std::size_t generation_entries_max = 1U << 16;

    const bool* find(const Digest& id) const {
        for (const auto* generation : {&young_, &old_})
            if (const auto it = generation->find(id); it != generation->end()) return &it->second;
        return nullptr;
    }
    void insert(const Digest& id, bool verdict) {
        if (young_.size() >= generation_entries_max) {
            old_ = std::move(young_);
            young_.clear();
        }
        young_.emplace(id, verdict);
    }

  private:
    std::unordered_map<Digest, bool> young_;
    std::unordered_map<Digest, bool> old_;
};

thread_local std::unique_ptr<VerdictMemo> memo;

bool verify_now(const PublicKey& key, ByteView message, const Signature& signature) {
    return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(), key.bytes.data()) == 0;
}

}  // namespace

struct SecretKey::Wiped {
    std::uint8_t* bytes;  ///< seed ‖ public key, as libsodium keeps it

    Wiped() {
        start_sodium();
        bytes = static_cast<std::uint8_t*>(sodium_malloc(crypto_sign_SECRETKEYBYTES));
        require(bytes != nullptr, "no guarded memory for a secret key");
    }
    ~Wiped() { sodium_free(bytes); }  // wipes first
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
};

SecretKey::SecretKey(std::shared_ptr<const Wiped> secret, PublicKey public_key)
    : secret_(std::move(secret)), public_key_(public_key) {}

SecretKey SecretKey::from_seed(ByteView seed_32_bytes) {
    require(seed_32_bytes.size() == crypto_sign_SEEDBYTES, "an Ed25519 seed has 32 bytes");
    const auto secret = std::make_shared<Wiped>();
    PublicKey public_key;
    crypto_sign_seed_keypair(public_key.bytes.data(), secret->bytes, seed_32_bytes.data());
    sodium_mprotect_readonly(secret->bytes);
    return {secret, public_key};
}

SecretKey SecretKey::generate() {
    const auto secret = std::make_shared<Wiped>();
    PublicKey public_key;
    crypto_sign_keypair(public_key.bytes.data(), secret->bytes);
    sodium_mprotect_readonly(secret->bytes);
    return {secret, public_key};
}

Signature SecretKey::sign(ByteView message) const {
    Signature out;
    crypto_sign_detached(out.bytes.data(), nullptr, message.data(), message.size(), secret_->bytes);
    return out;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
    if (!memo) return verify_now(key, message, signature);
    const Digest id = blake2b({key.view(), signature.view(), message});
    if (const bool* known = memo->find(id)) return *known;
    const bool verdict = verify_now(key, message, signature);
    memo->insert(id, verdict);
    return verdict;
}

void remember_verifications(bool on) { memo = on ? std::make_unique<VerdictMemo>() : nullptr; }

}  // namespace rondo::crypto
