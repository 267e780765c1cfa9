#include <gtest/gtest.h>

#include "actors/watcher/core/watcher_core.hpp"
#include "mini_ledger.hpp"

namespace rondo::testing {
namespace {

using Fate = CoreHost::Fate;

/// A watcher of operator 1 beside a ledger that takes valid evidence once.
class Watching : public ::testing::Test {
  protected:
    Watching() {
        ledger.module = [this](const ethereum::Transaction& t, const Address& sender) {
            EXPECT_EQ(t.to, modules::slashing);
            EXPECT_EQ(sender, account(1).address());
            abi::Decoder in(ByteView(t.data).subspan(4));
            const auto evidence = decode<Evidence>(in.bytes());
            EXPECT_TRUE(in.ok() && evidence.has_value());
            const auto verdict = check_evidence(*evidence, chain.context(epoch_of(*evidence)), chain.genesis_digest());
            EXPECT_EQ(verdict.fault, EvidenceFault::none) << to_string(verdict.fault);
            if (!known.insert(verdict.id).second) return TxStatus::reverted;
            offenders.push_back(verdict.offender);
            return TxStatus::success;
        };
        ledger.views = [this](const Call& call) {
            EXPECT_EQ(call.to, modules::slashing);
            abi::Decoder in(ByteView(call.data).subspan(4));
            const bool yes = known.contains(*Digest::from(in.word().view()));
            return abi::Encoder().boolean(yes).arguments();
        };
    }
    static crypto::AccountKey account(std::uint8_t n) {
        return *crypto::AccountKey::from_secret(Bytes(32, static_cast<std::uint8_t>(100 + n)));
    }
    CoreHost watcher(std::uint8_t self = 1, watcher::IndexLimits limits = {}) {
        return CoreHost(
            [this, self, limits](const StoreView& view) {
                return std::make_unique<watcher::WatcherCore>(
                    watcher::WatcherConfig{OperatorNumber(self), chain.genesis(), account(self), limits}, view);
            },
            ledger);
    }
    static StreamMessage votes(const SignedMessage& m) { return {Stream::vote_signed, 0, encode(m)}; }
    static StreamMessage lanes(const SignedMessage& m) { return {Stream::lane_signed, 0, encode(m)}; }
    /// The next block, with what the ledger executes in it.
    void block(CoreHost& host) {
        auto made = chain.add({}, 0, false);  // its certificate would speak of views that the tests use
        made.executed.outcomes = ledger.execute();
        host.input(ChainMaker::stream(made.block));
        host.input(ChainMaker::stream(made.executed));
    }
    void settle(CoreHost& host) {
        for (int i = 0; i < 30; ++i) {
            host.run(500);
            block(host);
        }
    }
    static Digest digest(std::uint8_t n) {
        Digest d;
        d.bytes[0] = n;
        return d;
    }
    BatchHeader header(std::uint64_t created, std::uint16_t owner = 2, Epoch epoch = Epoch(1)) {
        BatchHeader h;
        h.epoch = epoch;
        h.lane = chain.context().operators[owner].number;
        h.height = LaneHeight(9);
        h.created_ms = created;
        chain.sign(h, SignerIndex(owner));
        return h;
    }
    Ack ack(std::uint8_t n, bool verified, std::uint16_t signer = 3) {
        Ack a;
        a.epoch = Epoch(1);
        a.lane = LaneId(2);
        a.height = LaneHeight(4);
        a.digest = digest(n);
        a.verified = verified;
        a.signer = SignerIndex(signer);
        chain.sign(a, SignerIndex(signer));
        return a;
    }
    Proposal proposal(std::uint64_t view, std::uint64_t timestamp) {
        Proposal p;
        p.epoch = Epoch(1);
        p.view = View(view);
        p.height = Height(view);
        p.timestamp_ms = timestamp;
        p.leader = leader_of(chain.context(), p.view);
        chain.sign(p, p.leader);
        return p;
    }
    Tail tail(std::uint64_t view) {
        Tail t;
        t.epoch = Epoch(1);
        t.view = View(view);
        t.leader = leader_of(chain.context(), t.view);
        chain.sign(t, t.leader);
        return t;
    }

