#include "actors/execution/core/core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/execution/core/queries.hpp"
#include "actors/execution/core/tables.hpp"
#include "memory_view.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/abi.hpp"
#include "world.hpp"

namespace rondo::execution::test {
namespace {

/// A core with its store; remembers what it published, asked and said.
class Actor {
  public:
    explicit Actor(const Genesis& genesis, Retention retention = {}) : genesis_(genesis), retention_(retention) { restart(); }
    void restart() {
        core = std::make_unique<ExecutionCore>(ExecutionConfig{OperatorNumber(1), genesis_, retention_}, view);
        take(core->start(Instant(0)));
    }
    void give(const Input& input) { take(core->step(Instant(0), input)); }
    void give(const BatchRecord& batch) { give(StreamMessage{Stream::batches, ++batches_, encode(batch)}); }
    void give(const Proposal& block) {
        give(StreamMessage{Stream::blocks, block.height.value, encode(FinalBlock{block, std::nullopt})});
    }
    void give(const ChainMaker::Made& made) {
        for (const BatchRecord& batch : made.batches) give(batch);
        give(made.block);
    }
    template <class Reply>
    Reply query(const ExecutionRequest& request) {
        replies.clear();
        give(Request{1, encode(request)});
        const auto reply = decode<ExecutionReply>(replies.at(0).payload);
        if (const auto* error = std::get_if<RequestError>(&*reply); error != nullptr && !std::is_same_v<Reply, RequestError>)
            ADD_FAILURE() << error->reason;
        return std::get<Reply>(*reply);
    }
    [[nodiscard]] std::string status(const std::string& name) const {
        for (const StatusField& f : core->status())
            if (f.name == name)
                return std::holds_alternative<std::string>(f.value) ? std::get<std::string>(f.value)
                                                                    : std::to_string(std::get<0>(f.value));
        return "?";
    }

    MemoryView view;
    std::unique_ptr<ExecutionCore> core;
    std::vector<ExecutedBlock> published;
    std::vector<Digest> identities;
    std::vector<Ask> asks;
    std::vector<Reply> replies;
    std::vector<SetTimer> timers;
    std::map<Height, MemoryStore> checkpoints;
    std::uint64_t forgotten_below = 0;
    std::optional<Stop> stop;

