#include "messages/crypto/ed25519.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "vectors.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

/// False also when key or signature have another length, as outside callers would find out first.
bool verifies(const std::string& key, const std::string& message, const std::string& signature) {
    const auto k = fixed_from_hex<PublicKey>(key);
    const auto s = fixed_from_hex<Signature>(signature);
    return k && s && crypto::verify(*k, unhex(message), *s);
}

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string part; std::getline(in, part, ':');) out.push_back(part);
    return out;
}

}  // namespace

TEST(Ed25519, SignsAndVerifiesLikeTheReferenceVectors) {
    NEEDS_DATA("crypto/ed25519_cr_yp_to_TESTVECTORS.txt");
    std::istringstream lines(read_text("crypto/ed25519_cr_yp_to_TESTVECTORS.txt"));
    std::size_t seen = 0;
    for (std::string line; std::getline(lines, line); ++seen) {
        const auto column = split(line);  // seed ‖ key : key : message : signature ‖ message
        const auto secret = crypto::SecretKey::from_seed(unhex(column.at(0).substr(0, 64)));
        const std::string signature = column.at(3).substr(0, 128);
        ASSERT_EQ(to_hex(secret.public_key().view()), column.at(1));
        ASSERT_EQ(to_hex(secret.sign(unhex(column.at(2))).view()), signature);
        ASSERT_TRUE(verifies(column.at(1), column.at(2), signature));
        ASSERT_FALSE(verifies(column.at(1), column.at(2) + "00", signature));
    }
    EXPECT_EQ(seen, 128U);
}

TEST(Ed25519, AgreesWithWycheproof) {
    NEEDS_DATA("crypto/ed25519_test.json");
    const auto suite = read_json("crypto/ed25519_test.json");
    std::size_t seen = 0;
    for (const auto& group : suite.at("testGroups")) {
        for (const auto& t : group.at("tests")) {
            const bool valid = t.at("result") == "valid";
            const bool verified = verifies(group.at("publicKey").at("pk"), t.at("msg"), t.at("sig"));
            EXPECT_EQ(verified, valid) << t.at("tcId") << t.at("comment");
            ++seen;
        }
    }
    EXPECT_EQ(seen, suite.at("numberOfTests").get<std::size_t>());
}

// "Taming the many EdDSAs" (eprint 2020/1244), table 5. Every node must give the same verdict, so it is pinned here.
TEST(Ed25519, GivesThePinnedVerdictsOnEdgeCases) {
    NEEDS_DATA("crypto/ed25519_speccheck_cases.json");
    constexpr std::array<bool, 12> accepted{
        false,  // 0: small-order A and R
        false,  // 1: small-order A
        false,  // 2: small-order R
        true,   // 3: A and R of mixed order, the equation without cofactor holds
        false,  // 4: holds only with the cofactor
        false,  // 5: holds only with the cofactor, other hash
        false,  // 6: S above the group order
        false,  // 7: S far above the group order
        false,  // 8: R not canonical
        false,  // 9: R not canonical, reduced before hashing
        false,  // 10: A not canonical
        false,  // 11: A not canonical, reduced before hashing
    };
    const auto cases = read_json("crypto/ed25519_speccheck_cases.json");
    ASSERT_EQ(cases.size(), accepted.size());
    for (std::size_t i = 0; i < accepted.size(); ++i) {
        const auto& c = cases[i];
        EXPECT_EQ(verifies(c.at("pub_key"), c.at("message"), c.at("signature")), accepted[i]) << "case " << i;
    }
}

TEST(Ed25519, RememberingChangesNoVerdict) {
    const auto key = crypto::SecretKey::from_seed(Bytes(32, 1));
    const auto other = crypto::SecretKey::from_seed(Bytes(32, 2));
    const Bytes message = to_bytes(as_bytes("vote"));
    const Signature good = key.sign(message);
    Signature bad = good;
    bad.bytes[5] ^= 1;
    crypto::remember_verifications(true);
    for (int again = 0; again < 3; ++again) {
        EXPECT_TRUE(crypto::verify(key.public_key(), message, good));
        EXPECT_FALSE(crypto::verify(key.public_key(), message, bad));
        EXPECT_FALSE(crypto::verify(other.public_key(), message, good));
        EXPECT_FALSE(crypto::verify(key.public_key(), as_bytes("veto"), good));
    }
    crypto::remember_verifications(false);
    EXPECT_TRUE(crypto::verify(key.public_key(), message, good));
}

TEST(Ed25519, ACopiedKeySignsAfterTheOriginalIsGone) {
    std::optional<crypto::SecretKey> original = crypto::SecretKey::generate();
    const crypto::SecretKey copy = *original;
    original.reset();
    EXPECT_TRUE(crypto::verify(copy.public_key(), as_bytes("m"), copy.sign(as_bytes("m"))));
}
