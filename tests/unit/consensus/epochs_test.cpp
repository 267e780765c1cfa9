#include <gtest/gtest.h>

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"
#include "harness.hpp"

namespace rondo {
namespace {

using harness::Cluster;
using harness::CrashAt;
using harness::Options;
using harness::with_epochs_of;

void expect_sound(const Cluster& cluster) {
    EXPECT_EQ(cluster.disagreement(), "");
    EXPECT_TRUE(cluster.contradictions().empty()) << cluster.contradictions().front();
}

Options brisk_epochs_of(std::uint64_t blocks) {
    Options options = with_epochs_of(blocks);
    options.parameters.idle_ms = 20;
    return options;
}

TEST(Epochs, BeginAtViewOneOnTheBoundaryBlockOfTheLast) {
    Cluster cluster{brisk_epochs_of(4)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 21; }));
    expect_sound(cluster);
    const auto& chain = cluster.chain(0);
    for (std::size_t i = 0; i < 21; ++i) {
        const Proposal& block = chain[i].block;
        EXPECT_EQ(block.height, Height(i + 1));
        EXPECT_EQ(block.epoch, Epoch(i / 4 + 1));
        EXPECT_EQ(block.next_set_hash.has_value(), (i + 1) % 4 == 0);
        if (i == 0) continue;
        EXPECT_EQ(block.parent_digest, digest_of(chain[i - 1].block));
        EXPECT_EQ(block.parent_view, i % 4 == 0 ? View(0) : chain[i - 1].block.view);
    }
    EXPECT_EQ(cluster.status(0, "delta_ms"), 150U) << "no view was lost at a boundary";
}

TEST(Epochs, AreEndedByATailWhenTheBoundaryBlockItselfIsNotFinalized) {
    Cluster cluster{brisk_epochs_of(4)};
    // Nobody hears a Finalize for the boundary block of the first epoch.
    cluster.tamper([&](std::size_t, std::size_t, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* vote = std::get_if<Vote>(&message);
        if (vote != nullptr && vote->epoch == Epoch(1) && vote->view == View(4) && vote->vote == VoteKind::finalize) return {};
        return {message};
    });
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 9; }));
    const FinalBlock& boundary = cluster.chain(0)[3];
    ASSERT_TRUE(boundary.finalization.has_value());
    EXPECT_NE(boundary.finalization->digest, digest_of(boundary.block)) << "of a descendant";
    expect_sound(cluster);
}

TEST(Epochs, TakeOnlyTheirOwnCertificatesOfAvailability) {
    Cluster cluster{brisk_epochs_of(64)};
    cluster.certify(0, Epoch(2));  // the intake is ahead: kept for later
    cluster.run_for(1000);
    EXPECT_EQ(cluster.cut_of(1, 0), LaneHeight(0));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.cut_of(1, 0) == LaneHeight(1); }));
    EXPECT_EQ(cluster.status(1, "epoch"), 2U);
    cluster.certify(0, Epoch(1));  // too late
    cluster.run_for(1000);
    EXPECT_EQ(cluster.cut_of(1, 0), LaneHeight(1));
    expect_sound(cluster);
}

TEST(Epochs, WaitForExecutionToTellTheNextSet) {
    Cluster cluster{brisk_epochs_of(4)};
    for (std::size_t i = 0; i < 4; ++i) cluster.execution_paused.insert(i);
    cluster.run_for(20'000);
    EXPECT_EQ(cluster.lowest_height(), 7U) << "block 8 must name the set of epoch 3, which executing block 4 yields";
    for (std::size_t i = 0; i < 4; ++i) cluster.resume_execution(i);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 20; }));
    expect_sound(cluster);
}

TEST(CatchingUp, ANodeThatStartsSeveralEpochsLateReachesTheHeadAndVotes) {
    Cluster cluster{brisk_epochs_of(64)};
    cluster.crash(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 600; }, 600'000));
    cluster.restart(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) + 2 >= cluster.height(0); }));
    // It leads again: one of the next blocks is its own.
    ASSERT_TRUE(cluster.run_until([&] { return cluster.chain(0).back().block.leader == SignerIndex(3); }));
    expect_sound(cluster);
}

