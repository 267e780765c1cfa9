#include "actors/intake/core/certificates.hpp"
#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/open_batch.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/wire/kinds.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

crypto::SecretKey key_of_node(std::size_t index) {
    return crypto::SecretKey::from_seed(Bytes(32, static_cast<std::uint8_t>(index + 1)));
}

template <class T>
T signed_by(std::size_t index, const Genesis& genesis, T message) {
    message.signature = key_of_node(index).sign(signing_bytes(digest_of(genesis), message.epoch, T::kind, encode_body(message)));
    return message;
}

/// A first batch of a node's lane, made outside of its core.
BatchOffer forge(Cluster& cluster, std::size_t owner, const std::vector<LaneTransaction>& transactions,
                 std::uint64_t created_ms = 1) {
    const Payload payload{transactions};
    const Bytes encoded = encode(payload);
    const auto bytes = static_cast<std::uint32_t>(encoded.size());
    const auto count = static_cast<std::uint32_t>(transactions.size());
    BatchHeader header{
        Epoch(1), cluster.at(owner).number, LaneHeight(1), Digest{}, payload_root(payload), bytes, count, created_ms, {}};
    return {signed_by(owner, cluster.genesis(), header), encoded, std::nullopt};
}

/// The batch above a certified one, with that certificate.
BatchOffer successor(Cluster& cluster, const PoA& parent, const std::vector<LaneTransaction>& transactions) {
    const std::size_t owner = parent.header.lane.value - 1;
    BatchOffer offer = forge(cluster, owner, transactions);
    offer.header.height = parent.header.height.next();
    offer.header.parent_digest = digest_of(parent.header);
    offer.header = signed_by(owner, cluster.genesis(), offer.header);
    offer.parent = parent;
    return offer;
}

std::vector<Ack> acks_seen(Node& node) {
    std::vector<Ack> out;
    for (const Bytes& payload : node.published[Stream::lane_signed]) {
        const auto message = decode<SignedMessage>(payload).value();
        if (const auto* ack = std::get_if<Ack>(&message)) out.push_back(*ack);
    }
    return out;
}

void say(Cluster& cluster, std::size_t from, std::size_t to, const LaneMessage& message) {
    cluster.deliver(to, PeerMessage{Channel::lanes, cluster.at(from).number, encode(message)});
    cluster.run();
}

/// Until the node has so many certificates; far more than allowed if they do not come.
DurationMs time_to_certify(Cluster& cluster, std::size_t node, std::size_t count) {
    const Instant from = cluster.now();
    while (cluster.at(node).certificates().size() < count && cluster.now() < from.plus(60'000)) cluster.advance(5);
    return cluster.now().value - from.value;
}

TEST(OwnLane, HasOneBatchInFlight) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    bool silent = true;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) { return silent && std::holds_alternative<Ack>(m); };
    for (std::uint64_t nonce = 0; nonce < 5; ++nonce)
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 1U);
    EXPECT_EQ(cluster.at(0).status("waiting_transactions"), 4U);
    silent = false;
    cluster.advance(1000);  // everything is offered again and the stored acks come back
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 2U);
    const auto sealed = cluster.at(0).stored();
    ASSERT_EQ(sealed.size(), 2U);
    EXPECT_EQ(sealed[1].header.tx_count, 4U);
    EXPECT_EQ(sealed[1].header.parent_digest, digest_of(sealed[0].header));
}

TEST(OwnLane, ACertificateNeedsAQuorum) {
    Cluster cluster(4);
    cluster.stop(2);
    cluster.stop(3);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    cluster.advance(5000);
    EXPECT_TRUE(cluster.at(0).certificates().empty()) << "two of four are no quorum";
    cluster.start(2);
    cluster.advance(5000);
    EXPECT_EQ(cluster.at(0).certificates().size(), 1U);
}

TEST(OwnLane, ACertificateNeedsWeakStakeThatVerified) {
    Cluster cluster(4);
    // Nobody but the owner ever verifies: unverified acks alone certify nothing.
    cluster.lose = [](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        const auto* ack = std::get_if<Ack>(&m);
        return ack != nullptr && ack->verified;
    };
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    cluster.advance(3000);
    EXPECT_TRUE(cluster.at(0).certificates().empty());
    cluster.lose = {};
    cluster.advance(3000);
    const auto certificates = cluster.at(0).certificates();
    ASSERT_EQ(certificates.size(), 1U);
    std::size_t verified = 0;
    for (const AckSignature& ack : certificates[0].acks) verified += ack.verified ? 1 : 0;
    EXPECT_GE(verified, 2U);
}

