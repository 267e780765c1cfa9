#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/execution/core/modules/rewards.hpp"
#include "actors/execution/core/tables.hpp"
#include "registry_world.hpp"

namespace rondo::execution::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::uint32_t> numbers(const std::vector<OperatorInfo>& set) {
    std::vector<std::uint32_t> out;
    for (const OperatorInfo& o : set) out.push_back(o.number.value);
    return out;
}
std::vector<std::uint32_t> passed_over(const std::vector<OperatorInfo>& set) {
    std::vector<std::uint32_t> out;
    for (const OperatorInfo& o : set)
        if (!o.leads) out.push_back(o.number.value);
    return out;
}

// ---------------------------------------------------------------------------------------------- the rule

struct Schedule : testing::Test {
    EpochContext last = genesis_context(make_genesis({}), Epoch(2));
    Registry cited;
    Schedule() {
        for (std::uint32_t n = 1; n <= 6; ++n) add(n, 32);
    }
    void add(std::uint32_t number, std::uint64_t ethers) {
        RegisteredOperator o;
        o.number = OperatorNumber(number);
        o.bond = ethers * ether;
        o.key = operator_key(number + 50).public_key();
        o.transport_key = transport_key(number + 50);
        o.owner = address(number);
        o.watcher_account = address(number + 10);
        o.rewards_account = address(number + 20);
        o.endpoints = endpoints(number + 50);
        cited.operators.push_back(o);
    }
    RegisteredOperator& op(std::uint32_t number) { return cited.operators.at(number - 1); }
    [[nodiscard]] std::vector<std::uint32_t> set() const { return numbers(schedule(last, cited)); }
};

