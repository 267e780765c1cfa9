#include <gtest/gtest.h>

#include "actors/da/verify/verify_store.hpp"
#include "poster.hpp"

namespace rondo::testing {
namespace {

using da::ChainBlock;
using da::ChainReader;
using da::Frame;

using ContextOrReason = tl::expected<std::vector<EpochContext>, std::string>;

ContextOrReason nothing_new(const ChainBlock&) { return std::vector<EpochContext>{}; }

Frame frame_of(const ChainMaker::Made& made, const Digest& genesis) {
    Frame frame;
    frame.genesis = genesis;
    frame.first = frame.last = made.block.block.height;
    da::FrameBlock& out = frame.blocks.emplace_back();
    out.block = made.block.block;
    for (const BatchRecord& b : made.batches) out.batches.push_back({b.header, b.payload});
    frame.finality = made.block.finalization;
    return frame;
}

/// Feeds three good blocks, the third spoilt by `spoil`, and says what the reader objects to.
std::string objection(const std::function<void(Frame&, ChainMaker&)>& spoil) {
    ChainMaker chain;
    ChainReader reader(chain.genesis(), nothing_new);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(reader.accept(frame_of(chain.add({1, 1}, 30), chain.genesis_digest())).has_value());
    Frame frame = frame_of(chain.add({2, 1}, 30), chain.genesis_digest());
    spoil(frame, chain);
    const auto accepted = reader.accept(std::move(frame));
    if (accepted) return "";
    EXPECT_EQ(accepted.error().height, Height(3));
    EXPECT_EQ(reader.height(), Height(2));
    return accepted.error().reason;
}

void sign_again(Frame& f, ChainMaker& chain) { chain.sign(*f.blocks[0].block, f.blocks[0].block->leader); }

TEST(DaVerify, AcceptsTheChainAndProvesItFinal) {
    ChainMaker chain;
    ChainReader reader(chain.genesis(), nothing_new);
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(reader.accept(frame_of(chain.add({1, 2}, 30, i != 4), chain.genesis_digest())).has_value());
    EXPECT_EQ(reader.height(), Height(5));
    EXPECT_EQ(reader.proven(), Height(4));
    EXPECT_EQ(reader.digest(), digest_of(chain.blocks().back().block.block));
}

TEST(DaVerify, ObjectsToEverySpoiltPart) {
    EXPECT_EQ(objection([](Frame&, ChainMaker&) {}), "");
    EXPECT_EQ(objection([](Frame& f, ChainMaker&) { f.genesis.bytes[0] ^= 1; }), "the frame belongs to another network");
    EXPECT_EQ(objection([](Frame& f, ChainMaker& c) {
                  f.blocks[0].block->parent_digest.bytes[3] ^= 1;
                  sign_again(f, c);
              }),
              "the parent digest is not that of the block before");
    EXPECT_EQ(objection([](Frame& f, ChainMaker& c) {
                  f.blocks[0].block->timestamp_ms = 5;
                  sign_again(f, c);
              }),
              "the time is below the parent's");
    EXPECT_EQ(objection([](Frame& f, ChainMaker& c) {
                  f.blocks[0].block->epoch = Epoch(2);
                  sign_again(f, c);
              }),
              "the epoch does not go on from the block before");
    EXPECT_EQ(objection([](Frame& f, ChainMaker& c) {
                  f.blocks[0].block->view = View(2);
                  sign_again(f, c);
              }),
              "the view does not follow the parent's");
    EXPECT_EQ(objection([](Frame& f, ChainMaker& c) {
                  f.blocks[0].block->leader = SignerIndex(2);
                  sign_again(f, c);
              }),
              "another leads this view");
    EXPECT_EQ(objection([](Frame& f, ChainMaker&) { f.blocks[0].block->signature.bytes[0] ^= 1; }),
              "the leader's signature is wrong");
    EXPECT_EQ(objection([](Frame& f, ChainMaker& c) {
                  f.blocks[0].block->cut_root.bytes[0] ^= 1;
                  sign_again(f, c);
              }),
              "the cut root does not match");
}

TEST(DaVerify, ObjectsToEverySpoiltBatch) {
    const auto has = [](const std::string& reason, std::string_view words) { return reason.find(words) != std::string::npos; };
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker&) { f.blocks[0].batches.pop_back(); }), "a batch is missing"));
    EXPECT_TRUE(
        has(objection([](Frame& f, ChainMaker&) { f.blocks[0].batches.push_back(f.blocks[0].batches[0]); }), "no cut names"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker&) { std::swap(f.blocks[0].batches[0], f.blocks[0].batches[1]); }),
                    "another batch"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker&) { f.blocks[0].batches[0].payload.pop_back(); }), "another size"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker&) { f.blocks[0].batches[0].payload[60] ^= 1; }), "payload"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker&) { f.blocks[0].batches[0].header.signature.bytes[1] ^= 1; }),
                    "header's signature"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker& c) {
                        auto& header = f.blocks[0].batches[0].header;
                        header.parent_digest.bytes[0] ^= 1;
                        c.sign(header, SignerIndex(0));
                    }),
                    "does not chain"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker& c) {
                        // Well signed by its owner, but not what the cut names.
                        auto& header = f.blocks[0].batches[1].header;
                        header.created_ms = 99;
                        c.sign(header, SignerIndex(0));
                    }),
                    "not the one the cut names"));
    EXPECT_TRUE(has(objection([](Frame& f, ChainMaker& c) {
                        auto& batch = f.blocks[0].batches[0];
                        Payload payload = *decode<Payload>(batch.payload);
                        payload.transactions[0].sender.bytes[0] ^= 1;
                        batch.payload = encode(payload);
                        batch.header.payload_hash = payload_root(payload);
                        c.sign(batch.header, SignerIndex(0));
                    }),
                    "a sender is not the signer"));
}

