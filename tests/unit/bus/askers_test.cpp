#include "cluster/bus/askers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rondo::bus {
namespace {

constexpr DurationMs start = 1'000'000;
const Bytes here{1}, there{2};

TransportKey key(std::uint64_t number) {
    TransportKey out{};
    for (std::size_t i = 0; i < 8; ++i) out.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
}

std::uint64_t heard_of_guest(Askers& askers, std::uint64_t who, std::uint64_t messages, DurationMs now) {
    std::uint64_t heard = 0;
    for (std::uint64_t i = 0; i < messages; ++i) heard += askers.hear_guest(key(who), here, now) ? 1 : 0;
    return heard;
}

std::uint64_t heard_of_operator(Askers& askers, OperatorNumber who, std::uint64_t messages, DurationMs now) {
    std::uint64_t heard = 0;
    for (std::uint64_t i = 0; i < messages; ++i) heard += askers.hear_operator(who, here, now) ? 1 : 0;
    return heard;
}

constexpr std::uint64_t asked = 10'000;  ///< more than any quota
static_assert(asked > 2 * limits::operator_messages_per_second && asked > limits::operator_messages_burst);

TEST(Askers, AreHeardInABurstAndThenAtTheirRate) {
    Askers askers;
    EXPECT_EQ(heard_of_guest(askers, 1, asked, start), limits::guest_messages_burst);
    EXPECT_EQ(heard_of_guest(askers, 1, asked, start + 2000), 2 * limits::guest_messages_per_second);
    EXPECT_EQ(heard_of_operator(askers, OperatorNumber(1), asked, start), limits::operator_messages_burst);
    EXPECT_EQ(heard_of_operator(askers, OperatorNumber(1), asked, start + 2000), 2 * limits::operator_messages_per_second);
    EXPECT_EQ(heard_of_operator(askers, OperatorNumber(1), asked, start + (1ULL << 60)), limits::operator_messages_burst);
}

TEST(Askers, HaveAQuotaEach) {
    Askers askers;
    EXPECT_EQ(heard_of_guest(askers, 1, asked, start), limits::guest_messages_burst);
    EXPECT_EQ(heard_of_guest(askers, 2, 1, start), 1U);
    EXPECT_EQ(heard_of_operator(askers, OperatorNumber(1), asked, start), limits::operator_messages_burst);
    EXPECT_EQ(heard_of_operator(askers, OperatorNumber(2), 1, start), 1U);
}

TEST(Askers, WhoAreGuestsGetNoMoreByHavingManyKeys) {
    Askers askers;
    std::uint64_t heard = 0;
    for (std::uint64_t who = 0; who < 10'000; ++who) heard += heard_of_guest(askers, who, 1, start);
    EXPECT_EQ(heard, limits::guests_messages_burst);
    EXPECT_EQ(heard_of_operator(askers, OperatorNumber(1), 1, start), 1U) << "operators do not wait for guests";
}

TEST(Askers, AreNotHeardUntilTheBytesTheyWereSentArePaidBack) {
    Askers askers;
    const auto guest = askers.hear_guest(key(1), here, start);
    ASSERT_TRUE(guest);
    askers.charge(*guest, limits::guest_bytes_burst + limits::guest_bytes_per_second, start);
    EXPECT_FALSE(askers.hear_guest(key(1), here, start + 999));
    EXPECT_TRUE(askers.hear_guest(key(2), here, start + 999));
    EXPECT_EQ(askers.hear_guest(key(1), here, start + 1001), guest);
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(1), here, start));
    askers.charge(OperatorNumber(1), limits::operator_bytes_burst, start);
    EXPECT_FALSE(askers.hear_operator(OperatorNumber(1), here, start));
    EXPECT_TRUE(askers.hear_operator(OperatorNumber(1), here, start + 1));
}