TEST(OwnLane, OnlyTheFirstInTheVerifierOrderRecoverSendersUnlessAsked) {
    Cluster cluster(4);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    std::size_t recovered = 0;
    for (std::size_t i = 0; i < 4; ++i) recovered += cluster.at(i).recovered;
    EXPECT_EQ(recovered, 2U) << "the owner, and one more of four to reach weak stake";
}

TEST(OwnLane, AsksTheOthersToVerifyWhenTheFirstVerifierIsSilent) {
    Cluster cluster(4);
    const EpochContext context = cluster.context();
    std::optional<std::size_t> first;
    for (const SignerIndex i : verifier_order(context, cluster.at(0).number, LaneHeight(1)))
        if (i.value != 0 && !first) first = i.value;
    cluster.stop(*first);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    EXPECT_TRUE(cluster.at(0).certificates().empty());
    cluster.advance(intake::verify_after_ms + 1);
    EXPECT_EQ(cluster.at(0).certificates().size(), 1U);
}

TEST(OwnLane, WaitsForNobodyThatIsDeadBatchAfterBatch) {
    Cluster cluster(7);
    const User user = cluster.user_at(0);
    cluster.stop(5);
    cluster.stop(6);
    // At worst both are the ones that verify by themselves, and two more are asked, one after the other.
    const DurationMs longest = 2 * (intake::verify_after_ms + 2 * intake::usual_ms_max);
    for (std::uint64_t nonce = 0; nonce < 60; ++nonce) {
        ASSERT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
        const bool known_to_be_silent = nonce >= intake::unheard_batches_max;
        ASSERT_LE(time_to_certify(cluster, 0, nonce + 1), known_to_be_silent ? 0 : longest) << "batch " << nonce;
        if (nonce % 8 == 7) cluster.finalize();
    }
}

TEST(OwnLane, WaitsForCompanyWhileItsLastBatchIsNotFinalAndThenSealsByItself) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    for (std::uint64_t nonce = 0; nonce < 3; ++nonce) {
        (void)cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = nonce})}});
        cluster.run();
    }
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 1U);
    cluster.advance(intake::seal_interval_ms_max - 1);
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 1U);
    cluster.advance(1);
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 2U) << "nothing but the timer asks for it";
    EXPECT_EQ(cluster.at(0).status("waiting_transactions"), 0U);
}

TEST(OwnLane, SealsAtOnceWhenItsLastBatchIsFinal) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    for (std::uint64_t nonce = 0; nonce < 2; ++nonce) {
        (void)cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = nonce})}});
        cluster.run();
    }
    ASSERT_EQ(cluster.at(0).status("lane_sealed_height"), 1U);
    cluster.finalize();
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 2U);
}

TEST(OwnLane, AimsAtTheNextBlockOfASteadyChainAndIsNeverPutOffForLong) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    std::uint64_t nonce = 0;
    const auto post = [&] {
        (void)cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = nonce++})}});
        cluster.run();
    };
    constexpr DurationMs pace = 40;
    for (int block = 0; block < 8; ++block) {
        post();
        cluster.advance(pace);
        cluster.finalize();
    }
    const std::uint64_t sealed = cluster.at(0).status("lane_sealed_height");
    post();
    cluster.advance(1);
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), sealed) << "the next block is far, others may come along";
    cluster.advance(intake::seal_delay_ms_max);
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), sealed + 1);
}

TEST(OwnLane, SealsAfterARestartThatTookTheTimer) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    for (std::uint64_t nonce = 0; nonce < 2; ++nonce) {
        (void)cluster.post(0, SubmitRequest{{make_tx(user, {.nonce = nonce})}});
        cluster.run();
    }
    ASSERT_EQ(cluster.at(0).status("waiting_transactions"), 1U);
    cluster.restart(0);
    cluster.run();
    EXPECT_EQ(cluster.at(0).status("lane_sealed_height"), 2U);
}

TEST(OwnLane, AFullWindowIsBusyAndOpensWithTheFinalCut) {
    Cluster cluster(4, [](Parameters& p) { p.lane_window = 3; });
    const User user = cluster.user_at(0);
    for (std::uint64_t nonce = 0; nonce < 3; ++nonce)
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 3})).admission, Admission::busy);
    EXPECT_EQ(cluster.at(0).status("busy_count"), 1U);
    cluster.finalize();
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 3})).admission, Admission::accepted);
}

