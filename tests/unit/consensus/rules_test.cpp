#include <gtest/gtest.h>

#include "actors/consensus/core/tables.hpp"
#include "harness.hpp"

namespace rondo {
namespace {

using harness::Cluster;
using harness::Options;
using harness::with_epochs_of;

void expect_sound(const Cluster& cluster) {
    EXPECT_EQ(cluster.disagreement(), "");
    EXPECT_TRUE(cluster.contradictions().empty()) << cluster.contradictions().front();
}

bool is_body_of(const ConsensusMessage& message, std::size_t leader) {
    const auto* proposal = std::get_if<Proposal>(&message);
    return proposal != nullptr && proposal->leader == SignerIndex(static_cast<std::uint16_t>(leader));
}

TEST(Stake, NotHeadsMakesAQuorum) {
    Options options;
    options.stakes = {40, 30, 20, 10};  // W = 100, F = 33, q = 67
    Cluster cluster{options};
    cluster.run_for(2000);
    cluster.crash(1);  // 70 left
    std::size_t before = cluster.height(0);
    cluster.run_for(20'000);
    EXPECT_GT(cluster.height(0), before + 10);
    cluster.crash(3);  // 60 left, although two of four
    cluster.run_for(1000);
    before = cluster.height(0);
    cluster.run_for(20'000);
    EXPECT_EQ(cluster.height(0), before);
    cluster.restart(1);  // 90 of three
    EXPECT_TRUE(cluster.run_until([&] { return cluster.height(0) > before + 10 && cluster.height(1) > before + 10; }));
    expect_sound(cluster);
}

TEST(Stake, AMemberWithAQuorumOfItsOwnGoesOnAlone) {
    Options options;
    options.stakes = {70, 10, 10, 10};
    options.policy = Policy::stake;
    Cluster cluster{options};
    for (const std::size_t node : {1U, 2U, 3U}) cluster.crash(node);
    EXPECT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 20; }));
    for (const std::size_t node : {1U, 2U, 3U}) cluster.restart(node);
    EXPECT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 40; }));
    expect_sound(cluster);
}

TEST(Votes, StandOnTheChainOnceAndAreThoseOfEverybody) {
    Cluster cluster{Options{}};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 40; }));
    std::set<std::tuple<View, VoteKind, SignerIndex>> slots;
    std::map<SignerIndex, int> notarized;
    for (const FinalBlock& block : cluster.chain(0)) {
        EXPECT_TRUE(std::is_sorted(block.block.votes.begin(), block.block.votes.end()));
        for (const VoteRecord& vote : block.block.votes) {
            EXPECT_TRUE(slots.emplace(vote.view, vote.vote, vote.signer).second);
            if (vote.vote == VoteKind::notarize) ++notarized[vote.signer];
        }
    }
    ASSERT_EQ(notarized.size(), 4U);
    for (const auto& [signer, count] : notarized) EXPECT_GE(count, 38) << "signer " << signer.value;
}

TEST(Votes, OfASlowMemberComeLateButCome) {
    Cluster cluster{Options{}};
    std::vector<std::pair<std::size_t, ConsensusMessage>> held;
    cluster.tamper([&](std::size_t from, std::size_t to, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        if (from != 3) return {message};
        if (std::holds_alternative<Vote>(message)) held.emplace_back(to, message);
        return {};  // nor its proposals: they would carry its votes
    });
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 10; }));
    EXPECT_EQ(cluster.status(0, "votes_on_chain_" + std::to_string(Cluster::number(3).value)), UINT64_MAX);
    cluster.tamper({});
    for (const auto& [to, message] : held) cluster.deliver(3, to, message);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 24; }));
    EXPECT_GE(cluster.status(0, "votes_on_chain_" + std::to_string(Cluster::number(3).value)), 18U);
    expect_sound(cluster);
}

TEST(Votes, LateOnesThatContradictTheChainAreSeenByTheWatcher) {
    Cluster cluster{Options{}};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 10; }));
    const auto known = cluster.seen(0);
    const auto is_early = [](const SignedMessage& m) {
        const auto* vote = std::get_if<Vote>(&m);
        return vote != nullptr && vote->signer == SignerIndex(3) && vote->vote == VoteKind::notarize && vote->view == View(2);
    };
    const auto first = std::find_if(known.begin(), known.end(), is_early);
    ASSERT_NE(first, known.end());
    Vote other = std::get<Vote>(*first);
    other.digest.bytes.fill(7);
    other.signature = cluster.sign(3, other.epoch, Kind::notarize, other);
    for (int i = 0; i < 3; ++i) cluster.deliver(3, 0, other);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 14; }));
    const auto seen = cluster.seen(0);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), SignedMessage(other)), 1);
}

