#include "joining_net.hpp"

namespace rondo::execution::test {
namespace {

/// One liar, or a bad hour, costs a joining node some time, and not its snapshot.
class JoiningLivenessTest : public JoiningTest {
  protected:
    using Says = std::function<std::optional<StateMessage>(StateMessage)>;
    static std::optional<StateMessage> nothing(const StateMessage&) { return std::nullopt; }
    static std::optional<StateMessage> nothing_but_offers(StateMessage message) {
        return std::holds_alternative<SnapshotOffer>(message) ? std::optional(std::move(message)) : std::nullopt;
    }

    void members_say(const Says& says) {
        for (auto& [n, node] : nodes)
            if (n <= 4) node->says = says;
    }
    [[nodiscard]] ExecutedRef executed_at(std::uint64_t height) const {
        const ExecutedBlock& block = nodes.at(1)->published.at(height - 1);
        return {block.height, block.result_digest};
    }
    /// What node 1 answers to a stranger.
    template <class Answer>
    Answer answer_of_1(const StateMessage& question) {
        Node& node = *nodes.at(1);
        node.sent.clear();
        node.give(PeerMessage{Channel::state, first_guest, encode(question)});
        node.pass(answer_interval_ms);
        const Bytes answer = node.sent.at(0).payload;
        node.sent.clear();
        return std::get<Answer>(*decode<StateMessage>(answer));
    }
    static void hear_from_1(Node& node, const StateMessage& message) {
        node.give(PeerMessage{Channel::state, OperatorNumber(1), encode(message)});
    }
};

TEST_F(JoiningLivenessTest, AsksAnotherForContextsWhenOneRepeatsThoseThatAreHere) {
    std::optional<EpochContext> first;
    nodes.at(1)->says = [&](StateMessage message) -> std::optional<StateMessage> {
        auto* found = std::get_if<ContextsFound>(&message);
        if (found == nullptr) return message;
        if (!first) first = found->contexts.at(0);
        return ContextsFound{Epoch(1), {*first}};
    };
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    run(100);
    expect_joined(node, 24);
}

TEST_F(JoiningLivenessTest, TakesALateAnswerAboutContextsForNoLie) {
    std::vector<ContextsFound> held;
    members_say(nothing);
    nodes.at(1)->says = [&](StateMessage message) -> std::optional<StateMessage> {
        auto* found = std::get_if<ContextsFound>(&message);
        if (found == nullptr) return message;
        held.push_back(std::move(*found));
        return std::nullopt;
    };
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    run(50);
    ASSERT_GE(held.size(), 2U) << "it asked again for the same";
    ASSERT_EQ(held[0].first, Epoch(1));
    ASSERT_EQ(held[1].first, Epoch(1));
    held[0].contexts.resize(1);
    hear_from_1(node, held[0]);
    hear_from_1(node, held[1]);  // by now it asks for the next one
    EXPECT_EQ(node.status("joining_lying_peers"), "0");
    nodes.at(1)->says = {};
    run(100);
    expect_joined(node, 24);
}

TEST_F(JoiningLivenessTest, TriesAnewWhenItIsAskedAgainAfterItSaidThatThereIsNone) {
    Node& node = joiner();
    for (const Says& says : {Says(nothing), Says(nothing_but_offers)}) {
        members_say(says);
        EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::under_way);
        run(4000);
        EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::unavailable);
        EXPECT_EQ(node.view.count(tables::joining), 0U);
    }
    members_say({});
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::under_way);
    run(20);
    expect_joined(node, 24);
}

TEST_F(JoiningLivenessTest, AsksForTheNewestCitationWhenNobodyKnowsTheFirstAnyMore) {
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(9));
    run(5);
    (void)node.ask<JoinReply>(wish(27));
    run(50);
    expect_joined(node, 24);
}

TEST_F(JoiningLivenessTest, LeadsNobodyFurtherDownThanItAsks) {
    const auto stale = answer_of_1<SnapshotOffer>(SnapshotRequest{executed_at(24)});
    ASSERT_TRUE(stale.head);
    while (made.size() < 46) extend();
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(43));
    // In one go: from the citation down to a snapshot that only the liar has.
    for (const std::uint64_t height : {43U, 40U, 32U}) {
        auto offer = answer_of_1<SnapshotOffer>(SnapshotRequest{executed_at(height)});
        offer.head.reset();
        hear_from_1(node, offer);
    }
    hear_from_1(node, stale);
    nodes.at(1)->says = nothing;
    EXPECT_EQ(node.status("joining_snapshot"), "0");
    run(50);
    expect_joined(node, 40);
}

TEST_F(JoiningLivenessTest, GoesDownAsFarAsOthersKnowOfSnapshotsAndThenBackToTheCitation) {
    while (made.size() < 39) extend();
    for (auto& [n, node] : nodes) node->view.copies.clear();
    Node& node = joiner();
    std::vector<std::uint64_t> asked;
    node.says = [&](StateMessage message) -> std::optional<StateMessage> {
        const auto* request = std::get_if<SnapshotRequest>(&message);
        if (request != nullptr && (asked.empty() || asked.back() != request->cited.height.value))
            asked.push_back(request->cited.height.value);
        return message;
    };
    (void)node.ask<JoinReply>(wish(39));
    run(90);
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{39, 32, 24, 16, 39}));
}

TEST_F(JoiningLivenessTest, GivesUpAGoalOfWhichNothingComesAndTakesNoOtherFromTheSamePeer) {
    members_say(nothing);
    nodes.at(1)->says = nothing_but_offers;
    Node& node = joiner();
    (void)node.ask<JoinReply>(wish(27));
    std::size_t goals = 0;
    std::string before = node.status("joining_snapshot");
    for (int i = 0; i < 1000; ++i) {
        run(1);
        const std::string now = node.status("joining_snapshot");
        if (before == "0" && now == "24") ++goals;
        before = now;
    }
    EXPECT_EQ(goals, 1U);
    EXPECT_EQ(node.ask<JoinReply>(wish(27)).state, JoinState::unavailable);
}

TEST_F(JoiningLivenessTest, KeepsItsGoalThroughAnOutageHoweverManyCitationsCome) {
    Node& node = joiner();
    bool has_accounts = false;
    members_say(nothing);  // there is one source
    nodes.at(1)->says = [&](StateMessage message) -> std::optional<StateMessage> {
        if (std::exchange(has_accounts, has_accounts || std::holds_alternative<PartLeaves>(message))) return std::nullopt;
        return message;
    };
    (void)node.ask<JoinReply>(wish(27));
    run(3);
    ASSERT_TRUE(has_accounts);
    ASSERT_EQ(node.status("joining_snapshot"), "24");
    for (std::uint64_t height = 28; height < 28 + citations_max + 4; ++height) {
        while (made.size() < height) extend();
        (void)node.ask<JoinReply>(wish(height));
        run(5);
    }
    members_say({});
    run(40);
    expect_joined(node, 24);
}

}  // namespace
}  // namespace rondo::execution::test
