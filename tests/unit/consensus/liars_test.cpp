#include <gtest/gtest.h>

#include <set>

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"
#include "harness.hpp"

/// What one peer says that lies, or is late, or says too much.
namespace rondo {
namespace {

using harness::Cluster;
using harness::Options;
using harness::with_epochs_of;

Options brisk_epochs_of(std::uint64_t blocks) {
    Options options = with_epochs_of(blocks);
    options.parameters.idle_ms = 20;
    return options;
}

Input said(Channel channel, std::size_t from, const ConsensusMessage& message) {
    return PeerMessage{channel, Cluster::number(from), encode(message)};
}

/// Of this kind in what a core sends: to whom, and what.
template <class Message>
std::vector<std::pair<OperatorNumber, Message>> sent(const Effects& effects) {
    std::vector<std::pair<OperatorNumber, Message>> out;
    for (const Send& send : effects.sends)
        if (const auto message = decode<ConsensusMessage>(send.payload); message && std::holds_alternative<Message>(*message))
            out.emplace_back(send.to, std::get<Message>(*message));
    return out;
}

std::size_t node_of(OperatorNumber number) { return (number.value - 7) / 10; }

bool has_field(const ConsensusCore& core, std::string_view name) {
    return std::ranges::any_of(core.status(), [&](const auto& field) { return field.name == name; });
}

std::uint64_t number_of(const ConsensusCore& core, std::string_view name) {
    for (const StatusField& field : core.status())
        if (field.name == name) return std::get<std::uint64_t>(field.value);
    return 0;
}

/// What a core says to a guest in answer to this.
std::vector<Send> said_to_guest(ConsensusCore& core, Instant now, Channel channel, const ConsensusMessage& message) {
    std::vector<Send> sends = core.step(now, PeerMessage{channel, first_guest, encode(message)}).sends;
    std::erase_if(sends, [](const Send& send) { return send.to != first_guest; });
    return sends;
}

TEST(OpenChannel, GivesFinalBlocksToWhoeverAsksAndHearsNothingElseFromGuests) {
    Cluster cluster{brisk_epochs_of(64)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 9; }));
    ConsensusCore core({Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, cluster.store(0));
    (void)core.start(cluster.now());

    const auto sends = said_to_guest(core, cluster.now(), Channel::sync, BlockRangeRequest{Height(2), Height(5)});
    ASSERT_EQ(sends.size(), 1U);
    EXPECT_EQ(sends[0].channel, Channel::sync);
    const auto answer = decode<ConsensusMessage>(sends[0].payload);
    ASSERT_TRUE(answer && std::holds_alternative<FinalBlocks>(*answer));
    EXPECT_GE(std::get<FinalBlocks>(*answer).blocks.size(), 4U);

    EXPECT_TRUE(said_to_guest(core, cluster.now(), Channel::sync, StatusRequest{7, Epoch(1)}).empty());
    EXPECT_TRUE(said_to_guest(core, cluster.now(), Channel::sync, CertificateRequest{Epoch(1), View(2)}).empty());
}

TEST(OpenChannel, SaysSinceWhenBlocksAreKept) {
    Cluster cluster{brisk_epochs_of(64)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 9; }));
    harness::MemoryStore trimmed = cluster.store(0);
    trimmed.apply({EraseRange{consensus::tables::blocks, {}, consensus::tables::key(Height(5))}});
    ConsensusCore ahead({Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, trimmed);
    (void)ahead.start(cluster.now());
    const auto sends = said_to_guest(ahead, cluster.now(), Channel::sync, BlockRangeRequest{Height(2), Height(9)});
    ASSERT_EQ(sends.size(), 1U);
    const auto answer = decode<ConsensusMessage>(sends[0].payload);
    ASSERT_TRUE(answer && std::holds_alternative<BlocksGone>(*answer));
    EXPECT_EQ(std::get<BlocksGone>(*answer).kept_from, Height(5));
}