TEST(Votes, AreSeenByTheWatcherEachOnce) {
    Cluster cluster{with_epochs_of(8)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 30; }));
    std::set<Bytes> seen;
    std::map<SignerIndex, int> votes;
    for (const SignedMessage& message : cluster.seen(1)) {
        EXPECT_TRUE(seen.insert(encode(message)).second);
        if (const auto* vote = std::get_if<Vote>(&message)) ++votes[vote->signer];
    }
    EXPECT_EQ(votes.size(), 4U);
    for (const auto& [signer, count] : votes) EXPECT_GE(count, 50) << "signer " << signer.value;
}

TEST(Cuts, ATipThatOnlyOneNodeHoldsIsFetchedFromItsProposal) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const CutEntry tip = cluster.certify(2, Epoch(1), {2});
    EXPECT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 2) == tip.height; }));
    expect_sound(cluster);
}

TEST(Cuts, ASilentLeaderIsHandedWhatItMayOrder) {
    Options options;
    options.policy = Policy::single;
    options.parameters.idle_ms = 30'000;
    Cluster cluster{options};
    cluster.certify(2, Epoch(1), {1, 2, 3});  // the leader itself does not hold it
    EXPECT_TRUE(cluster.run_until([&] { return cluster.cut_of(3, 2) == LaneHeight(1); }, 2000)) << "not after the idle interval";
    expect_sound(cluster);
}

TEST(Cuts, GrowWithinTheLaneWindow) {
    Options options;
    options.parameters.lane_window = 4;
    Cluster cluster{options};
    for (int i = 0; i < 12; ++i) cluster.certify(1, Epoch(1));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 1) == LaneHeight(12); }));
    LaneHeight below;
    for (const FinalBlock& block : cluster.chain(0))
        for (const CutEntry& entry : block.block.cut_delta) {
            EXPECT_LE(entry.height, below.plus(4));
            below = entry.height;
        }
    expect_sound(cluster);
}

TEST(Cuts, AreRefusedWhenALaneIsLeftOutForTooLong) {
    Options options;
    options.policy = Policy::single;
    options.parameters.censorship_ms = 12'000;
    Cluster cluster{options};
    cluster.run_for(1000);
    // The leader never learns of lane 2, and what others propose does not arrive.
    cluster.tamper([&](std::size_t from, std::size_t to, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        if (std::holds_alternative<PoAs>(message) && to == 0) return {};
        if (from != 0 && std::holds_alternative<Proposal>(message)) return {};
        return {message};
    });
    cluster.certify(2, Epoch(1), {1, 2, 3});
    cluster.run_for(5000);
    const std::size_t patient = cluster.height(1);
    EXPECT_GT(patient, 4U) << "for T_cens/2 nothing happens, then the tip is relayed to all";
    cluster.run_for(30'000);
    const std::size_t refused = cluster.height(1);
    cluster.run_for(20'000);
    EXPECT_EQ(cluster.height(1), refused) << "no block of the censor is final any more";
    EXPECT_EQ(cluster.cut_of(1, 2), LaneHeight(0));
    cluster.tamper({});
    EXPECT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 2) == LaneHeight(1); }));
    expect_sound(cluster);
}

TEST(Execution, FarBehindLeavesBlocksEmptyUntilItHasCaughtUp) {
    Options options;
    options.parameters.execution_lag_max = 16;
    options.parameters.idle_ms = 50;
    Cluster cluster{options};
    for (std::size_t i = 0; i < 4; ++i) cluster.execution_paused.insert(i);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 20; }));
    cluster.certify(0, Epoch(1));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 30; })) << "empty blocks go on";
    EXPECT_EQ(cluster.cut_of(0, 0), LaneHeight(0));
    for (std::size_t i = 0; i < 4; ++i) cluster.resume_execution(i);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.cut_of(0, 0) == LaneHeight(1); }));
    Height cited;
    for (const FinalBlock& block : cluster.chain(0)) {
        EXPECT_GE(block.block.executed.height, cited) << "never falls";
        cited = block.block.executed.height;
    }
    EXPECT_GT(cited, Height(0));
    expect_sound(cluster);
}

