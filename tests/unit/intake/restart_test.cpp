#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"
#include "messages/crypto/hash.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

TEST(Restart, KeepsEveryPromiseSealedOrNot) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    bool silent = true;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) { return silent && std::holds_alternative<Ack>(m); };
    std::vector<SubmitOutcome> promised;
    for (std::uint64_t nonce = 0; nonce < 6; ++nonce) promised.push_back(cluster.submit_one(0, make_tx(user, {.nonce = nonce})));
    EXPECT_EQ(cluster.at(0).status("waiting_transactions"), 5U);
    cluster.restart(0);
    EXPECT_EQ(cluster.at(0).status("waiting_transactions"), 5U);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 6U);
    for (const SubmitOutcome& outcome : promised) {
        const auto found = std::get<FindPendingReply>(cluster.ask(0, FindPending{outcome.hash}));
        EXPECT_EQ(found.receipt, outcome.receipt);
    }
    silent = false;
    cluster.advance(2000);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 6U);
    for (const BatchRecord& batch : cluster.at(1).batches()) {
        const Payload payload = decode<Payload>(batch.payload).value();
        for (std::uint32_t i = 0; i < payload.transactions.size(); ++i) {
            const Receipt& receipt = *promised.at((batch.header.height.value - 1) + i).receipt;
            EXPECT_EQ(receipt.lane_height, batch.header.height);
            EXPECT_EQ(receipt.index, i);
        }
    }
}

TEST(Restart, OffersTheBatchInFlightAgainUnderTheSameHeader) {
    Cluster cluster(4);
    std::set<Digest> offered;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        if (const auto* offer = std::get_if<BatchOffer>(&m)) offered.insert(digest_of(offer->header));
        return std::holds_alternative<BatchOffer>(m);
    };
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    cluster.advance(3000);
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        if (const auto* offer = std::get_if<BatchOffer>(&m)) offered.insert(digest_of(offer->header));
        return false;
    };
    cluster.restart(0);
    EXPECT_EQ(offered.size(), 1U);
    EXPECT_EQ(cluster.at(0).certificates().size(), 1U);
}

TEST(Restart, KeepsWhatIsHeldAndReleasesItInItsTurn) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).admission, Admission::held);
    cluster.restart(0);
    EXPECT_EQ(cluster.at(0).status("held_transactions"), 1U);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 2U);
}

TEST(Restart, ExecutedTransactionsAreNotPromisedASecondTime) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    const Bytes raw = make_tx(user, {});
    EXPECT_EQ(cluster.submit_one(0, raw).admission, Admission::accepted);
    cluster.finalize();
    cluster.restart(0);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 0U);
    EXPECT_EQ(cluster.submit_one(0, raw).reason, ethereum::Refusal::nonce_too_low);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).receipt->lane_height, LaneHeight(2));
}

TEST(Restart, PromisesOlderThanTheirRetentionAreErased) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    for (std::uint64_t nonce = 0; nonce < intake::promises_kept + 10; ++nonce) {
        ASSERT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
        cluster.finalize();
    }
    EXPECT_LE(cluster.at(0).store.count(intake::tables::promised), intake::promises_kept + 1);
    EXPECT_EQ(cluster.at(0).store.count(intake::tables::own_lane), 0U);
    EXPECT_EQ(cluster.at(0).store.count(intake::tables::batches), intake::promises_kept + 10);
}

TEST(Fetching, ACitedBatchThatIsNotHereIsFetchedAndPublishedInOrder) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.stop(3);
    for (std::uint64_t nonce = 0; nonce < 5; ++nonce) {
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
        cluster.advance(200);
    }
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 5U);
    cluster.start(3);
    cluster.advance(1000);
    const auto batches = cluster.at(3).batches();
    ASSERT_EQ(batches.size(), 5U);
    for (std::size_t i = 0; i < batches.size(); ++i) EXPECT_EQ(batches[i].header.height, LaneHeight(i + 1));
    EXPECT_EQ(cluster.at(3).status("unfinished_cuts"), 0U);
    EXPECT_EQ(cluster.at(3).status("wanted_batches"), 0U);
}

