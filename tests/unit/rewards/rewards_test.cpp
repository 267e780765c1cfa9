#include <gtest/gtest.h>

#include "../watcher/mini_ledger.hpp"
#include "actors/rewards/core/rewards_core.hpp"
#include "actors/rewards/core/shares.hpp"

namespace rondo::testing {
namespace {

using Fate = CoreHost::Fate;

Parameters short_epochs() {
    Parameters p;
    p.epoch_blocks = 4;
    p.snapshot_blocks = 10;
    return p;
}

/// A chain with fees and votes, and a ledger that accepts a root at a quorum of three attesters.
class Rewarding : public ::testing::Test {
  protected:
    Rewarding() {
        ledger.module = [this](const ethereum::Transaction& t, const Address& sender) { return attest(t, sender); };
        ledger.views = [this](const Call&) {
            return abi::Encoder().number(accepted_epoch).word(accepted_root).number(accepted_total).arguments();
        };
    }
    static crypto::AccountKey account(std::uint8_t n) {
        return *crypto::AccountKey::from_secret(Bytes(32, static_cast<std::uint8_t>(200 + n)));
    }
    CoreHost node(std::uint8_t self = 1) {
        return CoreHost(
            [this, self](const StoreView& view) {
                return std::make_unique<rewards::RewardsCore>(
                    rewards::RewardsConfig{OperatorNumber(self), chain.genesis(), account(self)}, view);
            },
            ledger);
    }
    TxStatus attest(const ethereum::Transaction& t, const Address& sender) {
        EXPECT_EQ(t.to, modules::rewards);
        abi::Decoder in(ByteView(t.data).subspan(4));
        const std::uint64_t epoch = in.number64();
        const Word256 root = in.word();
        const Wei total = in.number();
        EXPECT_TRUE(in.ok());
        if (!pots.contains(epoch) || epoch <= accepted_epoch) return TxStatus::reverted;
        Wei expected = 0;
        for (const auto& [e, pot] : pots)
            if (e <= epoch) expected += pot;
        EXPECT_EQ(total, expected) << "epoch " << epoch;
        auto& by = attested[epoch];
        if (!by.emplace(sender, root).second) return TxStatus::reverted;
        const auto same = std::count_if(by.begin(), by.end(), [&](const auto& a) { return a.second == root; });
        if (same < quorum) return TxStatus::success;
        accepted_epoch = epoch;
        accepted_root = root;
        accepted_total = total;
        return TxStatus::success;
    }
    /// The next block: fees by lane drawn from `random`, votes of some, and what the ledger executes.
    ChainMaker::Made make(bool with_fees = true) {
        ChainMaker::Made made = chain.add({});
        made.block.block.votes.clear();
        for (std::uint16_t i = 0; i < 4; ++i)
            if (draw(4) != 0) made.block.block.votes.push_back({View(1), VoteKind::notarize, Digest{}, SignerIndex(i), {}});
        if (with_fees)
            for (std::uint32_t lane = 1; lane <= 4; ++lane)
                if (draw(3) != 0)
                    made.executed.lane_fees.push_back({LaneId(lane), Wei(draw(1'000'000'007)) * Wei(draw(1000) + 1)});
        made.executed.outcomes = ledger.execute();
        for (const LaneFees& f : made.executed.lane_fees) open_pot += f.fees;
        if (made.executed.next_context) pots[made.executed.epoch.value] = std::exchange(open_pot, 0);
        fed.push_back(made);
        return made;
    }
    static void feed(CoreHost& host, const ChainMaker::Made& made) {
        host.input(ChainMaker::stream(made.block));
        host.input(ChainMaker::stream(made.executed));
    }
    RewardProofReply proof(CoreHost& host, const Address& account) {
        host.replies.clear();
        host.input(Request{1, encode(RewardsRequest{GetRewardProof{account}})});
        return std::get<RewardProofReply>(*decode<RewardsReply>(host.replies.at(0).payload));
    }
    static std::string text(CoreHost& host, std::string_view field) {
        for (const StatusField& f : host.core().status())
            if (f.name == field) return std::get<std::string>(f.value);
        return "?";
    }
    std::uint64_t draw(std::uint64_t below) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        return (random >> 33) % below;
    }
    Address fee_address(std::size_t i) const { return chain.genesis().operators[i].fee_address; }

    ChainMaker chain{4, short_epochs()};
    MiniLedger ledger;
    std::ptrdiff_t quorum = 3;
    Wei open_pot;
    std::map<std::uint64_t, Wei> pots;
    std::map<std::uint64_t, std::map<Address, Word256>> attested;
    std::uint64_t accepted_epoch = 0;
    Word256 accepted_root{};
    Wei accepted_total;
    std::vector<ChainMaker::Made> fed;
    std::uint64_t random = 42;
};
using RewardsActor = Rewarding;

TEST_F(RewardsActor, AttestsEveryEpochUntilAQuorumAcceptsIt) {
    CoreHost nodes[] = {node(1), node(2), node(3), node(4)};
    for (int i = 0; i < 60; ++i) {
        const auto made = make();
        for (CoreHost& n : nodes) {
            feed(n, made);
            n.run(1500);
        }
    }
    EXPECT_GE(accepted_epoch, 12U);
    for (CoreHost& n : nodes) {
        EXPECT_EQ(text(n, "last_error"), "");
        EXPECT_EQ(text(n, "root"), text(nodes[0], "root"));
        EXPECT_GE(n.number("epoch_accepted"), 12U);
    }
}

TEST_F(RewardsActor, GivesProofsThatTheAcceptedRootProves) {
    quorum = 1;
    CoreHost n = node();
    for (int i = 0; i < 40; ++i) {
        feed(n, make());
        n.run(1500);
    }
    ASSERT_GT(accepted_epoch, 5U);
    Wei sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const RewardProofReply p = proof(n, fee_address(i));
        ASSERT_TRUE(p.found);
        EXPECT_EQ(p.epoch, Epoch(accepted_epoch));
        EXPECT_TRUE(rewards::proves(*Hash256::from(accepted_root.view()), {fee_address(i), p.cumulative}, p.proof));
        EXPECT_FALSE(rewards::proves(*Hash256::from(accepted_root.view()), {fee_address(i), p.cumulative + 1}, p.proof));
        sum += p.cumulative;
    }
    EXPECT_LE(sum, accepted_total);
    EXPECT_GT(sum + 1000, accepted_total) << "only what rounding left is not claimable";
    Address stranger;
    stranger.bytes[3] = 1;
    EXPECT_FALSE(proof(n, stranger).found);
}

TEST_F(RewardsActor, ClaimsNothingBeforeARootIsAccepted) {
    CoreHost n = node();
    for (int i = 0; i < 20; ++i) {
        feed(n, make());
        n.run(1500);
    }
    EXPECT_EQ(accepted_epoch, 0U);
    EXPECT_FALSE(proof(n, fee_address(0)).found);
}

TEST_F(RewardsActor, ComputesTheSameInWhateverOrderTheStreamsArrive) {
    CoreHost a = node(1);
    CoreHost b = node(2);
    CoreHost c = node(3);
    for (int i = 0; i < 41; ++i) feed(a, make());
    for (const auto& made : fed) b.input(ChainMaker::stream(made.executed));
    for (const auto& made : fed) b.input(ChainMaker::stream(made.block));
    for (std::size_t i = 0; i < fed.size(); ++i) {
        c.input(ChainMaker::stream(fed[i].block));
        if (i % 3 == 0) c.crash();
        if (i >= 10) c.input(ChainMaker::stream(fed[i - 10].executed));
    }
    for (std::size_t i = fed.size() - 10; i < fed.size(); ++i) c.input(ChainMaker::stream(fed[i].executed));
    for (CoreHost* n : {&b, &c}) {
        EXPECT_EQ(text(*n, "root"), text(a, "root"));
        EXPECT_EQ(text(*n, "carried_wei"), text(a, "carried_wei"));
        EXPECT_EQ(n->number("booked_height"), 41U);
        EXPECT_EQ(n->store.rows(0) + n->store.rows(1), 0U) << "nothing is kept that was booked";
    }
}

TEST_F(RewardsActor, ComputesTheSameAfterItsStoreWasLost) {
    quorum = 1;
    CoreHost n = node();
    for (int i = 0; i < 41; ++i) {
        feed(n, make());
        n.run(1500);
    }
    const std::string root = text(n, "root");
    const std::size_t said = ledger.with_effect;
    n.lose_store();
    for (const auto& made : fed) {
        feed(n, made);
        n.run(10);
    }
    n.run(20'000);
    EXPECT_EQ(text(n, "root"), root);
    ledger.execute();
    EXPECT_EQ(ledger.with_effect, said) << "what was accepted is not attested again";
    EXPECT_TRUE(proof(n, fee_address(1)).found);
}

TEST_F(RewardsActor, ComputesTheSameFromACheckpointOn) {
    quorum = 1;
    CoreHost n = node();
    for (int i = 0; i < 47; ++i) {
        feed(n, make());
        n.run(1500);
    }
    ASSERT_EQ(n.checkpoints.size(), 4U);
    const std::string root = text(n, "root");
    const std::size_t said = ledger.with_effect;
    n.store = n.checkpoints.at(Height(20));
    n.crash();
    EXPECT_EQ(n.number("booked_height"), 20U);
    for (const auto& made : fed)
        if (made.executed.height > Height(20)) feed(n, made);
    n.run(20'000);
    EXPECT_EQ(text(n, "root"), root);
    ledger.execute();
    EXPECT_LE(ledger.with_effect, said + 1) << "what the checkpoint shows under way comes too late, the rest is not said again";
    EXPECT_TRUE(proof(n, fee_address(1)).found);
}

TEST_F(RewardsActor, AttestsOnceWhateverIsLostAndWheneverItCrashes) {
    quorum = 1;
    CoreHost n = node();
    std::uint64_t r = 9;
    for (int i = 0; i < 400; ++i) {
        feed(n, make());
        r = r * 6364136223846793005U + 1442695040888963407U;
        switch ((r >> 40) % 6) {
            case 0:
                n.crash();
                break;
            case 1:
                n.answer(Fate::lost_after);
                n.crash();
                break;
            case 2:
                n.answer(Fate::lost_before);
                break;
            case 3:
                n.answer(Fate::lost_after);
                break;
            default:
                n.run(2000);
        }
    }
    for (int i = 0; i < 20; ++i) {
        feed(n, make());
        n.run(30'000);
    }
    EXPECT_GE(accepted_epoch, 100U);
    for (const auto& [epoch, by] : attested) EXPECT_EQ(by.size(), 1U);
    EXPECT_LE(n.store.rows(3), 6U) << "books below the accepted one are forgotten";
}

TEST_F(RewardsActor, SaysNothingOfEpochsWithoutFees) {
    quorum = 1;
    CoreHost n = node();
    for (int i = 0; i < 40; ++i) {
        feed(n, make(false));
        n.run(1500);
    }
    EXPECT_EQ(ledger.with_effect, 0U);
    EXPECT_LE(n.store.rows(3), 1U);
    for (int i = 0; i < 8; ++i) {
        feed(n, make(true));
        n.run(1500);
    }
    EXPECT_GT(accepted_epoch, 10U);
}

TEST_F(RewardsActor, ShowsWhenTheLedgerAcceptedAnotherRoot) {
    CoreHost n = node();
    for (int i = 0; i < 9; ++i) feed(n, make());
    accepted_epoch = 2;
    accepted_root.bytes[0] = 7;
    n.run(5000);
    EXPECT_NE(text(n, "last_error").find("another root of epoch 2"), std::string::npos);
    EXPECT_FALSE(proof(n, fee_address(0)).found);
}

TEST_F(RewardsActor, RefusesARequestThatDoesNotDecode) {
    CoreHost n = node();
    n.input(Request{3, Bytes{0xff, 0x00}});
    EXPECT_TRUE(std::holds_alternative<RequestError>(*decode<RewardsReply>(n.replies.at(0).payload)));
}

TEST_F(RewardsActor, GivesAllThatEverCameInExceptWhatItCarries) {
    CoreHost n = node();
    for (int i = 0; i < 400; ++i) feed(n, make());
    Wei in = 0;
    for (const auto& [epoch, pot] : pots) in += pot;
    EXPECT_EQ(text(n, "total_wei"), in.str());
    // Three parts, each leaves less than one unit per member: what is carried never grows.
    EXPECT_LT(std::stoull(text(n, "carried_wei")), 12U);
}

}  // namespace
}  // namespace rondo::testing