TEST(OpenChannel, TakesBlocksFromThoseWhomItAsksAndFromNoGuest) {
    Cluster cluster{brisk_epochs_of(64)};
    ASSERT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 9; }));
    ConsensusCore ahead({Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, cluster.store(0));
    (void)ahead.start(cluster.now());
    const auto blocks = said_to_guest(ahead, cluster.now(), Channel::sync, BlockRangeRequest{Height(1), Height(9)});
    ASSERT_EQ(blocks.size(), 1U);

    harness::MemoryStore empty;
    ConsensusCore behind({no_operator, {cluster.key(0)}, cluster.genesis(), {}}, empty);
    (void)behind.start(cluster.now());
    const PeerMessage from_guest{Channel::sync, first_guest, blocks[0].payload};
    const PeerMessage from_member{Channel::sync, Cluster::number(2), blocks[0].payload};
    EXPECT_TRUE(behind.step(cluster.now(), from_member).publishes.empty()) << "a snapshot may be nearer";
    const Instant concluded = cluster.now().plus(consensus::joining_retries * cluster.genesis().parameters.retry_ms);
    (void)behind.step(concluded, TimerFired{1});
    EXPECT_TRUE(behind.step(concluded, from_guest).publishes.empty());
    EXPECT_FALSE(behind.step(concluded, from_member).publishes.empty());
}

/// A node that follows from genesis a chain that the cluster has made.
class Following : public testing::Test {
  protected:
    Following() {
        EXPECT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 9; }));
        now = cluster.now().plus(consensus::joining_retries * retry_ms());
        (void)behind.start(cluster.now());
    }
    [[nodiscard]] DurationMs retry_ms() const { return cluster.genesis().parameters.retry_ms; }
    Effects hear(Channel channel, std::size_t from, const ConsensusMessage& message) {
        return behind.step(now, said(channel, from, message));
    }
    Effects wait(DurationMs ms) {
        now = now.plus(ms);
        return behind.step(now, TimerFired{1});
    }
    /// Who is asked for blocks; it is one.
    static std::size_t asked(const Effects& effects) {
        const auto asked = sent<BlockRangeRequest>(effects);
        EXPECT_EQ(asked.size(), 1U);
        return asked.empty() ? SIZE_MAX : node_of(asked[0].first);
    }
    [[nodiscard]] FinalBlocks blocks(Height first, Height last) {
        ConsensusCore ahead({Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, cluster.store(0));
        (void)ahead.start(cluster.now());
        const auto sends = said_to_guest(ahead, cluster.now(), Channel::sync, BlockRangeRequest{first, last});
        return std::get<FinalBlocks>(*decode<ConsensusMessage>(sends.at(0).payload));
    }
    [[nodiscard]] bool stands_still() const { return has_field(behind, "follows_nothing_because"); }

    Cluster cluster{brisk_epochs_of(64)};
    harness::MemoryStore empty;
    ConsensusCore behind{{no_operator, {cluster.key(0)}, cluster.genesis(), {}}, empty};
    Instant now;
};

TEST_F(Following, SaysWhyItStandsStillWhenNobodyKeepsWhatItNeeds) {
    const std::size_t first = asked(wait(0)), another = (first + 1) % 4;
    (void)hear(Channel::sync, another, BlocksGone{Height(5)});
    (void)hear(Channel::sync, first, BlocksGone{Height(5)});
    (void)behind.step(now, PeerMessage{Channel::sync, first_guest, encode(ConsensusMessage(BlocksGone{Height(5)}))});
    EXPECT_FALSE(stands_still()) << "one says so that was asked: it may lie";
    const std::size_t second = asked(wait(retry_ms()));
    ASSERT_NE(second, first);
    (void)hear(Channel::sync, second, BlocksGone{Height(5)});
    EXPECT_TRUE(stands_still());
    (void)hear(Channel::sync, another, blocks(Height(1), Height(9)));
    EXPECT_FALSE(stands_still());
}

TEST_F(Following, AsksWhoHandsOutQuicklyForMore) {
    const std::size_t first = asked(wait(0));
    EXPECT_EQ(asked(hear(Channel::sync, first, blocks(Height(1), Height(4)))), first);
}

TEST_F(Following, AsksAnotherThanWhoHandsOutLittleAtATime) {
    const std::size_t first = asked(wait(0));
    now = now.plus(retry_ms() - 1);
    EXPECT_NE(asked(hear(Channel::sync, first, blocks(Height(1), Height(1)))), first);
}

TEST_F(Following, AsksOthersTooThanWhoClaimsToBeAhead) {
    (void)wait(0);
    Vote claim{VoteKind::nullify, Epoch(2), View(1), Digest{}, SignerIndex(2), Signature{}};
    std::set<std::size_t> whom;
    for (int i = 0; i < 8; ++i) {
        now = now.plus(retry_ms());
        whom.insert(asked(hear(Channel::votes, 2, claim)));
    }
    EXPECT_EQ(whom.size(), 4U);
}

