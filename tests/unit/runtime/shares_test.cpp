#include "cluster/runtime/shares.hpp"

#include <gtest/gtest.h>

namespace rondo {
namespace {

using Who = int;

/// Takes one at a time until there is no more for it.
std::uint64_t fill(Shares<Who>& shares, Who who, std::uint64_t room) {
    while (shares.has_room(who, 1, room)) shares.take(who, 1);
    return shares.of(who);
}

TEST(Shares, GiveWhoIsAloneHalf) {
    Shares<Who> shares;
    EXPECT_EQ(fill(shares, 1, 100), 50U);
    EXPECT_FALSE(shares.has_room(1, 1, 100));
    EXPECT_TRUE(shares.has_room(2, 1, 100)) << "who has nothing finds room at once";
}

TEST(Shares, OfThoseWhoWantAllAreEqual) {
    Shares<Who> shares;
    for (int round = 0; round < 100; ++round)
        for (Who who = 0; who < 4; ++who)
            if (shares.has_room(who, 1, 1000)) shares.take(who, 1);
    for (Who who = 0; who < 4; ++who) EXPECT_EQ(shares.of(who), 100U);
    for (int round = 0; round < 1000; ++round)
        for (Who who = 0; who < 4; ++who)
            if (shares.has_room(who, 1, 1000)) shares.take(who, 1);
    for (Who who = 0; who < 4; ++who) EXPECT_EQ(shares.of(who), 200U) << "a fifth each, and a fifth is left";
}

TEST(Shares, OfWhoHadMoreThanIsFairNowGoToTheOthersAsTheyComeBack) {
    Shares<Who> shares;
    ASSERT_EQ(fill(shares, 1, 90), 45U);
    ASSERT_EQ(fill(shares, 2, 90), 22U);
    for (int executed = 0; executed < 45; ++executed) {
        shares.give_back(1, 1);
        while (shares.has_room(2, 1, 90) || shares.has_room(1, 1, 90)) shares.take(shares.has_room(2, 1, 90) ? 2 : 1, 1);
    }
    EXPECT_EQ(shares.of(1) + shares.of(2), 60U);
    EXPECT_NEAR(static_cast<double>(shares.of(2)), 30.0, 1.0);
}

TEST(Shares, AreNeverMoreThanTheRoomInAll) {
    Shares<Who> shares;
    for (Who who = 0; who < 1000; ++who) (void)fill(shares, who, 64);
    EXPECT_LT(shares.total(), 64U);
    EXPECT_FALSE(shares.has_room(1001, 65, 64));
    EXPECT_FALSE(shares.has_room(1001, ~0ULL, 64));
}

TEST(Shares, RememberOnlyWhoHasSomething) {
    Shares<Who> shares;
    for (Who who = 0; who < 10; ++who) shares.take(who, 3);
    EXPECT_EQ(shares.holders(), 10U);
    for (Who who = 0; who < 10; ++who) shares.give_back(who, 3);
    EXPECT_EQ(shares.holders(), 0U);
    EXPECT_EQ(shares.total(), 0U);
    shares.take(1, 0);
    EXPECT_EQ(shares.holders(), 0U);
}

}  // namespace
}  // namespace rondo