    ChainMaker chain;
    MiniLedger ledger;
    std::set<Digest> known;
    std::vector<OperatorNumber> offenders;
    const View v{7};
};
using WatcherFinds = Watching;
using WatcherNeverAccuses = Watching;
using WatcherFiles = Watching;

TEST_F(WatcherFinds, TwoNotarizesOfOneView) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    settle(w);
    EXPECT_EQ(offenders, std::vector{OperatorNumber(3)});
    EXPECT_EQ(w.number("evidence_settled"), 1U);
    EXPECT_EQ(w.number("evidence_open"), 0U);
}

TEST_F(WatcherFinds, TwoFinalizesOfOneView) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(0))));
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(2), SignerIndex(0))));
    settle(w);
    EXPECT_EQ(offenders, std::vector{OperatorNumber(1)});
}

TEST_F(WatcherFinds, NullifyWithFinalizeInEitherOrder) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(1))));
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(1))));
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(2))));
    settle(w);
    EXPECT_EQ(offenders.size(), 2U);
    EXPECT_EQ(w.number("evidence_settled"), 2U);
}

TEST_F(WatcherFinds, TwoBlocksAndABlockWithATailOfOneView) {
    CoreHost w = watcher();
    w.input(votes(proposal(101, 1)));
    w.input(votes(proposal(101, 2)));
    w.input(votes(tail(102)));
    w.input(votes(proposal(102, 2)));
    settle(w);
    EXPECT_EQ(offenders.size(), 2U);
}

TEST_F(WatcherFinds, AForkedLane) {
    CoreHost w = watcher();
    w.input(lanes(header(1)));
    w.input(lanes(header(2)));
    settle(w);
    EXPECT_EQ(offenders, std::vector{OperatorNumber(3)});
}

TEST_F(WatcherFinds, AcksOfTwoHeadersOfOneBatchHeight) {
    CoreHost w = watcher();
    w.input(lanes(ack(1, false)));
    w.input(lanes(ack(2, true)));
    settle(w);
    EXPECT_EQ(offenders, std::vector{OperatorNumber(4)});
}

TEST_F(WatcherFinds, AVoteInACertificateThatContradictsOneSeenAlone) {
    CoreHost w = watcher();
    w.input(votes(chain.certificate(VoteKind::finalize, v, digest(1))));
    w.input(votes(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(1))));
    settle(w);
    EXPECT_EQ(offenders, std::vector{OperatorNumber(2)});
}

TEST_F(WatcherFinds, VotesInABlocksBodyThatContradictEachOther) {
    CoreHost w = watcher();
    FinalBlock final_block = chain.add({}).block;
    for (const Vote& vote : {chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(2)),
                             chain.vote(VoteKind::finalize, v, digest(3), SignerIndex(2))})
        final_block.block.votes.push_back({vote.view, vote.vote, vote.digest, vote.signer, vote.signature});
    w.input(ChainMaker::stream(final_block));
    settle(w);
    EXPECT_EQ(offenders, std::vector{OperatorNumber(3)});
}

TEST_F(WatcherFinds, APairWhoseHalvesAreARestartApart) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.crash();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    settle(w);
    EXPECT_EQ(offenders.size(), 1U);
}

TEST_F(WatcherFinds, ATrueStatementBehindAForgedOne) {
    CoreHost w = watcher();
    Vote forged = chain.vote(VoteKind::notarize, v, digest(9), SignerIndex(2));
    forged.signature.bytes[0] ^= 1;
    w.input(votes(forged));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    settle(w);
    EXPECT_TRUE(offenders.empty());
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    settle(w);
    EXPECT_EQ(offenders.size(), 1U);
}

TEST_F(WatcherFinds, ATrueStatementBehindAForgedCopyOfItself) {
    CoreHost w = watcher();
    Vote forged = chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(2));
    forged.signature.bytes[0] ^= 1;
    w.input(votes(forged));
    w.input(votes(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(2))));
    settle(w);
    EXPECT_TRUE(offenders.empty());
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(2))));
    settle(w);
    EXPECT_EQ(offenders.size(), 1U);
}

