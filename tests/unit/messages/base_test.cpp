#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/base/uint256.hpp"

using namespace rondo;

namespace {

const uint256 max256 = std::numeric_limits<uint256>::max();

uint256 wide(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    return (uint256(a) << 192) | (uint256(b) << 128) | (uint256(c) << 64) | d;
}

}  // namespace

TEST(Number, StepsAndStopsAtZero) {
    EXPECT_EQ(View(3).next(), View(4));
    EXPECT_EQ(Height(3).plus(4), Height(7));
    EXPECT_EQ(Height(3).minus_or_zero(4), Height(0));
    EXPECT_EQ(Height(9).minus_or_zero(4), Height(5));
    EXPECT_LT(Epoch(1), Epoch(2));
}

TEST(NumberDeathTest, AnOverflowEndsTheProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT((void)View(std::numeric_limits<std::uint64_t>::max()).next(), testing::ExitedWithCode(70), "overflowed");
    EXPECT_EXIT((void)SignerIndex(65535).next(), testing::ExitedWithCode(70), "overflowed");
}

TEST(Uint256, CheckedArithmeticKnowsItsEdges) {
    EXPECT_EQ(checked_add(max256, 0), max256);
    EXPECT_FALSE(checked_add(max256, 1));
    EXPECT_EQ(checked_sub(5, 5), uint256(0));
    EXPECT_FALSE(checked_sub(5, 6));
    EXPECT_EQ(checked_mul(max256, 1), max256);
    EXPECT_EQ(checked_mul(max256, 0), uint256(0));
    EXPECT_FALSE(checked_mul(max256, 2));
    EXPECT_EQ(checked_mul(uint256(1) << 128, uint256(1) << 127), uint256(1) << 255);
    EXPECT_FALSE(checked_mul(uint256(1) << 128, uint256(1) << 128));
}

TEST(Uint256, CheckedArithmeticAgreesWithUnboundedIntegers) {
    using boost::multiprecision::cpp_int;
    EXPECT_TRUE(rc::check("against cpp_int", [](std::uint64_t a, std::uint64_t b, std::uint8_t shift_x, std::uint8_t shift_y) {
        const uint256 x = wide(a, b, ~a, b) >> shift_x, y = wide(b, ~b, a, a) >> shift_y;
        const cpp_int sum = cpp_int(x) + cpp_int(y), product = cpp_int(x) * cpp_int(y);
        const auto added = checked_add(x, y), multiplied = checked_mul(x, y), subtracted = checked_sub(x, y);
        RC_ASSERT(added.has_value() == (sum <= cpp_int(max256)));
        RC_ASSERT((!added || cpp_int(*added) == sum));  // RC_ASSERT itself takes `||` apart and evaluates both sides
        RC_ASSERT(multiplied.has_value() == (product <= cpp_int(max256)));
        RC_ASSERT((!multiplied || cpp_int(*multiplied) == product));
        RC_ASSERT(subtracted.has_value() == (x >= y));
    }));
}

TEST(Uint256, EveryTextAndByteFormComesBack) {
    EXPECT_TRUE(rc::check("forms", [](std::uint64_t a, std::uint64_t b, std::uint8_t shift) {
        const uint256 x = wide(a, b, a, b) >> shift;
        RC_ASSERT(uint256_from_be(to_minimal_be(x)) == x);
        RC_ASSERT(uint256_from_be(to_word(x).view()) == x);
        RC_ASSERT(from_quantity(to_quantity(x)) == x);
        RC_ASSERT(from_decimal(x.str()) == x);
    }));
}

TEST(Uint256, QuantitiesAreTheOnesOfJsonRpc) {
    EXPECT_EQ(to_quantity(0), "0x0");
    EXPECT_EQ(to_quantity(0x1f), "0x1f");
    EXPECT_EQ(to_quantity(256), "0x100");
    for (const char* bad : {"", "0x", "0x00", "0x01", "1", "0xg", "-0x1", "0x1 "}) EXPECT_FALSE(from_quantity(bad)) << bad;
    EXPECT_FALSE(from_quantity("0x1" + std::string(64, '0')));
    EXPECT_EQ(from_quantity("0x" + std::string(64, 'f')), max256);
}

TEST(Uint256, DecimalsBeyondTheRangeAreRefused) {
    EXPECT_EQ(from_decimal("115792089237316195423570985008687907853269984665640564039457584007913129639935"), max256);
    EXPECT_FALSE(from_decimal("115792089237316195423570985008687907853269984665640564039457584007913129639936"));
    for (const char* bad : {"", "+1", "-1", "1e3", "0x1", " 1"}) EXPECT_FALSE(from_decimal(bad)) << bad;
}

TEST(Bytes, HexIsReadInEitherCaseAndRefusedWhenForeign) {
    EXPECT_EQ(from_hex("0xAbCd"), (Bytes{0xab, 0xcd}));
    EXPECT_EQ(from_hex(""), Bytes{});
    EXPECT_EQ(from_hex("0x"), Bytes{});
    for (const char* bad : {"a", "0xabc", "zz", "0x0x"}) EXPECT_FALSE(from_hex(bad)) << bad;
    EXPECT_EQ(to_hex_prefixed(Bytes{0x00, 0xff}), "0x00ff");
    EXPECT_FALSE(fixed_from_hex<Address>("00"));
}

TEST(Bytes, BigEndianKeepsTheOrderOfNumbers) {
    Bytes small, large;
    append_be64(small, 255);
    append_be64(large, 256);
    EXPECT_LT(small, large);
    EXPECT_EQ(read_be64(large), 256U);
    Bytes four;
    append_be32(four, 0x01020304);
    EXPECT_EQ(four, (Bytes{1, 2, 3, 4}));
    EXPECT_EQ(read_be32(four), 0x01020304U);
}
