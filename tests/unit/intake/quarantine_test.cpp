#include <gtest/gtest.h>

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

/// A lane with history: some batches final, and a copy of the first node's store from in between.
struct RolledBack : testing::Test {
    explicit RolledBack(std::uint64_t epoch_blocks = 6)
        : cluster(4, [=](Parameters& p) {
              p.epoch_blocks = epoch_blocks;
              p.lane_window = 4;
          }) {
        for (std::size_t i = 0; i < 4; ++i) users.push_back(cluster.user_at(i));
        cluster.lose = [this](OperatorNumber from, OperatorNumber, const LaneMessage& message) {
            note(from, message);
            return cut_off.contains(from) && std::holds_alternative<LaneStatus>(message);
        };
    }
    SubmitOutcome submit(std::size_t node) {
        return cluster.submit_one(node, make_tx(users[node], {.nonce = users[node].nonce++}));
    }
    void roll_back(std::size_t node, const MemoryStore& earlier, std::size_t heard) {
        cluster.stop(node);
        cluster.restore(node, earlier, heard);
        cluster.start(node);
        cluster.advance(1000);
    }
    /// The outside log: two headers of a lane, or acks of two batches by one member, for one slot.
    void note(OperatorNumber from, const LaneMessage& message) {
        const auto add = [&](auto key, const Digest& digest) {
            const auto [it, fresh] = slots.emplace(key, digest);
            if (!fresh && it->second != digest) ++doubles;
            return fresh;
        };
        if (const auto* offer = std::get_if<BatchOffer>(&message)) {
            const BatchHeader& h = offer->header;
            if (add(std::tuple{h.lane.value, h.epoch, h.lane, h.height, true}, digest_of(h))) ++headers[from];
        }
        if (const auto* ack = std::get_if<Ack>(&message))
            if (add(std::tuple{from.value, ack->epoch, ack->lane, ack->height, false}, ack->digest)) ++acks[from];
    }

    Cluster cluster;
    std::vector<User> users;
    std::set<OperatorNumber> cut_off;
    std::map<std::tuple<std::uint32_t, Epoch, LaneId, LaneHeight, bool>, Digest> slots;
    std::map<OperatorNumber, int> headers, acks;
    int doubles = 0;
};

TEST_F(RolledBack, AStoreWithoutTheNewestHeaderRestsItsLaneUntilTheNextEpoch) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    cluster.finalize();
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    roll_back(0, aside, heard);
    EXPECT_NE(cluster.at(0).text("quarantined"), "");
    EXPECT_NE(submit(0).admission, Admission::accepted) << "no promise that could be a second one for its place";
    const int before = headers[cluster.at(0).number];
    while (cluster.height.next().value % 6 != 0) cluster.finalize();
    cluster.advance(1000);
    EXPECT_EQ(headers[cluster.at(0).number], before);
    cluster.finalize();
    cluster.advance(1000);
    EXPECT_EQ(cluster.at(0).text("quarantined"), "");
    EXPECT_EQ(headers[cluster.at(0).number], before + 1) << "what it held goes out";
    EXPECT_EQ(doubles, 0);
}

TEST_F(RolledBack, WhileItsLaneRestsItsUsersAreServedByWhoForwardsThem) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    cluster.finalize();
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    roll_back(0, aside, heard);
    ASSERT_NE(cluster.at(0).text("quarantined"), "");
    const RequestId id = cluster.post(1, SubmitRequest{{make_tx(cluster.user_at(0), {})}});
    cluster.advance(intake::forward_deadline_ms + 1);
    const auto reply = cluster.answer(1, id);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(std::get<SubmitReply>(*reply).outcomes.at(0).admission, Admission::accepted);
}

TEST_F(RolledBack, AnEmptyStoreOfAKeyThatOthersSawIsTheSame) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(submit(0).admission, Admission::accepted);
        ASSERT_EQ(submit(1).admission, Admission::accepted);
        cluster.finalize();
    }
    roll_back(0, MemoryStore{}, 0);
    EXPECT_NE(cluster.at(0).text("quarantined"), "");
    while (cluster.epoch == Epoch(1)) cluster.finalize();
    cluster.advance(1000);
    EXPECT_EQ(cluster.at(0).text("quarantined"), "");
    users[0].nonce = cluster.ledger[users[0].address()].nonce;
    EXPECT_EQ(submit(0).admission, Admission::accepted);
    EXPECT_EQ(doubles, 0);
}