TEST(Execution, ThatDiffersFromTheFinalChainSilencesTheNode) {
    Options options;
    options.parameters.idle_ms = 50;
    Cluster cluster{options};
    cluster.spoil_results_of = 3;
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) >= 60; }));
    std::size_t votes = 0;
    cluster.on_sent = [&](std::size_t from, const ConsensusMessage& m) { votes += from == 3 && std::holds_alternative<Vote>(m); };
    cluster.run_for(5000);
    EXPECT_EQ(votes, 0U);
    EXPECT_GE(cluster.height(3) + 2, cluster.height(0)) << "it still follows";
    cluster.crash(3);
    cluster.restart(3);
    cluster.run_for(2000);
    EXPECT_EQ(votes, 0U) << "nor after a restart";
    expect_sound(cluster);
}

TEST(Leaders, RepeatTheirParentsResultAfterANullifiedProposal) {
    Options options;
    options.parameters.idle_ms = 50;
    Cluster cluster{options};
    cluster.run_for(3000);
    // The next proposals of node 2 are lost, so that its views are nullified.
    cluster.tamper([](std::size_t from, std::size_t, const ConsensusMessage& message) -> std::vector<ConsensusMessage> {
        if (from == 2 && is_body_of(message, 2)) return {};
        return {message};
    });
    cluster.run_for(2000);
    cluster.tamper({});
    const std::size_t before = cluster.height(0);
    cluster.run_for(2000);
    const auto& chain = cluster.chain(0);
    for (std::size_t i = before; i < chain.size(); ++i) {
        if (chain[i].block.leader != SignerIndex(2)) continue;
        EXPECT_EQ(chain[i].block.executed, chain[i - 1].block.executed);
        return;
    }
    FAIL() << "node 2 led no block";
}

TEST(Requests, AreAnsweredFromTheFinalChain) {
    Cluster cluster{Options{}};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 8; }));
    const auto head = decode<ConsensusReply>(cluster.ask(0, GetHead{}));
    ASSERT_TRUE(head && std::holds_alternative<HeadReply>(*head));
    EXPECT_EQ(std::get<HeadReply>(*head).final_height, Height(cluster.height(0)));
    EXPECT_EQ(std::get<HeadReply>(*head).final_digest, digest_of(cluster.chain(0).back().block));
    const auto blocks = decode<ConsensusReply>(cluster.ask(0, GetFinalBlocks{Height(3), Height(5)}));
    ASSERT_TRUE(blocks && std::holds_alternative<FinalBlocksReply>(*blocks));
    ASSERT_EQ(std::get<FinalBlocksReply>(*blocks).blocks.size(), 3U);
    EXPECT_EQ(std::get<FinalBlocksReply>(*blocks).blocks[0], cluster.chain(0)[2]);
    const auto backwards = decode<ConsensusReply>(cluster.ask(0, GetFinalBlocks{Height(5), Height(3)}));
    ASSERT_TRUE(backwards && std::holds_alternative<RequestError>(*backwards));
}

TEST(TheStore, DoesNotGrowButForBlocksAndProofs) {
    Options options = with_epochs_of(16);
    options.parameters.idle_ms = 20;
    Cluster cluster{options};
    const auto rows = [&] {
        namespace t = consensus::tables;
        std::size_t sum = 0;
        for (const Table table : {t::certificates, t::bodies, t::poas, t::results}) sum += cluster.store(0).rows(table);
        return sum;
    };
    for (int i = 0; i < 40; ++i) {
        cluster.certify(static_cast<std::size_t>(i % 4), Epoch(cluster.status(0, "epoch")));
        cluster.run_for(200);
    }
    EXPECT_GE(cluster.height(0), 150U);
    EXPECT_LE(rows(), 60U);
}

TEST(Timers, AnIdleClusterSaysLittle) {
    Cluster cluster{Options{}};
    cluster.run_for(5000);
    const std::uint64_t before = cluster.steps(0);
    std::size_t sent = 0;
    cluster.on_sent = [&](std::size_t from, const ConsensusMessage&) { sent += from == 0; };
    cluster.run_for(10'000);
    // Two blocks a second: per block and peer a Notarize, a Finalize, two certificates and a fourth of a proposal.
    EXPECT_LE(sent, 20U * 3U * 5U);
    EXPECT_LE(cluster.steps(0) - before, 20U * (3U * 5U + 4U));
}

}  // namespace
}  // namespace rondo
