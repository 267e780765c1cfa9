#include "joining_net.hpp"

namespace rondo::execution::test {
namespace {

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

TEST_F(JoiningTest, RemembersNoneOfTheManyWhoseQuestionsItDropped) {
    Node& server = *nodes.at(1);
    const Bytes question = encode(StateMessage(PartRequest{Height(24), 0, 0, {}}));
    constexpr std::uint32_t strangers = questions_max / questions_per_asker_max;
    for (std::uint32_t i = 0; i < strangers; ++i)
        for (std::size_t k = 0; k < questions_per_asker_max; ++k)
            server.give(PeerMessage{Channel::state, OperatorNumber(first_guest.value + i), question});
    for (std::uint32_t i = 0; i < questions_max; ++i)
        server.give(PeerMessage{Channel::state, OperatorNumber(first_guest.value + strangers + i), question});
    EXPECT_EQ(server.status("snapshot_questions_dropped"), std::to_string(questions_max));
    server.sent.clear();
    for (std::size_t i = 0; i < questions_max; ++i) server.pass(answer_interval_ms);  // it would end if it counted them
    EXPECT_EQ(server.sent.size(), questions_max);
}

TEST_F(JoiningTest, StopsWithASentenceWhenItsStateIsGoneAndItsBlocksBeginLater) {
    Node node(OperatorNumber(9), genesis);
    node.give(made[24]);
    ASSERT_TRUE(node.stop);
    EXPECT_THAT(node.stop->reason, testing::HasSubstr("start this node anew from a snapshot"));
}

}  // namespace
}  // namespace rondo::execution::test