// Not final, and no batch follows that would carry its certificate to the others: the lane's owner alone knows whose acks are in
// it.
TEST_F(RolledBack, AStoreWithoutTheNewestAckHearsOfItFromTheLanesOwner) {
    cluster.stop(3);  // so that every certificate needs the three others
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    ASSERT_EQ(submit(1).admission, Admission::accepted);
    cluster.advance(1000);
    ASSERT_EQ(acks[cluster.at(0).number], 1);
    roll_back(0, aside, heard);
    EXPECT_NE(cluster.at(0).text("quarantined"), "");
    EXPECT_EQ(doubles, 0);
}

TEST_F(RolledBack, ItAcknowledgesOthersAgainAboveTheWindow) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    roll_back(0, aside, heard);
    ASSERT_NE(cluster.at(0).text("quarantined"), "");
    const OperatorNumber me = cluster.at(0).number;
    const int before = acks[me];
    for (int height = 1; height <= 4; ++height) {
        ASSERT_EQ(submit(1).admission, Admission::accepted);
        cluster.advance(1000);
        cluster.finalize();
        EXPECT_EQ(acks[me], before) << "height " << height;
    }
    ASSERT_EQ(submit(1).admission, Admission::accepted);
    cluster.advance(1000);
    EXPECT_EQ(acks[me], before + 1) << "a window above what was final when it came back";
    EXPECT_EQ(doubles, 0);
}

TEST_F(RolledBack, ItWaitsForAConsensusThatDoesNotKnowTheChainItself) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    cluster.consensus_is_whole = false;
    roll_back(0, aside, heard);
    while (cluster.epoch == Epoch(1)) cluster.finalize();
    cluster.advance(2000);
    EXPECT_NE(cluster.at(0).text("quarantined"), "") << "epochs that begin prove nothing to it";
    cluster.consensus_is_whole = true;
    cluster.advance(2000);
    while (cluster.epoch == Epoch(2)) cluster.finalize();
    EXPECT_EQ(cluster.at(0).text("quarantined"), "");
}

TEST_F(RolledBack, OutlivesARestart) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    roll_back(0, aside, heard);
    cluster.restart(0);
    cluster.advance(1000);
    EXPECT_NE(cluster.at(0).text("quarantined"), "");
    EXPECT_NE(submit(0).admission, Admission::accepted);
}

TEST_F(RolledBack, TheOperatorMayAnswerForTheAcks) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    EXPECT_TRUE(std::holds_alternative<RequestError>(cluster.ask(0, AcceptLaneRisk{}))) << "there is nothing to lift";
    const MemoryStore aside = cluster.at(0).store;
    const std::size_t heard = cluster.heard(0);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    roll_back(0, aside, heard);
    ASSERT_TRUE(std::holds_alternative<LaneRiskAccepted>(cluster.ask(0, AcceptLaneRisk{})));
    const int before = acks[cluster.at(0).number];
    ASSERT_EQ(submit(1).admission, Admission::accepted);
    EXPECT_EQ(acks[cluster.at(0).number], before + 1);
    EXPECT_NE(submit(0).admission, Admission::accepted) << "its own lane waits all the same";
}

TEST_F(RolledBack, NothingNewIsSignedBeforeAQuorumHasAnswered) {
    cut_off = {cluster.at(1).number, cluster.at(2).number, cluster.at(3).number};
    cluster.restart(0);
    EXPECT_NE(submit(0).admission, Admission::accepted);
    ASSERT_EQ(submit(1).admission, Admission::accepted);
    EXPECT_EQ(acks[cluster.at(0).number], 0);
    cut_off = {cluster.at(1).number};
    cluster.advance(1000);
    EXPECT_EQ(acks[cluster.at(0).number], 1) << "what was offered meanwhile is not forgotten";
    users[0].nonce = 0;
    EXPECT_EQ(submit(0).admission, Admission::accepted);
}