TEST(WatcherEpochs, WaitsForTheSetOfAnEpochThatIsNotKnownYet) {
    Parameters parameters;
    parameters.epoch_blocks = 3;
    ChainMaker chain(4, parameters);
    MiniLedger ledger;
    std::size_t filed = 0;
    ledger.module = [&](const ethereum::Transaction&, const Address&) {
        ++filed;
        return TxStatus::success;
    };
    ledger.views = [](const Call&) { return abi::Encoder().boolean(false).arguments(); };
    const auto key = *crypto::AccountKey::from_secret(Bytes(32, 101));
    CoreHost w(
        [&](const StoreView& view) {
            return std::make_unique<watcher::WatcherCore>(watcher::WatcherConfig{OperatorNumber(1), chain.genesis(), key}, view);
        },
        ledger);
    for (std::uint8_t n = 1; n <= 2; ++n) {
        Digest d;
        d.bytes[0] = n;
        w.input(StreamMessage{Stream::vote_signed, 0,
                              encode(SignedMessage{chain.vote(VoteKind::notarize, View(2), d, SignerIndex(1), Epoch(3))})});
    }
    EXPECT_EQ(w.number("evidence_open"), 0U);
    w.crash();
    for (int i = 0; i < 20; ++i) {
        auto made = chain.add({});
        made.executed.outcomes = ledger.execute();
        w.input(ChainMaker::stream(made.executed));
        w.run(1000);
    }
    EXPECT_EQ(filed, 1U);
    EXPECT_EQ(w.number("evidence_settled"), 1U);
}

// ------------------------------------------------------------------------------------------------ honesty

TEST_F(WatcherNeverAccuses, NotarizeWithNullifyOrWithFinalize) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(1))));
    w.input(votes(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(1))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::finalize, v.next(), digest(2), SignerIndex(1))));  // Finalize(v+1) after Nullify(v)
    settle(w);
    EXPECT_EQ(w.number("evidence_open") + w.number("evidence_settled"), 0U);
}

TEST_F(WatcherNeverAccuses, WhoSaysTheSameAgain) {
    CoreHost w = watcher();
    for (int i = 0; i < 3; ++i) {
        w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(1))));
        w.input(votes(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(1))));
        w.input(votes(proposal(50, 7)));
        w.input(lanes(header(1)));
        w.input(lanes(ack(1, false)));
        w.input(lanes(ack(1, true)));
        if (i == 1) w.crash();
    }
    settle(w);
    EXPECT_EQ(w.number("evidence_open") + w.number("evidence_settled"), 0U);
}

TEST_F(WatcherNeverAccuses, OtherEpochsViewsSignersAndLanes) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(1), Epoch(1))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(1), Epoch(2))));
    w.input(votes(chain.vote(VoteKind::notarize, v.next(), digest(2), SignerIndex(1))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    w.input(lanes(header(1, 2, Epoch(1))));
    w.input(lanes(header(2, 2, Epoch(2))));  // re-sealed in the next epoch
    w.input(lanes(header(3, 1, Epoch(1))));
    settle(w);
    EXPECT_EQ(w.number("evidence_open") + w.number("evidence_settled"), 0U);
}

TEST_F(WatcherNeverAccuses, OnForgedSignatures) {
    CoreHost w = watcher();
    const auto spoil = [](auto message) {
        message.signature.bytes[5] ^= 1;
        return message;
    };
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(1))));
    w.input(votes(spoil(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(1)))));
    w.input(votes(spoil(chain.vote(VoteKind::nullify, v, Digest{}, SignerIndex(2)))));
    w.input(votes(chain.vote(VoteKind::finalize, v, digest(1), SignerIndex(2))));
    w.input(votes(proposal(900, 1)));
    w.input(votes(spoil(proposal(900, 2))));
    w.input(lanes(spoil(header(1))));
    w.input(lanes(header(2)));
    w.input(lanes(ack(1, true)));
    w.input(lanes(spoil(ack(2, true))));
    Vote stranger = chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(1));
    stranger.signer = SignerIndex(400);
    w.input(votes(stranger));
    stranger.digest = digest(2);
    w.input(votes(stranger));
    settle(w);
    EXPECT_EQ(w.number("evidence_open") + w.number("evidence_settled"), 0U);
}