TEST(Fetching, GoesOnAfterARestartAndAsksOthersWhenTheFirstAreSilent) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.stop(3);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
    cluster.advance(200);
    cluster.finalize();
    std::size_t asked = 0;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        const auto* fetch = std::get_if<BatchFetch>(&m);
        return fetch != nullptr && !fetch->batches.empty() && ++asked <= 4;
    };
    cluster.start(3);
    EXPECT_EQ(cluster.at(3).status("unfinished_cuts"), 1U);
    cluster.restart(3);
    EXPECT_EQ(cluster.at(3).status("unfinished_cuts"), 1U);
    cluster.advance(2000);
    EXPECT_EQ(cluster.at(3).status("unfinished_cuts"), 0U);
    EXPECT_EQ(cluster.at(3).batches().size(), 1U);
}

TEST(Fetching, ABatchWithAnotherPayloadOrSignatureThanItsHeadersIsNotTaken) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.stop(3);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
    cluster.advance(200);
    cluster.finalize();
    const BatchRecord real = cluster.at(0).batches().at(0);
    cluster.lose = [](OperatorNumber, OperatorNumber, const LaneMessage& m) { return std::holds_alternative<BatchFetch>(m); };
    cluster.start(3);
    BatchRecord forged = real;
    ASSERT_FALSE(forged.payload.empty());
    forged.payload.back() ^= 1;
    cluster.deliver(3, PeerMessage{Channel::fetch, cluster.at(1).number, encode(LaneMessage(BatchFound{forged}))});
    cluster.run();
    EXPECT_TRUE(cluster.at(3).batches().empty());
    forged = real;
    forged.header.signature.bytes[0] ^= 1;
    ASSERT_EQ(digest_of(forged.header), digest_of(real.header));
    cluster.deliver(3, PeerMessage{Channel::fetch, cluster.at(1).number, encode(LaneMessage(BatchFound{forged}))});
    cluster.run();
    EXPECT_TRUE(cluster.at(3).batches().empty());
    cluster.deliver(3, PeerMessage{Channel::fetch, cluster.at(1).number, encode(LaneMessage(BatchFound{real}))});
    cluster.run();
    EXPECT_EQ(cluster.at(3).batches().size(), 1U);
}

TEST(Fetching, AFinalBatchWhoseOfferWasLostIsFetched) {
    Cluster cluster(4);
    cluster.lose = [](OperatorNumber, OperatorNumber to, const LaneMessage& m) {
        return to == OperatorNumber(4) && std::holds_alternative<BatchOffer>(m);
    };
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    cluster.advance(200);
    cluster.finalize();
    cluster.advance(200);
    EXPECT_EQ(cluster.at(3).batches().size(), 1U);
}

TEST(Fetching, TheOtherActorsOfTheNodeGetBatchesByDigest) {
    Cluster cluster(4);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    cluster.finalize();
    const BatchRecord batch = cluster.at(1).batches().at(0);
    const auto found = std::get<FoundBatches>(cluster.ask(1, FetchBatches{{BatchRef{}, ref_of(batch.header)}}));
    ASSERT_EQ(found.batches.size(), 1U);
    EXPECT_EQ(found.batches[0], batch);
}

TEST(Epochs, WhatIsUncommittedIsSealedAgainAtTheSameHeightsInTheSameOrder) {
    Cluster cluster(4, [](Parameters& p) { p.epoch_blocks = 2; });
    const User user = cluster.user_at(0);
    std::vector<SubmitOutcome> outcomes;
    std::vector<Bytes> raws;
    cluster.finalize();
    cluster.only_lanes = {OperatorNumber(2)};  // consensus does not get to lane 1 in this epoch
    for (std::uint64_t nonce = 0; nonce < 4; ++nonce) {
        raws.push_back(make_tx(user, {.nonce = nonce}));
        outcomes.push_back(cluster.submit_one(0, raws.back()));
        ASSERT_EQ(outcomes.back().admission, Admission::accepted);
        EXPECT_EQ(outcomes.back().receipt->epoch, Epoch(1));
    }
    const auto before = cluster.at(0).stored();
    ASSERT_EQ(before.size(), 4U);
    cluster.finalize();  // the boundary block
    ASSERT_EQ(cluster.epoch, Epoch(2));
    cluster.only_lanes = {};
    cluster.advance(2000);
    const auto after = cluster.at(0).stored();
    ASSERT_EQ(after.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(after[i].header.epoch, Epoch(2));
        EXPECT_EQ(after[i].header.height, before[i].header.height);
        EXPECT_EQ(after[i].payload, before[i].payload);
    }
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 4U);
    // What was promised in the old epoch stands where it was promised.
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(after[outcomes[i].receipt->lane_height.value - 1].header.tx_count, 1U);
}

