#pragma once
#include <memory>
#include <optional>

#include "messages/base/bytes.hpp"

namespace rondo::crypto {

/// An Ed25519 secret key (RFC 8032) in locked memory that is wiped on destruction. Never printed, never copied into Bytes.
class SecretKey {
  public:
    [[nodiscard]] static SecretKey from_seed(ByteView seed_32_bytes);
    [[nodiscard]] static SecretKey generate();

    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
    /// Deterministic: the same key and message always give the same signature.
    [[nodiscard]] Signature sign(ByteView message) const;

  private:
    struct Wiped;
    SecretKey(std::shared_ptr<const Wiped> secret, PublicKey public_key);
    std::shared_ptr<const Wiped> secret_;
    PublicKey public_key_;
};

/// True if and only if the signature is valid by libsodium's strict rules: canonical S, no small-order key.
[[nodiscard]] bool verify(const PublicKey& key, ByteView message, const Signature& signature);

/// Remembers verdicts by (key, message, signature), so that a simulation of many nodes in one thread
/// checks each signature once. The answers stay the same. Off by default. Not thread-safe.
void remember_verifications(bool on);

}  // namespace rondo::crypto