TEST(Askers, WhoAreGuestsAreNotHeardWhileAllTogetherWereSentTooMuch) {
    Askers askers;
    for (std::uint64_t who = 0; who * limits::guest_bytes_burst < limits::guests_bytes_burst; ++who)
        askers.charge(askers.hear_guest(key(who), here, start).value(), limits::guest_bytes_burst, start);
    EXPECT_FALSE(askers.hear_guest(key(1000), here, start));
    EXPECT_TRUE(askers.hear_guest(key(1000), here, start + 1));
}

TEST(Askers, WhoAreGuestsAreSentOneMessageBeyondTheirBytesAtMost) {
    Askers askers;
    const OperatorNumber guest = askers.hear_guest(key(1), here, start).value();
    std::size_t sent = 0;
    for (; askers.may_be_sent(guest, start); sent += limits::message_bytes_max)
        askers.charge(guest, limits::message_bytes_max, start);
    EXPECT_LE(sent, limits::guest_bytes_burst + limits::message_bytes_max);
    EXPECT_TRUE(askers.may_be_sent(askers.hear_guest(key(2), here, start).value(), start));
    for (std::uint64_t who = 2; who * limits::guest_bytes_burst <= limits::guests_bytes_burst; ++who)
        askers.charge(askers.hear_guest(key(who), here, start).value(), limits::guest_bytes_burst, start);
    EXPECT_FALSE(askers.hear_guest(key(1000), here, start)) << "all together were sent too much";
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(1), here, start));
    askers.charge(OperatorNumber(1), 2 * limits::operator_bytes_burst, start);
    EXPECT_TRUE(askers.may_be_sent(OperatorNumber(1), start)) << "it may be what this node asks of it";
}

TEST(Askers, AreAnsweredWhereTheyWereHeardLast) {
    Askers askers;
    EXPECT_EQ(askers.connection_of(OperatorNumber(1)), nullptr);
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(1), {}, start));
    EXPECT_EQ(askers.connection_of(OperatorNumber(1)), nullptr) << "heard on the own DEALER only";
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(1), here, start));
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(1), {}, start));
    EXPECT_EQ(*askers.connection_of(OperatorNumber(1)), here);
    const auto guest = askers.hear_guest(key(1), here, start);
    ASSERT_TRUE(guest);
    ASSERT_EQ(askers.hear_guest(key(1), there, start), guest);
    EXPECT_EQ(*askers.connection_of(*guest), there);
}

TEST(Askers, ForgetTheGuestThatWasHeardLeastRecently) {
    Askers askers;
    std::vector<OperatorNumber> numbers;
    DurationMs now = start;
    const auto hear = [&](std::uint64_t who) { return askers.hear_guest(key(who), here, now += 1000).value(); };
    for (std::uint64_t who = 0; who < limits::guests_max; ++who) numbers.push_back(hear(who));
    EXPECT_EQ(hear(0), numbers[0]);
    const OperatorNumber another = hear(limits::guests_max);
    EXPECT_NE(askers.connection_of(another), nullptr);
    EXPECT_EQ(askers.connection_of(numbers[1]), nullptr);
    EXPECT_NE(askers.connection_of(numbers[0]), nullptr);
    EXPECT_NE(askers.connection_of(numbers[2]), nullptr);
    EXPECT_EQ(std::ranges::count(numbers, another), 0) << "a number that was somebody's is not somebody else's so soon";
}

TEST(Askers, ForgetOperatorsThatAreNoLongerListed) {
    Askers askers;
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(1), here, start));
    ASSERT_TRUE(askers.hear_operator(OperatorNumber(2), here, start));
    const auto guest = askers.hear_guest(key(1), here, start);
    askers.keep_operators({OperatorNumber(2)});
    EXPECT_EQ(askers.connection_of(OperatorNumber(1)), nullptr);
    EXPECT_NE(askers.connection_of(OperatorNumber(2)), nullptr);
    EXPECT_NE(askers.connection_of(guest.value()), nullptr);
}

}  // namespace
}  // namespace rondo::bus
