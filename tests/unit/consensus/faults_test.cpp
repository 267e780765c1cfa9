#include <gtest/gtest.h>

#include <random>

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

/// Ten more blocks on every node that runs.
bool makes_progress(Cluster& cluster, const std::set<std::size_t>& without = {}, DurationMs limit_ms = 60'000) {
    const std::size_t target = cluster.highest_height() + 10;
    return cluster.run_until(
        [&] {
            for (std::size_t i = 0; i < cluster.size(); ++i)
                if (!without.contains(i) && cluster.height(i) < target) return false;
            return true;
        },
        limit_ms);
}

TEST(Consensus, PassesOverASilentLeader) {
    Cluster cluster{Options{}};
    cluster.run_for(2000);
    cluster.crash(1);
    EXPECT_TRUE(makes_progress(cluster, {1}));
    expect_sound(cluster);
}

TEST(Consensus, NullifiesAtOnceUnderALeaderLongSilent) {
    Options options;
    options.parameters.idle_ms = 20;
    Cluster cluster{options};
    cluster.run_for(500);
    cluster.crash(1);
    cluster.run_for(10'000);  // far beyond ten views
    const std::size_t before = cluster.height(0);
    cluster.run_for(10'000);
    // A round of four views: three blocks of about 30 ms, and one view that costs an exchange of nullifies.
    EXPECT_GT(cluster.height(0) - before, 200U);
    cluster.restart(1);
    EXPECT_TRUE(makes_progress(cluster));
    const auto led_by_one = [&] { return cluster.chain(0).back().block.leader == SignerIndex(1); };
    EXPECT_TRUE(cluster.run_until(led_by_one)) << "who is heard again leads again";
    expect_sound(cluster);
}

TEST(Consensus, HaltsWithoutAQuorumAndGoesOnWhenItIsBack) {
    Cluster cluster{Options{}};
    cluster.run_for(2000);
    cluster.crash(2);
    cluster.crash(3);
    cluster.run_for(1000);
    const std::size_t halted = cluster.height(0);
    cluster.run_for(20'000);
    EXPECT_EQ(cluster.height(0), halted);
    cluster.restart(2);
    cluster.restart(3);
    EXPECT_TRUE(makes_progress(cluster));
    expect_sound(cluster);
}

TEST(Consensus, SurvivesAPartitionWithoutAForkAndHeals) {
    Cluster cluster{Options{}};
    cluster.run_for(1700);
    cluster.partition({{0, 1}, {2, 3}});
    cluster.run_for(30'000);
    expect_sound(cluster);
    cluster.heal();
    EXPECT_TRUE(makes_progress(cluster));
    cluster.partition({{0, 1, 2}, {3}});
    EXPECT_TRUE(makes_progress(cluster, {3}));
    cluster.heal();
    EXPECT_TRUE(makes_progress(cluster));
    expect_sound(cluster);
}

// Every step of one node in turn, before and after its commit.
class CrashAtEveryBoundary : public testing::TestWithParam<CrashAt> {};

TEST_P(CrashAtEveryBoundary, NeverContradictsItselfAndComesBack) {
    std::uint64_t crashes = 0;
    for (std::uint64_t at_step = 1; at_step <= 120; ++at_step) {
        Options options = with_epochs_of(3);
        Cluster cluster{options};
        cluster.certify(0, Epoch(1));
        std::uint64_t left = at_step;
        bool crashed = false;
        cluster.crash_hook = [&](std::size_t node) {
            if (node != 1 || crashed || --left > 0) return CrashAt::nowhere;
            crashed = true;
            ++crashes;
            return GetParam();
        };
        ASSERT_TRUE(cluster.run_until([&] { return crashed && cluster.lowest_height() >= 7; })) << "crashed at step " << at_step;
        expect_sound(cluster);
    }
    EXPECT_EQ(crashes, 120U);
}
INSTANTIATE_TEST_SUITE_P(Consensus, CrashAtEveryBoundary, testing::Values(CrashAt::before_commit, CrashAt::after_commit));

TEST(Consensus, ComesBackWithEveryFinalBlockWhenAllCrashTogether) {
    for (const CrashAt mode : {CrashAt::before_commit, CrashAt::after_commit}) {
        Cluster cluster{with_epochs_of(6)};
        cluster.run_for(2200);
        for (int round = 0; round < 12; ++round) {
            const std::size_t highest = cluster.highest_height();
            std::set<std::size_t> crashed;
            cluster.crash_hook = [&](std::size_t node) { return crashed.insert(node).second ? mode : CrashAt::nowhere; };
            ASSERT_TRUE(cluster.run_until([&] { return crashed.size() == 4; }));
            ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() > highest; })) << "round " << round;
            cluster.run_for(DurationMs{37} * static_cast<DurationMs>(round));
        }
        expect_sound(cluster);
    }
}

/// The leader sends one half of its peers another block than the other half.
Cluster::Tamper equivocating(const Cluster& cluster, std::size_t liar) {
    return [&cluster, liar](std::size_t from, std::size_t to, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* proposal = std::get_if<Proposal>(&message);
        if (from != liar || proposal == nullptr || to % 2 == 0) return {message};
        Proposal other = *proposal;
        other.timestamp_ms -= 1;
        other.signature = cluster.sign(liar, other.epoch, Kind::proposal, other);
        return {other};
    };
}

TEST(Consensus, AnEquivocatingLeaderYieldsNoTwoFinalBlocksAndIsSeen) {
    Cluster cluster{Options{}};
    cluster.exempt(2);
    cluster.tamper(equivocating(cluster, 2));
    EXPECT_TRUE(makes_progress(cluster));
    EXPECT_TRUE(makes_progress(cluster));
    expect_sound(cluster);
}

TEST(Consensus, BothBodiesOfAnEquivocationReachTheWatcher) {
    Cluster cluster{Options{}};
    cluster.exempt(2);
    // Everybody gets both bodies, in different order.
    cluster.tamper([&](std::size_t from, std::size_t to, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* proposal = std::get_if<Proposal>(&message);
        if (from != 2 || proposal == nullptr) return {message};
        Proposal other = *proposal;
        other.timestamp_ms -= 1;
        other.signature = cluster.sign(2, other.epoch, Kind::proposal, other);
        if (to % 2 == 0) return {message, other};
        return {other, message};
    });
    EXPECT_TRUE(makes_progress(cluster));
    std::map<View, std::set<Digest>> bodies;
    for (const SignedMessage& m : cluster.seen(0))
        if (const auto* p = std::get_if<Proposal>(&m); p != nullptr && p->leader == SignerIndex(2))
            bodies[p->view].insert(digest_of(*p));
    ASSERT_FALSE(bodies.empty());
    EXPECT_EQ(bodies.begin()->second.size(), 2U);
    expect_sound(cluster);
}

TEST(Consensus, ADoubleVoterCountsOnceAndIsSeenOnce) {
    Cluster cluster{Options{}};
    cluster.exempt(3);
    cluster.tamper([&](std::size_t from, std::size_t, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* vote = std::get_if<Vote>(&message);
        if (from != 3 || vote == nullptr || vote->vote != VoteKind::notarize) return {message};
        Vote other = *vote;
        other.digest.bytes[0] ^= 1;
        other.signature = cluster.sign(3, other.epoch, Kind::notarize, other);
        return {message, other, other};
    });
    EXPECT_TRUE(makes_progress(cluster));
    std::map<View, int> votes;
    for (const SignedMessage& m : cluster.seen(0))
        if (const auto* v = std::get_if<Vote>(&m); v != nullptr && v->signer == SignerIndex(3) && v->vote == VoteKind::notarize)
            ++votes[v->view];
    ASSERT_FALSE(votes.empty());
    for (const auto& [view, count] : votes) EXPECT_LE(count, 2) << "view " << view.value;
    EXPECT_EQ(votes.begin()->second, 2);
    expect_sound(cluster);
}

/// What a leader may not propose, by name. Each is signed rightly.
struct Wrong {
    std::string name;
    std::function<void(Proposal&)> spoil;
};
class WrongProposal : public testing::TestWithParam<Wrong> {};

TEST_P(WrongProposal, IsNullifiedAtOnceAndNeverOnTheChain) {
    Cluster cluster{Options{}};
    cluster.exempt(2);
    std::set<Digest> wrong;
    cluster.tamper([&](std::size_t from, std::size_t, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        const auto* proposal = std::get_if<Proposal>(&message);
        if (from != 2) return {message};
        if (proposal == nullptr) return {};  // it says nothing else, so that its own honest votes don't help its block
        Proposal other = *proposal;
        GetParam().spoil(other);
        other.signature = cluster.sign(2, other.epoch, Kind::proposal, other);
        wrong.insert(digest_of(other));
        return {other};
    });
    EXPECT_TRUE(makes_progress(cluster, {2}));
    EXPECT_FALSE(wrong.empty());
    for (const FinalBlock& block : cluster.chain(0)) EXPECT_FALSE(wrong.contains(digest_of(block.block)));
    expect_sound(cluster);
}
INSTANTIATE_TEST_SUITE_P(Consensus, WrongProposal,
                         testing::Values(Wrong{"height", [](Proposal& p) { p.height = p.height.next(); }},
                                         Wrong{"version", [](Proposal& p) { p.version = 2; }},
                                         Wrong{"cut_root", [](Proposal& p) { p.cut_root.bytes[3] ^= 1; }},
                                         Wrong{"unknown_tip",
                                               [](Proposal& p) {
                                                   p.cut_delta = {{Cluster::number(1), LaneHeight(1), Digest{}}};
                                               }},
                                         Wrong{"foreign_lane",
                                               [](Proposal& p) {
                                                   p.cut_delta = {{LaneId(5), LaneHeight(1), Digest{}}};
                                               }},
                                         Wrong{"past", [](Proposal& p) { p.timestamp_ms = 1; }},
                                         Wrong{"future", [](Proposal& p) { p.timestamp_ms += 3'600'000; }},
                                         Wrong{"result",
                                               [](Proposal& p) {
                                                   p.executed = {p.height.minus_or_zero(1), Digest{}};
                                                   p.executed.result_digest.bytes[0] = 1;
                                               }},
                                         Wrong{"result_of_the_future",
                                               [](Proposal& p) {
                                                   p.executed = {p.height.plus(9), Digest{}};
                                               }},
                                         Wrong{"vrf", [](Proposal& p) { p.vrf_proof = Bytes{1}; }},
                                         Wrong{"forced", [](Proposal& p) { p.forced = {Bytes{1}}; }},
                                         Wrong{"l1_origin", [](Proposal& p) { p.l1_origin.number = 1; }},
                                         Wrong{"next_set", [](Proposal& p) { p.next_set_hash = Digest{}; }},
                                         Wrong{"parent", [](Proposal& p) { p.parent_digest.bytes[0] ^= 1; }},
                                         Wrong{"parent_view", [](Proposal& p) { p.parent_view = p.view; }},
                                         Wrong{"vote_twice",
                                               [](Proposal& p) {
                                                   if (!p.votes.empty())
                                                       p.votes.push_back(p.votes.back());
                                                   else
                                                       p.version = 2;
                                               }},
                                         Wrong{"forged_vote",
                                               [](Proposal& p) {
                                                   if (!p.votes.empty())
                                                       p.votes[0].sig.bytes[0] ^= 1;
                                                   else
                                                       p.version = 2;
                                               }}),
                         [](const auto& test) { return test.param.name; });

TEST(Consensus, AStrangersGarbageChangesNothing) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    Vote forged{VoteKind::nullify, Epoch(1), View(cluster.status(0, "view")), Digest{}, SignerIndex(3), Signature{}};
    cluster.deliver(3, 0, forged);
    Certificate hollow{VoteKind::finalize, Epoch(1), View(50), Digest{}, {}, {}};
    hollow.digest.bytes[0] = 1;
    cluster.deliver(3, 0, hollow);
    cluster.deliver(3, 0, Certificate{VoteKind::nullify, Epoch(7), View(50), Digest{}, {}, {}});
    cluster.deliver(3, 0, BlockRangeRequest{Height(9), Height(3)}, Channel::sync);
    cluster.deliver(3, 0, BlockRangeRequest{Height(0), Height(UINT64_MAX)}, Channel::sync);
    cluster.deliver(3, 0, CertificateRequest{Epoch(1), View(1'000'000)});
    cluster.deliver(3, 0, BodyRequest{Digest{}});
    cluster.deliver(3, 0, FinalBlocks{{cluster.chain(0)[0].block}, std::nullopt, {}}, Channel::sync);
    cluster.deliver(3, 0, PoAs{{cluster.bogus_poa(1, Epoch(1), LaneHeight(1))}});
    Vote far{VoteKind::notarize, Epoch(1), View(UINT64_MAX), Digest{}, SignerIndex(3), Signature{}};
    far.signature = cluster.sign(3, Epoch(1), Kind::notarize, far);
    cluster.deliver(3, 0, far);
    Proposal last;
    last.epoch = Epoch(1);
    last.view = View(UINT64_MAX);
    cluster.deliver(3, 0, last);
    cluster.run_for(100);
    EXPECT_GE(cluster.status(0, "rejected_messages"), 2U);
    EXPECT_EQ(cluster.status(0, "pending_tips"), 0U);
    EXPECT_TRUE(makes_progress(cluster));
    expect_sound(cluster);
}

