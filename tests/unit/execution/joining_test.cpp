#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "actors/execution/core/core.hpp"
#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/tables.hpp"
#include "memory_view.hpp"
#include "world.hpp"

namespace rondo::execution::test {
namespace {

constexpr std::uint64_t interval = 8;
constexpr std::uint64_t tick = 100;

/// A core in a small network: what it sends arrives at once, unless it is told to be silent or to alter what it says.
struct Node {
    Node(OperatorNumber number, const Genesis& genesis, bool takes_snapshots = true)
        : config{number, genesis, {}, takes_snapshots, {}} {
        restart();
    }
    void restart() {
        timers.clear();
        core = std::make_unique<ExecutionCore>(config, view);
        take(core->start(now));
    }
    void give(const Input& input) { take(core->step(now, input)); }
    void give(const ChainMaker::Made& made) {
        for (const BatchRecord& batch : made.batches) give(StreamMessage{Stream::batches, ++batches, encode(batch)});
        give(StreamMessage{Stream::blocks, made.block.height.value, encode(FinalBlock{made.block, std::nullopt})});
    }
    template <class Reply>
    Reply ask(const ExecutionRequest& request) {
        replies.clear();
        give(Request{1, encode(request)});
        return std::get<Reply>(*decode<ExecutionReply>(replies.at(0).payload));
    }
    [[nodiscard]] std::string status(const std::string& name) const {
        for (const StatusField& f : core->status())
            if (f.name == name)
                return std::holds_alternative<std::string>(f.value) ? std::get<std::string>(f.value)
                                                                    : std::to_string(std::get<0>(f.value));
        return "?";
    }
    void pass(std::uint64_t ms) {
        now = now.plus(ms);
        for (const TimerId id : std::exchange(timers, {})) give(TimerFired{id});
    }

    void take(const Effects& effects) {
        view.apply(effects.records);
        if (effects.checkpoint) view.copy(*effects.checkpoint);
        if (view.copies.size() > limits::checkpoints_kept) view.copies.erase(view.copies.begin());
        for (const Publish& p : effects.publishes) {
            const auto& ref = std::get<RecordRef>(p.payload);
            published.push_back(*decode<ExecutedBlock>(*view.get(ref.table, ref.key)));
        }
        for (const rondo::Send& s : effects.sends) sent.push_back(s);
        for (const Reply& r : effects.replies) replies.push_back(r);
        for (const SetTimer& t : effects.timers) timers.insert(t.id);
        if (effects.stop) stop = effects.stop;
    }

    ExecutionConfig config;
    MemoryView view;
    Instant now{1000};
    std::unique_ptr<ExecutionCore> core;
    std::vector<ExecutedBlock> published;
    std::deque<rondo::Send> sent;
    std::vector<Reply> replies;
    std::set<TimerId> timers;
    std::optional<Stop> stop;
    std::uint64_t batches = 0;
    std::function<std::optional<StateMessage>(StateMessage)> says;  ///< nothing: says what it means
};

class JoiningTest : public testing::Test {
  protected:
    static WorldOptions options() {
        WorldOptions o;
        o.accounts = 40;
        o.epoch_blocks = 10;
        o.snapshot_blocks = interval;
        o.lag_max = 6;  // what is kept of old heights reaches below the snapshot
        return o;
    }
    void SetUp() override {
        for (std::uint32_t n = 1; n <= 4; ++n) nodes.emplace(n, std::make_unique<Node>(OperatorNumber(n), genesis));
        for (std::uint64_t h = 0; h < 30; ++h) extend();
    }

    /// One more block, executed by the four; they keep copies of the last two snapshots.
    void extend() {
        const std::uint64_t h = source.executor.head().height.value;
        ChainMaker::Lanes lanes;
        lanes[1] = {{signed_by({.from = 0, .nonce = h, .to = address(50 + static_cast<std::uint32_t>(h)), .value = h + 1})}};
        made.push_back(source.maker.make(lanes, source.cited));
        source.cited = {source.executor.head().height, source.executor.head().result_digest};
        (void)source.executor.execute(source.store, made.back().block, made.back().lanes);
        for (auto& [n, node] : nodes) {
            if (n > 4) continue;
            node->give(made.back());
        }
    }

    Node& joiner(bool takes_snapshots = true) {
        return *nodes.insert_or_assign(9, std::make_unique<Node>(OperatorNumber(9), genesis, takes_snapshots)).first->second;
    }
    JoinFromSnapshot wish(std::uint64_t height) {
        const ExecutedBlock& cited = nodes.at(1)->published.at(height - 1);
        return {{cited.height, cited.result_digest}, genesis_context(genesis, Epoch(2))};
    }