TEST_F(RolledBack, AnIntakeThatOnlyRestartsIsNotInQuarantine) {
    for (int i = 0; i < 8; ++i) {
        for (std::size_t node = 0; node < 4; ++node) ASSERT_EQ(submit(node).admission, Admission::accepted);
        cluster.restart(static_cast<std::size_t>(i) % 4);
        cluster.finalize();
        for (std::size_t node = 0; node < 4; ++node) EXPECT_EQ(cluster.at(node).text("quarantined"), "");
    }
    EXPECT_EQ(doubles, 0);
}

/// A node that hears of no block, and takes the state of others when it does: its store is not older for that.
struct BeginsLate : RolledBack {
    /// The others' chain goes on; node 0 hears nothing of it. `lanes`: whose batches become final; none named: everybody's.
    void go_on_without_it(std::set<LaneId> lanes, int blocks) {
        cluster.only_lanes = std::move(lanes);
        cluster.behind = {0};
        for (int i = 0; i < blocks; ++i) cluster.finalize();
        cluster.only_lanes.clear();
    }
    void expect_its_lane_goes_on(int headers_expected) {
        EXPECT_EQ(cluster.at(0).text("quarantined"), "");
        EXPECT_EQ(submit(0).admission, Admission::accepted);
        cluster.advance(1000);
        EXPECT_EQ(headers[cluster.at(0).number], headers_expected);
        cluster.finalize();
        EXPECT_EQ(cluster.ledger[users[0].address()].nonce, users[0].nonce) << "everything promised is executed";
        EXPECT_EQ(cluster.at(0).status("promised_transactions"), 0U);
        EXPECT_EQ(doubles, 0);
    }
};

TEST_F(BeginsLate, WhatItSealedInTheEpochStandsUnderTheSameHeader) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    go_on_without_it({cluster.at(2).number}, 3);
    cluster.begin_with_snapshot(0);
    cluster.advance(1000);
    EXPECT_EQ(headers[cluster.at(0).number], 2) << "nothing is sealed a second time";
    expect_its_lane_goes_on(3);
    cluster.restart(0);
    EXPECT_EQ(cluster.at(0).text("quarantined"), "");
}

TEST_F(BeginsLate, WhatBecameFinalMeanwhileIsSettled) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    go_on_without_it({}, 3);
    ASSERT_EQ(submit(0).admission, Admission::accepted);  // sealed above what is final
    cluster.begin_with_snapshot(0);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 1U) << "the first is final: nothing more will be heard of it";
    expect_its_lane_goes_on(3);
}

TEST_F(BeginsLate, InALaterEpochWhatIsNotFinalIsSealedAgain) {
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    go_on_without_it({}, 2);
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    go_on_without_it({cluster.at(2).number}, 5);
    ASSERT_EQ(cluster.epoch, Epoch(2));
    cluster.begin_with_snapshot(0);
    cluster.advance(1000);
    EXPECT_EQ(headers[cluster.at(0).number], 3);
    cluster.finalize();
    EXPECT_EQ(cluster.at(0).text("quarantined"), "");
    EXPECT_EQ(cluster.ledger[users[0].address()].nonce, 2U) << "everything promised is executed";
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 0U);
    EXPECT_EQ(doubles, 0);
}

TEST_F(BeginsLate, AStoreWithoutTheFinalTipOfItsLaneIsOlderThanWhatOthersSaw) {
    const MemoryStore aside = cluster.at(0).store;
    ASSERT_EQ(submit(0).admission, Admission::accepted);
    go_on_without_it({}, 3);
    cluster.stop(0);
    cut_off = {cluster.at(1).number, cluster.at(2).number, cluster.at(3).number};  // the chain itself says it
    cluster.restore(0, aside, cluster.heard(1));
    cluster.start(0);
    ASSERT_EQ(cluster.at(0).text("quarantined"), "");
    cluster.begin_with_snapshot(0);
    EXPECT_NE(cluster.at(0).text("quarantined"), "");
}

}  // namespace
}  // namespace rondo::test
