#include "actors/intake/core/limits.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

TEST(Forwarding, TheHomeOperatorsReceiptIsPassedOn) {
    Cluster cluster(4);
    const User user = cluster.user_at(2);
    const SubmitOutcome outcome = cluster.submit_one(0, make_tx(user, {}));
    ASSERT_EQ(outcome.admission, Admission::accepted);
    EXPECT_EQ(outcome.receipt->lane, cluster.at(2).number);
    EXPECT_EQ(cluster.at(2).receipts().size(), 1U);
    EXPECT_TRUE(cluster.at(0).receipts().empty());
    const auto found = std::get<FindPendingReply>(cluster.ask(0, FindPending{outcome.hash}));
    EXPECT_TRUE(found.known);
    EXPECT_EQ(found.receipt, outcome.receipt);
    EXPECT_EQ(std::get<PendingNonceReply>(cluster.ask(0, PendingNonce{user.address()})).nonce, 1U);
}

TEST(Forwarding, ARequestForManyHomesIsAnsweredOnceInItsOwnOrder) {
    Cluster cluster(4);
    std::vector<User> users;
    for (std::size_t home = 0; home < 4; ++home) users.push_back(cluster.user_at(home));
    std::vector<Bytes> raws;
    for (std::uint64_t nonce = 0; nonce < 5; ++nonce)
        for (const User& user : users) raws.push_back(make_tx(user, {.nonce = nonce}));
    raws.push_back(Bytes{0xc0});
    const auto outcomes = cluster.submit(1, raws);
    ASSERT_EQ(outcomes.size(), raws.size());
    for (std::size_t i = 0; i + 1 < raws.size(); ++i) {
        ASSERT_EQ(outcomes[i].admission, Admission::accepted);
        EXPECT_EQ(outcomes[i].receipt->lane, cluster.at(i % 4).number);
        EXPECT_EQ(outcomes[i].hash, ethereum::decode_any(raws[i])->transaction.hash);
    }
    EXPECT_EQ(outcomes.back().reason, ethereum::Refusal::malformed);
    cluster.finalize();
    for (const User& user : users) EXPECT_EQ(cluster.ledger[user.address()].nonce, 5U);
}

TEST(Forwarding, ASilentHomeIsReplacedAfterTheDeadlineAndNotWaitedForAgain) {
    Cluster cluster(4);
    const User user = cluster.user_at(3);
    cluster.stop(3);
    const RequestId id = cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = 0})}});
    cluster.advance(intake::forward_deadline_ms - 1);
    EXPECT_FALSE(cluster.answer(0, id).has_value());
    cluster.advance(1);
    const auto reply = cluster.answer(0, id);
    ASSERT_TRUE(reply.has_value());
    const SubmitOutcome outcome = std::get<SubmitReply>(*reply).outcomes[0];
    ASSERT_EQ(outcome.admission, Admission::accepted);
    EXPECT_EQ(outcome.receipt->lane, cluster.at(0).number);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).receipt->lane, cluster.at(0).number) << "without another wait";
}

TEST(Forwarding, AHomeThatSpeaksAgainIsAskedAgain) {
    Cluster cluster(4);
    const User user = cluster.user_at(3);
    cluster.stop(3);
    const RequestId id = cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = 0})}});
    cluster.advance(intake::forward_deadline_ms);
    ASSERT_TRUE(cluster.answer(0, id).has_value());
    cluster.start(3);
    cluster.advance(1000);
    cluster.finalize();
    EXPECT_EQ(cluster.submit_one(3, make_tx(cluster.user_at(3), {})).admission, Admission::accepted);
    const SubmitOutcome next = cluster.submit_one(0, make_tx(user, {.nonce = 1}));
    ASSERT_EQ(next.admission, Admission::accepted) << to_string(next.reason);
    EXPECT_EQ(next.receipt->lane, cluster.at(3).number);
}

TEST(Forwarding, HeldAtHomeIsSaidToTheUser) {
    Cluster cluster(4);
    const User user = cluster.user_at(1);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 4})).admission, Admission::held);
    EXPECT_EQ(cluster.at(1).status("held_transactions"), 1U);
    EXPECT_EQ(cluster.at(0).status("held_transactions"), 0U);
}

TEST(Forwarding, WhatTwoLanesOrderedTakesEffectOnce) {
    Cluster cluster(4);
    const User user = cluster.user_at(3);
    // Home takes it, but its answer is lost: the forwarder orders it too.
    cluster.lose = [](OperatorNumber, OperatorNumber, const LaneMessage& m) { return std::holds_alternative<ForwardReply>(m); };
    const RequestId id = cluster.post(0, SubmitRequest{{make_tx(user, {})}});
    cluster.advance(intake::forward_deadline_ms);
    ASSERT_TRUE(cluster.answer(0, id).has_value());
    EXPECT_EQ(cluster.at(0).receipts().size(), 1U);
    EXPECT_EQ(cluster.at(3).receipts().size(), 1U);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 1U);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 0U);
    EXPECT_EQ(cluster.at(3).status("promised_transactions"), 0U);
}

}  // namespace
}  // namespace rondo::test