    /// Messages and timers until nothing moves any more that should, or for so many ticks.
    void run(std::size_t ticks) {
        for (std::size_t i = 0; i < ticks; ++i) {
            deliver();
            for (auto& [n, node] : nodes) node->pass(tick);
        }
        deliver();
    }
    void deliver() {
        for (bool moved = true; std::exchange(moved, false);) {
            for (auto& [n, node] : nodes) {
                if (node->sent.empty()) continue;
                const rondo::Send send = node->sent.front();
                node->sent.pop_front();
                moved = true;
                auto message = *decode<StateMessage>(send.payload);
                if (node->says) {
                    const auto said = node->says(message);
                    if (!said) continue;
                    message = *said;
                }
                const auto to = nodes.find(send.to.value);
                if (to != nodes.end()) to->second->give(PeerMessage{send.channel, OperatorNumber(n), encode(message)});
            }
        }
    }
    /// The same state as the others', and the same from then on.
    void expect_joined(Node& node, std::uint64_t at) {
        ASSERT_FALSE(node.published.empty());
        EXPECT_EQ(node.published[0].height.value, at);
        EXPECT_EQ(node.published[0].result_digest, nodes.at(1)->published[at - 1].result_digest);
        ASSERT_TRUE(node.published[0].base);
        EXPECT_EQ(root_of(node.published[0].base->cut), made[at - 1].block.cut_root);
        for (std::uint64_t h = at; h < made.size(); ++h) node.give(made[h]);
        ASSERT_FALSE(node.stop) << node.stop->reason;
        ASSERT_EQ(node.published.size(), made.size() - at + 1);
        EXPECT_EQ(node.published.back().result_digest, nodes.at(1)->published.back().result_digest);
        EXPECT_EQ(node.status("supply_wei"), nodes.at(1)->status("supply_wei"));
        EXPECT_EQ(node.status("accounts"), nodes.at(1)->status("accounts"));
        EXPECT_EQ(node.status("burnt_wei"), nodes.at(1)->status("burnt_wei"));
    }

    Genesis genesis = make_genesis(options());
    World source{options()};
    std::vector<ChainMaker::Made> made;
    std::map<std::uint32_t, std::unique_ptr<Node>> nodes;
};

TEST_F(JoiningTest, TakesTheNewestSnapshotBelowACitationAndGoesOnLikeTheOthers) {
    Node& node = joiner();
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::under_way);
    run(20);
    const JoinReply done = node.ask<JoinReply>(wish(27));
    EXPECT_EQ(done.state, JoinState::done);
    EXPECT_EQ(done.snapshot, Height(24));
    for (int i = 0; i < 15; ++i) extend();
    expect_joined(node, 24);
    EXPECT_EQ(node.view.count(tables::joining), 0U);
}

TEST_F(JoiningTest, TakesTheSnapshotBeforeWhenNobodyHasTheNewest) {
    for (auto& [n, node] : nodes) node->view.copies.pop_back();
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    run(80);
    expect_joined(node, 16);
}

TEST_F(JoiningTest, BelievesNobodyWhoAltersWhatItHandsOver) {
    const auto lie = [](StateMessage message) -> std::optional<StateMessage> {
        if (auto* offer = std::get_if<SnapshotOffer>(&message)) offer->head->outcome.result.state_root.bytes[0] ^= 1;
        return message;
    };
    const auto alter_parts = [](StateMessage message) -> std::optional<StateMessage> {
        if (auto* part = std::get_if<PartLeaves>(&message)) part->leaves.pop_back();
        return message;
    };
    const auto alter_contexts = [](StateMessage message) -> std::optional<StateMessage> {
        if (auto* found = std::get_if<ContextsFound>(&message)) found->contexts.back().operators[0].stake = Stake(1);
        return message;
    };
    nodes.at(1)->says = lie;
    nodes.at(2)->says = alter_parts;
    nodes.at(3)->says = alter_contexts;
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    run(60);
    expect_joined(node, 24);
}

TEST_F(JoiningTest, PassesOverWhoIsSilent) {
    for (const std::uint32_t n : {1U, 2U, 3U})
        nodes.at(n)->says = [](StateMessage message) -> std::optional<StateMessage> {
            return std::holds_alternative<SnapshotOffer>(message) ? std::optional(message) : std::nullopt;
        };
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    run(400);
    expect_joined(node, 24);
}

TEST_F(JoiningTest, GoesOnAfterARestartAtAnyPoint) {
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    for (int i = 0; i < 40 && node.published.empty(); ++i) {
        node.sent.clear();  // what was on its way is lost
        node.restart();
        (void)node.ask<JoinReply>(wish(27));
        run(static_cast<std::size_t>(i % 6));
    }
    expect_joined(node, 24);
}

TEST_F(JoiningTest, BeginsAnewWhenItsSnapshotIsGoneFromEverywhere) {
    Node& node = joiner();
    // Nobody hands over a part of the first one.
    for (auto& [n, other] : nodes)
        if (n != 9)
            other->says = [](StateMessage message) -> std::optional<StateMessage> {
                if (const auto* leaves = std::get_if<PartLeaves>(&message);
                    leaves != nullptr && leaves->part.height == Height(24))
                    return PartGone{leaves->part};
                return message;
            };
    (void)node.ask<JoinReply>(wish(27));
    run(3);
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).snapshot, Height(24));
    for (int i = 0; i < 15; ++i) extend();
    for (auto& [n, other] : nodes) std::erase_if(other->view.copies, [](const auto& c) { return c->height() == Height(24); });
    (void)node.ask<JoinReply>(wish(43));
    run(800);
    expect_joined(node, 40);
}

