#include "cluster/signing/gate.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "cluster/store/store.hpp"

namespace rondo {
namespace {

constexpr Table signed_slots{0, "signed"};

/// A view of the store's committed content.
class Committed final : public StoreView {
  public:
    explicit Committed(store::Store& store) : store_(store) {}
    std::optional<ByteView> get(Table table, ByteView key) const override {
        txn_.reset();
        txn_.emplace(store_.read());
        return txn_->get(table, key);
    }
    void scan(Table t, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        store_.read().scan(t, from, to, visit);
    }
    void scan_reverse(Table t, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        store_.read().scan_reverse(t, from, to, visit);
    }
    void release() { txn_.reset(); }

  private:
    store::Store& store_;
    mutable std::optional<store::ReadTxn> txn_;
};

class Gate : public testing::Test {
  protected:
    Gate() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        open();
    }
    ~Gate() override {
        close();
        std::filesystem::remove_all(folder);
    }
    void open() {
        auto opened = store::Store::open({folder / "store", Durability::durable, 16 << 20, {signed_slots}, 1, {}});
        store.emplace(std::move(opened.value()));
        view.emplace(*store);
        gate.emplace(*view, signed_slots, std::vector{key, next_key}, genesis);
        ASSERT_TRUE(gate->use(key.public_key()));
    }
    void close() {
        gate.reset();
        view.reset();
        store.reset();
    }
    void restart() {
        close();
        open();
    }
    void persist() {
        view->release();
        auto txn = store->write();
        for (Record& record : effects.records) txn.apply(std::move(record));
        txn.commit();
        effects = {};
    }
    static Digest digest(std::uint8_t first) {
        Digest out;
        out.bytes[0] = first;
        return out;
    }
    tl::expected<Signature, GateRefusal> sign(Kind kind, std::uint64_t at, std::uint8_t what, std::string_view body = {}) {
        const std::string usual = "body " + std::to_string(what);
        return gate->sign({Epoch(1), kind, at, 0}, digest(what), as_bytes(body.empty() ? usual : body), effects);
    }

