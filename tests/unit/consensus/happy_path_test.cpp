#include <gtest/gtest.h>

#include <algorithm>

#include "actors/consensus/core/limits.hpp"
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
    // Each time right after a block with content, so that the short interval has to be waited for.
    for (int i = 0; i < 8; ++i) {
        const Instant before = cluster.now();
        std::optional<Instant> proposed;
        const CutEntry tip = cluster.certify(0, Epoch(1));
        cluster.on_sent = [&](std::size_t, const ConsensusMessage& message) {
            const auto* block = std::get_if<Proposal>(&message);
            const bool cites = block != nullptr && std::ranges::any_of(block->cut_delta, [&](const CutEntry& cited) {
                                   return cited.lane == tip.lane && cited.height == tip.height;
                               });
            if (cites && !proposed) proposed = cluster.now();
        };
        ASSERT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 0) == tip.height; }));
        ASSERT_TRUE(proposed);
        // 5 ms to everybody, 5 ms for Notarize, 5 ms for Finalize.
        EXPECT_LE(cluster.now().value - proposed->value, 3 * 5U);
        const std::size_t certified_in = 1;
        EXPECT_LE(proposed->value - before.value, certified_in + 3 * 5U + consensus::block_interval_ms)
            << "at worst another block was just under way, and the interval after it";
    }
    cluster.on_sent = {};
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