TEST_F(Following, IsAskedForBlocksOnTheOpenChannelOnly) {
    ConsensusCore ahead({Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, cluster.store(0));
    (void)ahead.start(cluster.now());
    const BlockRangeRequest request{Height(1), Height(9)};
    EXPECT_EQ(sent<FinalBlocks>(ahead.step(cluster.now(), said(Channel::sync, 1, request))).size(), 1U);
    EXPECT_EQ(sent<FinalBlocks>(ahead.step(cluster.now(), said(Channel::votes, 1, request))).size(), 0U);
}

/// A node with an empty store in a network whose chain is beyond a snapshot.
class Late : public testing::Test {
  protected:
    static Options with_snapshots() {
        Options options = brisk_epochs_of(64);
        options.parameters.snapshot_blocks = 4;
        return options;
    }
    Late() {
        EXPECT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 30; }));
        (void)late.start(cluster.now());
        ConsensusCore ahead({Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, cluster.store(0));
        (void)ahead.start(cluster.now());
        const auto sends = said_to_guest(ahead, cluster.now(), Channel::sync, SetRequest{Epoch(1)});
        proofs = std::get<SetProofs>(*decode<ConsensusMessage>(sends.at(0).payload));
    }
    /// What everybody in the set once signed: the first blocks, and that they are final.
    std::size_t published_of_early_blocks() {
        std::size_t published = 0;
        for (std::size_t i = 0; i < 3; ++i)
            published += published_by(said(Channel::votes, 1, ConsensusMessage(cluster.chain(0)[i].block)));
        return published + published_by(said(Channel::votes, 1, ConsensusMessage(*cluster.chain(0)[2].finalization)));
    }
    std::size_t published_by(const Input& input) {
        const Effects effects = late.step(cluster.now(), input);
        return static_cast<std::size_t>(std::ranges::count(effects.publishes, Stream::blocks, &Publish::stream));
    }
    Cluster cluster{with_snapshots()};
    harness::MemoryStore empty;
    ConsensusCore late{{Cluster::number(3), {cluster.key(3)}, cluster.genesis(), {}}, empty};
    SetProofs proofs;
};

TEST_F(Late, TakesTheFirstBlocksWhereNoSnapshotIsKnown) { EXPECT_EQ(published_of_early_blocks(), 3U); }

TEST_F(Late, IsNotLuredToTheFirstBlocksWhileItTakesASnapshot) {
    (void)late.step(cluster.now(), said(Channel::sync, 0, proofs));
    EXPECT_EQ(published_of_early_blocks(), 0U);
}

TEST_F(Late, BelievesWeakStakeAndNotOneHowFarTheChainIs) {
    SetProofs old = proofs;  // genuine, and long ago
    ASSERT_TRUE(cluster.chain(0)[0].finalization.has_value());
    old.epochs.back() = {FinalBlocks{{cluster.chain(0)[0].block}, cluster.chain(0)[0].finalization, {}}, std::nullopt};
    EXPECT_TRUE(late.step(cluster.now(), said(Channel::sync, 2, old)).asks.empty());
    EXPECT_EQ(late.step(cluster.now(), said(Channel::sync, 0, proofs)).asks.size(), 1U) << "the state of a snapshot";
}

/// A node that starts, and what its peers answer to its question what they have seen of its key.
class Asking : public testing::Test {
  protected:
    static std::uint64_t nonce_of(const Effects& effects) {
        const auto asked = sent<StatusRequest>(effects);
        EXPECT_FALSE(asked.empty());
        return asked.empty() ? 0 : asked[0].second.nonce;
    }
    bool is_confirmed_by_those_in(Epoch epoch) {
        harness::MemoryStore empty;
        ConsensusCore core({Cluster::number(3), {cluster.key(3)}, cluster.genesis(), {}}, empty);
        const std::uint64_t nonce = nonce_of(core.start(cluster.now()));
        for (std::size_t peer = 0; peer < 3; ++peer)
            (void)core.step(cluster.now(), said(Channel::votes, peer, Status{nonce, epoch, std::nullopt, std::nullopt, {}}));
        return !has_field(core, "waits_for_status_of_peers");
    }
    Cluster cluster{Options{}};
};

