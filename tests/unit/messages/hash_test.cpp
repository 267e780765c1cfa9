#include "messages/crypto/hash.hpp"

#include <nlohmann/json.hpp>

#include "vectors.hpp"

using namespace rondo;
using namespace rondo::test;

TEST(Hash, Blake2bHasTheKnownValuesFor256Bits) {
    EXPECT_EQ(to_hex(crypto::blake2b(as_bytes("abc")).view()),
              "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    EXPECT_EQ(to_hex(crypto::blake2b(ByteView{}).view()), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

TEST(Hash, PartsHashAsTheirConcatenation) {
    const Bytes whole(1000, 7);
    const ByteView view(whole);
    for (const std::size_t cut : {0U, 1U, 127U, 128U, 129U, 136U, 999U, 1000U}) {
        EXPECT_EQ(crypto::blake2b({view.first(cut), view.subspan(cut)}), crypto::blake2b(view));
        EXPECT_EQ(crypto::keccak256({view.first(cut), view.subspan(cut)}), crypto::keccak256(view));
    }
}

TEST(Hash, KeccakAgreesWithRecordedHashes) {
    NEEDS_DATA("ethereum/hashes.json.gz");
    const auto cases = read_json("ethereum/hashes.json.gz");
    ASSERT_GT(cases.size(), 200U);
    for (const auto& c : cases)
        EXPECT_EQ(to_hex_prefixed(crypto::keccak256(unhex(c.at("data"))).view()), c.at("keccak256")) << c.at("name");
}