// Loss, duplicates, crashes and partitions by seed; then all is well again and ten blocks must come.
class Chaos : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Chaos, LeavesNoForkAndEndsInProgress) {
    std::mt19937 random(GetParam());
    const auto one_in = [&](std::uint32_t n) { return random() % n == 0; };
    Options options = with_epochs_of(8);
    options.policy = static_cast<Policy>(GetParam() % 3);
    options.latency_ms = 1 + GetParam() % 40;
    options.parameters.idle_ms = 100;
    Cluster cluster{options};
    cluster.tamper([&](std::size_t, std::size_t, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        if (one_in(6)) return {};
        if (one_in(6)) return {message, message};
        return {message};
    });
    cluster.crash_hook = [&](std::size_t) {
        if (!one_in(200)) return CrashAt::nowhere;
        return one_in(2) ? CrashAt::before_commit : CrashAt::after_commit;
    };
    for (int round = 0; round < 10; ++round) {
        cluster.certify(random() % 4, Epoch(cluster.status(0, "epoch") == UINT64_MAX ? 1 : cluster.status(0, "epoch")));
        if (one_in(3)) cluster.partition({{0, 1 + random() % 3}, {1, 2, 3}});
        cluster.run_for(random() % 3000);
        cluster.heal();
    }
    expect_sound(cluster);
    cluster.tamper({});
    cluster.crash_hook = {};
    cluster.run_for(1000);
    ASSERT_TRUE(makes_progress(cluster, {}, 120'000)) << "seed " << GetParam();
    expect_sound(cluster);
}
INSTANTIATE_TEST_SUITE_P(Consensus, Chaos, testing::Range(1U, 31U));

}  // namespace
}  // namespace rondo
