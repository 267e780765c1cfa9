#include "messages/crypto/secp256k1.hpp"

#include <sodium.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "messages/crypto/hash.hpp"
#include "vectors.hpp"

using namespace rondo;
using namespace rondo::test;
using crypto::RecoverableSignature;

namespace {

Hash256 sha256(const Bytes& message) {
    Hash256 out;
    crypto_hash_sha256(out.bytes.data(), message.data(), message.size());
    return out;
}

Address address_of(const nlohmann::json& group) {
    const Bytes point = unhex(group.at("publicKey").at("uncompressed"));
    return *Address::from(crypto::keccak256(ByteView(point).subspan(1)).view().last(20));
}

std::optional<RecoverableSignature> from_r_s(ByteView r, ByteView s) {
    if (r.size() > 32 || s.size() > 32) return std::nullopt;
    RecoverableSignature out;
    std::copy(r.begin(), r.end(), out.r.end() - static_cast<std::ptrdiff_t>(r.size()));
    std::copy(s.begin(), s.end(), out.s.end() - static_cast<std::ptrdiff_t>(s.size()));
    return out;
}

/// One DER INTEGER in its only form (X.690, 8.3); drops the sign byte.
std::optional<ByteView> take_integer(ByteView& in) {
    if (in.size() < 3 || in[0] != 0x02 || in[1] == 0 || in[1] > 33 || in.size() < std::size_t{2} + in[1]) return std::nullopt;
    const std::size_t size = in[1];
    ByteView number = in.subspan(2, size);
    in = in.subspan(2 + size);
    if ((number[0] & 0x80) != 0) return std::nullopt;
    if (number[0] != 0 || size == 1) return number;
    if ((number[1] & 0x80) == 0) return std::nullopt;
    return number.subspan(1);
}

std::optional<RecoverableSignature> from_der(const Bytes& der) {
    if (der.size() < 8 || der[0] != 0x30 || der[1] != der.size() - 2) return std::nullopt;
    ByteView rest = ByteView(der).subspan(2);
    const auto r = take_integer(rest);
    const auto s = r ? take_integer(rest) : std::nullopt;
    if (!s || !rest.empty()) return std::nullopt;
    return from_r_s(*r, *s);
}

std::optional<RecoverableSignature> from_p1363(const Bytes& both) {
    if (both.size() != 64) return std::nullopt;
    return from_r_s(ByteView(both).first(32), ByteView(both).last(32));
}

bool recovers(const Hash256& digest, RecoverableSignature signature, const Address& expected) {
    for (const std::uint8_t parity : {std::uint8_t{0}, std::uint8_t{1}}) {
        signature.y_parity = parity;
        if (crypto::recover_address(digest, signature) == expected) return true;
    }
    return false;
}

/// Ethereum's signatures cannot say "r overflowed the group order": such a valid one (the point's x is r + n) recovers nothing.
bool r_overflowed(const std::string& comment) {
    return comment == "k*G has a large x-coordinate" || comment == "r = 2, x = n + 2 is the smallest possible x with a reduction";
}

}  // namespace

TEST(Secp256k1, RecoversTheSignerOfWycheproofsValidSignaturesAndOfNoOther) {
    NEEDS_DATA("crypto/ecdsa_secp256k1_sha256_p1363_test.json");
    std::size_t valid_seen = 0, overflowed = 0;
    const auto suite = read_json("crypto/ecdsa_secp256k1_sha256_p1363_test.json");
    for (const auto& group : suite.at("testGroups")) {
        const Address signer = address_of(group);
        for (const auto& t : group.at("tests")) {
            const bool valid = t.at("result") == "valid";
            const auto signature = from_p1363(unhex(t.at("sig")));
            const bool recovered = signature && recovers(sha256(unhex(t.at("msg"))), *signature, signer);
            if (valid && r_overflowed(t.at("comment"))) {
                ++overflowed;
                EXPECT_FALSE(recovered);
                continue;
            }
            EXPECT_EQ(recovered, valid) << t.at("tcId") << t.at("comment");
            valid_seen += valid ? 1 : 0;
        }
    }
    EXPECT_GT(valid_seen, 100U);
    EXPECT_EQ(overflowed, 2U);
}

TEST(Secp256k1, AcceptsExactlyTheLowSOfWycheproofsBitcoinVectors) {
    NEEDS_DATA("crypto/ecdsa_secp256k1_sha256_bitcoin_test.json");
    std::size_t valid_seen = 0, high_seen = 0;
    const auto suite = read_json("crypto/ecdsa_secp256k1_sha256_bitcoin_test.json");
    for (const auto& group : suite.at("testGroups")) {
        const Address signer = address_of(group);
        for (const auto& t : group.at("tests")) {
            const bool valid = t.at("result") == "valid";
            if (valid && r_overflowed(t.at("comment"))) continue;
            const auto signature = from_der(unhex(t.at("sig")));
            const bool recovered = signature && recovers(sha256(unhex(t.at("msg"))), *signature, signer);
            const bool accepted = recovered && crypto::is_low_s(*signature);
            EXPECT_EQ(accepted, valid) << t.at("tcId") << t.at("comment");
            valid_seen += valid ? 1 : 0;
            high_seen += recovered && !accepted ? 1 : 0;
        }
    }
    EXPECT_GT(valid_seen, 100U);
    EXPECT_GT(high_seen, 0U);
}

TEST(Secp256k1, KnowsTheAddressOfAKnownKey) {
    // The first account of the mnemonic "test test test test test test test test test test test junk".
    const auto key = crypto::AccountKey::from_secret(unhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"));
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(key->address().view()), "f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
}

TEST(Secp256k1, RefusesSecretsOutsideTheGroup) {
    EXPECT_FALSE(crypto::AccountKey::from_secret(Bytes(32, 0)));
    EXPECT_FALSE(crypto::AccountKey::from_secret(Bytes(32, 0xff)));
    EXPECT_FALSE(crypto::AccountKey::from_secret(Bytes(31, 1)));
}

TEST(Secp256k1, RefusesSignaturesOutOfRange) {
    const auto key = crypto::AccountKey::generate();
    const Hash256 digest = crypto::keccak256(as_bytes("x"));
    const RecoverableSignature good = key.sign(digest);
    RecoverableSignature zero_r = good, zero_s = good, huge = good, third = good;
    zero_r.r.fill(0);
    zero_s.s.fill(0);
    huge.s.fill(0xff);
    third.y_parity = 2;
    for (const auto& bad : {zero_r, zero_s, huge, third}) EXPECT_FALSE(crypto::recover_address(digest, bad));
}

TEST(Secp256k1, SignsLowAndDeterministicallyAndRecoversInManyThreads) {
    const auto work = [] {
        const auto key = crypto::AccountKey::generate();
        for (int i = 0; i < 50; ++i) {
            const Hash256 digest = crypto::keccak256(Bytes(static_cast<std::size_t>(i), 1));
            const RecoverableSignature signature = key.sign(digest);
            EXPECT_TRUE(crypto::is_low_s(signature));
            EXPECT_EQ(signature, key.sign(digest));
            EXPECT_EQ(crypto::recover_address(digest, signature), key.address());
        }
    };
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    for (std::thread& t : threads) t.join();
}