TEST(OwnLane, WhatFoundNoPlaceInAFullWindowIsPromisedWhenItOpens) {
    Cluster cluster(4, [](Parameters& p) { p.lane_window = 1; });
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 2})).admission, Admission::held);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    cluster.finalize();
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 2U);
    cluster.finalize();
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 3U);
}

TEST(OtherLanes, NeverAcknowledgeASecondHeaderAtOneHeight) {
    Cluster cluster(4);
    cluster.stop(0);
    const User user = cluster.user_at(0);
    const LaneTransaction tx{user.address(), make_tx(user, {})};
    const BatchOffer one = forge(cluster, 0, {tx}, 1);
    const BatchOffer two = forge(cluster, 0, {tx}, 2);
    ASSERT_NE(digest_of(one.header), digest_of(two.header));
    say(cluster, 0, 1, one);
    say(cluster, 0, 1, two);
    cluster.restart(1);
    say(cluster, 0, 1, two);
    const auto acks = acks_seen(cluster.at(1));
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_EQ(acks[0].digest, digest_of(one.header));
    EXPECT_FALSE(cluster.at(1).warnings.empty());
}

TEST(OtherLanes, ALaneThatForksWithoutEndIsShownToTheWatcherOncePerHeight) {
    Cluster cluster(4);
    cluster.stop(0);
    const User user = cluster.user_at(0);
    const LaneTransaction tx{user.address(), make_tx(user, {})};
    std::set<Digest> forks;
    for (std::uint64_t created = 1; created <= 20; ++created) {
        const BatchOffer offer = forge(cluster, 0, {tx}, created);
        forks.insert(digest_of(offer.header));
        say(cluster, 0, 1, offer);
    }
    ASSERT_EQ(forks.size(), 20U);
    std::set<Digest> shown;
    for (const Bytes& payload : cluster.at(1).published[Stream::lane_signed]) {
        const auto message = decode<SignedMessage>(payload).value();
        if (const auto* header = std::get_if<BatchHeader>(&message)) shown.insert(digest_of(*header));
    }
    EXPECT_EQ(shown.size(), 2U) << "two headers of one height prove it";
    EXPECT_EQ(cluster.at(1).status("refused_offers"), 19U);
}

TEST(OtherLanes, ACertificateOfAnotherHeaderThanTheOneOfferedHereIsShownToTheWatcher) {
    Cluster cluster(4);
    cluster.stop(0);
    const User user = cluster.user_at(0);
    const LaneTransaction tx{user.address(), make_tx(user, {})};
    say(cluster, 0, 1, forge(cluster, 0, {tx}, 1));
    const BatchHeader other = forge(cluster, 0, {tx}, 2).header;
    PoA certificate{other, {}};
    for (const std::size_t i : {0U, 2U, 3U}) {
        const SignerIndex signer(static_cast<std::uint16_t>(i));
        const Ack ack =
            signed_by(i, cluster.genesis(), Ack{other.epoch, other.lane, other.height, digest_of(other), true, signer, {}});
        certificate.acks.push_back({signer, true, ack.signature});
    }
    say(cluster, 0, 1, successor(cluster, certificate, {tx}));
    say(cluster, 0, 1, successor(cluster, certificate, {tx}));
    const auto& shown = cluster.at(1).published[Stream::lane_signed];
    EXPECT_EQ(std::count(shown.begin(), shown.end(), encode(SignedMessage(other))), 1);
    const auto acks = acks_seen(cluster.at(1));
    EXPECT_EQ(std::count_if(acks.begin(), acks.end(), [&](const Ack& a) { return a.digest == digest_of(other); }), 3);
}

TEST(OtherLanes, ASecondHeaderIsRefusedWhileTheFirstIsStillBeingVerified) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const EpochContext context = cluster.context();
    std::size_t verifier = 0;
    for (const SignerIndex i : verifier_order(context, cluster.at(0).number, LaneHeight(1)))
        if (i.value != 0 && verifier == 0) verifier = i.value;
    cluster.stop(0);
    cluster.hold_jobs = true;
    const LaneTransaction tx{user.address(), make_tx(user, {})};
    const BatchOffer one = forge(cluster, 0, {tx}, 1);
    say(cluster, 0, verifier, one);
    say(cluster, 0, verifier, forge(cluster, 0, {tx}, 2));
    EXPECT_TRUE(acks_seen(cluster.at(verifier)).empty());
    cluster.release_jobs();
    const auto acks = acks_seen(cluster.at(verifier));
    ASSERT_EQ(acks.size(), 1U);
    EXPECT_TRUE(acks[0].verified);
    EXPECT_EQ(acks[0].digest, digest_of(one.header));
}

