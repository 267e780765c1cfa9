#include <gtest/gtest.h>

#include "harness.hpp"

namespace rondo {
namespace {

using harness::Cluster;
using harness::MemoryStore;
using harness::Options;
using harness::with_epochs_of;

void expect_sound(const Cluster& cluster) {
    EXPECT_EQ(cluster.disagreement(), "");
    EXPECT_TRUE(cluster.contradictions().empty()) << cluster.contradictions().front();
}

bool is_quarantined(const Cluster& cluster, std::size_t node) { return !cluster.text(node, "quarantined").empty(); }

bool reaches(Cluster& cluster, std::size_t node, std::size_t height) {
    return cluster.run_until([&] { return cluster.height(node) >= height; });
}

/// Counts what a node signs new from now on: the first time that each of its votes leaves it.
struct SignatureCount {
    SignatureCount(Cluster& cluster, std::size_t node) {
        cluster.on_sent = [this, node](std::size_t from, const ConsensusMessage& message) {
            const auto* vote = std::get_if<Vote>(&message);
            if (from == node && vote != nullptr && vote->signer.value == node && votes.emplace(vote->epoch, vote->view).second)
                newest = vote->view;
        };
    }
    std::set<std::pair<Epoch, View>> votes;
    View newest;
};

TEST(Quarantine, AColdStartOfTheWholeClusterWaitsForNoTimer) {
    Options options;
    options.parameters.retry_ms = 100'000;
    options.parameters.censorship_ms = 600'000;
    Cluster cluster{options};
    EXPECT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 1; }, 2000));
    for (std::size_t node = 0; node < 4; ++node) EXPECT_EQ(cluster.status(node, "waits_for_status_of_peers"), UINT64_MAX);
}

TEST(Quarantine, WithNoMoreThanAQuorumAliveANodeThatStartsVotesAgain) {
    Cluster cluster{Options{}};
    cluster.run_for(1500);
    cluster.crash(3);
    cluster.crash(2);
    cluster.run_for(500);
    const std::size_t before = cluster.highest_height();
    cluster.restart(2);
    EXPECT_TRUE(reaches(cluster, 2, before + 3));
    expect_sound(cluster);
}

TEST(Quarantine, ASetOfOneNeedsNobody) {
    Options options;
    options.stakes = {100};
    Cluster cluster{options};
    EXPECT_TRUE(reaches(cluster, 0, 3));
    cluster.restart(0);
    EXPECT_TRUE(reaches(cluster, 0, 6));
}

TEST(Quarantine, NothingNewIsSignedBeforeAQuorumHasAnswered) {
    Cluster cluster{Options{}};
    cluster.run_for(1500);
    cluster.crash(0);
    cluster.tamper([](std::size_t, std::size_t to, const ConsensusMessage& message) {
        const bool is_answer = std::holds_alternative<Status>(message);
        return is_answer && to == 0 ? std::vector<ConsensusMessage>{} : std::vector{message};
    });
    cluster.run_for(1000);
    cluster.restart(0);
    SignatureCount signatures(cluster, 0);
    const std::size_t before = signatures.votes.size();
    cluster.run_for(5000);
    EXPECT_EQ(cluster.status(0, "waits_for_status_of_peers"), 0U);
    for (const auto& [epoch, view] : signatures.votes)
        EXPECT_LT(view, View(20)) << "only what it had signed before is said again";
    EXPECT_LT(signatures.votes.size(), before + 4);
    cluster.tamper({});
    EXPECT_TRUE(cluster.run_until([&] { return signatures.newest.plus(3).value > cluster.status(0, "view"); }));
    expect_sound(cluster);
}

TEST(Quarantine, TheOnlyOneThatSawTheLastSignaturesIsWaitedFor) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(0);
    cluster.partition({{0, 3}, {1, 2}});
    cluster.run_for(3000);
    cluster.crash(0);
    cluster.roll_back(0, aside);
    cluster.partition({});
    std::size_t lost = 0;
    cluster.tamper([&](std::size_t from, std::size_t to, const ConsensusMessage& message) {
        const bool loses = from == 3 && to == 0 && std::holds_alternative<Status>(message) && ++lost == 1;
        return loses ? std::vector<ConsensusMessage>{} : std::vector{message};
    });
    cluster.restart(0);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 0); })) << "asked once more, it showed what it saw";
    EXPECT_GE(lost, 2U);
    cluster.run_for(5000);
    expect_sound(cluster);
}

TEST(Quarantine, AnAnswerToAnEarlierLifeDoesNotCount) {
    Cluster cluster{Options{}};
    std::vector<std::pair<std::size_t, Status>> old;
    cluster.on_sent = [&](std::size_t from, const ConsensusMessage& message) {
        if (const auto* status = std::get_if<Status>(&message)) old.emplace_back(from, *status);
    };
    cluster.run_for(1500);
    cluster.on_sent = {};
    const MemoryStore aside = cluster.store(0);
    ASSERT_FALSE(old.empty());
    cluster.run_for(1500);
    cluster.crash(0);
    cluster.roll_back(0, aside);
    cluster.partition({{0}, {1, 2, 3}});
    cluster.restart(0);
    for (const auto& [from, status] : old)
        if (from != 0) cluster.deliver(from, 0, status);
    cluster.run_for(3000);
    EXPECT_NE(cluster.status(0, "waits_for_status_of_peers"), UINT64_MAX);
    expect_sound(cluster);
}

