#include "messages/wire/epoch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "messages/crypto/hash.hpp"
#include "vectors.hpp"

using namespace rondo;

namespace {

EpochContext context_of(const std::vector<std::uint64_t>& stakes, Policy policy = Policy::stake) {
    EpochContext c;
    c.policy = policy;
    c.seed = crypto::blake2b(as_bytes("seed of the test"));
    for (std::size_t i = 0; i < stakes.size(); ++i) {
        OperatorInfo o;
        o.number = OperatorNumber(static_cast<std::uint32_t>(10 * (i + 1)));
        o.stake = Stake(stakes[i]);
        c.operators.push_back(o);
    }
    return c;
}

Address sender_of(std::uint64_t n) {
    Bytes seed;
    append_be64(seed, n);
    return *Address::from(crypto::keccak256(seed).view().last(20));
}

std::map<std::uint16_t, std::size_t> leaders_over(const EpochContext& c, std::uint64_t views) {
    std::map<std::uint16_t, std::size_t> out;
    for (std::uint64_t v = 1; v <= views; ++v) ++out[leader_of(c, View(v)).value];
    return out;
}

/// The count is a sum of independent draws: five standard deviations never happen by chance, and the draws are fixed anyway.
void expect_share(std::size_t count, std::size_t draws, double share, const char* what) {
    const double expected = static_cast<double>(draws) * share;
    EXPECT_NEAR(static_cast<double>(count), expected, 5 * std::sqrt(expected * (1 - share)) + 1) << what;
}

}  // namespace

TEST(Epoch, QuorumsIntersectInMoreThanTheFaultyAndExistWithoutThem) {
    const auto holds = [](std::uint64_t w) {
        const EpochContext c = context_of({w});
        const std::uint64_t faulty = (w - 1) / 3, q = c.quorum().value;
        EXPECT_EQ(c.weak().value, faulty + 1) << w;
        EXPECT_EQ(q, w - faulty) << w;
        EXPECT_GT(q - faulty, w - q) << w;  // q + q > W + F, without overflow
        EXPECT_GE(w - faulty, q) << w;
        EXPECT_LT(3 * faulty, w) << w;
    };
    for (std::uint64_t w = 1; w <= 3000; ++w) holds(w);
    for (std::uint64_t w = 1; w < (1ULL << 62); w = w * 3 + 1) holds(w);
}

TEST(Epoch, StakesOfSignersAreSummedOnlyInOrderAndInsideTheSet) {
    const EpochContext c = context_of({5, 7, 11, 13});
    using Indices = std::vector<SignerIndex>;
    EXPECT_EQ(c.total(), Stake(36));
    EXPECT_EQ(c.stake_of(Indices{}), Stake(0));
    EXPECT_EQ(c.stake_of(Indices{SignerIndex(0), SignerIndex(3)}), Stake(18));
    EXPECT_FALSE(c.stake_of(Indices{SignerIndex(3), SignerIndex(0)}));
    EXPECT_FALSE(c.stake_of(Indices{SignerIndex(1), SignerIndex(1)}));
    EXPECT_FALSE(c.stake_of(Indices{SignerIndex(4)}));
    EXPECT_EQ(c.index_of(OperatorNumber(30)), SignerIndex(2));
    EXPECT_FALSE(c.index_of(OperatorNumber(31)));
    EXPECT_EQ(c.at(SignerIndex(4)), nullptr);
}

TEST(Epoch, PolicyNamesComeBack) {
    for (const Policy p : {Policy::single, Policy::round_robin, Policy::stake}) EXPECT_EQ(policy_from_string(to_string(p)), p);
    EXPECT_FALSE(policy_from_string("lottery"));
}

TEST(Leader, RoundRobinTakesTurns) {
    const EpochContext c = context_of({1, 1, 1, 1}, Policy::round_robin);
    for (std::uint64_t v = 1; v < 20; ++v) {
        std::set<SignerIndex> seen;
        for (std::uint64_t i = 0; i < 4; ++i) seen.insert(leader_of(c, View(v + i)));
        EXPECT_EQ(seen.size(), 4U);
    }
}

TEST(Leader, SingleIsTheFirstExceptEveryFourthViewWhichTheOthersShare) {
    const EpochContext c = context_of({1, 1, 1, 1}, Policy::single);
    for (std::uint64_t v = 1; v <= 48; ++v) EXPECT_EQ(leader_of(c, View(v)).value == 0, v % 4 != 0) << v;
    const auto counts = leaders_over(c, 48);
    for (std::uint16_t other = 1; other < 4; ++other) EXPECT_EQ(counts.at(other), 4U);
    EXPECT_EQ(leader_of(context_of({9}, Policy::single), View(4)), SignerIndex(0));
}