TEST(OtherLanes, AForgedSenderIsNeverVerified) {
    Cluster cluster(4);
    cluster.stop(0);
    const User user = cluster.user_at(0);
    const User victim = cluster.user_at(0);
    const BatchOffer offer = forge(cluster, 0, {{victim.address(), make_tx(user, {})}});
    for (std::size_t i = 1; i < 4; ++i) {
        say(cluster, 0, i, offer);
        say(cluster, 0, i, VerifyRequest{ref_of(offer.header)});
        for (const Ack& ack : acks_seen(cluster.at(i))) EXPECT_FALSE(ack.verified);
    }
}

TEST(OtherLanes, MalformedBatchesAreNotAcknowledged) {
    Cluster cluster(4);
    cluster.stop(0);
    const User user = cluster.user_at(0);
    const LaneTransaction tx{user.address(), make_tx(user, {})};
    std::vector<BatchOffer> bad;
    bad.push_back(forge(cluster, 0, {{user.address(), Bytes{0xc0}}}));  // not a transaction
    bad.push_back(forge(cluster, 0, {}));                               // empty
    bad.push_back(forge(cluster, 0, {tx}));
    bad.back().payload.push_back(0);  // another size than the header says
    bad.push_back(forge(cluster, 0, {tx}));
    bad.back().payload.back() ^= 1;  // another root
    bad.push_back(forge(cluster, 0, {tx}));
    bad.back().header.signature.bytes[0] ^= 1;
    bad.push_back(forge(cluster, 0, {tx}));
    bad.back().header.height = LaneHeight(2);  // parent unknown
    bad.back().header = signed_by(0, cluster.genesis(), bad.back().header);
    bad.push_back(forge(cluster, 0, {tx}));
    bad.back().header.height = LaneHeight(1000);  // outside the window
    bad.back().header = signed_by(0, cluster.genesis(), bad.back().header);
    bad.push_back(forge(cluster, 0, {tx}));
    bad.back().header.parent_digest.bytes[0] = 7;  // another base
    bad.back().header = signed_by(0, cluster.genesis(), bad.back().header);
    for (const BatchOffer& offer : bad) say(cluster, 0, 1, offer);
    say(cluster, 2, 1, forge(cluster, 0, {tx}));  // not from its owner
    EXPECT_TRUE(acks_seen(cluster.at(1)).empty());
    EXPECT_EQ(cluster.at(1).status("refused_offers"), bad.size() + 1);
    say(cluster, 0, 1, forge(cluster, 0, {tx}));
    EXPECT_FALSE(acks_seen(cluster.at(1)).empty()) << "what was refused does not stand in the way of what is right";
}

TEST(OtherLanes, ARepeatedOfferGetsTheStoredAckAfterARestartToo) {
    Cluster cluster(4);
    cluster.stop(0);
    const User user = cluster.user_at(0);
    const BatchOffer offer = forge(cluster, 0, {{user.address(), make_tx(user, {})}});
    std::vector<Ack> sent;
    cluster.lose = [&](OperatorNumber, OperatorNumber, const LaneMessage& m) {
        if (const auto* ack = std::get_if<Ack>(&m)) sent.push_back(*ack);
        return false;
    };
    say(cluster, 0, 1, offer);
    say(cluster, 0, 1, offer);
    cluster.restart(1);
    say(cluster, 0, 1, offer);
    cluster.advance(2 * cluster.genesis().parameters.retry_ms);  // the owner does not say what it saw: it is waited for
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[0], sent[1]);
    EXPECT_EQ(sent[0], sent[2]);
}

TEST(OtherLanes, WhatIsNoMessageAndWhatANonMemberSaysIsDroppedAndCounted) {
    Cluster cluster(4);
    const auto garbage = [&](OperatorNumber from) { cluster.deliver(0, PeerMessage{Channel::lanes, from, Bytes(100, 0xc1)}); };
    garbage(cluster.at(1).number);
    garbage(OperatorNumber(77));
    garbage(first_guest);
    Forward forward{1, {make_tx(cluster.user_at(0), {})}};
    cluster.deliver(0, PeerMessage{Channel::lanes, OperatorNumber(77), encode(LaneMessage(forward))});
    cluster.run();
    EXPECT_EQ(cluster.at(0).status("rejected_messages"), 4U);
    EXPECT_TRUE(cluster.at(0).receipts().empty());
}