TEST(Epochs, PromisesWaitingUnsealedCrossTheBoundaryAndARestart) {
    Cluster cluster(4, [](Parameters& p) { p.epoch_blocks = 2; });
    const User user = cluster.user_at(0);
    cluster.finalize();
    bool silent = true;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) { return silent && std::holds_alternative<Ack>(m); };
    for (std::uint64_t nonce = 0; nonce < 3; ++nonce)
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
    cluster.finalize();
    cluster.restart(0);
    silent = false;
    cluster.advance(3000);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 3U);
}

TEST(Epochs, TrafficGoesOnThroughManyEpochsAndRestarts) {
    Cluster cluster(4, [](Parameters& p) { p.epoch_blocks = 2; });
    std::vector<User> users;
    for (std::size_t i = 0; i < 4; ++i) users.push_back(cluster.user_at(i));
    for (std::uint64_t round = 0; round < 12; ++round) {
        for (std::size_t i = 0; i < 4; ++i) {
            const RequestId id = cluster.post(round % 4, SubmitRequest{{make_tx(users[i], {.nonce = round})}});
            cluster.advance(100);
            const auto reply = cluster.answer(round % 4, id);
            ASSERT_TRUE(reply.has_value());
            const SubmitOutcome& outcome = std::get<SubmitReply>(*reply).outcomes[0];
            const bool taken = outcome.admission == Admission::accepted || outcome.admission == Admission::held;
            ASSERT_TRUE(taken) << to_string(outcome.reason);
        }
        if (round % 3 == 1) cluster.restart(round % 4);
        cluster.advance(600);
        cluster.finalize();
    }
    for (int i = 0; i < 6; ++i) {
        cluster.advance(1000);
        cluster.finalize();
    }
    for (const User& user : users) EXPECT_EQ(cluster.ledger[user.address()].nonce, 12U);
    EXPECT_GT(cluster.epoch, Epoch(7));
}

TEST(Restart, ANodeThatMissedHundredsOfBatchesFetchesThemAsFastAsTheyCome) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.stop(3);
    for (std::uint64_t nonce = 0; nonce < 300; ++nonce) {
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
        cluster.advance(intake::seal_interval_ms_max);
        cluster.finalize();
    }
    bool deaf = true;  // its first questions are lost, as on connections that are not there again yet
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        return deaf && std::holds_alternative<BatchFetch>(m);
    };
    cluster.start(3);
    cluster.run();
    EXPECT_GT(cluster.at(3).status("wanted_batches"), 200U);
    deaf = false;
    cluster.advance(2 * intake::fetch_retry_ms);
    EXPECT_EQ(cluster.at(3).status("wanted_batches"), 0U);
    EXPECT_EQ(cluster.at(3).status("unfinished_cuts"), 0U);
}

TEST(Epochs, AnOperatorThatLeavesTheSetHandsOverWhatItPromised) {
    constexpr std::uint64_t epoch_blocks = intake::last_promise_blocks + 2;
    Cluster cluster(5, [&](Parameters& p) { p.epoch_blocks = epoch_blocks; });
    const auto finalize = [&](std::uint64_t blocks) {
        for (std::uint64_t i = 0; i < blocks; ++i) cluster.finalize();
    };
    cluster.leaving = {OperatorNumber(1)};
    finalize(epoch_blocks);  // executing this boundary block gives the third epoch's set
    const User user = [&] {  // whose home in the second epoch is node 0
        while (true) {
            User candidate = cluster.user_at(0);
            const EpochContext second = genesis_context(cluster.genesis(), Epoch(2));
            if (home_lane(second, candidate.address()) == OperatorNumber(1)) return candidate;
        }
    }();
    bool silent = true;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) { return silent && std::holds_alternative<Ack>(m); };
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
    finalize(3);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).admission, Admission::busy) << "it could not keep it";
    silent = false;
    finalize(epoch_blocks - 3);
    ASSERT_EQ(cluster.epoch, Epoch(3));
    // And it sends its own users' transactions on, for it has no lane.
    const SubmitOutcome next = cluster.submit_one(0, make_tx(user, {.nonce = 1}));
    ASSERT_EQ(next.admission, Admission::accepted) << to_string(next.reason);
    EXPECT_NE(next.receipt->lane, OperatorNumber(1));
    cluster.advance(1000);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 2U);
    for (const BatchRecord& batch : cluster.executed_batches) EXPECT_NE(batch.header.lane, OperatorNumber(1));
}