TEST(Leader, TheLotteryGoesByStake) {
    const EpochContext c = context_of({1, 2, 3, 4, 0});
    const auto counts = leaders_over(c, 20'000);
    for (std::uint16_t i = 0; i < 4; ++i) expect_share(counts.at(i), 20'000, (i + 1) / 10.0, "share of views");
    EXPECT_FALSE(counts.contains(4));
}

TEST(Leader, TheLotteryGoesByStakeOnARecordedDistribution) {
    NEEDS_DATA("stake/solana_mainnet_epoch860.json");
    const auto recorded = test::read_json("stake/solana_mainnet_epoch860.json");
    std::vector<std::uint64_t> stakes;
    for (const auto& validator : recorded.at("validators")) stakes.push_back(validator.at(1));
    ASSERT_GT(stakes.size(), 500U);
    const EpochContext c = context_of(stakes);
    const auto counts = leaders_over(c, 3000);
    const auto total = static_cast<double>(c.total().value);
    for (std::uint16_t i = 0; i < 20; ++i)
        expect_share(counts.contains(i) ? counts.at(i) : 0, 3000, static_cast<double>(stakes[i]) / total, "share of views");
}

TEST(Leader, AnotherSeedEpochOrViewDrawsAnew) {
    const EpochContext c = context_of({1, 1, 1, 1, 1, 1, 1, 1});
    EpochContext seed = c, epoch = c;
    seed.seed.bytes[0] ^= 1;
    epoch.epoch = Epoch(2);
    std::size_t by_seed = 0, by_epoch = 0;
    for (std::uint64_t v = 1; v <= 1000; ++v) {
        by_seed += leader_of(c, View(v)) == leader_of(seed, View(v)) ? 1 : 0;
        by_epoch += leader_of(c, View(v)) == leader_of(epoch, View(v)) ? 1 : 0;
    }
    expect_share(by_seed, 1000, 1 / 8.0, "chance agreement");
    expect_share(by_epoch, 1000, 1 / 8.0, "chance agreement");
}

TEST(Leader, TheJailedArePassedOverUnlessNobodyIsLeft) {
    for (const Policy policy : {Policy::single, Policy::round_robin, Policy::stake}) {
        EpochContext c = context_of({5, 5, 5, 5}, policy);
        c.operators[0].leads = false;
        EXPECT_FALSE(leaders_over(c, 200).contains(0));
        EXPECT_EQ(leaders_over(c, 200).size(), 3U);
        for (OperatorInfo& o : c.operators) o.leads = false;
        EXPECT_EQ(leaders_over(c, 200).size(), 4U);
    }
}

TEST(HomeLane, GoesByStake) {
    const EpochContext c = context_of({1, 2, 3, 4, 0});
    std::map<LaneId, std::size_t> counts;
    for (std::uint64_t n = 0; n < 20'000; ++n) ++counts[home_lane(c, sender_of(n))];
    for (std::uint32_t i = 1; i <= 4; ++i) expect_share(counts[LaneId(10 * i)], 20'000, i / 10.0, "share of senders");
    EXPECT_FALSE(counts.contains(LaneId(50)));
}

TEST(HomeLane, GoesByStakeWhenStakesAreLarge) {
    const EpochContext c = context_of({1'000'000'000'000'000'000, 3'000'000'000'000'000'000});
    std::size_t first = 0;
    for (std::uint64_t n = 0; n < 10'000; ++n) first += home_lane(c, sender_of(n)) == LaneId(10) ? 1 : 0;
    expect_share(first, 10'000, 0.25, "share of senders");
}

TEST(HomeLane, OnlyTheSendersOfALeavingMemberMove) {
    const EpochContext before = context_of({3, 5, 2, 7, 4});
    EpochContext after = before;
    after.operators.erase(after.operators.begin() + 2);
    std::size_t moved = 0;
    for (std::uint64_t n = 0; n < 5000; ++n) {
        const LaneId old = home_lane(before, sender_of(n)), now = home_lane(after, sender_of(n));
        EXPECT_NE(now, LaneId(30));
        EXPECT_TRUE(old == LaneId(30) || now == old);
        moved += old != now ? 1 : 0;
    }
    EXPECT_GT(moved, 0U);
}

TEST(HomeLane, AGrowingStakeOnlyAttracts) {
    const EpochContext before = context_of({3, 5, 2, 7});
    EpochContext after = before;
    after.operators[2].stake = Stake(6);
    for (std::uint64_t n = 0; n < 5000; ++n) {
        const LaneId old = home_lane(before, sender_of(n)), now = home_lane(after, sender_of(n));
        EXPECT_TRUE(now == old || now == LaneId(30));
    }
}

TEST(VerifierOrder, IsAPermutationThatChangesWithLaneAndHeight) {
    const EpochContext c = context_of({1, 1, 1, 1, 1, 1, 1});
    std::set<std::vector<SignerIndex>> orders;
    for (std::uint64_t height = 1; height <= 50; ++height) {
        const auto order = verifier_order(c, LaneId(10), LaneHeight(height));
        EXPECT_EQ(std::set<SignerIndex>(order.begin(), order.end()).size(), 7U);
        orders.insert(order);
    }
    EXPECT_GT(orders.size(), 45U);
    EXPECT_NE(verifier_order(c, LaneId(10), LaneHeight(1)), verifier_order(c, LaneId(20), LaneHeight(1)));
}

TEST(Genesis, ItsContextsDifferInEpochSeedAndEndOnly) {
    Genesis genesis;
    genesis.chain_id = 5;
    for (std::uint32_t n = 1; n <= 4; ++n) {
        GenesisOperator o;
        o.number = OperatorNumber(n);
        o.self_stake = Wei("32000000000") * n + 5;  // fractions of a gwei do not count
        genesis.operators.push_back(o);
    }
    const EpochContext first = genesis_context(genesis, Epoch(1)), second = genesis_context(genesis, Epoch(2));
    EXPECT_EQ(first.operators, second.operators);
    EXPECT_EQ(first.operators[3].stake, Stake(128));
    EXPECT_NE(first.seed, second.seed);
    EXPECT_EQ(second.planned_end, Height(2 * first.planned_end.value));
    Genesis other = genesis;
    other.chain_id = 6;
    EXPECT_NE(digest_of(other), digest_of(genesis));
    EXPECT_NE(genesis_block_digest(other), genesis_block_digest(genesis));
    EXPECT_NE(genesis_context(other, Epoch(1)).seed, first.seed);
}
