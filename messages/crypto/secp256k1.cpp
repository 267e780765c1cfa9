#include "messages/crypto/secp256k1.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>

#include <algorithm>

#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::crypto {
namespace {

// n / 2 of SEC 2, section 2.4.1: the largest low s.
constexpr std::array<std::uint8_t, 32> half_order{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                  0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
                                                  0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

/// Made once, blinded once, only read afterwards: safe to share between threads.
const secp256k1_context* signing_context() {
    static const secp256k1_context* const shared = [] {
        require(sodium_init() >= 0, "libsodium cannot start");
        secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        std::array<std::uint8_t, 32> blinding;
        randombytes_buf(blinding.data(), blinding.size());
        require(secp256k1_context_randomize(made, blinding.data()) == 1, "libsecp256k1 cannot start");
        return made;
    }();
    return shared;
}

Address address_of(const secp256k1_context* context, const secp256k1_pubkey& key) {
    std::array<std::uint8_t, 65> point;
    std::size_t size = point.size();
    secp256k1_ec_pubkey_serialize(context, point.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    // The address is the last 20 bytes of the hash of x ‖ y (yellow paper, appendix F).
    return *Address::from(keccak256(ByteView(point).subspan(1)).view().last(Address::size_bytes));
}

}  // namespace

std::optional<Address> recover_address(const Hash256& digest, const RecoverableSignature& signature) {
    if (signature.y_parity > 1) return std::nullopt;
    const secp256k1_context* context = secp256k1_context_static;
    std::array<std::uint8_t, 64> compact;
    std::copy(signature.r.begin(), signature.r.end(), compact.begin());
    std::copy(signature.s.begin(), signature.s.end(), compact.begin() + 32);
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, compact.data(), signature.y_parity) != 1)
        return std::nullopt;
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recover(context, &key, &parsed, digest.bytes.data()) != 1) return std::nullopt;
    return address_of(context, key);
}

bool is_low_s(const RecoverableSignature& signature) { return signature.s <= half_order; }

/// Plain memory, wiped: tools hold tens of thousands of these, more than there are guarded mappings.
struct AccountKey::Wiped {
    std::array<std::uint8_t, 32> bytes{};

    Wiped() = default;
    ~Wiped() { sodium_memzero(bytes.data(), bytes.size()); }
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
};

AccountKey::AccountKey(std::shared_ptr<const Wiped> secret, Address address) : secret_(std::move(secret)), address_(address) {}

std::optional<AccountKey> AccountKey::from_secret(ByteView secret_32_bytes) {
    if (secret_32_bytes.size() != 32) return std::nullopt;
    const auto secret = std::make_shared<Wiped>();
    std::copy(secret_32_bytes.begin(), secret_32_bytes.end(), secret->bytes.begin());
    secp256k1_pubkey key;
    // Zero, or not below the group's order.
    if (secp256k1_ec_pubkey_create(signing_context(), &key, secret->bytes.data()) != 1) return std::nullopt;
    return AccountKey(secret, address_of(signing_context(), key));
}

AccountKey AccountKey::generate() {
    require(sodium_init() >= 0, "libsodium cannot start");
    for (;;) {  // one draw in 2^128 is not a key
        std::array<std::uint8_t, 32> drawn;
        randombytes_buf(drawn.data(), drawn.size());
        auto key = from_secret(drawn);
        sodium_memzero(drawn.data(), drawn.size());
        if (key) return *std::move(key);
    }
}

RecoverableSignature AccountKey::sign(const Hash256& digest) const {
    secp256k1_ecdsa_recoverable_signature made;
    const int signed_ok = secp256k1_ecdsa_sign_recoverable(signing_context(), &made, digest.bytes.data(), secret_->bytes.data(),
                                                           secp256k1_nonce_function_rfc6979, nullptr);
    require(signed_ok == 1, "a checked key signs everything");
    std::array<std::uint8_t, 64> compact;
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(secp256k1_context_static, compact.data(), &recovery_id, &made);
    // Ids 2 and 3 mean that r overflowed the group order: nobody has ever seen it happen, and Ethereum cannot express it.
    require(recovery_id <= 1, "a signature whose r overflowed");
    RecoverableSignature out;
    std::copy_n(compact.begin(), 32, out.r.begin());
    std::copy_n(compact.begin() + 32, 32, out.s.begin());
    out.y_parity = static_cast<std::uint8_t>(recovery_id);
    return out;
}

}  // namespace rondo::crypto