TEST_F(JoiningTest, SaysThatThereIsNoneAndStandsAtGenesisWhenNobodyAnswers) {
    Node& node = joiner();
    const std::string genesis_root = node.status("state_root");
    for (auto& [n, other] : nodes)
        if (n != 9) other->says = [](const StateMessage&) { return std::optional<StateMessage>(); };
    (void)node.ask<JoinReply>(wish(27));
    run(400);
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::unavailable);
    EXPECT_EQ(node.status("state_root"), genesis_root);
    for (const ChainMaker::Made& block : made) node.give(block);
    EXPECT_EQ(node.published.back().result_digest, nodes.at(1)->published.back().result_digest);
}

TEST_F(JoiningTest, LeavesNothingBehindOfASnapshotThatItGaveUp) {
    Node& node = joiner();
    const std::string genesis_root = node.status("state_root");
    // The accounts come, then nothing more, and soon nobody has anything to offer.
    bool has_accounts = false;
    for (auto& [n, other] : nodes)
        if (n != 9)
            other->says = [&](StateMessage message) -> std::optional<StateMessage> {
                const auto* leaves = std::get_if<PartLeaves>(&message);
                if (has_accounts) return std::nullopt;
                has_accounts = leaves != nullptr && leaves->part.trie == 0;
                return message;
            };
    (void)node.ask<JoinReply>(wish(27));
    run(2000);
    ASSERT_TRUE(has_accounts);
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::unavailable);
    EXPECT_EQ(node.status("state_root"), genesis_root);
    for (const ChainMaker::Made& block : made) node.give(block);
    EXPECT_EQ(node.published.back().result_digest, nodes.at(1)->published.back().result_digest);
}

TEST_F(JoiningTest, GivesUpWhenItsConsensusFollowsFromGenesis) {
    for (const std::size_t rounds : {0U, 1U, 3U, 5U}) {
        Node& node = joiner();
        (void)node.ask<JoinReply>(wish(27));
        run(rounds);
        ASSERT_TRUE(node.published.empty()) << "it is under way still";
        node.give(made[0]);
        EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::unavailable);
        for (const ChainMaker::Made& block : made) node.give(block);
        run(20);
        ASSERT_FALSE(node.published.empty());
        EXPECT_EQ(node.published[0].height, Height(1));
        EXPECT_EQ(node.published.back().result_digest, nodes.at(1)->published.back().result_digest);
        EXPECT_EQ(node.view.count(tables::joining), 0U);
    }
}

TEST_F(JoiningTest, TakesNoneWhenItIsToldNotToOrHasExecutedSomething) {
    EXPECT_EQ(joiner(false).ask<JoinReply>(wish(27)).state, JoinState::unavailable);
    Node& node = joiner();
    node.give(made[0]);
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::unavailable);
}

TEST_F(JoiningTest, ServesStrangersAFewAtATimeAndDropsWhatIsTooMuch) {
    Node& server = *nodes.at(1);
    server.sent.clear();
    const Bytes question = encode(StateMessage(PartRequest{Height(24), 0, 0, {}}));
    for (std::size_t i = 0; i < questions_per_asker_max + 5; ++i) server.give(PeerMessage{Channel::state, first_guest, question});
    EXPECT_TRUE(server.sent.empty()) << "the turn that took it does nothing else";
    server.pass(answer_interval_ms);
    EXPECT_EQ(server.sent.size(), answers_per_interval);
    for (int i = 0; i < 20; ++i) server.pass(answer_interval_ms);
    EXPECT_EQ(server.sent.size(), questions_per_asker_max);
    EXPECT_EQ(server.status("snapshot_questions_dropped"), "5");
    EXPECT_EQ(server.sent.front().to, first_guest);
}

TEST_F(JoiningTest, StopsWithASentenceWhenItsStateIsGoneAndItsBlocksBeginLater) {
    Node node(OperatorNumber(9), genesis);
    node.give(made[24]);
    ASSERT_TRUE(node.stop);
    EXPECT_THAT(node.stop->reason, testing::HasSubstr("start this node anew from a snapshot"));
}

}  // namespace
}  // namespace rondo::execution::test
