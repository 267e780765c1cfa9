#include <gtest/gtest.h>

#include "actors/intake/core/limits.hpp"
#include "tests/unit/intake/harness.hpp"

/// A disk with little room left: nothing new is taken, and what was promised is kept.
namespace rondo {
namespace {

using namespace test;

TEST(Disk, ShortOfRoomAnswersBusyToItsUsersAndGoesOnWhenThereIsRoom) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.deliver(0, DiskRoom{true});
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::busy);
    EXPECT_NE(cluster.at(0).text("takes_nothing_because"), "");
    cluster.deliver(0, DiskRoom{false});
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).text("takes_nothing_because"), "");
}

TEST(Disk, ShortOfRoomLeavesItsUsersToWhoForwardsThem) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.deliver(0, DiskRoom{true});
    const RequestId id = cluster.post(1, SubmitRequest{{make_tx(user, {.nonce = 0})}});
    cluster.advance(intake::forward_deadline_ms + 1);
    const auto reply = cluster.answer(1, id);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(std::get<SubmitReply>(*reply).outcomes.at(0).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(1).receipts().size(), 1U);
}

TEST(Disk, ShortOfRoomAcknowledgesNothingNewUntilThereIsRoom) {
    Cluster cluster(4);
    cluster.stop(3);  // a quorum needs node 0
    cluster.deliver(0, DiskRoom{true});
    const User user = cluster.user_at(1);
    EXPECT_EQ(cluster.submit_one(1, make_tx(user, {.nonce = 0})).admission, Admission::accepted) << "a promise needs no quorum";
    cluster.advance(1000);
    EXPECT_TRUE(cluster.at(1).certificates().empty());
    EXPECT_TRUE(cluster.at(0).stored().empty());
    cluster.deliver(0, DiskRoom{false});
    cluster.advance(1000);
    EXPECT_EQ(cluster.at(1).certificates().size(), 1U);
}

TEST(Disk, ShortOfRoomKeepsWhatWasPromised) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const RequestId id = cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = 0})}});
    cluster.run();
    cluster.deliver(0, DiskRoom{true});
    cluster.pass_seal_intervals();
    ASSERT_TRUE(cluster.answer(0, id).has_value());
    cluster.finalize();
    EXPECT_EQ(cluster.executed.size(), 1U);
}

}  // namespace
}  // namespace rondo