TEST(CatchingUp, FollowsExecutionAcrossEpochs) {
    Cluster cluster{brisk_epochs_of(16)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 3; }));
    cluster.crash(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 100; }, 600'000));
    cluster.execution_paused.insert(3);
    cluster.restart(3);
    cluster.run_for(10'000);
    EXPECT_EQ(cluster.height(3), 32U) << "the sets of epochs 1 and 2 come from genesis, the third from executing epoch 1";
    cluster.resume_execution(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) + 2 >= cluster.height(0); }));
    expect_sound(cluster);
}

TEST(CatchingUp, WithNothingFollowsSetsThatPeersProve) {
    Cluster cluster{brisk_epochs_of(16)};
    cluster.crash(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 100; }, 600'000));
    cluster.execution_paused.insert(3);
    cluster.restart(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) >= 80; })) << "ahead of its own execution by several epochs";
    cluster.resume_execution(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) + 2 >= cluster.height(0); }));
    expect_sound(cluster);
}

TEST(CatchingUp, IsSaidNothingWrongByAPeerThatForgesHistory) {
    Cluster cluster{brisk_epochs_of(16)};
    cluster.crash(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 40; }, 600'000));
    cluster.exempt(0);
    cluster.tamper([&](std::size_t from, std::size_t, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* range = std::get_if<FinalBlocks>(&message);
        if (from != 0 || range == nullptr) return {message};
        FinalBlocks forged = *range;
        forged.blocks.back().timestamp_ms += 1;
        return {forged};
    });
    cluster.restart(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) + 2 >= cluster.height(1); }));
    expect_sound(cluster);
}

TEST(CatchingUp, SurvivesCrashesOnTheWay) {
    Cluster cluster{brisk_epochs_of(16)};
    cluster.crash(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 150; }, 600'000));
    std::uint64_t count = 0;
    cluster.crash_hook = [&](std::size_t node) {
        if (node != 3 || ++count % 41 != 0) return CrashAt::nowhere;
        return count % 2 == 0 ? CrashAt::before_commit : CrashAt::after_commit;
    };
    cluster.restart_after_ms = 10;
    cluster.restart(3);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) >= 150; }, 600'000));
    cluster.crash_hook = {};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(3) + 2 >= cluster.height(0); }));
    expect_sound(cluster);
}

TEST(CatchingUp, ThreeLateNodesAreServedByTheOneThatIsAhead) {
    Cluster cluster{brisk_epochs_of(8)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 20; }));
    // The others' Finalize votes reach node 0 only; then it alone knows the newest block as final.
    cluster.tamper([&](std::size_t, std::size_t to, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* vote = std::get_if<Vote>(&message);
        const auto* certificate = std::get_if<Certificate>(&message);
        if (vote != nullptr && vote->vote == VoteKind::finalize && to != 0) return {};
        if (certificate != nullptr && certificate->vote == VoteKind::finalize) return {};
        return {message};
    });
    cluster.run_for(400);
    cluster.tamper({});
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 40; }));
    expect_sound(cluster);
}

std::string reason_for_silence(const ConsensusCore& core) {
    for (const StatusField& field : core.status())
        if (field.name == "signs_nothing_because") return std::get<std::string>(field.value);
    return "";
}

TEST(Keys, AMemberWithoutTheOneThatItsSetListsSignsNothingAndSaysWhy) {
    Cluster cluster{brisk_epochs_of(64)};
    harness::MemoryStore empty;
    const auto another = crypto::SecretKey::from_seed(Bytes(32, 77));
    ConsensusCore without({Cluster::number(0), {another}, cluster.genesis(), {}}, empty);
    ConsensusCore with({Cluster::number(0), {another, cluster.key(0)}, cluster.genesis(), {}}, empty);
    const ConsensusCore stranger({no_operator, {another}, cluster.genesis(), {}}, empty);
    EXPECT_NE(reason_for_silence(without), "");
    EXPECT_EQ(reason_for_silence(with), "") << "one of two is the right one, as while they are rotated";
    EXPECT_EQ(reason_for_silence(stranger), "") << "who is no member has nothing to sign";
}

}  // namespace
}  // namespace rondo
