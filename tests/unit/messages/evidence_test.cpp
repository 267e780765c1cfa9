#include "messages/wire/evidence.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"

using namespace rondo;

namespace {

const Digest genesis = crypto::blake2b(as_bytes("genesis"));
const Digest one = crypto::blake2b(as_bytes("one")), two = crypto::blake2b(as_bytes("two"));
constexpr Epoch epoch(3);

const std::vector<crypto::SecretKey>& keys() {
    static const std::vector<crypto::SecretKey> made = [] {
        std::vector<crypto::SecretKey> out;
        for (std::uint8_t i = 0; i < 4; ++i) out.push_back(crypto::SecretKey::from_seed(Bytes(32, i)));
        return out;
    }();
    return made;
}

EpochContext context() {
    EpochContext c;
    c.epoch = epoch;
    for (std::uint32_t i = 0; i < 4; ++i) {
        OperatorInfo o;
        o.number = OperatorNumber(10 + i);
        o.key = keys()[i].public_key();
        o.stake = Stake(1);
        c.operators.push_back(o);
    }
    return c;
}

template <class T>
T signed_as(T value, Kind kind, std::size_t by) {
    value.signature = keys()[by].sign(signing_bytes(genesis, value.epoch, kind, encode_body(value)));
    return value;
}

Vote vote(VoteKind kind, const Digest& digest, std::uint16_t signer = 2, std::uint64_t view = 7, Epoch in = epoch) {
    Vote v;
    v.vote = kind;
    v.epoch = in;
    v.view = View(view);
    v.digest = kind == VoteKind::nullify ? Digest{} : digest;
    v.signer = SignerIndex(signer);
    return signed_as(v, kind_of(kind), signer % 4);
}
Proposal proposal(std::uint64_t time, std::uint16_t leader = 1, std::uint64_t view = 7) {
    Proposal p;
    p.epoch = epoch;
    p.view = View(view);
    p.timestamp_ms = time;
    p.leader = SignerIndex(leader);
    return signed_as(p, Kind::proposal, leader);
}
Tail tail(const Digest& parent) {
    Tail t;
    t.epoch = epoch;
    t.view = View(7);
    t.parent_digest = parent;
    t.leader = SignerIndex(1);
    return signed_as(t, Kind::tail, 1);
}
BatchHeader header(const Digest& payload, std::uint32_t lane = 13, std::uint64_t height = 5) {
    BatchHeader h;
    h.epoch = epoch;
    h.lane = LaneId(lane);
    h.height = LaneHeight(height);
    h.payload_hash = payload;
    return signed_as(h, Kind::batch_header, (lane - 10) % 4);
}
Ack ack(const Digest& digest, bool verified = false, std::uint16_t signer = 0, std::uint64_t height = 5) {
    Ack a;
    a.epoch = epoch;
    a.lane = LaneId(13);
    a.height = LaneHeight(height);
    a.digest = digest;
    a.verified = verified;
    a.signer = SignerIndex(signer);
    return signed_as(a, Kind::ack, signer);
}

EvidenceVerdict check(const Evidence& evidence) { return check_evidence(evidence, context(), genesis); }
EvidenceFault fault_of(const Evidence& evidence) { return check(evidence).fault; }
EvidenceFault votes(const Vote& a, const Vote& b) { return fault_of(ConflictingVotes{a, b}); }

using enum VoteKind;

/// One of each kind, guilty: with whom it convicts.
std::vector<std::pair<Evidence, OperatorNumber>> guilty() {
    return {
        {ConflictingVotes{vote(notarize, one), vote(notarize, two)}, OperatorNumber(12)},
        {ConflictingVotes{vote(finalize, one), vote(finalize, two)}, OperatorNumber(12)},
        {ConflictingVotes{vote(nullify, one), vote(finalize, one)}, OperatorNumber(12)},
        {ConflictingProposals{proposal(1), proposal(2)}, OperatorNumber(11)},
        {ForkedLane{header(one), header(two)}, OperatorNumber(13)},
        {ConflictingAcks{ack(one), ack(two)}, OperatorNumber(10)},
    };
}

}  // namespace

TEST(Evidence, ConvictsTheSignerOfTwoConflictingStatements) {
    std::set<Digest> ids;
    for (const auto& [evidence, offender] : guilty()) {
        const EvidenceVerdict verdict = check(evidence);
        EXPECT_EQ(verdict.fault, EvidenceFault::none) << to_string(verdict.fault);
        EXPECT_EQ(verdict.offender, offender);
        EXPECT_EQ(epoch_of(evidence), epoch);
        ids.insert(verdict.id);
    }
    EXPECT_EQ(ids.size(), guilty().size());
}