TEST(Quarantine, AStoreOlderThanWhatPeersSawSignsNothingUntilBeyondEverythingProven) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(4000);
    cluster.crash(1);
    const std::size_t height = cluster.highest_height();
    const auto signed_up_to = View(cluster.status(0, "view"));
    cluster.roll_back(1, aside);
    cluster.restart(1);
    SignatureCount signatures(cluster, 1);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 1); }));
    EXPECT_TRUE(cluster.run_until([&] { return !is_quarantined(cluster, 1) && !signatures.votes.empty(); }));
    EXPECT_GT(signatures.votes.begin()->second, signed_up_to);
    EXPECT_TRUE(reaches(cluster, 1, height + 10)) << "it follows the chain";
    EXPECT_GT(signatures.votes.size(), 5U) << "and votes";
    expect_sound(cluster);
}

TEST(Quarantine, AnEmptyStoreOfAKeyThatOthersSawIsTheSame) {
    Cluster cluster{with_epochs_of(8)};
    cluster.run_for(12'000);
    cluster.crash(2);
    cluster.roll_back(2, MemoryStore{});
    cluster.restart(2);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 2); }));
    SignatureCount signatures(cluster, 2);
    EXPECT_TRUE(
        cluster.run_until([&] { return cluster.height(2) + 3 > cluster.highest_height() && signatures.votes.size() > 20; }));
    EXPECT_FALSE(is_quarantined(cluster, 2));
    expect_sound(cluster);
}

TEST(Quarantine, OutlivesARestart) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(2000);
    cluster.crash(1);
    cluster.crash(3);
    cluster.roll_back(1, aside);
    cluster.restart(1);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 1); }));
    cluster.run_for(1000);
    cluster.crash(1);
    cluster.partition({{1}, {0, 2}});
    cluster.restart(1);
    cluster.run_for(1000);
    EXPECT_TRUE(is_quarantined(cluster, 1)) << "whoever it reaches";
    cluster.heal();
    SignatureCount signatures(cluster, 1);
    cluster.run_for(5000);
    EXPECT_TRUE(signatures.votes.empty()) << "two others are no quorum without it";
    cluster.restart(3);
    EXPECT_TRUE(cluster.run_until([&] { return signatures.votes.size() > 5; })) << "three are";
    expect_sound(cluster);
}

TEST(Quarantine, ItsPointOfReentryOutlivesARestartToo) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(3000);
    cluster.crash(1);
    cluster.roll_back(1, aside);
    cluster.restart(1);
    SignatureCount signatures(cluster, 1);
    EXPECT_TRUE(cluster.run_until([&] { return !signatures.votes.empty(); }));
    for (int i = 0; i < 5; ++i) {
        cluster.crash(1);
        cluster.run_for(50);
        cluster.restart(1);
        cluster.run_for(700);
        EXPECT_FALSE(is_quarantined(cluster, 1));
    }
    EXPECT_TRUE(reaches(cluster, 1, cluster.highest_height() + 5));
    expect_sound(cluster);
}

TEST(Quarantine, ServesOthersMeanwhile) {
    Cluster cluster{with_epochs_of(8)};
    cluster.run_for(4000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(1000);
    cluster.crash(1);
    cluster.crash(3);
    cluster.roll_back(1, aside);
    cluster.restart(1);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 1); }));
    std::size_t served = 0;
    cluster.on_sent = [&](std::size_t from, const ConsensusMessage& message) {
        served += from == 1 && std::holds_alternative<FinalBlocks>(message);
    };
    cluster.deliver(0, 1, BlockRangeRequest{Height(1), Height(3)}, Channel::sync);
    cluster.run_for(100);
    EXPECT_EQ(served, 1U);
}

TEST(Quarantine, ClaimsWithoutProofDoNotMoveThePointOfReentry) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(2000);
    cluster.crash(1);
    cluster.tamper([&](std::size_t from, std::size_t to, const ConsensusMessage& message) {
        const auto* status = std::get_if<Status>(&message);
        if (status == nullptr || from != 0 || to != 1) return std::vector{message};
        Status lie = *status;
        for (auto* certificate : {&lie.entry, &lie.finalization})
            if (*certificate) (*certificate)->view = View(1'000'000);
        return std::vector<ConsensusMessage>{lie};
    });
    cluster.roll_back(1, aside);
    cluster.restart(1);
    SignatureCount signatures(cluster, 1);
    EXPECT_TRUE(cluster.run_until([&] { return signatures.votes.size() > 5; }));
    expect_sound(cluster);
}

