#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/execution/core/modules/rewards.hpp"
#include "actors/execution/core/modules/slashing.hpp"
#include "actors/execution/core/ordered_trie.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/evidence.hpp"
#include "world.hpp"

namespace rondo::execution::test {
namespace {

constexpr std::uint32_t epoch_blocks = 4;
WorldOptions short_epochs() { return {.epoch_blocks = epoch_blocks}; }

Bytes stake_call(std::uint32_t number) { return abi::Encoder().number(number).call(modules::stake_of); }
Bytes jailed_call(std::uint32_t number) { return abi::Encoder().number(number).call(modules::is_jailed); }
Bytes pot_call(std::uint64_t epoch) { return abi::Encoder().number(epoch).call(modules::pot_of); }
Bytes accepted_call() { return abi::Encoder().call(modules::accepted_root); }
Bytes claimed_call(const Address& account) { return abi::Encoder().address(account).call(modules::claimed_by); }

Vote signed_vote(const World& w, std::uint32_t number, std::uint64_t view, std::uint8_t digest) {
    Vote v{VoteKind::notarize,
           Epoch(1),
           rondo::View(view),
           Digest{{digest}},
           SignerIndex(static_cast<std::uint16_t>(number - 1)),
           {}};
    v.signature = operator_key(number).sign(signing_bytes(digest_of(w.genesis), v.epoch, Kind::notarize, encode_body(v)));
    return v;
}
Bytes evidence_call(const World& w, std::uint32_t offender, std::uint64_t view = 5) {
    const Evidence evidence = ConflictingVotes{signed_vote(w, offender, view, 1), signed_vote(w, offender, view, 2)};
    return abi::Encoder().bytes(encode(evidence)).call(modules::submit_evidence);
}
LaneTransaction to_slashing(std::uint32_t from, std::uint64_t nonce, const Bytes& call) {
    return signed_by({.from = from, .nonce = nonce, .to = modules::slashing, .data = call});
}
LaneTransaction to_rewards(std::uint32_t from, std::uint64_t nonce, const Bytes& call) {
    return signed_by({.from = from, .nonce = nonce, .to = modules::rewards, .data = call});
}
Bytes attest_call(std::uint64_t epoch, const Hash256& root, const Wei& total) {
    return abi::Encoder().number(epoch).word(*Word256::from(root.view())).number(total).call(modules::attest);
}
Bytes claim_call(const Address& account, const Wei& cumulative, const std::vector<Hash256>& proof) {
    std::vector<Word256> words;
    words.reserve(proof.size());
    for (const Hash256& h : proof) words.push_back(*Word256::from(h.view()));
    return abi::Encoder().address(account).number(cumulative).words(words).call(modules::claim);
}

TEST(Staking, AnswersBondsAndJail) {
    World w;
    EXPECT_EQ(w.number(modules::staking, stake_call(2)), 32 * ether);
    EXPECT_EQ(w.number(modules::staking, jailed_call(2)), 0);
}

TEST(Modules, ShowCodeAndKeepTheirStateUnderTheirStorageRoot) {
    World w;
    for (const Address& module : {modules::staking, modules::slashing, modules::rewards, modules::fees})
        EXPECT_FALSE(w.account(module).is_empty());
    EXPECT_NE(w.account(modules::staking).storage_root, empty_root());
    EXPECT_EQ(w.account(modules::slashing).storage_root, empty_root());
    std::map<Bytes, Bytes> words;
    w.store.each(tables::storage, [&](const Bytes& key, const Bytes& value) {
        if (key[0] == modules::staking.bytes[19]) words[Bytes(key.begin() + 1, key.end())] = value;
    });
    EXPECT_EQ(w.account(modules::staking).storage_root, plain_root({words.begin(), words.end()}));
}

TEST(Modules, RevertPaysGasAndUsesTheNonce) {
    World w;
    const auto call = signed_by({.from = 0, .to = modules::rewards, .data = {1, 2, 3, 4}});
    const ExecutedBlock block = w.run({call});
    EXPECT_EQ(block.outcomes.at(0).status, TxStatus::reverted);
    EXPECT_EQ(w.account(address(0)).nonce, 1U);
    EXPECT_LT(w.account(address(0)).balance, 1000 * ether);
}

TEST(Modules, TakeNoValue) {
    World w;
    const ExecutedBlock block = w.run({signed_by({.from = 0, .to = modules::staking, .value = 5, .data = stake_call(1)})});
    EXPECT_EQ(block.outcomes.at(0).status, TxStatus::reverted);
    EXPECT_EQ(w.account(modules::staking).balance, 4 * 32 * ether);
}

TEST(Modules, RunOutOfGasWithoutEffect) {
    World w;
    const Bytes call = evidence_call(w, 2);
    const ExecutedBlock block = w.run({signed_by({.from = 0, .to = modules::slashing, .data = call, .gas_limit = 45'000})});
    EXPECT_EQ(block.outcomes.at(0).status, TxStatus::reverted);
    EXPECT_EQ(block.result.gas_used, 45'000U);
    EXPECT_EQ(w.number(modules::staking, jailed_call(2)), 0);
}

TEST(Slashing, JailsAndBurnsThePresetsShareOnceAndForFree) {
    World w;
    const ExecutedBlock block = w.run({to_slashing(watcher_of(1), 0, evidence_call(w, 2))});
    ASSERT_EQ(block.outcomes.at(0).status, TxStatus::success);
    const Wei taken = 32 * ether * 30 / 1000;
    EXPECT_EQ(w.number(modules::staking, stake_call(2)), 32 * ether - taken);
    EXPECT_EQ(w.number(modules::staking, jailed_call(2)), 1);
    EXPECT_EQ(block.burnt, taken);
    EXPECT_TRUE(block.lane_fees.empty());
    EXPECT_EQ(w.account(address(watcher_of(1))).balance, 0);
    EXPECT_EQ(w.account(address(watcher_of(1))).nonce, 1U);
    EXPECT_NE(block.result.logs_bloom, ethereum::Bloom{});
}

TEST(Slashing, TakesOnePenaltyPerSlotHoweverOftenItIsSubmitted) {
    World w;
    const Bytes call = evidence_call(w, 2);
    const ExecutedBlock block =
        w.run({to_slashing(watcher_of(1), 0, call), to_slashing(watcher_of(3), 0, call), to_slashing(watcher_of(1), 1, call)});
    EXPECT_EQ(block.outcomes[0].status, TxStatus::success);
    EXPECT_EQ(block.outcomes[1].status, TxStatus::reverted);
    EXPECT_EQ(block.outcomes[2].status, TxStatus::reverted);
    EXPECT_TRUE(block.lane_fees.empty()) << "coming second costs a watcher nothing";
    EXPECT_EQ(w.number(modules::staking, stake_call(2)), 32 * ether - 32 * ether * 30 / 1000);
    const ExecutedBlock another_slot = w.run({to_slashing(watcher_of(3), 1, evidence_call(w, 2, 6))});
    EXPECT_EQ(another_slot.outcomes[0].status, TxStatus::success);
    EXPECT_LT(w.number(modules::staking, stake_call(2)), 32 * ether - 32 * ether * 30 / 1000);
}

TEST(Slashing, RefusesWhatProvesNothing) {
    World w;
    Vote unsigned_vote = signed_vote(w, 2, 5, 2);
    unsigned_vote.signature = {};
    const Evidence forged = ConflictingVotes{signed_vote(w, 2, 5, 1), unsigned_vote};
    const Bytes forged_call = abi::Encoder().bytes(encode(forged)).call(modules::submit_evidence);
    const Bytes garbage_call = abi::Encoder().bytes(Bytes(40, 7)).call(modules::submit_evidence);
    Evidence of_unknown_epoch = ConflictingVotes{signed_vote(w, 2, 5, 1), signed_vote(w, 2, 5, 2)};
    std::get<ConflictingVotes>(of_unknown_epoch).first.epoch = Epoch(99);
    const Bytes unknown_call = abi::Encoder().bytes(encode(of_unknown_epoch)).call(modules::submit_evidence);
    const ExecutedBlock block =
        w.run({to_slashing(0, 0, forged_call), to_slashing(0, 1, garbage_call), to_slashing(0, 2, unknown_call)});
    for (const TxOutcome& o : block.outcomes) EXPECT_EQ(o.status, TxStatus::reverted);
    EXPECT_EQ(w.number(modules::staking, stake_call(2)), 32 * ether);
    EXPECT_EQ(block.lane_fees.size(), 1U);
}

TEST(Context, OfTheEpochAfterNextComesFromTheCitedBonds) {
    World w(short_epochs());
    w.run({});
    w.run({to_slashing(watcher_of(1), 0, evidence_call(w, 2))});
    w.run({});
    w.cited = {Height(1), decode_own<ExecutedBlock>(*w.store.get(tables::results, height_key(Height(1)))).result_digest};
    const ExecutedBlock boundary = w.run({});
    ASSERT_EQ(boundary.contexts.size(), 1U);
    const EpochContext third = boundary.contexts.at(0);
    EXPECT_EQ(third.epoch, Epoch(3));
    EXPECT_EQ(third.planned_end, Height(3 * epoch_blocks));
    EXPECT_TRUE(third.operators[1].leads);
    EXPECT_EQ(third.operators[1].stake, Stake(32ULL * gwei));

    // The first block that cites the jailing ends the second epoch; its plan is the fourth's then, with the same end.
    const ExecutedBlock early = w.run({});
    ASSERT_EQ(early.contexts.size(), 2U);
    EXPECT_EQ(early.contexts.at(0).epoch, Epoch(3));
    EXPECT_FALSE(early.contexts.at(0).operators[1].leads) << "without it they would be three";
    EXPECT_EQ(early.contexts.at(0).planned_end, Height(2 * epoch_blocks));
    EXPECT_EQ(early.contexts.at(0).seed, genesis_context(w.genesis, Epoch(2)).seed);
    EpochContext moved = third;
    moved.epoch = Epoch(4);
    EXPECT_EQ(early.contexts.at(1), moved);
    ExecutedBlock second;
    for (std::uint32_t i = 0; i < epoch_blocks - 1; ++i) second = w.run({});
    ASSERT_EQ(second.contexts.size(), 2U);
    EXPECT_FALSE(second.contexts.at(0).operators[1].leads) << "jailed after it was planned";
    EXPECT_EQ(second.contexts.at(0).stake_of(std::vector{SignerIndex(1)}), Stake(32ULL * gwei)) << "frozen";
    EXPECT_EQ(second.contexts.at(1).epoch, Epoch(5));
    EXPECT_FALSE(second.contexts.at(1).operators[1].leads);
    EXPECT_EQ(second.contexts.at(1).operators[1].stake, Stake(32ULL * gwei * 970 / 1000));
    EXPECT_NE(second.contexts.at(1).seed, third.seed);
}

TEST(Context, OfAnEpochThatEndedEarlyIsTheSameWithoutTheJailed) {
    World w({.operators = 6, .epoch_blocks = 100});
    w.run({});
    w.run({to_slashing(watcher_of(1), 0, evidence_call(w, 2)), to_slashing(watcher_of(3), 0, evidence_call(w, 4))});
    EXPECT_TRUE(w.run({}).contexts.empty()) << "nothing cites it yet";
    const ExecutedBlock early = w.run({});
    EXPECT_THAT(early.jailed, testing::ElementsAre(OperatorNumber(2), OperatorNumber(4)));
    ASSERT_EQ(early.contexts.size(), 2U);
    EpochContext expected = genesis_context(w.genesis, Epoch(1));
    expected.epoch = Epoch(2);
    std::erase_if(expected.operators, [](const OperatorInfo& o) { return o.number.value == 2 || o.number.value == 4; });
    EXPECT_EQ(early.contexts.at(0), expected);
    EXPECT_EQ(early.contexts.at(1).epoch, Epoch(3));
    EXPECT_EQ(early.contexts.at(1).operators.size(), 6U) << "the plan stays; who is jailed goes when it begins";
    EXPECT_TRUE(w.run({}).contexts.empty());
    ExecutedBlock planned;
    while (planned.height < Height(100)) planned = w.run({});
    EXPECT_EQ(planned.epoch, Epoch(2));
    ASSERT_EQ(planned.contexts.size(), 2U);
    EXPECT_EQ(planned.contexts.at(0).operators.size(), 4U);
    EXPECT_EQ(planned.contexts.at(1).operators.size(), 4U);
}

TEST(Context, RefusesABoundaryBlockThatNamesAnotherNextSet) {
    World w(short_epochs());
    for (std::uint32_t i = 0; i < epoch_blocks - 1; ++i) w.run({});
    auto made = w.maker.make({}, w.cited);
    made.block.next_set_hash = Digest{{1}};
    EXPECT_THAT(w.executor.check(w.store, made.block).value_or(""), testing::HasSubstr("another next set"));
    made.block.next_set_hash.reset();
    EXPECT_THAT(w.executor.check(w.store, made.block).value_or(""), testing::HasSubstr("does not end its epoch"));
}

TEST(Context, RefusesABlockThatEndsItsEpochForNothing) {
    World w;
    auto made = w.maker.make({}, w.cited);
    made.block.next_set_hash = Digest{{1}};
    EXPECT_THAT(w.executor.check(w.store, made.block).value_or(""), testing::HasSubstr("ends its epoch"));
}

/// Two claims in one root.
struct TwoLeaves {
    Address first = address(0);
    Address second = address(1);
    Wei first_amount;
    Wei second_amount;
    [[nodiscard]] Hash256 leaf_a() const { return reward_leaf(first, first_amount); }
    [[nodiscard]] Hash256 leaf_b() const { return reward_leaf(second, second_amount); }
    [[nodiscard]] Hash256 root() const { return reward_node(leaf_a(), leaf_b()); }
};

/// An epoch with fees, and its root.
struct RewardsWorld : World {
    RewardsWorld() : World(short_epochs()) {
        for (std::uint32_t i = 0; i < epoch_blocks; ++i)
            fees += run({signed_by({.from = 2, .nonce = i, .to = address(3)})}).lane_fees[0].fees;
        leaves.first_amount = fees / 3;
        leaves.second_amount = fees - fees / 3;
    }
    std::vector<LaneTransaction> attestations(std::uint32_t how_many) {
        std::vector<LaneTransaction> out;
        for (std::uint32_t n = 1; n <= how_many; ++n)
            out.push_back(to_rewards(rewards_of(n), 0, attest_call(1, leaves.root(), fees)));
        return out;
    }
    Wei fees;
    TwoLeaves leaves;
};

TEST(Rewards, FixThePotWithTheBoundaryBlock) {
    RewardsWorld w;
    EXPECT_EQ(w.number(modules::rewards, pot_call(1)), w.fees);
    EXPECT_EQ(w.account(modules::rewards).balance, w.fees);
}

TEST(Rewards, AcceptARootAtQuorumOfStakeAndForFree) {
    RewardsWorld w;
    const ExecutedBlock two = w.run(w.attestations(2));
    EXPECT_EQ(w.number(modules::rewards, accepted_call()), 0);
    EXPECT_TRUE(two.lane_fees.empty());
    const ExecutedBlock third = w.run({to_rewards(rewards_of(3), 0, attest_call(1, w.leaves.root(), w.fees))});
    EXPECT_EQ(third.outcomes[0].status, TxStatus::success);
    EXPECT_EQ(w.number(modules::rewards, accepted_call()), 1);
    const ExecutedBlock late = w.run({to_rewards(rewards_of(4), 0, attest_call(1, w.leaves.root(), w.fees))});
    EXPECT_EQ(late.outcomes[0].status, TxStatus::reverted);
    EXPECT_TRUE(late.lane_fees.empty()) << "coming after the quorum costs nothing";
}

TEST(Rewards, CountOneAttestationPerOperatorAndOneRootOnly) {
    RewardsWorld w;
    const auto again = to_rewards(rewards_of(1), 1, attest_call(1, w.leaves.root(), w.fees));
    const auto another = to_rewards(rewards_of(2), 1, attest_call(1, Hash256{{9}}, w.fees));
    auto transactions = w.attestations(2);
    transactions.push_back(again);
    transactions.push_back(another);
    const ExecutedBlock block = w.run(transactions);
    EXPECT_EQ(block.outcomes[2].status, TxStatus::reverted);
    EXPECT_EQ(block.outcomes[3].status, TxStatus::reverted);
    EXPECT_EQ(w.number(modules::rewards, accepted_call()), 0);
}

TEST(Rewards, RefuseAttestationsThatCannotBeTrue) {
    RewardsWorld w;
    const Hash256 root = w.leaves.root();
    const ExecutedBlock block =
        w.run({to_rewards(rewards_of(1), 0, attest_call(1, root, w.fees + 1)),
               to_rewards(rewards_of(2), 0, attest_call(2, root, w.fees)), to_rewards(rewards_of(3), 0, attest_call(0, root, 0)),
               to_rewards(0, 0, attest_call(1, root, w.fees))});
    for (const TxOutcome& o : block.outcomes) EXPECT_EQ(o.status, TxStatus::reverted);
}

TEST(Rewards, PayAProvenClaimOnce) {
    RewardsWorld w;
    w.run(w.attestations(3));
    const Wei before = w.account(w.leaves.first).balance;
    const Bytes call = claim_call(w.leaves.first, w.leaves.first_amount, {w.leaves.leaf_b()});
    const ExecutedBlock block = w.run({to_rewards(5, 0, call), to_rewards(5, 1, call)});
    EXPECT_EQ(block.outcomes[0].status, TxStatus::success);
    EXPECT_EQ(block.outcomes[1].status, TxStatus::reverted);
    EXPECT_EQ(w.account(w.leaves.first).balance, before + w.leaves.first_amount);
    EXPECT_EQ(w.number(modules::rewards, claimed_call(w.leaves.first)), w.leaves.first_amount);
}

TEST(Rewards, RefuseClaimsThatAreNotInTheRoot) {
    RewardsWorld w;
    w.run(w.attestations(3));
    const ExecutedBlock block =
        w.run({to_rewards(5, 0, claim_call(w.leaves.first, w.leaves.first_amount + 1, {w.leaves.leaf_b()})),
               to_rewards(5, 1, claim_call(w.leaves.second, w.leaves.first_amount, {w.leaves.leaf_b()})),
               to_rewards(5, 2, claim_call(w.leaves.first, w.leaves.first_amount, {}))});
    for (const TxOutcome& o : block.outcomes) EXPECT_EQ(o.status, TxStatus::reverted);
    EXPECT_EQ(w.number(modules::rewards, claimed_call(w.leaves.first)), 0);
}

RC_GTEST_PROP(Supply, IsConservedThroughSlashesAttestationsAndClaims, ()) {
    RewardsWorld w;
    const Wei genesis_supply = w.executor.head().genesis_supply;
    std::map<std::uint32_t, std::uint64_t> nonces;
    const auto send = [&](std::uint32_t from, const Address& to, const Bytes& call) {
        return signed_by({.from = from, .nonce = nonces[from]++, .to = to, .data = call});
    };
    for (int round = *rc::gen::inRange(1, 4); round > 0; --round) {
        std::vector<LaneTransaction> t;
        for (int i = *rc::gen::inRange(1, 8); i > 0; --i) {
            const auto who = *rc::gen::inRange(1U, 5U);
            switch (*rc::gen::inRange(0, 4)) {
                case 0:
                    t.push_back(
                        send(watcher_of(who), modules::slashing, evidence_call(w, 1 + who % 4, *rc::gen::inRange(1U, 3U))));
                    break;
                case 1:
                    t.push_back(send(rewards_of(who), modules::rewards, attest_call(1, w.leaves.root(), w.fees)));
                    break;
                case 2:
                    t.push_back(
                        send(4, modules::rewards, claim_call(w.leaves.first, w.leaves.first_amount, {w.leaves.leaf_b()})));
                    break;
                default:
                    t.push_back(
                        send(5, modules::rewards, claim_call(w.leaves.second, w.leaves.second_amount, {w.leaves.leaf_a()})));
                    break;
            }
        }
        w.run(t);
    }
    Wei sum;
    w.store.each(tables::accounts, [&](const Bytes&, const Bytes& value) { sum += decode_account(value).balance; });
    RC_ASSERT(sum + w.executor.head().burnt == genesis_supply);
}

}  // namespace
}  // namespace rondo::execution::test