TEST(Evidence, HasOneIdPerSlotWhicheverHalvesAreShown) {
    const Digest three = crypto::blake2b(as_bytes("three"));
    const Digest id = check(ConflictingVotes{vote(notarize, one), vote(notarize, two)}).id;
    EXPECT_EQ(check(ConflictingVotes{vote(notarize, two), vote(notarize, one)}).id, id);
    EXPECT_EQ(check(ConflictingVotes{vote(notarize, two), vote(notarize, three)}).id, id);
    EXPECT_NE(check(ConflictingVotes{vote(notarize, one, 2, 8), vote(notarize, two, 2, 8)}).id, id);
    EXPECT_NE(check(ConflictingVotes{vote(notarize, one, 1), vote(notarize, two, 1)}).id, id);
    EXPECT_EQ(check(ConflictingVotes{vote(finalize, two), vote(nullify, one)}).id,
              check(ConflictingVotes{vote(nullify, one), vote(finalize, one)}).id);
}

TEST(Evidence, ABlockAndATailInOneViewConflict) {
    const EvidenceVerdict verdict = check(ConflictingProposals{proposal(1), tail(one)});
    EXPECT_EQ(verdict.fault, EvidenceFault::none);
    EXPECT_EQ(verdict.offender, OperatorNumber(11));
    EXPECT_EQ(verdict.id, check(ConflictingProposals{proposal(1), proposal(2)}).id);
    EXPECT_EQ(fault_of(ConflictingProposals{tail(one), tail(two)}), EvidenceFault::none);
}

TEST(Evidence, LegalPairsConvictNobody) {
    EXPECT_EQ(votes(vote(notarize, one), vote(nullify, one)), EvidenceFault::not_conflicting);
    EXPECT_EQ(votes(vote(notarize, one), vote(finalize, one)), EvidenceFault::not_conflicting);
    EXPECT_EQ(votes(vote(notarize, one), vote(finalize, two)), EvidenceFault::not_conflicting);
    EXPECT_EQ(votes(vote(notarize, one), vote(notarize, one)), EvidenceFault::not_conflicting);
    EXPECT_EQ(votes(vote(nullify, one), vote(nullify, one)), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ConflictingProposals{proposal(1), proposal(1)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ForkedLane{header(one), header(one)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ConflictingAcks{ack(one, false), ack(one, true)}), EvidenceFault::not_conflicting);
}

TEST(Evidence, DifferentSlotsOrSignersConvictNobody) {
    EXPECT_EQ(votes(vote(notarize, one, 2, 7), vote(notarize, two, 2, 8)), EvidenceFault::not_conflicting);
    EXPECT_EQ(votes(vote(nullify, one, 2, 8), vote(finalize, two, 2, 7)), EvidenceFault::not_conflicting);
    EXPECT_EQ(votes(vote(notarize, one, 1), vote(notarize, two, 2)), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ConflictingProposals{proposal(1, 1), proposal(2, 2)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ConflictingProposals{proposal(1, 1, 7), proposal(2, 1, 8)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ForkedLane{header(one, 13), header(two, 12)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ForkedLane{header(one, 13, 5), header(two, 13, 6)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ConflictingAcks{ack(one, false, 0), ack(two, false, 1)}), EvidenceFault::not_conflicting);
    EXPECT_EQ(fault_of(ConflictingAcks{ack(one, false, 0, 5), ack(two, false, 0, 6)}), EvidenceFault::not_conflicting);
}

TEST(Evidence, AnotherEpochOrAnUnknownSignerConvictsNobody) {
    EXPECT_EQ(votes(vote(notarize, one, 2, 7, Epoch(4)), vote(notarize, two, 2, 7, Epoch(4))), EvidenceFault::other_epoch);
    EXPECT_EQ(votes(vote(notarize, one), vote(notarize, two, 2, 7, Epoch(4))), EvidenceFault::other_epoch);
    EXPECT_EQ(votes(vote(notarize, one, 9), vote(notarize, two, 9)), EvidenceFault::unknown_signer);
    EXPECT_EQ(fault_of(ForkedLane{header(one, 99), header(two, 99)}), EvidenceFault::unknown_signer);
}

TEST(Evidence, ASpoiledSignatureConvictsNobody) {
    for (const auto& [evidence, offender] : guilty()) {
        for (const bool spoil_second : {false, true}) {
            Evidence spoiled = evidence;
            const auto flip = [](auto& half) { half.signature.bytes[7] ^= 1; };
            std::visit(
                [&](auto& pair) {
                    auto& half = spoil_second ? pair.second : pair.first;
                    if constexpr (requires { half.signature; })
                        flip(half);
                    else
                        std::visit(flip, half);
                },
                spoiled);
            EXPECT_EQ(fault_of(spoiled), EvidenceFault::bad_signature) << offender.value;
        }
    }
}

TEST(Evidence, ASignatureOfAnotherNetworkConvictsNobody) {
    for (const auto& entry : guilty())
        EXPECT_EQ(check_evidence(entry.first, context(), crypto::blake2b(as_bytes("other"))).fault, EvidenceFault::bad_signature);
}

TEST(Evidence, ComesBackFromItsEncodingWithItsVerdict) {
    for (const auto& [evidence, offender] : guilty()) {
        const auto back = decode<Evidence>(encode(evidence));
        ASSERT_TRUE(back);
        EXPECT_EQ(check(*back).id, check(evidence).id) << offender.value;
    }
}