TEST_F(Schedule, TakesEverybodyWhoIsEligibleAsRegistered) {
    EXPECT_THAT(set(), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(schedule(last, cited).at(4),
              (OperatorInfo{OperatorNumber(5), operator_key(55).public_key(), transport_key(55), Stake(32ULL * gwei), true,
                            address(5), address(15), address(25), endpoints(55)}));
}

TEST_F(Schedule, LeavesOutWhoLeftIsJailedOrHasTooSmallABond) {
    op(2).left = true;
    EXPECT_THAT(set(), ElementsAre(1, 3, 4, 5, 6));
    op(3).jailed = true;
    EXPECT_THAT(set(), ElementsAre(1, 4, 5, 6));
    op(3).jailed = false;
    op(6).bond = 16 * ether - 1;
    EXPECT_THAT(set(), ElementsAre(1, 3, 4, 5));
    op(6).bond = 16 * ether;
    EXPECT_THAT(set(), ElementsAre(1, 3, 4, 5, 6));
}

TEST_F(Schedule, TakesTheHighestBondsAndOfEqualOnesTheLowerNumbers) {
    last.parameters.operators_max = 4;
    EXPECT_THAT(set(), ElementsAre(1, 2, 3, 4));
    op(6).bond += 1;
    EXPECT_THAT(set(), ElementsAre(1, 2, 3, 6));
    op(1).bond -= 1;
    EXPECT_THAT(set(), ElementsAre(2, 3, 4, 6));
    op(2).jailed = true;
    EXPECT_THAT(set(), ElementsAre(3, 4, 5, 6));
}

TEST_F(Schedule, KeepsTheLastSetWhenFewerThanFourAreEligible) {
    cited.operators.resize(5);
    op(1).left = true;
    op(2).jailed = true;
    op(3).bond = 10 * ether;
    const auto kept = schedule(last, cited);
    EXPECT_THAT(numbers(kept), ElementsAre(1, 2, 3, 4)) << "5 is eligible, and waits until three more are";
    EXPECT_THAT(passed_over(kept), ElementsAre(2));
    EXPECT_EQ(kept.at(2).stake, Stake(10ULL * gwei));
    EXPECT_EQ(kept.at(3).key, operator_key(54).public_key());
    op(3).bond = 32 * ether;
    add(6, 32);
    EXPECT_THAT(set(), ElementsAre(3, 4, 5, 6)) << "now it can do without those who left or are jailed";
}

TEST_F(Schedule, KeepsASetOfOneUntilThereAreFour) {
    last.operators.resize(1);
    for (std::uint32_t n = 4; n <= 6; ++n) op(n).left = true;
    EXPECT_THAT(set(), ElementsAre(1));
    op(1).jailed = true;
    EXPECT_THAT(set(), ElementsAre(1));
    EXPECT_THAT(passed_over(schedule(last, cited)), ElementsAre(1));
    op(4).left = op(5).left = false;
    EXPECT_THAT(set(), ElementsAre(2, 3, 4, 5));
}

TEST_F(Schedule, NeverChangesASetThatMayHaveNoFour) {
    last.parameters.operators_max = 3;
    op(1).bond = 20 * ether;
    EXPECT_THAT(set(), ElementsAre(1, 2, 3, 4));
}

// ---------------------------------------------------------------------------------------------- epochs

constexpr std::uint64_t epoch_blocks = 4;
const Wei bond = 20 * ether;
WorldOptions short_epochs(std::uint32_t operators = 4) {
    return {.operators = operators, .epoch_blocks = epoch_blocks, .unbonding_ms = 300};
}

TEST(Sets, FollowTheCitedStateAndNotTheHead) {
    RegistryWorld w(short_epochs());
    w.run({});
    const ExecutedRef before = {w.executor.head().height, w.executor.head().result_digest};
    ASSERT_TRUE(w.call(0, w.register_call({}), bond));
    w.cited = before;
    const ExecutedBlock first = w.run({});
    ASSERT_EQ(first.height, Height(epoch_blocks));
    EXPECT_THAT(numbers(first.contexts.back().operators), ElementsAre(1, 2, 3, 4)) << "registered above the cited block";
    const ExecutedBlock second = w.run_until(Height(2 * epoch_blocks));
    EXPECT_THAT(numbers(second.contexts.back().operators), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(second.contexts.back().epoch, Epoch(4));
    EXPECT_EQ(second.contexts.back().operators.at(4).stake, Stake(20ULL * gwei));
    EXPECT_EQ(second.contexts.back().operators.at(4).fee_address, address(0));
    EXPECT_EQ(second.contexts.back().operators.at(4).rewards_account, address(rewards_of(50)));
}

TEST(Sets, TakeRotatedKeysAndNewEndpointsAnEpochLater) {
    RegistryWorld w(short_epochs());
    ASSERT_TRUE(w.call(owner_of(2), w.rotate_call(2, 60, 60, owner_of(2))));
    ASSERT_TRUE(w.call(owner_of(2), RegistryWorld::endpoints_call(2, endpoints(60))));
    const ExecutedBlock boundary = w.run_until(Height(2 * epoch_blocks));
    const OperatorInfo& second = boundary.contexts.back().operators.at(1);
    EXPECT_EQ(second.key, operator_key(60).public_key());
    EXPECT_EQ(second.transport_key, transport_key(60));
    EXPECT_EQ(second.endpoints, endpoints(60));
    EXPECT_EQ(w.executor.contexts().find(w.store, Epoch(2))->operators.at(1).key, operator_key(2).public_key());
}

/// Accounts of an operator, as it fares in the sets of epochs that have the pot of epoch `of`.
Bytes attest_call(std::uint64_t of, const Hash256& root, const Wei& total) {
    return abi::Encoder().number(of).word(*Word256::from(root.view())).number(total).call(modules::attest);
}
Wei cumulative(RegistryWorld& w, std::uint64_t epoch) {
    Wei sum;
    for (std::uint64_t e = 1; e <= epoch; ++e) sum += w.number(modules::rewards, abi::Encoder().number(e).call(modules::pot_of));
    return sum;
}

TEST(Sets, LetWhoJoinedAttestItsEpochsForFreeAndNoOther) {
    RegistryWorld w(short_epochs());
    ASSERT_TRUE(w.call(0, w.register_call({}), bond));
    w.run_until(Height(3 * epoch_blocks));
    ASSERT_THAT(numbers(w.executor.contexts().find(w.store, Epoch(3))->operators), ElementsAre(1, 2, 3, 4, 5));
    const std::uint32_t account = rewards_of(50);
    const ExecutedBlock block = w.run({w.send(account, modules::rewards, attest_call(3, Hash256{{1}}, cumulative(w, 3)))});
    EXPECT_EQ(block.outcomes.at(0).status, TxStatus::success);
    EXPECT_THAT(block.lane_fees, IsEmpty());
    const ExecutedBlock of_another = w.run({w.send(account, modules::rewards, attest_call(2, Hash256{{1}}, cumulative(w, 2)))});
    EXPECT_EQ(of_another.outcomes.at(0).status, TxStatus::reverted) << "it was no member then";
}

TEST(Sets, LetWhoLeftAttestAndReportItsLastEpochForFree) {
    RegistryWorld w(short_epochs(5));
    ASSERT_TRUE(w.call(owner_of(5), RegistryWorld::leave_call(5)));
    w.run_until(Height(2 * epoch_blocks));
    ASSERT_THAT(numbers(w.executor.contexts().find(w.store, Epoch(3))->operators), ElementsAre(1, 2, 3, 4));
    const ExecutedBlock block = w.run({w.send(rewards_of(5), modules::rewards, attest_call(2, Hash256{{1}}, cumulative(w, 2))),
                                       w.send(watcher_of(5), modules::slashing, w.evidence_call(Epoch(2), 4, 4, 3))});
    EXPECT_EQ(block.epoch, Epoch(3));
    for (const TxOutcome& o : block.outcomes) EXPECT_EQ(o.status, TxStatus::success);
    EXPECT_THAT(block.lane_fees, IsEmpty());
    w.run_until(Height(3 * epoch_blocks));
    const auto later = w.send(watcher_of(5), modules::slashing, w.evidence_call(Epoch(2), 3, 3, 4));
    EXPECT_EQ(w.run({later}).outcomes.at(0).skip_reason, ethereum::Refusal::insufficient_funds)
        << "two epochs later it pays like anybody";
}

TEST(Sets, CountAnAttestationForAllWhoNamedTheAccount) {
    RegistryWorld w(short_epochs());
    // Named first by somebody else, whose number is lower: it gives its voice away and takes none.
    Bytes foreign = w.register_call({.account = 0, .key = 50, .transport = 50});
    const Bytes named = to_bytes(word_of(address(rewards_of(51))).view());
    std::copy(named.begin(), named.end(), foreign.begin() + 4 + 4 * 32);
    ASSERT_TRUE(w.call(0, foreign, bond));
    ASSERT_TRUE(w.call(1, w.register_call({.account = 1, .key = 51, .transport = 51}), 200 * ether));
    w.run_until(Height(4 * epoch_blocks));
    const Wei total = cumulative(w, 4);
    ASSERT_TRUE(w.call(rewards_of(51), attest_call(4, Hash256{{1}}, total), 0, modules::rewards));
    ASSERT_TRUE(w.call(rewards_of(1), attest_call(4, Hash256{{1}}, total), 0, modules::rewards));
    EXPECT_EQ(w.number(modules::rewards, abi::Encoder().call(modules::accepted_root)), 4)
        << "20 + 200 + 32 of 348 are a quorum, 20 + 32 or 200 + 32 are none";
}

TEST(Registries, AreKeptWhereTheyChangedAndPrunedBelowWhatMayBeCited) {
    RegistryWorld w({.epoch_blocks = epoch_blocks, .lag_max = 3});
    const auto kept = [&] {
        std::vector<std::uint64_t> heights;
        w.store.each(tables::registries, [&](const Bytes& key, const Bytes&) { heights.push_back(read_be64(key)); });
        return heights;
    };
    w.run({});
    ASSERT_TRUE(w.call(0, w.register_call({}), bond));  // block 3
    ASSERT_TRUE(w.call(0, RegistryWorld::endpoints_call(5, endpoints(8))));
    ASSERT_TRUE(w.call(0, RegistryWorld::endpoints_call(5, endpoints(8)))) << "changes nothing";
    EXPECT_FALSE(w.call(1, RegistryWorld::leave_call(5)));
    EXPECT_THAT(kept(), ElementsAre(0, 3, 4));
    w.run_until(Height(8));
    EXPECT_THAT(kept(), ElementsAre(0, 3, 4)) << "block 2 may still be cited";
    w.run_until(Height(9));
    EXPECT_THAT(kept(), ElementsAre(3, 4));
    w.run_until(Height(10));
    EXPECT_THAT(kept(), ElementsAre(4));
    const ExecutedBlock boundary = w.run_until(Height(40));
    EXPECT_THAT(kept(), ElementsAre(4)) << "the newest stays however old it is";
    EXPECT_THAT(numbers(boundary.contexts.back().operators), ElementsAre(1, 2, 3, 4, 5));
}

TEST(Registries, OfACitedStateStayUntilTheChainCitesALaterOne) {
    RegistryWorld w({.epoch_blocks = 30, .lag_max = 3});
    const ExecutedRef first = {w.executor.head().height, w.executor.head().result_digest};
    ASSERT_TRUE(w.call(0, w.register_call({}), bond));
    ExecutedBlock last;
    while (w.executor.head().height < Height(30)) {
        w.cited = first;
        last = w.run({});
    }
    EXPECT_THAT(numbers(last.contexts.back().operators), ElementsAre(1, 2, 3, 4));
}

// ---------------------------------------------------------------------------------------------- any sequence

/// Draws what accounts do, and runs each block twice: here, and over a second store whose executor is opened anew now and then.
class Chaos : public RegistryWorld {
  public:
    Chaos()
        : RegistryWorld({.operators = 5, .epoch_blocks = 3, .lag_max = 6, .operators_max = 5, .unbonding_ms = 250}),
          twin_(genesis, {}),
          burnt_and_held_(executor.head().genesis_supply) {
        for (std::uint32_t n = 1; n <= 5; ++n) {
            account_of_[n] = owner_of(n);
            number_of_key_[operator_key(n).public_key()] = n;
        }
        history_ = {registry(), registry()};  // of genesis, and of the block with the gifts
        replay_first_block();
    }

    void block() {
        std::vector<LaneTransaction> transactions;
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i) transactions.push_back(draw());
        // A leader may cite what it cited before.
        if (*rc::gen::inRange(0, 3) != 0) cited = {executor.head().height, executor.head().result_digest};
        const ChainMaker::Lanes lanes =
            transactions.empty() ? ChainMaker::Lanes{} : ChainMaker::Lanes{{1, {std::move(transactions)}}};
        const ChainMaker::Made made = maker.make(lanes, cited);
        RC_ASSERT(!executor.check(store, made.block).has_value());
        const EpochContext current = *executor.contexts().find(store, made.block.epoch);
        const EpochContext planned = *executor.contexts().find(store, made.block.epoch.next());
        const ExecutedBlock executed = executor.execute(store, made.block, made.lanes);
        if (*rc::gen::inRange(0, 4) == 0) reopen_twin();
        RC_ASSERT(twin_.execute(twin_store_, made.block, made.lanes) == executed);
        history_.push_back(registry());
        learn();
        check_money();
        check_epoch(executed, made.block.executed.height, current, planned);
    }

  private:
    static constexpr std::uint32_t accounts = 8;  ///< that register, and send each other money

    void replay_first_block() {
        RegistryWorld same({.operators = 5, .epoch_blocks = 3, .lag_max = 6, .operators_max = 5, .unbonding_ms = 250});
        twin_store_ = same.store;
        reopen_twin();
    }
    void reopen_twin() {
        twin_ = BlockExecutor(genesis, {});
        twin_.open(twin_store_);
    }

    LaneTransaction draw() {
        const auto number = *rc::gen::inRange<std::uint32_t>(1, static_cast<std::uint32_t>(account_of_.size()) + 2);
        const std::uint32_t owner = account_of_.contains(number) ? account_of_.at(number) : 0;
        const auto account = *rc::gen::inRange(0U, accounts);
        switch (*rc::gen::inRange(0, 6)) {
            case 0: {
                const std::uint32_t key = *rc::gen::inRange(0, 5) == 0 ? 1 : new_key();
                const Wei value = *rc::gen::element(10U, 16U, 32U, 33U) * ether;
                return send(account, modules::staking, register_call({.account = account, .key = key, .transport = key}), value);
            }
            case 1:
                return send(owner, modules::staking, leave_call(number));
            case 2:
                return send(owner, modules::staking, withdraw_call(number));
            case 3: {
                const std::uint32_t key = new_key();
                return send(owner, modules::staking, rotate_call(number, key, key, owner));
            }
            case 4:
                return draw_slash();
            default:
                return send(account, address(*rc::gen::inRange(0U, accounts)), {}, *rc::gen::inRange<std::uint64_t>(0, 1000));
        }
    }

    LaneTransaction draw_slash() {
        const Epoch epoch = executor.head().next_epoch;
        const EpochContext& context = *executor.contexts().find(store, epoch);
        const auto& member = context.operators.at(*rc::gen::inRange<std::size_t>(0, context.operators.size()));
        const std::uint32_t key = number_of_key_.at(member.key);
        return send(watcher_of(1), modules::slashing, evidence_call(epoch, member.number.value, key, ++views_));
    }

    std::uint32_t new_key() {
        ++keys_;
        number_of_key_[operator_key(keys_).public_key()] = keys_;
        return keys_;
    }

    /// Whose the operators are that the registry has now.
    void learn() {
        for (const RegisteredOperator& o : history_.back().operators)
            for (std::uint32_t account = 0; account < accounts; ++account)
                if (address(account) == o.owner) account_of_[o.number.value] = account;
    }

    void check_money() {
        Wei held;
        store.each(tables::accounts, [&](const Bytes&, const Bytes& value) { held += decode_account(value).balance; });
        RC_ASSERT(held + executor.head().burnt == burnt_and_held_);
        Wei bonds;
        for (const auto& [number, owner] : account_of_)
            bonds += RegistryWorld::number(modules::staking, abi::Encoder().number(number).call(modules::stake_of));
        RC_ASSERT(bonds == account(modules::staking).balance);
    }

    /// The rules, written down a second time: what ends an epoch, and who is in the next.
    void check_epoch(const ExecutedBlock& executed, Height cited_height, const EpochContext& current,
                     const EpochContext& planned) {
        const Registry& state = history_.at(cited_height.value);
        const auto is_jailed = [&](const OperatorInfo& o) { return state.find(o.number)->jailed; };
        const bool at_planned_end = executed.height.value % 3 == 0;
        bool ends = at_planned_end;
        for (const OperatorInfo& o : current.operators) ends = ends || (o.leads && is_jailed(o));
        RC_ASSERT(executed.contexts.empty() != ends);
        if (!ends) return;
        EpochContext expected = at_planned_end ? planned : current;
        expected.epoch = current.epoch.next();
        std::vector<OperatorInfo> free;
        for (OperatorInfo& o : expected.operators) {
            o.leads = !is_jailed(o);
            if (o.leads) free.push_back(o);
        }
        if (free.size() >= 4) expected.operators = free;
        RC_ASSERT(*executor.contexts().find(store, expected.epoch) == expected);
        const EpochContext& after = *executor.contexts().find(store, expected.epoch.next());
        RC_ASSERT(executed.contexts.back() == after);
        if (at_planned_end) return check_set(after, cited_height);
        EpochContext later = planned;
        later.epoch = expected.epoch.next();
        RC_ASSERT(after == later);
    }

    void check_set(const EpochContext& context, Height cited_height) {
        const Registry& state = history_.at(cited_height.value);
        std::vector<std::pair<Wei, std::uint32_t>> eligible;
        for (const RegisteredOperator& o : state.operators)
            if (!o.left && !o.jailed && o.bond >= 16 * ether) eligible.emplace_back(~o.bond, o.number.value);
        std::sort(eligible.begin(), eligible.end());
        if (eligible.size() > 5) eligible.resize(5);
        std::vector<std::uint32_t> expected;
        for (const auto& entry : eligible) expected.push_back(entry.second);
        std::sort(expected.begin(), expected.end());
        const EpochContext& last = *executor.contexts().find(store, Epoch(context.epoch.value - 1));
        if (expected.size() < 4) expected = numbers(last.operators);
        RC_ASSERT(numbers(context.operators) == expected);
        RC_ASSERT(context.operators.size() >= 4U);
        for (const OperatorInfo& member : context.operators) {
            const RegisteredOperator* o = state.find(member.number);
            const bool is_registered = o != nullptr;
            RC_ASSERT(is_registered);
            RC_ASSERT(member.stake.value == static_cast<std::uint64_t>(o->bond / gwei));
            RC_ASSERT(member.key == o->key);
            RC_ASSERT(member.leads == !o->jailed);
        }
    }

    MemoryStore twin_store_;
    BlockExecutor twin_;
    Wei burnt_and_held_;
    std::vector<Registry> history_;                      ///< by height
    std::map<std::uint32_t, std::uint32_t> account_of_;  ///< of all operators that ever were
    std::map<PublicKey, std::uint32_t> number_of_key_;
    std::uint32_t keys_ = 50;
    std::uint64_t views_ = 0;
};

RC_GTEST_PROP(Registries, KeepTheirRulesThroughAnySequence, ()) {
    Chaos chaos;
    for (int blocks = *rc::gen::inRange(1, 40); blocks > 0; --blocks) chaos.block();
}

}  // namespace
}  // namespace rondo::execution::test