    std::filesystem::path folder;
    Digest genesis = digest(77);
    crypto::SecretKey key = crypto::SecretKey::from_seed(Bytes(32, 9));
    crypto::SecretKey next_key = crypto::SecretKey::from_seed(Bytes(32, 10));
    std::optional<store::Store> store;
    std::optional<Committed> view;
    std::optional<SigningGate> gate;
    Effects effects;
};

TEST_F(Gate, SignsWhatVerifiesUnderTheDomainOfItsKindAndEpoch) {
    const auto signature = sign(Kind::notarize, 5, 1, "vote");
    ASSERT_TRUE(signature);
    EXPECT_TRUE(crypto::verify(key.public_key(), signing_bytes(genesis, Epoch(1), Kind::notarize, as_bytes("vote")), *signature));
    EXPECT_FALSE(
        crypto::verify(key.public_key(), signing_bytes(genesis, Epoch(1), Kind::finalize, as_bytes("vote")), *signature));
}

TEST_F(Gate, SignsWithTheKeyThatTheSetListsAndRemembersAcrossARotation) {
    ASSERT_TRUE(sign(Kind::notarize, 5, 1, "vote"));
    ASSERT_TRUE(gate->use(next_key.public_key()));
    const auto same = sign(Kind::notarize, 5, 1, "vote");
    ASSERT_TRUE(same);
    const Bytes message = signing_bytes(genesis, Epoch(1), Kind::notarize, as_bytes("vote"));
    EXPECT_TRUE(crypto::verify(next_key.public_key(), message, *same));
    EXPECT_TRUE(gate->is_own(message, *same));
    EXPECT_TRUE(gate->is_own(message, key.sign(message))) << "what the key before has signed is own, too";
    EXPECT_FALSE(gate->is_own(message, crypto::SecretKey::from_seed(Bytes(32, 11)).sign(message)));
    EXPECT_EQ(sign(Kind::notarize, 5, 2, "another").error(), GateRefusal::conflict)
        << "the slot is the operator's, not the key's";
}

TEST_F(Gate, SignsNothingWithoutTheKeyThatTheSetLists) {
    EXPECT_FALSE(gate->use(crypto::SecretKey::from_seed(Bytes(32, 11)).public_key()));
    EXPECT_EQ(sign(Kind::notarize, 5, 1).error(), GateRefusal::no_key);
    EXPECT_FALSE(gate->admits({Epoch(1), Kind::notarize, 5, 0}));
    gate->use_none();
    EXPECT_EQ(sign(Kind::notarize, 5, 1).error(), GateRefusal::no_key);
    EXPECT_TRUE(effects.records.empty());
}

TEST_F(Gate, PutsTheRecordIntoTheEffectsOfTheStep) {
    ASSERT_TRUE(sign(Kind::notarize, 5, 1));
    EXPECT_EQ(effects.records.size(), 1U);
}

TEST_F(Gate, RefusesAnotherMessageForASlotWithinTheStep) {
    ASSERT_TRUE(sign(Kind::notarize, 5, 1));
    EXPECT_EQ(sign(Kind::notarize, 5, 2), tl::unexpected(GateRefusal::conflict));
}

TEST_F(Gate, RefusesAnotherMessageForASlotAfterARestart) {
    ASSERT_TRUE(sign(Kind::notarize, 5, 1));
    persist();
    restart();
    EXPECT_EQ(sign(Kind::notarize, 5, 2), tl::unexpected(GateRefusal::conflict));
    EXPECT_EQ(gate->signed_for({Epoch(1), Kind::notarize, 5, 0}), digest(1));
}

TEST_F(Gate, RefusesAnotherBodyUnderTheSameIdentity) {
    ASSERT_TRUE(sign(Kind::proposal, 5, 1, "one"));
    EXPECT_EQ(sign(Kind::proposal, 5, 1, "other"), tl::unexpected(GateRefusal::conflict));
    persist();
    restart();
    EXPECT_EQ(sign(Kind::proposal, 5, 1, "other"), tl::unexpected(GateRefusal::conflict));
}

TEST_F(Gate, GivesTheSameSignatureForTheSameBody) {
    const auto first = sign(Kind::finalize, 8, 3);
    persist();
    const auto again = sign(Kind::finalize, 8, 3);
    EXPECT_TRUE(effects.records.empty());
    restart();
    const auto after_restart = sign(Kind::finalize, 8, 3);
    ASSERT_TRUE(first && again && after_restart);
    EXPECT_EQ(*first, *again);
    EXPECT_EQ(*first, *after_restart);
}

TEST_F(Gate, NeverSignsFinalizeAfterNullifyNorTheOtherWayRound) {
    ASSERT_TRUE(sign(Kind::nullify, 5, 0));
    EXPECT_EQ(sign(Kind::finalize, 5, 1), tl::unexpected(GateRefusal::conflict));
    ASSERT_TRUE(sign(Kind::finalize, 6, 1));
    EXPECT_EQ(sign(Kind::nullify, 6, 0), tl::unexpected(GateRefusal::conflict));
    persist();
    restart();
    EXPECT_EQ(sign(Kind::finalize, 5, 1), tl::unexpected(GateRefusal::conflict));
    EXPECT_EQ(sign(Kind::nullify, 6, 0), tl::unexpected(GateRefusal::conflict));
}

TEST_F(Gate, SignsFinalizeOfAViewAfterNullifyOfTheNext) {
    ASSERT_TRUE(sign(Kind::nullify, 6, 0));
    EXPECT_TRUE(sign(Kind::finalize, 5, 1));
}

TEST_F(Gate, SignsNotarizeAndNullifyInOneView) {
    ASSERT_TRUE(sign(Kind::notarize, 5, 1));
    EXPECT_TRUE(sign(Kind::nullify, 5, 0));
}

TEST_F(Gate, LetsAVerifiedAckFollowAnUnverifiedOneOfTheSameHeader) {
    ASSERT_TRUE(sign(Kind::ack, 5, 1, "not verified"));
    persist();
    EXPECT_TRUE(sign(Kind::ack, 5, 1, "verified"));
    EXPECT_EQ(sign(Kind::ack, 5, 2, "verified"), tl::unexpected(GateRefusal::conflict));
}

TEST_F(Gate, SignsNothingForAnEpochThatItForgot) {
    ASSERT_TRUE(sign(Kind::notarize, 5, 1));
    persist();
    gate->prune_below(Epoch(2), effects);
    EXPECT_EQ(sign(Kind::notarize, 9, 1), tl::unexpected(GateRefusal::conflict));
    persist();
    EXPECT_FALSE(gate->signed_for({Epoch(1), Kind::notarize, 5, 0}));
    restart();
    EXPECT_EQ(sign(Kind::notarize, 5, 2), tl::unexpected(GateRefusal::conflict));
    EXPECT_TRUE(gate->sign({Epoch(2), Kind::notarize, 5, 0}, digest(2), as_bytes("body"), effects));
}

// ------------------------------------------------------------------------------------------------- quarantine

TEST_F(Gate, SignsNothingNewBeforeItIsConfirmedButAgainWhatItHolds) {
    const auto before = sign(Kind::notarize, 5, 1);
    persist();
    gate->await_confirmation();
    EXPECT_EQ(sign(Kind::notarize, 5, 1), before);
    EXPECT_EQ(sign(Kind::notarize, 6, 1), tl::unexpected(GateRefusal::quarantined));
    gate->confirm();
    EXPECT_TRUE(sign(Kind::notarize, 6, 1));
}

TEST_F(Gate, KeepsAQuarantineAndItsPointOfReentryOverRestarts) {
    gate->quarantine("older than what others saw", effects);
    EXPECT_EQ(sign(Kind::notarize, 6, 1), tl::unexpected(GateRefusal::quarantined));
    persist();
    restart();
    ASSERT_TRUE(gate->quarantined());
    EXPECT_EQ(gate->quarantined()->reason, "older than what others saw");
    EXPECT_EQ(sign(Kind::notarize, 1'000'000, 1), tl::unexpected(GateRefusal::quarantined));
    gate->reenter({Epoch(1), View(10), {}}, effects);
    persist();
    restart();
    EXPECT_EQ(sign(Kind::notarize, 9, 1), tl::unexpected(GateRefusal::quarantined));
    EXPECT_TRUE(sign(Kind::notarize, 10, 1));
}

TEST_F(Gate, ReentersVotesFromAViewAndFromTheSecondOfTheNextEpoch) {
    gate->quarantine("", effects);
    gate->reenter({Epoch(4), View(10), {}}, effects);
    const auto admits = [&](std::uint64_t epoch, Kind kind, std::uint64_t at) {
        return gate->admits({Epoch(epoch), kind, at, 0});
    };
    for (const Kind kind : {Kind::proposal, Kind::tail, Kind::notarize, Kind::nullify, Kind::finalize}) {
        EXPECT_FALSE(admits(3, kind, 99));
        EXPECT_FALSE(admits(4, kind, 9));
        EXPECT_TRUE(admits(4, kind, 10));
        EXPECT_FALSE(admits(5, kind, 1)) << "its lost store may have been there before anybody could prove it";
        EXPECT_TRUE(admits(5, kind, 2));
        EXPECT_TRUE(admits(6, kind, 1));
    }
}

TEST_F(Gate, ReentersAcksAboveALanesHeightAndTheOwnLaneInTheNextEpoch) {
    gate->quarantine("", effects);
    gate->reenter({Epoch(4), View(0), {{LaneId(7), LaneHeight(20)}}}, effects);
    EXPECT_FALSE(gate->admits({Epoch(4), Kind::ack, 7, 20}));
    EXPECT_TRUE(gate->admits({Epoch(4), Kind::ack, 7, 21}));
    EXPECT_FALSE(gate->admits({Epoch(4), Kind::ack, 8, 21})) << "nothing is known of that lane";
    EXPECT_TRUE(gate->admits({Epoch(5), Kind::ack, 7, 1}));
    for (const Kind kind : {Kind::batch_header, Kind::receipt}) {
        EXPECT_FALSE(gate->admits({Epoch(4), kind, 1000, 0}));
        EXPECT_TRUE(gate->admits({Epoch(5), kind, 1, 0}));
    }
}

TEST_F(Gate, ForgetsAQuarantineWithTheEpochsItWasAbout) {
    gate->quarantine("", effects);
    gate->reenter({Epoch(4), View(10), {}}, effects);
    gate->prune_below(Epoch(5), effects);
    EXPECT_TRUE(gate->quarantined());
    gate->prune_below(Epoch(6), effects);
    EXPECT_FALSE(gate->quarantined());
    persist();
    restart();
    EXPECT_FALSE(gate->quarantined());
}

TEST_F(Gate, AccountsForWhatItHoldsWhatItForgotAndWhatItKnowsToBeLost) {
    const Slot slot{Epoch(1), Kind::notarize, 5, 0};
    EXPECT_FALSE(gate->accounts_for(slot, digest(1)));
    ASSERT_TRUE(sign(Kind::notarize, 5, 1));
    EXPECT_TRUE(gate->accounts_for(slot, digest(1)));
    EXPECT_FALSE(gate->accounts_for(slot, digest(2))) << "somebody else signs with this key";
    gate->quarantine("", effects);
    gate->reenter({Epoch(1), View(10), {}}, effects);
    EXPECT_TRUE(gate->accounts_for({Epoch(1), Kind::notarize, 9, 0}, digest(1)));
    EXPECT_FALSE(gate->accounts_for({Epoch(1), Kind::notarize, 10, 0}, digest(1)));
    gate->prune_below(Epoch(2), effects);
    EXPECT_TRUE(gate->accounts_for({Epoch(1), Kind::notarize, 10, 0}, digest(1)));
}

}  // namespace
}  // namespace rondo