TEST_F(Asking, IsToldByTheSetOfItsEpoch) { EXPECT_TRUE(is_confirmed_by_those_in(Epoch(1))); }

TEST_F(Asking, IsToldNothingByASetThatIsOver) { EXPECT_FALSE(is_confirmed_by_those_in(Epoch(9))); }

TEST_F(Asking, IsOfNoUseToWhoIsNoMember) {
    harness::MemoryStore empty;
    ConsensusCore core({OperatorNumber(5), {cluster.key(0)}, cluster.genesis(), {}}, empty);
    EXPECT_TRUE(sent<StatusRequest>(core.start(cluster.now())).empty());
    const auto reply = core.step(cluster.now(), Request{1, encode(ConsensusRequest(GetHead{})), {}}).replies;
    ASSERT_EQ(reply.size(), 1U);
    EXPECT_FALSE(std::get<HeadReply>(*decode<ConsensusReply>(reply[0].payload)).whole)
        << "when it becomes one, that set must tell it";
}

/// A running member that hears a lot from one peer.
class Hearing : public testing::Test {
  protected:
    Hearing() {
        EXPECT_TRUE(cluster.run_until([&] { return cluster.lowest_height() >= 3; }));
        (void)core.start(cluster.now());
    }
    Effects hear(std::size_t from, const ConsensusMessage& message) {
        return core.step(cluster.now(), said(Channel::votes, from, message));
    }
    Cluster cluster{Options{}};
    harness::MemoryStore store = cluster.store(0);
    ConsensusCore core{{Cluster::number(0), {cluster.key(0)}, cluster.genesis(), {}}, store};
};

TEST_F(Hearing, KeepsOfTheNextEpochAShareOfEachAndNothingLarge) {
    const Vote vote{VoteKind::nullify, Epoch(2), View(1), Digest{}, SignerIndex(1), Signature{}};
    for (std::size_t i = 0; i < 2 * consensus::early_messages_max; ++i) (void)hear(1, vote);
    const std::uint64_t of_one = number_of(core, "early_messages");
    EXPECT_EQ(of_one, consensus::early_messages_max / 2);
    (void)hear(2, vote);
    EXPECT_EQ(number_of(core, "early_messages"), of_one + 1);
    Proposal large;
    large.epoch = Epoch(2);
    large.view = View(1);
    large.forced.assign(1000, {});
    (void)hear(2, large);
    (void)hear(2, Certificate{VoteKind::nullify, Epoch(2), View(1), Digest{}, std::vector<SignerIndex>(1000), {}});
    (void)hear(2, PoaRequest{});
    EXPECT_EQ(number_of(core, "early_messages"), of_one + 1);
}

TEST_F(Hearing, KeepsNoMoreOfALeaderThatSignsWhatCannotBeValidThanEvidenceTakes) {
    const EpochContext set = cluster.context(Epoch(1));
    View view(number_of(core, "view") + 1);
    while (set.at(leader_of(set, view))->number != Cluster::number(1)) view = view.next();
    const auto kept_of = [&](std::size_t bytes, std::uint64_t timestamp_ms) {
        Proposal block;
        block.version = 2;
        block.epoch = Epoch(1);
        block.view = view;
        block.timestamp_ms = timestamp_ms;
        block.forced = {Bytes(bytes)};
        block.leader = leader_of(set, view);
        block.signature = cluster.sign(1, Epoch(1), Kind::proposal, block);
        const Effects effects = hear(1, block);
        return std::ranges::count(effects.publishes, Stream::vote_signed, &Publish::stream);
    };
    EXPECT_EQ(kept_of(1, 1), 1);
    EXPECT_EQ(kept_of(consensus::malformed_bytes_max, 2), 0);
    for (std::uint64_t i = 3; i < 20; ++i) EXPECT_EQ(kept_of(1, i), 0);
}

TEST_F(Hearing, IsDoneWithAMessageOfCertificatesAtTheFirstWrongOne) {
    const std::uint64_t before = number_of(core, "rejected_messages");
    PoAs wrong;
    for (std::uint64_t height = 1; height <= 8; ++height)
        wrong.certificates.push_back(cluster.bogus_poa(1, Epoch(1), LaneHeight(height)));
    (void)hear(1, wrong);
    EXPECT_EQ(number_of(core, "rejected_messages"), before + 1);
}

}  // namespace
}  // namespace rondo
