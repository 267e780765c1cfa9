#include "actors/rewards/core/split.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "../da/chain_maker.hpp"
#include "actors/rewards/core/claim_tree.hpp"
#include "actors/rewards/core/shares.hpp"

namespace rondo::testing {
namespace {

using rewards::pro_rata;
using rewards::split;
using rewards::Tally;

Wei total_of(const std::vector<Wei>& amounts) {
    Wei out = 0;
    for (const Wei& a : amounts) out += a;
    return out;
}

Tally even_tally(const Wei& pot) {
    Tally t;
    t.pot = pot;
    for (std::uint16_t i = 0; i < 4; ++i) {
        t.led[SignerIndex(i)] = 1;
        t.votes[SignerIndex(i)] = 2;
        t.carried[LaneId(i + 1U)] = pot / 4;
    }
    return t;
}

TEST(ProRata, RoundsDownAndLosesLessThanOneUnitPerMember) {
    std::uint64_t x = 1;
    for (int round = 0; round < 2000; ++round) {
        std::vector<Wei> weights;
        for (std::uint64_t i = 0; i < 1 + x % 9; ++i) {
            x = x * 6364136223846793005U + 1442695040888963407U;
            weights.push_back(Wei(x >> 20) << (x % 40));
        }
        const Wei amount = Wei(x) * Wei(x % 1000);
        const auto parts = pro_rata(amount, weights);
        const Wei given = total_of(parts);
        EXPECT_LE(given, amount);
        if (total_of(weights) != 0) {
            EXPECT_LT(amount - given, Wei(weights.size()));
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            EXPECT_LE(parts[i] * total_of(weights), amount * weights[i]);
            EXPECT_GT((parts[i] + 1) * total_of(weights), amount * weights[i]);
        }
    }
}

TEST(ProRata, GivesNothingWhenNobodyWeighsAnything) {
    EXPECT_EQ(pro_rata(100, {0, 0, 0}), (std::vector<Wei>{0, 0, 0}));
    EXPECT_TRUE(pro_rata(100, {}).empty());
}

/// The scenarios share commission by a rate and the rest pro rata to stake, which a slash cuts and leaves what has accrued.
TEST(ProRata, AgreesWithTheScenariosOfCosmos) {
    std::ifstream file(std::string(RONDO_DATA_DIR) + "/rewards/cosmos_f1_scenarios.json");
    if (!file) GTEST_SKIP() << "no outside vectors here";
    const auto scenarios = nlohmann::json::parse(file)["scenarios"];
    for (const auto& scenario : scenarios) {
        std::map<std::string, Wei> stakes;
        std::map<std::string, Wei> accrued;
        std::map<std::string, Wei> paid;
        Wei commission = 0;
        const Wei rate = Wei(static_cast<std::uint64_t>(std::stod(scenario["commission"].get<std::string>()) * 1000));
        const auto check = [&](const nlohmann::json& expected) {
            if (expected.contains("commission")) {
                EXPECT_EQ(commission.str(), expected["commission"].get<std::string>()) << scenario["name"];
            }
            if (!expected.contains("rewards")) return;
            for (const auto& [name, amount] : expected["rewards"].items()) {
                EXPECT_EQ(accrued[name].str(), amount.get<std::string>()) << scenario["name"];
            }
        };
        for (const auto& op : scenario["ops"]) {
            const std::string what = op[0];
            if (what == "delegate") {
                stakes[op[1]] += op[2].get<std::uint64_t>();
            } else if (what == "slash") {
                const Wei cut = Wei(static_cast<std::uint64_t>(std::stod(op[1].get<std::string>()) * 1000));
                for (auto& [name, stake] : stakes) stake -= stake * cut / 1000;
            } else if (what == "alloc") {
                const Wei amount = op[1].get<std::uint64_t>();
                commission += amount * rate / 1000;
                std::vector<Wei> weights;
                weights.reserve(stakes.size());
                for (const auto& [name, stake] : stakes) weights.push_back(stake);
                const auto parts = pro_rata(amount - amount * rate / 1000, weights);
                std::size_t i = 0;
                for (const auto& [name, stake] : stakes) accrued[name] += parts[i++];
            } else if (what == "withdraw") {
                paid[op[1]] += std::exchange(accrued[op[1]], 0);
            } else if (what == "withdraw_commission") {
                paid["commission"] += std::exchange(commission, 0);
            } else {
                ASSERT_EQ(what, "check");
                check(op[1]);
            }
        }
        check(scenario["expect"]);
        if (!scenario["expect"].contains("paid")) continue;
        for (const auto& [name, amount] : scenario["expect"]["paid"].items()) {
            EXPECT_EQ(paid[name].str(), amount.get<std::string>());
        }
    }
}

TEST(Split, GivesEverythingThatDividesEvenly) {
    ChainMaker chain;
    const auto out = split(even_tally(4000), 0, chain.context(), {});
    for (const Wei& earned : out.earned) EXPECT_EQ(earned, 1000);
    EXPECT_EQ(out.carried_over, 0);
}

TEST(Split, CarriesWhatRoundingLeavesIntoTheNextEpoch) {
    ChainMaker chain;
    Wei carried = 0;
    Wei in = 0;
    Wei out = 0;
    for (std::uint64_t e = 1; e < 500; ++e) {
        const Tally tally = even_tally(Wei(e * 7919 + 3));
        const auto parts = split(tally, carried, chain.context(), {});
        in += tally.pot;
        out += total_of(parts.earned);
        carried = parts.carried_over;
        ASSERT_EQ(in, out + carried);
        ASSERT_LT(carried, 12);
    }
}

TEST(Split, FollowsTheDocumentedShares) {
    ChainMaker chain;
    Tally t;
    t.pot = 1000;
    t.led[SignerIndex(0)] = 5;
    t.carried[LaneId(2)] = 77;
    t.votes[SignerIndex(2)] = 1;
    const auto out = split(t, 0, chain.context(), {});
    EXPECT_EQ(out.earned[0], rewards::proposers_permille);
    EXPECT_EQ(out.earned[1], rewards::lanes_permille);
    EXPECT_EQ(out.earned[2], rewards::voters_permille);
    EXPECT_EQ(out.earned[3], 0);
}

TEST(Split, WeighsVotesByStake) {
    ChainMaker chain;
    EpochContext context = chain.context();
    context.operators[0].stake = Stake(3'000'000);
    context.operators[1].stake = Stake(1'000'000);
    Tally t;
    t.pot = 10'000;
    t.votes[SignerIndex(0)] = 5;
    t.votes[SignerIndex(1)] = 5;
    const auto out = split(t, 0, context, {});
    EXPECT_EQ(out.earned[0], 3000);
    EXPECT_EQ(out.earned[1], 1000);
    EXPECT_EQ(out.carried_over, 6000) << "nobody led and no lane carried anything";
}

TEST(Split, GivesNothingToTheJailedAndTheirPartToTheOthers) {
    ChainMaker chain;
    EpochContext jailed_before = chain.context();
    jailed_before.operators[1].leads = false;
    const std::vector<OperatorNumber> jailed{OperatorNumber(2), OperatorNumber(9)};
    for (const auto& [own, now] : {std::pair(jailed_before, std::vector<OperatorNumber>{}), std::pair(chain.context(), jailed)}) {
        const auto out = split(even_tally(30'000), 0, own, now);
        EXPECT_EQ(out.earned[1], 0);
        EXPECT_EQ(out.earned[0], 10'000);
        EXPECT_EQ(total_of(out.earned) + out.carried_over, 30'000);
    }
}

TEST(Split, MakesSelfTrafficLoseMoney) {
    ChainMaker chain;
    // Operator 1 fills its own lane, leads every block and casts every vote: even then it gets back no more than the pot,
    // which is less than what it paid, because part of the base fee is burnt before. With honest company it gets less.
    Tally t = even_tally(0);
    t.pot = 1'000'000;
    t.carried = {{LaneId(1), Wei(1'000'000)}};
    const auto out = split(t, 0, chain.context(), {});
    EXPECT_EQ(out.earned[0], 300'000 + 75'000 + 100'000);
}

TEST(Split, HoldsForAmountsBeyondSixtyFourBits) {
    ChainMaker chain;
    Tally t = even_tally(Wei(1) << 120);
    const auto out = split(t, (Wei(1) << 100) + 1, chain.context(), {});
    EXPECT_EQ(total_of(out.earned) + out.carried_over, (Wei(1) << 120) + (Wei(1) << 100) + 1);
}

// ------------------------------------------------------------------------------------------------ the tree

TEST(ClaimTree, HasTheRootOfTheLibrarysOwnExample) {
    // README of @openzeppelin/merkle-tree, "Building a Tree".
    const auto entry = [](std::string_view account, std::string_view amount) {
        return rewards::Entry{*fixed_from_hex<Address>(account), *from_decimal(amount)};
    };
    const rewards::ClaimTree tree({entry("0x1111111111111111111111111111111111111111", "5000000000000000000"),
                                   entry("0x2222222222222222222222222222222222222222", "2500000000000000000")});
    EXPECT_EQ(to_hex(tree.root().view()), "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77");
}

TEST(ClaimTree, ProvesEveryEntryAndNothingElse) {
    for (std::uint8_t count = 1; count < 40; ++count) {
        std::vector<rewards::Entry> entries;
        for (std::uint8_t i = 0; i < count; ++i) {
            rewards::Entry e{{}, Wei(i + 1U) * 1000};
            e.account.bytes[0] = i;
            entries.push_back(e);
        }
        const rewards::ClaimTree tree(entries);
        for (const rewards::Entry& e : entries) {
            const auto proof = tree.proof(e);
            ASSERT_TRUE(proof.has_value());
            EXPECT_TRUE(rewards::proves(tree.root(), e, *proof));
            EXPECT_FALSE(rewards::proves(tree.root(), {e.account, e.cumulative + 1}, *proof));
        }
        EXPECT_FALSE(tree.proof({Address{}, Wei(5)}).has_value());
        std::reverse(entries.begin(), entries.end());
        EXPECT_EQ(rewards::ClaimTree(entries).root(), tree.root());
    }
    EXPECT_TRUE(rewards::ClaimTree({}).root().is_zero());
}

}  // namespace
}  // namespace rondo::testing
