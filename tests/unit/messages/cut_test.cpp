#include <gtest/gtest.h>

#include "messages/crypto/merkle.hpp"
#include "messages/wire/consensus.hpp"

using namespace rondo;

namespace {

CutEntry entry(std::uint32_t lane, std::uint64_t height) { return {LaneId(lane), LaneHeight(height), {}}; }

}  // namespace

TEST(Cut, AdvancesByReplacingAndInsertingInOrder) {
    const Cut base{{entry(1, 5), entry(3, 7), entry(9, 1)}};
    const Cut next = advance(base, {entry(0, 1), entry(3, 8), entry(4, 2), entry(12, 6)});
    EXPECT_EQ(next.tips, (std::vector{entry(0, 1), entry(1, 5), entry(3, 8), entry(4, 2), entry(9, 1), entry(12, 6)}));
    EXPECT_EQ(advance(base, {}), base);
    EXPECT_EQ(advance(Cut{}, base.tips), base);
    EXPECT_NE(root_of(next), root_of(base));
}

TEST(Cut, FindsALaneOrNothing) {
    const Cut cut{{entry(1, 5), entry(3, 7)}};
    ASSERT_NE(cut.find(LaneId(3)), nullptr);
    EXPECT_EQ(cut.find(LaneId(3))->height, LaneHeight(7));
    EXPECT_EQ(cut.find(LaneId(2)), nullptr);
    EXPECT_EQ(cut.find(LaneId(4)), nullptr);
    EXPECT_EQ(Cut{}.find(LaneId(1)), nullptr);
}

TEST(Payload, ItsRootCoversSendersBytesAndOrder) {
    LaneTransaction a, b;
    a.raw = {1};
    b.raw = {2};
    const Digest root = payload_root({{a, b}});
    EXPECT_NE(payload_root({{b, a}}), root);
    LaneTransaction other = a;
    other.sender.bytes[0] = 1;
    EXPECT_NE(payload_root({{other, b}}), root);
    const auto leaves = payload_leaves({{a, b}});
    EXPECT_TRUE(crypto::merkle_verify(root, 2, 1, payload_leaf(b), crypto::merkle_path(leaves, 1)));
}

TEST(Digests, CoverEverythingButTheSignature) {
    BatchHeader header;
    const Digest before = digest_of(header);
    header.signature.bytes[0] = 1;
    EXPECT_EQ(digest_of(header), before);
    header.created_ms = 1;
    EXPECT_NE(digest_of(header), before);
    Proposal proposal;
    const Digest block = digest_of(proposal);
    proposal.signature.bytes[0] = 1;
    EXPECT_EQ(digest_of(proposal), block);
    proposal.vrf_proof = Bytes{};
    EXPECT_NE(digest_of(proposal), block);
}

TEST(SigningBytes, SeparateNetworksEpochsAndKinds) {
    const Bytes body{1, 2, 3};
    const Bytes base = signing_bytes(Digest{}, Epoch(1), Kind::ack, body);
    Digest other;
    other.bytes[31] = 1;
    EXPECT_NE(signing_bytes(other, Epoch(1), Kind::ack, body), base);
    EXPECT_NE(signing_bytes(Digest{}, Epoch(2), Kind::ack, body), base);
    EXPECT_NE(signing_bytes(Digest{}, Epoch(1), Kind::receipt, body), base);
    EXPECT_TRUE(as_text(base).starts_with("rondo/1"));
    EXPECT_EQ(base.size(), 7U + 32 + 8 + 1 + 3);
}
