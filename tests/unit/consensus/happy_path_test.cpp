#include <gtest/gtest.h>

#include "harness.hpp"

namespace rondo {
namespace {

using harness::Cluster;
using harness::Options;
using harness::with_epochs_of;

TEST(Consensus, FourNodesFinalizeBlocksWithTheTipsTheyHold) {
    Cluster cluster{Options{}};
    cluster.certify(0, Epoch(1));
    cluster.certify(1, Epoch(1));
    ASSERT_TRUE(
        cluster.run_until([&] { return cluster.cut_of(3, 0) == LaneHeight(1) && cluster.cut_of(3, 1) == LaneHeight(1); }));
    const CutEntry third = cluster.certify(2, Epoch(1));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 2) == third.height; }));
    cluster.run_for(5000);
    EXPECT_EQ(cluster.disagreement(), "");
    EXPECT_TRUE(cluster.contradictions().empty());
    EXPECT_EQ(cluster.status(0, "delta_ms"), 150U) << "nothing was nullified";
}

TEST(Consensus, AnIdleClusterMakesTwoEmptyBlocksASecond) {
    Cluster cluster{Options{}};
    cluster.run_for(10'000);
    EXPECT_GE(cluster.lowest_height(), 17U);
    EXPECT_LE(cluster.highest_height(), 20U);
}

TEST(Consensus, ABlockIsFinalThreeDelaysAfterItsProposal) {
    Cluster cluster{Options{}};
    cluster.run_for(2000);
    // Whenever it comes, the leader proposes at once: 5 ms to everybody, 5 ms for Notarize, 5 ms for Finalize.
    const Instant before = cluster.now();
    const std::size_t certified_in = 1;
    const CutEntry tip = cluster.certify(0, Epoch(1));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 0) == tip.height; }));
    EXPECT_LE(cluster.now().value - before.value, certified_in + 2 * 3 * 5U) << "at worst an empty block was just under way";
}

TEST(Consensus, ASetOfOneIsItsOwnQuorum) {
    Options options = with_epochs_of(8);
    options.stakes = {100};
    options.policy = Policy::single;
    Cluster cluster{options};
    for (int i = 0; i < 50; ++i) {
        const Epoch epoch(cluster.status(0, "epoch"));
        const CutEntry tip = cluster.certify(0, epoch);
        ASSERT_TRUE(
            cluster.run_until([&] { return cluster.cut_of(0, 0) == tip.height || cluster.status(0, "epoch") > epoch.value; }));
    }
    EXPECT_GE(cluster.height(0), 50U);
    EXPECT_GE(cluster.status(0, "epoch"), 6U);
}

}  // namespace
}  // namespace rondo
