#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/wire/kinds.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

/// The transaction that the owner's sealed batch has at the receipt's place.
Bytes leaf_at(Node& owner, const Receipt& receipt) {
    for (const BatchRecord& batch : owner.stored())
        if (batch.header.height == receipt.lane_height && batch.header.lane == receipt.lane)
            return decode<Payload>(batch.payload)->transactions.at(receipt.index).raw;
    ADD_FAILURE() << "no batch at the receipt's height";
    return {};
}

TEST(Promises, ATransactionIsPromisedCertifiedAndPublishedOnEveryNode) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const Bytes raw = make_tx(user, {});
    const SubmitOutcome outcome = cluster.submit_one(0, raw);
    ASSERT_EQ(outcome.admission, Admission::accepted) << to_string(outcome.reason);
    ASSERT_TRUE(outcome.receipt.has_value());
    EXPECT_EQ(outcome.receipt->tx_hash, crypto::keccak256(raw));
    EXPECT_EQ(outcome.receipt->lane_height, LaneHeight(1));
    EXPECT_EQ(outcome.receipt->index, 0U);
    EXPECT_EQ(cluster.at(0).certificates().size(), 1U);
    cluster.finalize();
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(cluster.at(i).batches().size(), 1U) << "node " << i;
    EXPECT_EQ(leaf_at(cluster.at(0), *outcome.receipt), raw);
}

TEST(Promises, AReceiptIsSignedByItsOperatorAndNamesTheDeadline) {
    Cluster cluster(4);
    for (int i = 0; i < 3; ++i) cluster.finalize();
    const SubmitOutcome outcome = cluster.submit_one(1, make_tx(cluster.user_at(1), {}));
    ASSERT_TRUE(outcome.receipt.has_value());
    const Receipt& r = *outcome.receipt;
    EXPECT_EQ(r.deadline_height, Height(3 + cluster.genesis().parameters.promise_blocks));
    const PublicKey key = cluster.genesis().operators[1].key;
    const Bytes signed_bytes = signing_bytes(digest_of(cluster.genesis()), r.epoch, Kind::receipt, encode_body(r));
    EXPECT_TRUE(crypto::verify(key, signed_bytes, r.signature));
    ASSERT_EQ(cluster.at(1).receipts().size(), 1U);
    EXPECT_EQ(cluster.at(1).receipts()[0], r);
}

TEST(Promises, ConsecutiveNoncesOfOneRequestGetConsecutivePlaces) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    std::vector<Bytes> raws;
    for (std::uint64_t nonce = 0; nonce < 50; ++nonce) raws.push_back(make_tx(user, {.nonce = nonce}));
    const auto outcomes = cluster.submit(0, raws);
    for (std::size_t i = 0; i < raws.size(); ++i) {
        ASSERT_EQ(outcomes[i].admission, Admission::accepted);
        EXPECT_EQ(outcomes[i].receipt->index, i);
        EXPECT_EQ(leaf_at(cluster.at(0), *outcomes[i].receipt), raws[i]);
    }
}

TEST(Promises, RequestsGoOnInTheirOrderEvenWhenTheWorkerPoolKeepsNone) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    cluster.hold_jobs = true;
    const RequestId first = cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = 0})}});
    cluster.run();
    const RequestId second = cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = 1})}});
    cluster.run();
    cluster.release_jobs();
    for (const RequestId id : {first, second}) {
        const auto reply = cluster.answer(0, id);
        ASSERT_TRUE(reply.has_value());
        EXPECT_EQ(std::get<SubmitReply>(*reply).outcomes[0].admission, Admission::accepted);
    }
}

TEST(Promises, EveryReceiptsPlaceIsTheSealedBatchesLeaf) {
    Cluster cluster(4);
    std::vector<std::pair<Bytes, Receipt>> promised;
    std::vector<User> users;
    users.reserve(8);
    for (int i = 0; i < 8; ++i) users.push_back(cluster.user_at(0));
    for (std::uint64_t round = 0; round < 6; ++round)
        for (const User& user : users) {
            const Bytes raw = make_tx(user, {.nonce = round});
            const RequestId id = cluster.post(0, SubmitRequest{{raw}});
            if (round % 2 == 0) cluster.run();
            if (round % 2 == 1) {
                cluster.run();
                cluster.finalize(user.address().bytes[0] % 2 == 0);
            }
            const auto reply = cluster.answer(0, id);
            ASSERT_TRUE(reply.has_value());
            const SubmitOutcome outcome = std::get<SubmitReply>(*reply).outcomes[0];
            ASSERT_EQ(outcome.admission, Admission::accepted);
            promised.emplace_back(raw, *outcome.receipt);
        }
    cluster.pass_seal_intervals();
    cluster.finalize();
    for (const auto& [raw, receipt] : promised) {
        EXPECT_EQ(leaf_at(cluster.at(0), receipt), raw);
        EXPECT_EQ(cluster.executed.at(crypto::keccak256(raw)), TxStatus::success);
    }
}

TEST(Promises, ABatchTooFullForTheNextTransactionLeavesItToTheFollowingOne) {
    Cluster cluster(4);
    const User user = cluster.user_at(0, Wei(1) << 100);
    std::vector<Bytes> raws;
    for (std::uint64_t nonce = 0; nonce < 40; ++nonce) raws.push_back(make_tx(user, {.nonce = nonce, .data = 100'000}));
    const auto outcomes = cluster.submit(0, raws);
    std::set<LaneHeight> heights;
    for (std::size_t i = 0; i < raws.size(); ++i) {
        ASSERT_EQ(outcomes[i].admission, Admission::accepted);
        heights.insert(outcomes[i].receipt->lane_height);
        EXPECT_EQ(leaf_at(cluster.at(0), *outcomes[i].receipt), raws[i]);
    }
    EXPECT_EQ(heights.size(), 2U);
    for (const BatchRecord& batch : cluster.at(2).stored()) EXPECT_LE(batch.payload.size(), limits::batch_bytes_max);
}

TEST(Promises, ASingleOperatorCertifiesItsOwnLane) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    for (std::uint64_t nonce = 0; nonce < 3; ++nonce)
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).certificates().size(), 3U);
}

TEST(Promises, TheAccountIsAskedForOnceAndKeptCurrentByResults) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    cluster.finalize();
    cluster.execution_silent = true;  // a second question would go unanswered
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).admission, Admission::accepted);
}

TEST(Promises, AnUnreachableExecutionMeansBusyNotRefused) {
    Cluster cluster(1);
    cluster.execution_silent = true;
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::busy);
    cluster.execution_silent = false;
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
}

TEST(Promises, TheStagesOfAPromisedTransactionCanBeFound) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const Bytes raw = make_tx(user, {});
    const SubmitOutcome outcome = cluster.submit_one(0, raw);
    for (const bool executed : {false, true}) {
        const auto found = std::get<FindPendingReply>(cluster.ask(0, FindPending{outcome.hash}));
        EXPECT_TRUE(found.known);
        EXPECT_EQ(found.admission, Admission::accepted);
        EXPECT_EQ(found.raw, raw);
        EXPECT_EQ(found.sender, user.address());
        EXPECT_EQ(found.receipt, outcome.receipt);
        EXPECT_NE(found.accepted_ms, 0U);
        EXPECT_NE(found.certified_ms, 0U);
        if (!executed) cluster.finalize();
    }
    EXPECT_FALSE(std::get<FindPendingReply>(cluster.ask(0, FindPending{Hash256{}})).known);
}

}  // namespace
}  // namespace rondo::test