TEST(DaVerify, ObjectsToACertificateThatProvesNothing) {
    const auto reason = [](const std::function<void(Certificate&)>& spoil) -> std::string {
        ChainMaker chain;
        ChainReader reader(chain.genesis(), nothing_new);
        Frame frame = frame_of(chain.add({1}, 30), chain.genesis_digest());
        spoil(*frame.finality);
        const auto accepted = reader.accept(std::move(frame));
        EXPECT_EQ(reader.proven(), Height(0));
        return accepted ? "" : accepted.error().reason;
    };
    EXPECT_EQ(reason([](Certificate& c) {
                  c.signers.pop_back();
                  c.signatures.pop_back();
              }),
              "the certificate has no quorum");
    EXPECT_EQ(reason([](Certificate& c) { c.signers[1] = c.signers[0]; }), "the certificate's signers are malformed");
    EXPECT_EQ(reason([](Certificate& c) { c.signatures[0].bytes[9] ^= 1; }), "a signature of the certificate is wrong");
    EXPECT_EQ(reason([](Certificate& c) { c.vote = VoteKind::notarize; }), "the certificate is not a finalization of this epoch");
    EXPECT_EQ(reason([](Certificate& c) { c.digest.bytes[0] ^= 1; }), "the certificate proves a block that is not in its frame");
}

TEST(DaVerify, StopsWhereTheCallerObjects) {
    ChainMaker chain;
    ChainReader reader(chain.genesis(), [](const ChainBlock& b) -> ContextOrReason {
        if (b.block.height == Height(2)) return tl::unexpected(std::string("another state root"));
        return std::vector<EpochContext>{};
    });
    EXPECT_TRUE(reader.accept(frame_of(chain.add({1}), chain.genesis_digest())).has_value());
    const auto second = reader.accept(frame_of(chain.add({1}), chain.genesis_digest()));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().reason, "another state root");
    EXPECT_EQ(second.error().height, Height(2));
}

TEST(DaVerify, WalksTheSetsByTheContextsThatExecutionYields) {
    Parameters parameters;
    parameters.epoch_blocks = 3;
    ChainMaker chain(4, parameters);
    std::map<Height, std::vector<EpochContext>> yielded;
    ChainReader reader(chain.genesis(), [&](const ChainBlock& b) -> ContextOrReason {
        const auto it = yielded.find(b.block.height);
        return it == yielded.end() ? std::vector<EpochContext>{} : it->second;
    });
    for (int i = 0; i < 20; ++i) {
        const auto& made = chain.add({1});
        if (!made.executed.contexts.empty()) yielded.emplace(made.block.block.height, made.executed.contexts);
        ASSERT_TRUE(reader.accept(frame_of(made, chain.genesis_digest())).has_value()) << i;
    }
    EXPECT_EQ(reader.proven(), Height(20));
}

TEST(DaVerify, RefusesASetThatTheBoundaryBlockDidNotName) {
    Parameters parameters;
    parameters.epoch_blocks = 3;
    ChainMaker chain(4, parameters);
    ChainReader reader(chain.genesis(), [&](const ChainBlock& b) -> ContextOrReason {
        const auto& made = chain.blocks().at(b.block.height.value - 1);
        auto contexts = made.executed.contexts;
        for (EpochContext& context : contexts) context.operators[0].stake = Stake(1);
        return contexts;
    });
    std::string reason;
    for (int i = 0; i < 7 && reason.empty(); ++i) {
        const auto accepted = reader.accept(frame_of(chain.add({1}), chain.genesis_digest()));
        if (!accepted) reason = accepted.error().reason;
    }
    EXPECT_EQ(reason, "the boundary block named another set for this epoch");
    EXPECT_EQ(reader.height(), Height(6));
}

TEST(DaVerify, NeedsNothingButTheFolderAndTheGenesis) {
    ScratchFolder folder;
    ChainMaker chain;
    Poster node(chain.genesis(), OperatorNumber(1), folder.path() / "layer");
    for (int i = 0; i < 10; ++i) node.feed(chain.add({1, 1}, 50));
    node.run(60'000);
    const auto summary =
        da::verify_store(folder.path() / "layer", chain.genesis(), nothing_new, {.check_senders = true, .threads = 2});
    ASSERT_TRUE(summary.has_value()) << summary.error().reason;
    EXPECT_EQ(summary->height, Height(10));
    EXPECT_EQ(summary->proven, Height(10));
    const auto other = da::verify_store(folder.path() / "layer", ChainMaker(7).genesis(), nothing_new);
    EXPECT_FALSE(other.has_value());
    EXPECT_FALSE(da::verify_store(folder.path() / "none", chain.genesis(), nothing_new).has_value());
}

TEST(DaVerify, StopsAtTheHeightItIsAskedFor) {
    ScratchFolder folder;
    ChainMaker chain;
    Poster node(chain.genesis(), OperatorNumber(1), folder.path() / "layer");
    for (int i = 0; i < 6; ++i) {
        node.feed(chain.add({1}, 50));
        node.run(20'000);
    }
    const auto summary = da::verify_store(folder.path() / "layer", chain.genesis(), nothing_new, {}, Height(3));
    ASSERT_TRUE(summary.has_value());
    EXPECT_EQ(summary->height, Height(3));
}

}  // namespace
}  // namespace rondo::testing