TEST(OtherLanes, AForgedCertificateIsNotBelieved) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
    const PoA real = cluster.at(0).certificates().at(0);
    PoA few = real;
    few.acks.resize(2);  // it may hold more than the quorum of three
    PoA twice = real;
    twice.acks.back() = twice.acks.front();
    PoA unverified = real;
    for (AckSignature& ack : unverified.acks) ack.verified = false;
    PoA broken = real;
    broken.acks[0].signature.bytes[3] ^= 1;
    PoA other = real;
    other.header.created_ms += 1;
    const LaneTransaction tx{user.address(), make_tx(user, {.nonce = 1})};
    const std::size_t before = acks_seen(cluster.at(1)).size();
    for (const PoA& bad : {few, twice, unverified, broken, other}) say(cluster, 0, 1, successor(cluster, bad, {tx}));
    EXPECT_EQ(acks_seen(cluster.at(1)).size(), before);
    say(cluster, 0, 1, successor(cluster, real, {tx}));
    EXPECT_EQ(acks_seen(cluster.at(1)).size(), before + 1);
}

TEST(OtherLanes, AParentInAFinalCutNeedsNoCertificate) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {})).admission, Admission::accepted);
    const PoA real = cluster.at(0).certificates().at(0);
    BatchOffer offer = successor(cluster, real, {{user.address(), make_tx(user, {.nonce = 1})}});
    offer.parent.reset();
    const std::size_t before = acks_seen(cluster.at(1)).size();
    say(cluster, 0, 1, offer);
    EXPECT_EQ(acks_seen(cluster.at(1)).size(), before);
    cluster.finalize();
    say(cluster, 0, 1, offer);
    EXPECT_EQ(acks_seen(cluster.at(1)).size(), before + 1);
}

TEST(OwnLane, ADeadPeerGetsNoPayloadsAfterAWhile) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    cluster.stop(3);
    std::size_t offers = 0;
    cluster.lose = [&](OperatorNumber from, OperatorNumber to, const LaneMessage& m) {
        offers += from == OperatorNumber(1) && to == OperatorNumber(4) && std::holds_alternative<BatchOffer>(m) ? 1 : 0;
        return false;
    };
    for (std::uint64_t nonce = 0; nonce < 40; ++nonce) {
        ASSERT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = nonce})).admission, Admission::accepted);
        const DurationMs longest = intake::verify_after_ms + 2 * intake::usual_ms_max;  // if the silent one verifies by itself
        ASSERT_LE(time_to_certify(cluster, 0, nonce + 1), longest);
    }
    EXPECT_EQ(offers, intake::unheard_batches_max);
    cluster.finalize();
    cluster.start(3);
    cluster.advance(1000);
    EXPECT_EQ(cluster.at(3).batches().size(), 40U);
    ASSERT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 40})).admission, Admission::accepted);
    EXPECT_EQ(offers, intake::unheard_batches_max + 1);
}

TEST(OwnLane, TellsItsCertificateAgainUntilItIsInAFinalCut) {
    Cluster cluster(4);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {})).admission, Admission::accepted);
    ASSERT_EQ(cluster.at(0).published[Stream::certificates].size(), 1U);
    cluster.advance(cluster.genesis().parameters.retry_ms);
    EXPECT_EQ(cluster.at(0).published[Stream::certificates].size(), 2U) << "consensus may have missed it";
    cluster.finalize();
    cluster.advance(5 * cluster.genesis().parameters.retry_ms);
    EXPECT_EQ(cluster.at(0).published[Stream::certificates].size(), 2U);
}

TEST(OpenBatch, GrowsIntoTheCanonicalEncodingOfItsPayload) {
    for (const std::size_t count : {1U, 15U, 16U, 300U}) {
        intake::OpenBatch batch{LaneHeight(1)};
        Payload payload;
        for (std::size_t i = 0; i < count; ++i) {
            LaneTransaction t;
            t.sender.bytes[0] = static_cast<std::uint8_t>(i);
            t.raw = Bytes(i == 3 ? 70'000 : i * 37 % 400, static_cast<std::uint8_t>(i));
            batch.append(t);
            payload.transactions.push_back(t);
        }
        EXPECT_EQ(batch.payload(), encode(payload));
        EXPECT_EQ(batch.payload_hash(), payload_root(payload));
        EXPECT_GE(batch.bytes(), batch.payload().size());
    }
}

}  // namespace
}  // namespace rondo::test