TEST_F(WatcherNeverAccuses, AnyoneOnAnHonestChain) {
    CoreHost w = watcher();
    for (std::uint64_t view = 1; view < 200; ++view) {
        const Digest d = digest(static_cast<std::uint8_t>(view));
        for (std::uint16_t i = 0; i < 4; ++i) {
            w.input(votes(chain.vote(VoteKind::notarize, View(view), d, SignerIndex(i))));
            w.input(votes(chain.vote(view % 3 == 0 ? VoteKind::nullify : VoteKind::finalize, View(view),
                                     view % 3 == 0 ? Digest{} : d, SignerIndex(i))));
        }
        w.input(votes(chain.certificate(VoteKind::notarize, View(view), d)));
        block(w);
    }
    EXPECT_EQ(w.number("evidence_open") + w.number("evidence_settled"), 0U);
    EXPECT_GT(w.number("messages_indexed"), 1500U);
}

// ------------------------------------------------------------------------------------------------ filing

TEST_F(WatcherFiles, OneCasePerSlotHoweverManyPairs) {
    CoreHost w = watcher();
    for (std::uint8_t n = 1; n <= 5; ++n) w.input(votes(chain.vote(VoteKind::notarize, v, digest(n), SignerIndex(2))));
    settle(w);
    EXPECT_EQ(ledger.with_effect, 1U);
    EXPECT_EQ(w.number("evidence_settled"), 1U);
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(9), SignerIndex(2))));
    w.crash();
    EXPECT_EQ(w.number("evidence_settled"), 1U) << "a further pair opens no case that is closed";
    EXPECT_TRUE(w.asks().empty());
}

TEST_F(WatcherFiles, NothingTwiceWhateverIsLostAndWheneverItCrashes) {
    for (int cut = 0; cut < 12; ++cut) {
        for (const Fate fate : {Fate::lost_before, Fate::lost_after}) {
            const std::size_t before = ledger.with_effect;
            CoreHost w = watcher();
            ledger.use_nonce(account(1).address());  // any account starts somewhere
            const View view(1000 + static_cast<std::uint64_t>(cut) * 2 + (fate == Fate::lost_after ? 1 : 0));
            w.input(votes(chain.vote(VoteKind::notarize, view, digest(1), SignerIndex(2))));
            w.input(votes(chain.vote(VoteKind::notarize, view, digest(2), SignerIndex(2))));
            for (int step = 0; step < 40; ++step) {
                if (w.asks().empty()) w.run(0);
                if (step == cut) {
                    w.answer(fate);
                    w.crash();
                } else if (!w.answer()) {
                    w.run(300);
                }
                if (step % 4 == 3) block(w);
            }
            settle(w);
            EXPECT_EQ(w.number("evidence_settled"), 1U) << "cut " << cut;
            EXPECT_EQ(ledger.with_effect, before + 1) << "cut " << cut;
        }
    }
}

TEST_F(WatcherFiles, NothingThatAnotherWatcherBroughtFirst) {
    CoreHost first = watcher(1);
    const auto a = chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2));
    const auto b = chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2));
    first.input(votes(a));
    first.input(votes(b));
    settle(first);
    ASSERT_EQ(ledger.with_effect, 1U);
    CoreHost second = watcher(2);
    second.input(votes(a));
    second.input(votes(b));
    settle(second);
    EXPECT_EQ(ledger.with_effect, 1U);
    EXPECT_EQ(second.number("evidence_settled"), 1U);
}

TEST_F(WatcherFiles, NothingMoreWhenAnotherComesFirstWhileItsOwnIsOnTheWay) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    w.run(10'000);
    ASSERT_EQ(ledger.pool(), 1U);
    ledger.module = [this](const ethereum::Transaction& t, const Address&) {
        abi::Decoder in(ByteView(t.data).subspan(4));
        known.insert(check_evidence(*decode<Evidence>(in.bytes()), chain.context(), chain.genesis_digest()).id);
        return TxStatus::reverted;
    };
    settle(w);
    EXPECT_EQ(ledger.with_effect, 1U);
    EXPECT_EQ(w.number("evidence_settled"), 1U);
}

