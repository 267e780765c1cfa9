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

}  // namespace
}  // namespace rondo::execution::test