TEST(Quarantine, ASignatureOfAnotherKeyIsNoReasonForIt) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    cluster.crash(1);
    cluster.tamper([&](std::size_t from, std::size_t to, const ConsensusMessage& message) {
        const auto* status = std::get_if<Status>(&message);
        if (status == nullptr || from != 0 || to != 1) return std::vector{message};
        Status lie = *status;
        Vote vote{VoteKind::notarize, Epoch(1), View(5000), digest_of(cluster.genesis()), SignerIndex(1), {}};
        vote.signature = cluster.sign(0, vote.epoch, Kind::notarize, vote);
        lie.seen.assign(1, vote);
        return std::vector<ConsensusMessage>{lie};
    });
    cluster.restart(1);
    const std::size_t height = cluster.highest_height();
    EXPECT_TRUE(reaches(cluster, 1, height + 5));
    EXPECT_FALSE(is_quarantined(cluster, 1));
}

TEST(Quarantine, TheOperatorMayAnswerForItWhereNoQuorumExists) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(2000);
    cluster.crash(1);
    cluster.crash(3);
    const View from(cluster.status(0, "view") + 2);
    const auto refused = decode<ConsensusReply>(cluster.ask(0, AcceptRisk{from}));
    EXPECT_TRUE(std::holds_alternative<RequestError>(*refused)) << "there is nothing to lift";
    cluster.roll_back(1, aside);
    cluster.restart(1);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 1); }));
    cluster.run_for(5000);
    const std::size_t halted = cluster.highest_height();
    cluster.run_for(20'000);
    EXPECT_EQ(cluster.highest_height(), halted);
    const View now(cluster.status(0, "view"));
    const auto accepted = decode<ConsensusReply>(cluster.ask(1, AcceptRisk{now}));
    ASSERT_TRUE(std::holds_alternative<RiskAccepted>(*accepted));
    EXPECT_EQ(std::get<RiskAccepted>(*accepted).from_view, now);
    cluster.crash(1);
    cluster.restart(1);
    EXPECT_TRUE(reaches(cluster, 1, halted + 5)) << "and that is durable";
    expect_sound(cluster);
}

TEST(Quarantine, WhatWasSignedIsKnownToPeersThatRestartedTogether) {
    Cluster cluster{Options{}};
    cluster.run_for(1000);
    const MemoryStore aside = cluster.store(1);
    cluster.run_for(3000);
    for (std::size_t node = 0; node < 4; ++node) cluster.crash(node);
    cluster.roll_back(1, aside);
    for (std::size_t node = 0; node < 4; ++node) cluster.restart(node);
    EXPECT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 1); }));
    const std::size_t height = cluster.highest_height();
    EXPECT_TRUE(reaches(cluster, 1, height + 5));
    expect_sound(cluster);
}

// The three others are a quorum by themselves, and each of them is needed. Stopped one after the other, so that they stand in
// different views; sockets lose what is said before they are connected.
TEST(Quarantine, ALostDiskInAColdStartOfTheClusterHoldsNobodyUp) {
    for (DurationMs stopped_at = 5; stopped_at < 1500; stopped_at += 47) {
        Options options = with_epochs_of(8);
        options.parameters.idle_ms = 40;
        Cluster cluster{options};
        cluster.run_for(400 + stopped_at);
        for (const std::size_t node : {3U, 0U, 2U, 1U}) {
            cluster.crash(node);
            cluster.run_for(stopped_at % 13);
        }
        cluster.roll_back(3, MemoryStore{});
        const Instant connected = cluster.now().plus(300);
        cluster.tamper([&](std::size_t, std::size_t, const ConsensusMessage& message) {
            return cluster.now() < connected ? std::vector<ConsensusMessage>{} : std::vector{message};
        });
        for (std::size_t node = 0; node < 4; ++node) cluster.restart(node);
        const std::size_t height = cluster.highest_height();
        ASSERT_TRUE(cluster.run_until([&] { return is_quarantined(cluster, 3); })) << "stopped at " << stopped_at;
        ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= height + 12; })) << "stopped at " << stopped_at;
        EXPECT_TRUE(cluster.run_until([&] { return !is_quarantined(cluster, 3); })) << "stopped at " << stopped_at;
        expect_sound(cluster);
        if (HasFailure()) FAIL() << "stopped at " << stopped_at;
    }
}

// Every age of the backup, so that every phase of a view and of an epoch's end is met.
TEST(Quarantine, NoAgeOfABackupMakesAKeySignTwice) {
    for (DurationMs age = 3; age < 1500; age += 61) {
        Options options = with_epochs_of(4);
        options.parameters.idle_ms = 40;
        Cluster cluster{options};
        cluster.run_for(700);
        const MemoryStore aside = cluster.store(2);
        cluster.run_for(age);
        cluster.crash(2);
        cluster.roll_back(2, aside);
        cluster.restart(2);
        const std::size_t height = cluster.highest_height();
        ASSERT_TRUE(reaches(cluster, 2, height + 12)) << "age " << age;
        expect_sound(cluster);
        if (HasFailure()) FAIL() << "age " << age;
    }
}

}  // namespace
}  // namespace rondo
