#pragma once
#include <memory>
#include <optional>

#include "messages/base/bytes.hpp"

namespace rondo::crypto {

/// r, s big-endian; y_parity 0 or 1.
struct RecoverableSignature {
    std::array<std::uint8_t, 32> r{};
    std::array<std::uint8_t, 32> s{};
    std::uint8_t y_parity = 0;
    bool operator==(const RecoverableSignature&) const = default;
};

/// The Ethereum address that signed `digest`; nothing if the signature is not one (r or s out of range,
/// no such point). High s is accepted here: whether it is allowed is a rule of the transaction (EIP-2).
/// Thread-safe.
[[nodiscard]] std::optional<Address> recover_address(const Hash256& digest, const RecoverableSignature& signature);

/// True if s is at most half the group order (EIP-2).
[[nodiscard]] bool is_low_s(const RecoverableSignature& signature);

/// An Ethereum account key, wiped on destruction.
class AccountKey {
  public:
    [[nodiscard]] static std::optional<AccountKey> from_secret(ByteView secret_32_bytes);
    [[nodiscard]] static AccountKey generate();
    [[nodiscard]] const Address& address() const { return address_; }
    /// RFC 6979 nonce, low s.
    [[nodiscard]] RecoverableSignature sign(const Hash256& digest) const;

  private:
    struct Wiped;
    AccountKey(std::shared_ptr<const Wiped> secret, Address address);
    std::shared_ptr<const Wiped> secret_;
    Address address_;
};

}  // namespace rondo::crypto
