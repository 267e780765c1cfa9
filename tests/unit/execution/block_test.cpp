#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/execution/core/order.hpp"
#include "actors/execution/core/ordered_trie.hpp"
#include "actors/execution/core/tables.hpp"
#include "world.hpp"

namespace rondo::execution::test {
namespace {

using ethereum::Refusal;

std::vector<Hash256> with_effect(const ExecutedBlock& block) {
    std::vector<Hash256> out;
    for (const TxOutcome& o : block.outcomes)
        if (o.status != TxStatus::skipped) out.push_back(o.hash);
    return out;
}
Refusal skip_of(const ExecutedBlock& block, const LaneTransaction& t) {
    for (const TxOutcome& o : block.outcomes)
        if (o.hash == hash_of(t)) return o.status == TxStatus::skipped ? o.skip_reason : Refusal::none;
    ADD_FAILURE() << "not in the block";
    return Refusal::busy;
}

TEST(Block, MovesValueAndChargesTheFee) {
    World w;
    const ExecutedBlock block = w.run({signed_by({.from = 0, .to = address(1), .value = 5})});
    ASSERT_EQ(block.outcomes.size(), 1U);
    EXPECT_EQ(block.outcomes[0].status, TxStatus::success);
    const Wei fee = Wei(21000) * (7 + 2);
    const Wei burnt = (Wei(21000) * 7 * 200 + 999) / 1000;
    EXPECT_EQ(w.account(address(0)).balance, 1000 * ether - 5 - fee);
    EXPECT_EQ(w.account(address(0)).nonce, 1U);
    EXPECT_EQ(w.account(address(1)).balance, 1000 * ether + 5);
    EXPECT_EQ(w.account(modules::rewards).balance, fee - burnt);
    EXPECT_EQ(block.burnt, burnt);
    EXPECT_EQ(block.lane_fees, (std::vector<LaneFees>{{LaneId(1), fee - burnt}}));
    EXPECT_EQ(block.result.gas_used, 21000U);
}

TEST(Block, StateRootIsThatOfATrieBuiltFromTheAccountsAlone) {
    World w({.accounts = 60});
    std::vector<LaneTransaction> transactions;
    for (std::uint32_t i = 0; i < 50; ++i)
        transactions.push_back(signed_by({.from = i, .to = address(500 + i % 13), .value = 1 + i}));
    const ExecutedBlock block = w.run(transactions);
    std::map<Bytes, Bytes> leaves;
    w.store.each(tables::accounts, [&](const Bytes& key, const Bytes& value) { leaves[key] = value; });
    EXPECT_GT(leaves.size(), 70U);
    EXPECT_EQ(w.executor.head().accounts, leaves.size());
    EXPECT_EQ(block.result.state_root, plain_root({leaves.begin(), leaves.end()}));
}

TEST(Block, SkipsWithAReasonAndWithoutEffect) {
    World w;
    const Wei before = w.account(address(3)).balance;
    const auto stale = signed_by({.from = 0, .nonce = 0, .to = address(1), .value = 2});
    const auto gap = signed_by({.from = 3, .nonce = 5, .to = address(1)});
    const auto poor = signed_by({.from = 3, .to = address(1), .value = 2000 * ether});
    const auto foreign = signed_by({.from = 3, .to = address(1), .chain_id = 8});
    const LaneTransaction garbage{address(3), {0x02, 0xc0}};
    const ExecutedBlock block = w.run({signed_by({.from = 0, .to = address(1)}), stale, gap, poor, foreign, garbage});
    EXPECT_EQ(skip_of(block, stale), Refusal::nonce_too_low);
    EXPECT_EQ(skip_of(block, gap), Refusal::nonce_gap);
    EXPECT_EQ(skip_of(block, poor), Refusal::insufficient_funds);
    EXPECT_EQ(skip_of(block, foreign), Refusal::wrong_chain_id);
    EXPECT_EQ(skip_of(block, garbage), Refusal::malformed);
    EXPECT_EQ(with_effect(block).size(), 1U);
    EXPECT_EQ(w.account(address(3)).balance, before);
    EXPECT_EQ(w.account(address(3)).nonce, 0U);
}

TEST(Block, SkipsWhatDoesNotPayTheBaseFee) {
    World w({.gas_target_per_second = 21000});
    std::vector<LaneTransaction> busy;
    for (std::uint64_t n = 0; n < 10; ++n) busy.push_back(signed_by({.from = 0, .nonce = n, .to = address(1)}));
    w.run(busy);
    const auto cheap = signed_by({.from = 1, .to = address(2), .max_fee = 7});
    const ExecutedBlock block = w.run({cheap}, 1000);
    EXPECT_EQ(block.base_fee, 8);
    EXPECT_EQ(skip_of(block, cheap), Refusal::fee_below_base_fee);
}

TEST(Block, WaitsForAPredecessorThatComesLaterInTheSameBlock) {
    World w;
    std::vector<LaneTransaction> t;
    for (std::uint64_t n = 0; n < 4; ++n) t.push_back(signed_by({.from = 0, .nonce = n, .to = address(1)}));
    const ExecutedBlock block = w.run({t[2], t[3], t[1], t[0]});
    EXPECT_THAT(with_effect(block), testing::ElementsAre(hash_of(t[0]), hash_of(t[1]), hash_of(t[2]), hash_of(t[3])));
    EXPECT_EQ(w.account(address(0)).nonce, 4U);
}

TEST(Block, GivesANonceThatIsUsedTwiceToTheFirst) {
    World w;
    const auto second_a = signed_by({.from = 0, .nonce = 1, .to = address(1), .value = 1});
    const auto second_b = signed_by({.from = 0, .nonce = 1, .to = address(1), .value = 2});
    const auto first = signed_by({.from = 0, .nonce = 0, .to = address(1)});
    const ExecutedBlock block = w.run({second_a, second_b, first});
    EXPECT_EQ(skip_of(block, second_a), Refusal::none);
    EXPECT_EQ(skip_of(block, second_b), Refusal::nonce_too_low);
}

TEST(Block, LeavesNoLeafForAnEmptyAccount) {
    World w;
    const Hash256 before = w.executor.head().state_root;
    const ExecutedBlock touched = w.run({signed_by({.from = 0, .to = address(77), .value = 0})});
    EXPECT_NE(touched.result.state_root, before);
    for (const AccountState& a : touched.touched) EXPECT_NE(a.address, address(77));
    EXPECT_TRUE(w.account(address(77)).is_empty());
}

TEST(Block, RunsLanesByTurns) {
    World w;
    std::map<std::uint32_t, std::vector<std::vector<LaneTransaction>>> lanes;
    for (std::uint32_t lane = 1; lane <= 3; ++lane) {
        const std::uint32_t sender = lane;
        lanes[lane] = {{signed_by({.from = sender, .nonce = 0, .to = address(0)})},
                       {signed_by({.from = sender, .nonce = 1, .to = address(0)})}};
    }
    const ExecutedBlock block = w.run_lanes(lanes);
    ASSERT_EQ(block.outcomes.size(), 6U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(block.outcomes[i].lane, block.outcomes[i + 3].lane);
    EXPECT_NE(block.outcomes[0].lane, block.outcomes[1].lane);
    EXPECT_NE(block.outcomes[1].lane, block.outcomes[2].lane);
}

RC_GTEST_PROP(FairOrder, TakesEachOnceKeepsLaneOrderAndNeverLetsALaneGetTwoAhead, ()) {
    const auto counts = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0U, 9U));
    const Digest seed{{static_cast<std::uint8_t>(*rc::gen::inRange(0, 255))}};
    const Height height(*rc::gen::inRange<std::uint64_t>(1, 1000));
    const auto order = fair_order(counts, seed, height);
    RC_ASSERT(order == fair_order(counts, seed, height));
    std::vector<std::uint32_t> next(counts.size());
    for (const Position& p : order) {
        RC_ASSERT(p.index == next[p.lane]++);
        for (std::size_t other = 0; other < counts.size(); ++other)
            RC_ASSERT(next[other] == counts[other] || next[p.lane] <= next[other] + 1);
    }
    RC_ASSERT(next == counts);
}

TEST(FairOrder, BeginsWithEveryLaneAboutEquallyOften) {
    std::vector<int> first(4);
    for (std::uint64_t h = 0; h < 400; ++h) ++first[fair_order({1, 1, 1, 1}, Digest{}, Height(h))[0].lane];
    for (const int times : first) EXPECT_GT(times, 60);
}

TEST(State, ReverseDiffsRestoreEveryOlderRoot) {
    World w({.accounts = 30});
    std::vector<Hash256> roots{w.executor.head().state_root};
    for (std::uint64_t h = 0; h < 12; ++h) {
        std::vector<LaneTransaction> t;
        for (std::uint32_t i = 0; i < 20; ++i)
            t.push_back(signed_by(
                {.from = i, .nonce = h, .to = address(100 + (i * 7 + static_cast<std::uint32_t>(h)) % 41), .value = h + i}));
        roots.push_back(w.run(t).result.state_root);
    }
    Overlay scratch(w.store);
    for (std::size_t h = roots.size() - 1; h > 0; --h) EXPECT_EQ(undo_block(scratch, Height(h)), roots[h - 1]) << h;
    EXPECT_EQ(w.executor.head().state_root, Trie(account_trie).root(w.store));
}

TEST(State, ForgetsReverseDiffsPastTwiceTheLag) {
    World w({.lag_max = 3});
    for (int i = 0; i < 12; ++i) w.run({});
    Overlay scratch(w.store);
    EXPECT_FALSE(undo_block(scratch, Height(5)).has_value());
    EXPECT_TRUE(undo_block(scratch, Height(6)).has_value());
}

TEST(State, ContinuesEquallyAfterARestart) {
    World w;
    World other;
    for (std::uint64_t h = 0; h < 6; ++h) {
        const std::vector<LaneTransaction> t{
            signed_by({.from = 0, .nonce = h, .to = address(40 + static_cast<std::uint32_t>(h)), .value = 1})};
        const ExecutedBlock expected = w.run(t);
        if (h == 3) {
            other.executor = BlockExecutor(other.genesis, {});
            other.executor.open(other.store);
        }
        EXPECT_EQ(other.run(t), expected);
    }
}

RC_GTEST_PROP(Supply, IsConservedByAnyTransfers, ()) {
    World w({.operators = 1, .accounts = 5});
    std::map<std::uint32_t, std::uint64_t> nonces;
    Wei burnt;
    for (int blocks = *rc::gen::inRange(1, 5); blocks > 0; --blocks) {
        std::vector<LaneTransaction> t;
        for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
            const auto from = *rc::gen::inRange(0U, 5U);
            Send send{.from = from, .nonce = nonces[from], .to = address(*rc::gen::inRange(0U, 7U))};
            send.value = *rc::gen::element(Wei(0), Wei(1), 300 * ether, 2000 * ether);
            const auto more_than_once = *rc::gen::inRange(0, 4);
            if (more_than_once != 0) ++nonces[from];
            t.push_back(signed_by(send));
        }
        burnt += w.run(t).burnt;
    }
    Wei sum;
    w.store.each(tables::accounts, [&](const Bytes&, const Bytes& value) { sum += decode_account(value).balance; });
    RC_ASSERT(sum + burnt == 5 * 1000 * ether + 32 * ether);
    RC_ASSERT(sum == w.executor.head().supply);
}

}  // namespace
}  // namespace rondo::execution::test