TEST(Epochs, NothingIsSealedUntilTheNextSetIsKnown) {
    Cluster cluster(4, [](Parameters& p) { p.epoch_blocks = 1; });
    const User user = cluster.user_at(0);
    // Blocks run ahead of execution: the third epoch's set comes from executing the first one's boundary.
    cluster.finalize(false);
    cluster.finalize(false);
    ASSERT_EQ(cluster.epoch, Epoch(3));
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::busy);
    cluster.execute_all();
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).stored().at(0).header.epoch, Epoch(3));
}

TEST(Epochs, AnOfferOfTheNextEpochWaitsUntilTheChainGetsThere) {
    Cluster cluster(4, [](Parameters& p) { p.epoch_blocks = 1; });
    std::size_t acks = 0;
    std::size_t offers = 0;
    cluster.lose = [&](OperatorNumber from, OperatorNumber to, const LaneMessage& m) {
        acks += from == OperatorNumber(4) && std::holds_alternative<Ack>(m) ? 1 : 0;
        if (to == OperatorNumber(4) && std::holds_alternative<BatchOffer>(m)) return ++offers > 1;
        return to == OperatorNumber(4);
    };
    cluster.behind = {3};
    cluster.finalize();
    ASSERT_EQ(cluster.epoch, Epoch(2));
    for (std::size_t i = 0; i < 3; ++i) static_cast<void>(cluster.post(i, SubmitRequest{{make_tx(cluster.user_at(i), {})}}));
    cluster.advance(3000);
    ASSERT_GE(offers, 1U);
    EXPECT_EQ(acks, 0U);
    cluster.catch_up(3);
    EXPECT_EQ(acks, 1U);
}

/// Whatever is lost, restarted or cut at whatever moment: everything promised is executed, each exactly once.
RC_GTEST_PROP(Restart, EveryPromiseIsKeptWhateverIsLostOrRestarted, ()) {
    Cluster cluster(4, [](Parameters& p) { p.epoch_blocks = 3; });
    std::vector<User> users;
    for (std::size_t i = 0; i < 4; ++i) users.push_back(cluster.user_at(i));
    std::vector<std::uint64_t> nonces(4, 0);
    std::set<Hash256> promised;
    std::uint64_t random = *rc::gen::arbitrary<std::uint32_t>();
    const auto dice = [&](std::uint64_t sides) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        return (random >> 33) % sides;
    };
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        return !std::holds_alternative<Forward>(m) && !std::holds_alternative<ForwardReply>(m) && dice(6) == 0;
    };
    for (int round = 0; round < 25; ++round) {
        const std::size_t u = dice(4);
        const std::size_t node = dice(4);
        const RequestId id = cluster.post(node, SubmitRequest{{make_tx(users[u], {.nonce = nonces[u]})}});
        cluster.run();
        if (const auto reply = cluster.answer(node, id)) {
            const SubmitOutcome& outcome = std::get<SubmitReply>(*reply).outcomes[0];
            if (outcome.admission == Admission::accepted) promised.insert(outcome.hash);
            if (outcome.admission == Admission::accepted || outcome.admission == Admission::held) ++nonces[u];
        }
        if (dice(3) == 0) cluster.advance(dice(700));
        if (dice(3) == 0) cluster.finalize();
        if (dice(6) == 0) cluster.restart(dice(4));
    }
    cluster.lose = {};
    for (int i = 0; i < 10; ++i) {
        cluster.advance(1500);
        cluster.finalize();
    }
    for (const Hash256& hash : promised) {
        RC_ASSERT(cluster.executed.contains(hash));
        RC_ASSERT(cluster.executed.at(hash) == TxStatus::success);
    }
    for (std::size_t u = 0; u < 4; ++u) RC_ASSERT(cluster.ledger[users[u].address()].nonce == nonces[u]);
}

}  // namespace
}  // namespace rondo::test
