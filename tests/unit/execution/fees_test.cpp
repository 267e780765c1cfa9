#include "actors/execution/core/fees.hpp"

#include <gtest/gtest.h>

#include "world.hpp"

namespace rondo::execution {
namespace {

Parameters parameters() {
    Parameters p;
    p.gas_target_per_second = 10'000'000;
    p.fee_window_ms = 1000;
    p.base_fee_min_wei = 7;
    return p;
}

TEST(BaseFee, FollowsTheFormulaOfEip1559) {
    const Parameters p = parameters();
    // Expected values: go-ethereum, consensus/misc/eip1559, TestCalcBaseFee (target 10,000,000).
    EXPECT_EQ(next_base_fee(1'000'000'000, 10'000'000, p), 1'000'000'000);
    EXPECT_EQ(next_base_fee(1'000'000'000, 9'000'000, p), 987'500'000);
    EXPECT_EQ(next_base_fee(1'000'000'000, 11'000'000, p), 1'012'500'000);
}

TEST(BaseFee, RisesByAtLeastOneAndNeverFallsBelowTheMinimum) {
    const Parameters p = parameters();
    EXPECT_EQ(next_base_fee(7, 10'000'001, p), 8);
    EXPECT_EQ(next_base_fee(7, 0, p), 7);
    EXPECT_EQ(next_base_fee(8, 0, p), 7);
}

TEST(BaseFee, CountsAtMostTwiceTheTarget) {
    const Parameters p = parameters();
    EXPECT_EQ(next_base_fee(8000, 20'000'000, p), 9000);
    EXPECT_EQ(next_base_fee(8000, 2'000'000'000, p), 9000);
}

TEST(FeeWindow, ChangesTheFeeOnlyInTheFirstBlockOfANewWindow) {
    const Parameters p = parameters();
    const FeeState full{8000, 100, 20'000'000};
    EXPECT_EQ(enter_block(full, 100'999, p), full);
    EXPECT_EQ(enter_block(full, 101'000, p), (FeeState{9000, 101, 0}));
}

TEST(FeeWindow, AppliesEmptyWindowsTooAndAtMost64) {
    const Parameters p = parameters();
    const FeeState full{8000, 100, 20'000'000};
    EXPECT_EQ(enter_block(full, 102'000, p), (FeeState{9000 - 9000 / 8, 102, 0}));
    Wei fee = 1'000'000'000'000;
    const FeeState rich{fee, 100, 0};
    for (int i = 0; i < 64; ++i) fee -= fee / 8;
    EXPECT_EQ(enter_block(rich, 100'000'000, p), (FeeState{fee, 100'000, 0}));
}

TEST(Burn, IsAtLeastTheShareOfTheBaseFee) {
    Parameters p = parameters();
    p.burn_permille = 200;
    EXPECT_EQ(burnt_part(7, 21'001, p), 29'402);  // 29,401.4 rounded up
}

}  // namespace
}  // namespace rondo::execution