  private:
    void take(const Effects& effects) {
        view.apply(effects.records);
        for (const Publish& p : effects.publishes) {
            const auto& ref = std::get<RecordRef>(p.payload);
            published.push_back(*decode<ExecutedBlock>(*view.get(ref.table, ref.key)));
            EXPECT_EQ(published.back().height.value, p.sequence);
            identities.push_back(p.identity);
        }
        for (const Ask& a : effects.asks) asks.push_back(a);
        for (const rondo::Reply& r : effects.replies) replies.push_back(r);
        for (const SetTimer& t : effects.timers) timers.push_back(t);
        for (const Forget& forget : effects.forgets) forgotten_below = forget.below;
        if (effects.checkpoint) checkpoints.emplace(*effects.checkpoint, view.rows);
        if (effects.stop) stop = effects.stop;
    }
    Genesis genesis_;
    Retention retention_;
    std::uint64_t batches_ = 0;
};

/// `blocks` blocks of a few transfers in two lanes, each citing the result before its parent's.
std::vector<ChainMaker::Made> chain(const Genesis& genesis, std::uint64_t blocks) {
    ChainMaker maker(genesis);
    MemoryStore store;
    BlockExecutor executor(genesis, {});
    executor.open(store);
    ExecutedRef cited;
    std::vector<ChainMaker::Made> out;
    for (std::uint64_t h = 0; h < blocks; ++h) {
        ChainMaker::Lanes lanes;
        lanes[1] = {{signed_by({.from = 0, .nonce = 2 * h + 1, .to = address(50), .value = h})}};
        lanes[2] = {{signed_by({.from = 1, .nonce = h, .to = address(51)})},
                    {signed_by({.from = 0, .nonce = 2 * h, .to = address(52), .value = 1})}};
        out.push_back(maker.make(lanes, cited));
        cited = {executor.head().height, executor.head().result_digest};
        (void)executor.execute(store, out.back().block, out.back().lanes);
    }
    return out;
}

class Core : public testing::Test {
  protected:
    Genesis genesis = make_genesis({});
};

TEST_F(Core, PublishesOneResultPerFinalBlock) {
    Actor actor(genesis);
    for (const auto& made : chain(genesis, 5)) actor.give(made);
    ASSERT_EQ(actor.published.size(), 5U);
    EXPECT_EQ(actor.status("executed_height"), "5");
    EXPECT_EQ(actor.published[4].outcomes.size(), 3U);
    EXPECT_EQ(actor.identities[4], crypto::blake2b(encode(actor.published[4])));
    EXPECT_EQ(actor.status("state_root"), to_hex_prefixed(actor.published[4].result.state_root.view()));
}

TEST_F(Core, WaitsForBatchesAndSaysForWhich) {
    Actor actor(genesis);
    const auto blocks = chain(genesis, 2);
    actor.give(blocks[0].batches[0]);
    actor.give(blocks[0].block);
    EXPECT_TRUE(actor.published.empty());
    EXPECT_THAT(actor.status("waiting_for"), testing::HasSubstr("lane 2"));
    actor.give(blocks[0].batches[2]);
    EXPECT_TRUE(actor.published.empty());
    actor.give(blocks[0].batches[1]);
    EXPECT_EQ(actor.published.size(), 1U);
    EXPECT_EQ(actor.status("waiting_for"), "");
}

TEST_F(Core, AsksTheIntakeForWhatIsMissing) {
    Actor actor(genesis);
    const auto blocks = chain(genesis, 1);
    actor.give(blocks[0].block);
    ASSERT_EQ(actor.timers.size(), 1U);
    actor.give(TimerFired{actor.timers[0].id});
    ASSERT_EQ(actor.asks.size(), 1U);
    EXPECT_EQ(actor.asks[0].whom, Askable::intake);
    const auto request = std::get<FetchBatches>(*decode<IntakeRequest>(actor.asks[0].payload));
    EXPECT_EQ(request.batches.size(), 2U) << "the two tips: what lies below them is not known yet";

    actor.give(Answer{actor.asks[0].id, encode(IntakeReply(FoundBatches{{blocks[0].batches[0], blocks[0].batches[2]}}))});
    EXPECT_TRUE(actor.published.empty());
    actor.give(TimerFired{actor.timers[0].id});
    ASSERT_EQ(actor.asks.size(), 2U);
    EXPECT_EQ(std::get<FetchBatches>(*decode<IntakeRequest>(actor.asks[1].payload)).batches,
              std::vector<BatchRef>{ref_of(blocks[0].batches[1].header)});
    actor.give(Answer{actor.asks[1].id, encode(IntakeReply(FoundBatches{{blocks[0].batches[1]}}))});
    EXPECT_EQ(actor.published.size(), 1U);
}

TEST_F(Core, AsksAgainAfterSilenceButNotBeforeItsTimer) {
    Actor actor(genesis);
    actor.give(chain(genesis, 1)[0].block);
    actor.give(TimerFired{actor.timers[0].id});
    ASSERT_EQ(actor.asks.size(), 1U);
    actor.give(Answer{actor.asks[0].id, std::nullopt});
    EXPECT_EQ(actor.asks.size(), 1U);
    actor.give(TimerFired{actor.timers.back().id});
    EXPECT_EQ(actor.asks.size(), 2U);
}

TEST_F(Core, CatchesUpBlockByBlockWhenBehind) {
    Actor actor(genesis);
    const auto blocks = chain(genesis, 6);
    for (const auto& made : blocks) actor.give(made.block);
    std::size_t answered = 0;
    for (int turn = 0; turn < 40 && actor.published.size() < 6; ++turn) {
        if (answered == actor.asks.size()) {
            actor.give(TimerFired{actor.timers.back().id});
            continue;
        }
        const Ask ask = actor.asks[answered++];
        const auto wanted = std::get<FetchBatches>(*decode<IntakeRequest>(ask.payload)).batches;
        FoundBatches found;
        for (const auto& made : blocks)
            for (const BatchRecord& batch : made.batches)
                if (std::count(wanted.begin(), wanted.end(), ref_of(batch.header)) != 0) found.batches.push_back(batch);
        actor.give(Answer{ask.id, encode(IntakeReply(found))});
    }
    EXPECT_EQ(actor.published.size(), 6U);
}

TEST_F(Core, ForgetsHistoryThatIsPastRetentionAndBehindAllWhoHearIt) {
    Actor actor(genesis, {10, false});
    const auto blocks = chain(genesis, 60);
    for (const auto& made : blocks) actor.give(made);
    EXPECT_EQ(actor.view.count(tables::results), 60U) << "nobody has said that it is behind him";
    actor.give(Released{Stream::results, 31});
    EXPECT_EQ(actor.forgotten_below, 31U);
    for (const Table table : {tables::results, tables::blocks, tables::bodies, tables::block_index})
        EXPECT_EQ(actor.view.count(table), table.index == tables::results.index ? 30U : 31U) << table.name << ", with block 0";
    EXPECT_EQ(actor.view.count(tables::transactions), 90U);
    EXPECT_EQ(actor.view.count(tables::transaction_index), 90U);
    actor.give(Released{Stream::results, 61});
    EXPECT_EQ(actor.forgotten_below, 50U) << "not within the retention";
    EXPECT_EQ(actor.status("kept_from_height"), "50");
    actor.restart();
    EXPECT_EQ(actor.status("kept_from_height"), "50");

    EXPECT_EQ(actor.query<RequestError>(GetBlock{Height(49), std::nullopt, false}).reason, "block not found");
    EXPECT_EQ(actor.query<BlockReply>(GetBlock{Height(0), std::nullopt, false}).height, Height(0));
    EXPECT_EQ(actor.query<BlockReply>(GetBlock{Height(50), std::nullopt, true}).transactions.size(), 3U);
    const auto hash_in = [&](std::size_t i) { return hash_of(blocks[i].lanes[0].batches[0].transactions[0]); };
    EXPECT_FALSE(actor.query<TransactionReply>(GetTransaction{hash_in(48)}).ordered);
    EXPECT_TRUE(actor.query<TransactionReply>(GetTransaction{hash_in(49)}).ordered);
    EXPECT_EQ(actor.query<FeeHistoryReply>(GetFeeHistory{std::nullopt, 100, {}}).oldest, Height(50));
    EXPECT_NE(actor.query<RequestError>(GetResults{Height(1), Height(49)}).reason.find("--archive"), std::string::npos);
    const auto kept = actor.query<ResultsReply>(GetResults{Height(1), Height(60)}).results;
    ASSERT_FALSE(kept.empty());
    EXPECT_EQ(kept.front().height, Height(50));
}

TEST_F(Core, TakesACheckpointOfJustTheStateAfterEachMultiple) {
    genesis.parameters.snapshot_blocks = 4;
    Actor actor(genesis);
    const auto blocks = chain(genesis, 9);
    // The first block's last batch comes last: all are executed in one go.
    for (const auto& made : blocks)
        for (const BatchRecord& batch : made.batches)
            if (&batch != &blocks[0].batches.back()) actor.give(batch);
    for (const auto& made : blocks) actor.give(made.block);
    EXPECT_TRUE(actor.checkpoints.empty());
    actor.give(blocks[0].batches.back());
    for (std::size_t i = 0; i < actor.timers.size(); ++i) actor.give(TimerFired{actor.timers[i].id});
    ASSERT_EQ(actor.published.size(), 9U);
    ASSERT_EQ(actor.checkpoints.size(), 2U);
    for (const std::uint64_t height : {4, 8}) {
        const MemoryStore& copy = actor.checkpoints.at(Height(height));
        const Head head = decode_own<Head>(*copy.get(tables::meta, head_key()));
        EXPECT_EQ(head.height, Height(height));
        EXPECT_EQ(head.state_root, actor.published[height - 1].result.state_root);
    }

    Actor restored(genesis);
    restored.view.rows = actor.checkpoints.at(Height(4));
    restored.restart();
    for (std::size_t i = 4; i < blocks.size(); ++i) restored.give(blocks[i]);
    for (std::size_t i = 0; i < restored.timers.size(); ++i) restored.give(TimerFired{restored.timers[i].id});
    EXPECT_EQ(restored.status("executed_height"), "9");
    EXPECT_EQ(restored.published.back(), actor.published.back());
}

RC_GTEST_PROP(Following, GivesEqualResultsInAnyOrderOfArrival, ()) {
    const Genesis genesis = make_genesis({});
    static const auto blocks = chain(genesis, 4);
    static const std::vector<ExecutedBlock> expected = [&] {
        Actor actor(genesis);
        for (const auto& made : blocks) actor.give(made);
        return actor.published;
    }();
    std::vector<BatchRecord> batches;
    for (const auto& made : blocks) batches.insert(batches.end(), made.batches.begin(), made.batches.end());
    for (std::size_t i = batches.size(); i > 1; --i) std::swap(batches[i - 1], batches[*rc::gen::inRange<std::size_t>(0, i)]);
    Actor actor(genesis);
    std::size_t next_block = 0;
    for (const BatchRecord& batch : batches) {
        while (next_block < blocks.size() && *rc::gen::inRange(0, 3) == 0) actor.give(blocks[next_block++].block);
        if (*rc::gen::inRange(0, 6) == 0) actor.restart();
        actor.give(batch);
    }
    while (next_block < blocks.size()) actor.give(blocks[next_block++].block);
    RC_ASSERT(actor.published == expected);
}

TEST_F(Core, KeepsNoBatchAndNoBlockThatIsExecuted) {
    Actor actor(genesis);
    const auto blocks = chain(genesis, 3);
    for (const auto& made : blocks) actor.give(made);
    EXPECT_EQ(actor.view.count(tables::batches), 0U);
    EXPECT_EQ(actor.view.count(tables::waiting), 0U);
    actor.give(blocks[0].batches[0]);
    EXPECT_EQ(actor.view.count(tables::batches), 0U) << "a late duplicate is not kept";
}

TEST_F(Core, StopsWhenTheFinalChainCitesAnotherResult) {
    Actor actor(genesis);
    ChainMaker maker(genesis);
    const auto first = maker.make({}, {});
    actor.give(first.block);
    const auto second = maker.make({}, {Height(1), Digest{{1}}});
    actor.give(second.block);
    ASSERT_TRUE(actor.stop.has_value());
    EXPECT_THAT(actor.stop->reason, testing::HasSubstr("another result of block 1"));
    EXPECT_EQ(actor.published.size(), 1U);
}

TEST_F(Core, AnswersAccountsAtTheExecutedHead) {
    Actor actor(genesis);
    for (const auto& made : chain(genesis, 3)) actor.give(made);
    const auto reply = actor.query<AccountsReply>(GetAccounts{{address(0), address(52), address(99)}});
    EXPECT_EQ(reply.height, Height(3));
    ASSERT_EQ(reply.accounts.size(), 3U);
    EXPECT_EQ(reply.accounts[0].nonce, 6U);
    EXPECT_EQ(reply.accounts[1].balance, 3);
    EXPECT_EQ(reply.accounts[2], (AccountState{address(99), 0, 0}));
}

TEST_F(Core, AnswersBlocksByHeightDigestAndHead) {
    Actor actor(genesis);
    const auto blocks = chain(genesis, 3);
    for (const auto& made : blocks) actor.give(made);
    const auto by_height = actor.query<BlockReply>(GetBlock{Height(2), std::nullopt, true});
    EXPECT_EQ(by_height.digest, digest_of(blocks[1].block));
    EXPECT_EQ(by_height.parent_digest, digest_of(blocks[0].block));
    EXPECT_EQ(by_height.result, actor.published[1].result);
    EXPECT_EQ(by_height.gas_limit, 2'000'000'000U);
    EXPECT_EQ(by_height.miner, genesis.operators[blocks[1].block.leader.value].fee_address);
    ASSERT_EQ(by_height.transactions.size(), 3U);
    EXPECT_EQ(by_height.transactions[2].index, 2U);
    EXPECT_EQ(by_height.transactions[2].receipt.cumulative_gas_used, 63000U);
    EXPECT_EQ(actor.query<BlockReply>(GetBlock{std::nullopt, digest_of(blocks[1].block), false}).height, Height(2));
    EXPECT_EQ(actor.query<BlockReply>(GetBlock{}).height, Height(3));
    EXPECT_EQ(actor.query<BlockReply>(GetBlock{Height(0), std::nullopt, false}).digest, genesis_block_digest(genesis));
    EXPECT_EQ(actor.query<BlockReply>(GetBlock{Height(1), std::nullopt, false}).parent_digest, genesis_block_digest(genesis));
    EXPECT_EQ(actor.query<RequestError>(GetBlock{Height(9), std::nullopt, false}).reason, "block not found");
}

// Small transactions: what stands beside each in the reply is more than its raw bytes.
TEST_F(Core, AnswersABlockWithItsTransactionsWhileTheWholeReplyFits) {
    const auto answer = [](std::uint64_t transactions) {
        World world;
        std::vector<LaneTransaction> all;
        for (std::uint64_t i = 0; i < transactions; ++i)
            all.push_back(signed_by({.from = 0, .nonce = i, .to = address(9), .gas_limit = 21'000}));
        (void)world.run(std::move(all));
        return Queries(world.executor, world.store, Height(0)).answer(GetBlock{Height(1), std::nullopt, true});
    };
    const ExecutionReply fits = answer(20'000);
    ASSERT_TRUE(std::holds_alternative<BlockReply>(fits));
    EXPECT_EQ(std::get<BlockReply>(fits).transactions.size(), 20'000U);
    EXPECT_LE(encode(fits).size(), limits::request_bytes_max);
    EXPECT_GT(encode(fits).size(), limits::request_bytes_max / 2);
    const ExecutionReply too_large = answer(33'000);
    ASSERT_TRUE(std::holds_alternative<RequestError>(too_large));
    EXPECT_EQ(std::get<RequestError>(too_large).reason, "the block is too large to be answered with full transactions");
}

TEST_F(Core, AnswersTransactionsPlacedSkippedAndUnknown) {
    Actor actor(genesis);
    ChainMaker maker(genesis);
    const auto good = signed_by({.from = 0, .to = address(9), .value = 4});
    const auto gap = signed_by({.from = 1, .nonce = 3, .to = address(9)});
    actor.give(maker.make({{1, {{good, gap}}}}, {}));
    actor.give(maker.make({{2, {{good}}}}, {}));  // ordered again: skipped, and its effect stays known
    const auto placed = actor.query<TransactionReply>(GetTransaction{hash_of(good)});
    EXPECT_EQ(placed.status, TxStatus::success);
    EXPECT_EQ(placed.height, Height(1));
    ASSERT_TRUE(placed.placed.has_value());
    EXPECT_EQ(placed.placed->raw, good.raw);
    EXPECT_EQ(placed.placed->sender, good.sender);
    EXPECT_EQ(placed.placed->effective_gas_price, 9);
    const auto skipped = actor.query<TransactionReply>(GetTransaction{hash_of(gap)});
    EXPECT_TRUE(skipped.ordered);
    EXPECT_EQ(skipped.status, TxStatus::skipped);
    EXPECT_EQ(skipped.skip_reason, ethereum::Refusal::nonce_gap);
    EXPECT_FALSE(skipped.placed.has_value());
    EXPECT_FALSE(actor.query<TransactionReply>(GetTransaction{}).ordered);
}

TEST_F(Core, EstimatesExactly) {
    Actor actor(genesis);
    World w;
    const Bytes data{0, 1, 2};
    Call transfer{address(0), address(1), 5, data, 0, true};
    EXPECT_EQ(actor.query<CallReply>(transfer).gas_used,
              w.run({signed_by({.from = 0, .to = address(1), .value = 5, .data = data})}).result.gas_used);
    transfer.value = 5000 * ether;
    EXPECT_EQ(actor.query<RequestError>(transfer).reason, "insufficient funds for gas * price + value");
    Call view{address(0), modules::staking, 0, abi::Encoder().number(2).call(modules::stake_of), 0, true};
    const auto estimated = actor.query<CallReply>(view).gas_used;
    EXPECT_EQ(estimated,
              w.run({signed_by({.from = 0, .nonce = 1, .to = modules::staking, .data = view.data, .gas_limit = estimated})})
                  .result.gas_used);
}

TEST_F(Core, CallsViewsAndReportsReverts) {
    Actor actor(genesis);
    const auto stake =
        actor.query<CallReply>(Call{address(0), modules::staking, 0, abi::Encoder().number(2).call(modules::stake_of)});
    EXPECT_FALSE(stake.reverted);
    EXPECT_EQ(uint256_from_be(stake.output), 32 * ether);
    const auto unknown =
        actor.query<CallReply>(Call{address(0), modules::staking, 0, abi::Encoder().number(77).call(modules::stake_of)});
    EXPECT_TRUE(unknown.reverted);
    EXPECT_EQ(unknown.output, abi::revert_reason("unknown operator"));
    EXPECT_TRUE(actor.query<CallReply>(Call{address(0), address(1), 0, {1, 2, 3, 4}}).output.empty());
    EXPECT_EQ(actor.query<CodeReply>(GetCode{modules::staking}).code, Bytes{0xfe});
    EXPECT_TRUE(actor.query<CodeReply>(GetCode{address(0)}).code.empty());
}

TEST_F(Core, GivesFeeHistoryWithPercentilesByGas) {
    Actor actor(genesis);
    ChainMaker maker(genesis);
    std::vector<LaneTransaction> t;
    for (std::uint32_t i = 0; i < 4; ++i) t.push_back(signed_by({.from = i, .to = address(9), .tip = i + 1}));
    actor.give(maker.make({}, {}));
    actor.give(maker.make({{1, {t}}}, {}));
    const auto history = actor.query<FeeHistoryReply>(GetFeeHistory{std::nullopt, 2, {0, 2500, 5000, 10'000}});
    EXPECT_EQ(history.oldest, Height(1));
    EXPECT_EQ(history.base_fees, (std::vector<Wei>{7, 7, 7}));
    EXPECT_EQ(history.used_ppm, (std::vector<std::uint32_t>{0, 84'000 * 1'000'000ULL / 2'000'000'000}));
    EXPECT_EQ(history.rewards, (std::vector<std::vector<Wei>>{{0, 0, 0, 0}, {1, 1, 2, 4}}));
    EXPECT_EQ(actor.query<FeeHistoryReply>(GetFeeHistory{Height(1), 500, {}}).base_fees.size(), 3U);
    EXPECT_EQ(actor.query<RequestError>(GetFeeHistory{std::nullopt, 1, {50, 20}}).reason, "percentiles must ascend up to 100");
}

TEST_F(Core, AnswersGarbageWithAnError) {
    Actor actor(genesis);
    actor.give(Request{3, {1, 2, 3}});
    EXPECT_EQ(std::get<RequestError>(*decode<ExecutionReply>(actor.replies.at(0).payload)).reason, "malformed request");
}

}  // namespace
}  // namespace rondo::execution::test
