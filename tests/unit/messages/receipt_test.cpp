#include "messages/ethereum/receipt.hpp"

#include <gtest/gtest.h>

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/rlp.hpp"

using namespace rondo;
using namespace rondo::ethereum;

namespace {

LogEntry sample_log(std::uint8_t seed) {
    LogEntry log;
    log.address.bytes.fill(seed);
    log.topics.resize(2);
    log.topics[0].bytes.fill(static_cast<std::uint8_t>(seed + 1));
    log.data = {seed, 0};
    return log;
}

std::size_t bits_of(const Bloom& bloom) {
    std::size_t bits = 0;
    for (const std::uint8_t byte : bloom.bytes) bits += static_cast<std::size_t>(__builtin_popcount(byte));
    return bits;
}

}  // namespace

TEST(Receipt, BloomHasTheBitsTheYellowPaperNames) {
    EXPECT_TRUE(bloom_of({}).is_zero());
    LogEntry log;
    log.address = *fixed_from_hex<Address>("095e7baea6a6c7c4c2dfeb977efac326af552d87");
    const Hash256 hash = crypto::keccak256(log.address.view());
    const Bloom bloom = bloom_of({log});
    Bloom expected;
    for (const std::size_t pair : {0U, 2U, 4U}) {
        const unsigned bit = ((static_cast<unsigned>(hash.bytes[pair]) & 7U) << 8) | hash.bytes[pair + 1];
        expected.bytes[255 - bit / 8] |= static_cast<std::uint8_t>(1U << (bit & 7U));
    }
    EXPECT_EQ(bloom, expected);
    EXPECT_LE(bits_of(bloom), 3U);
}

TEST(Receipt, BloomsOfPartsMergeToTheBloomOfAll) {
    Bloom merged = bloom_of({sample_log(1)});
    merge(merged, bloom_of({sample_log(9)}));
    EXPECT_EQ(merged, bloom_of({sample_log(1), sample_log(9)}));
}

TEST(Receipt, EncodesAsTypedEnvelopeOfFourFields) {
    TransactionReceipt receipt{2, true, 21000, {sample_log(1), sample_log(5)}};
    const Bytes typed = encode_receipt(receipt);
    ASSERT_EQ(typed.front(), 2);
    const ByteView body = ByteView(typed).subspan(1);
    ASSERT_EQ(rlp::validate(body), rlp::Error::none);
    rlp::Reader outer(body);
    rlp::Reader r = outer.list();
    EXPECT_EQ(r.integer64(), 1U);
    EXPECT_EQ(r.integer64(), 21000U);
    EXPECT_EQ(to_bytes(r.string()), to_bytes(bloom_of(receipt.logs).view()));
    rlp::Reader logs = r.list();
    rlp::Reader first = logs.list();
    EXPECT_EQ(to_bytes(first.string()), Bytes(20, 1));
    EXPECT_EQ(first.list().string().size(), 32U);
    EXPECT_EQ(to_bytes(first.string()), (Bytes{1, 0}));
    EXPECT_EQ(first.finish(), rlp::Error::none);
    EXPECT_EQ(r.finish(), rlp::Error::none);
    receipt.type = 0;
    EXPECT_EQ(to_hex(encode_receipt(receipt)), to_hex(body));
}

TEST(Receipt, AFailedOneStartsWithTheEmptyString) {
    const Bytes encoded = encode_receipt({0, false, 1, {}});
    EXPECT_EQ(to_hex(ByteView(encoded).first(5)), "f901068001");
}