TEST_F(WatcherFiles, AgainWhenIntakeIsBusyAndWhenTheTransactionIsLost) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    ledger.is_busy = true;
    w.run(20'000);
    EXPECT_EQ(ledger.pool(), 0U);
    ledger.is_busy = false;
    w.run(60'000);
    EXPECT_EQ(ledger.pool(), 1U);
    ledger.drop_pool();
    settle(w);
    EXPECT_EQ(w.number("evidence_settled"), 1U);
    EXPECT_EQ(ledger.with_effect, 1U);
}

TEST_F(WatcherFiles, WithAFreshNonceWhenAnotherTransactionUsedItsOwn) {
    CoreHost w = watcher();
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    w.run(10'000);
    ASSERT_EQ(ledger.pool(), 1U);
    ledger.use_nonce(account(1).address());
    settle(w);
    EXPECT_EQ(w.number("evidence_settled"), 1U);
    EXPECT_EQ(ledger.with_effect, 1U);
}

TEST_F(WatcherFiles, GivesUpOnWhatTheLedgerKeepsRefusing) {
    CoreHost w = watcher();
    ledger.module = [](const ethereum::Transaction&, const Address&) { return TxStatus::reverted; };
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
    for (int i = 0; i < 10; ++i) settle(w);
    EXPECT_EQ(w.number("evidence_refused"), 1U);
    EXPECT_EQ(ledger.with_effect, 5U);
}

TEST_F(WatcherFiles, NothingThatDoesNotFitATransaction) {
    CoreHost w = watcher();
    for (const std::uint64_t timestamp : {1U, 2U}) {
        Proposal p = proposal(60, timestamp);
        for (std::uint64_t i = 0; i < 700; ++i) {
            const Vote vote =
                chain.vote(VoteKind::notarize, View(i + 1), digest(static_cast<std::uint8_t>(i)), SignerIndex(1), Epoch(1));
            p.votes.push_back({vote.view, vote.vote, vote.digest, vote.signer, vote.signature});
        }
        chain.sign(p, p.leader);
        w.input(votes(p));
    }
    settle(w);
    EXPECT_EQ(w.number("evidence_too_large"), 1U);
    EXPECT_EQ(ledger.with_effect, 0U);
}

TEST_F(WatcherFiles, AfterTheOthersInADrawnOrder) {
    // Four watchers see the same pair and nothing is executed: they come one after the other, not at once.
    std::vector<DurationMs> waited;
    for (std::uint8_t n = 1; n <= 4; ++n) {
        MiniLedger own;
        own.views = [](const Call&) { return abi::Encoder().boolean(false).arguments(); };
        const auto key = account(n);
        CoreHost w(
            [&](const StoreView& view) {
                return std::make_unique<watcher::WatcherCore>(watcher::WatcherConfig{OperatorNumber(n), chain.genesis(), key},
                                                              view);
            },
            own);
        w.input(votes(chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2))));
        w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2))));
        DurationMs ms = 0;
        while (own.pool() == 0 && ms < 60'000) w.run(100), ms += 100;
        waited.push_back(ms);
    }
    std::sort(waited.begin(), waited.end());
    for (std::size_t i = 1; i < waited.size(); ++i) EXPECT_GE(waited[i], waited[i - 1] + 1000);
}

// ------------------------------------------------------------------------------------------------ budget

TEST_F(WatcherFinds, WithinABudgetThatDropsOldEpochsFirst) {
    CoreHost w = watcher(1, {.bytes = 20'000, .epochs = 64});
    const auto old = chain.vote(VoteKind::notarize, v, digest(1), SignerIndex(2), Epoch(1));
    w.input(votes(old));
    for (std::uint64_t view = 1; view < 200; ++view)
        w.input(votes(chain.vote(VoteKind::notarize, View(view), digest(1), SignerIndex(1), Epoch(2))));
    EXPECT_LE(w.number("index_bytes"), 20'000U);
    EXPECT_GT(w.number("index_dropped"), 0U);
    const std::uint64_t indexed = w.number("messages_indexed");
    w.crash();
    EXPECT_EQ(w.number("messages_indexed"), indexed);
    EXPECT_EQ(w.store.rows(0), indexed);
    w.input(votes(chain.vote(VoteKind::notarize, v, digest(2), SignerIndex(2), Epoch(1))));
    EXPECT_EQ(w.number("evidence_open"), 0U) << "what was forgotten accuses nobody";
}

}  // namespace
}  // namespace rondo::testing
