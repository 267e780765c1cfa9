#include "poster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "actors/da/core/posting_line.hpp"
#include "actors/da/frame/limits.hpp"
#include "actors/da/verify/verify_store.hpp"

namespace rondo::testing {
namespace {

using da::posting_line;

/// What lies on the layer, checked: no gap, nothing twice, and the chain rebuilds from it.
struct Layer {
    std::vector<Posting> postings;
    Height height;
};
Layer read_layer(const std::filesystem::path& folder, const ChainMaker& chain) {
    da::LocalStore store(folder, da::LocalStore::Access::read_only);
    Layer out;
    out.postings = store.list(Height(1)).value();
    da::LayerPosition at;
    for (const Posting& p : out.postings) {
        EXPECT_TRUE(da::continues(at, p.first, p.last, p.part, p.parts)) << "at block " << p.first.value;
        at = da::after(p);
    }
    const auto on_block = [&](const da::ChainBlock& block) -> tl::expected<std::vector<EpochContext>, std::string> {
        const auto& made = chain.blocks().at(block.block.height.value - 1);
        EXPECT_EQ(block.digest, digest_of(made.block.block));
        EXPECT_EQ(block.batches.size(), made.batches.size());
        return made.executed.contexts;
    };
    const auto summary = da::verify_store(folder, chain.genesis(), on_block);
    EXPECT_TRUE(summary.has_value()) << (summary ? "" : summary.error().reason);
    if (summary) out.height = summary->height;
    return out;
}

OperatorNumber first_poster(const ChainMaker& chain, Height first) { return posting_line(chain.context(), first).front(); }

class DaPosting : public ::testing::Test {
  protected:
    ScratchFolder folder;
    ChainMaker chain;
    std::filesystem::path layer() const { return folder.path() / "layer"; }
};

TEST_F(DaPosting, BringsEveryFinalBlockToTheLayerOnceInOrder) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    for (std::size_t i = 0; i < 20; ++i) {
        node.feed(chain.add({1, 0, i % 3, 0}, 100));
        node.run(300);
    }
    node.run(10'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(20));
    EXPECT_EQ(node.number("posted_height"), 20U);
    EXPECT_EQ(node.number("debt_blocks"), 0U);
}

TEST_F(DaPosting, DeletesPayloadsAndBlocksOnlyAfterTheyAreOnTheLayer) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({2, 1}, 50));
    ASSERT_TRUE(node.run_to_submission());
    EXPECT_EQ(node.store.rows(3), 3U);
    EXPECT_GT(node.number("debt_bytes"), 0U);
    node.run(1000);
    EXPECT_EQ(node.store.rows(1), 0U);
    EXPECT_EQ(node.store.rows(2), 0U);
    EXPECT_EQ(node.store.rows(3), 0U);
    EXPECT_EQ(node.store.rows(6), 0U) << "the journalled bytes";
    EXPECT_EQ(node.number("debt_bytes"), 0U);
}

TEST_F(DaPosting, SaysIntendedPostedConfirmed) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({1}, 10));
    node.run(5000);
    ASSERT_EQ(node.published(PostingStage::intended).size(), 1U);
    ASSERT_EQ(node.published(PostingStage::posted).size(), 1U);
    ASSERT_EQ(node.published(PostingStage::confirmed).size(), 1U);
    EXPECT_EQ(node.published(PostingStage::confirmed)[0].pointer, node.published(PostingStage::posted)[0].pointer);
}

TEST_F(DaPosting, WaitsForTheBatchesAndTheResult) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    const auto& made = chain.add({1, 1}, 10);
    node.input(ChainMaker::stream(made.block));
    node.input(ChainMaker::stream(made.batches[0]));
    node.run(10'000);
    EXPECT_TRUE(node.published(PostingStage::intended).empty());
    node.input(ChainMaker::stream(made.batches[1]));
    node.run(10'000);
    EXPECT_TRUE(node.published(PostingStage::intended).empty());
    node.input(ChainMaker::stream(made.executed));
    node.run(10'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(1));
}

// ------------------------------------------------------------------------------------------------ crashes

TEST_F(DaPosting, ResubmitsTheSameBytesAfterACrashBetweenIntentAndSubmission) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({1}, 10));
    ASSERT_TRUE(node.run_to_submission());
    const Bytes before = node.submission().blob;
    node.crash();
    node.feed(chain.add({1}, 10));  // there would be more to post now
    ASSERT_TRUE(node.run_to_submission());
    EXPECT_EQ(node.submission().blob, before);
    node.run(10'000);
    const Layer on_layer = read_layer(layer(), chain);
    EXPECT_EQ(on_layer.height, Height(2));
    EXPECT_EQ(on_layer.postings.size(), 2U);
}

TEST_F(DaPosting, PostsNothingTwiceAfterACrashBetweenTheLayerAndTheRecord) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({1}, 10));
    ASSERT_TRUE(node.run_to_submission());
    node.answer(true);  // stored, and the answer is lost
    node.crash();
    node.run(10'000);
    EXPECT_EQ(read_layer(layer(), chain).postings.size(), 1U);
    EXPECT_EQ(node.number("posted_height"), 1U);
    EXPECT_EQ(node.published(PostingStage::confirmed).size(), 1U);
}

TEST_F(DaPosting, ConfirmsAfterACrashBetweenPostedAndConfirmed) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({1}, 10));
    ASSERT_TRUE(node.run_to_submission());
    node.answer();
    ASSERT_EQ(node.published(PostingStage::posted).size(), 1U);
    node.crash();
    node.run(10'000);
    EXPECT_EQ(read_layer(layer(), chain).postings.size(), 1U);
    EXPECT_EQ(node.published(PostingStage::posted).size(), 1U);
    EXPECT_EQ(node.published(PostingStage::confirmed).size(), 1U);
}

TEST_F(DaPosting, SurvivesACrashAfterEveryAnswer) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    for (std::size_t i = 0; i < 12; ++i) {
        node.feed(chain.add({i % 2, 1}, 200));
        ASSERT_TRUE(node.run_to_submission());
        node.crash();
        ASSERT_TRUE(node.run_to_submission());
        node.answer(i % 3 == 0);
        node.crash();
        node.answer();
        node.crash();
        node.run(500);
    }
    node.run(20'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(12));
    EXPECT_EQ(node.number("debt_bytes"), 0U);
}

TEST_F(DaPosting, KeepsTryingWhileTheLayerRefusesAndShowsTheDebt) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    int refusals = 0;
    node.layer().inject([&](const DaSubmit&) {
        return da::LocalFault{++refusals < 5 ? da::LocalFault::Kind::refuse : da::LocalFault::Kind::none};
    });
    node.feed(chain.add({1}, 10));
    node.run(2000);
    EXPECT_EQ(node.number("debt_blocks"), 1U);
    EXPECT_GT(node.number("debt_bytes"), 0U);
    EXPECT_GT(node.number("debt_age_ms"), 0U);
    node.run(60'000);
    EXPECT_EQ(refusals, 5);
    EXPECT_EQ(read_layer(layer(), chain).postings.size(), 1U);
}

TEST_F(DaPosting, SurvivesAnswersThatAreLostWhileItLives) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    int n = 0;
    node.layer().inject([&](const DaSubmit&) {
        return da::LocalFault{++n % 2 == 1 ? da::LocalFault::Kind::lost_reply : da::LocalFault::Kind::none};
    });
    for (int i = 0; i < 5; ++i) {
        node.feed(chain.add({1}, 10));
        node.run(1500);
    }
    node.run(30'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(5));
    EXPECT_EQ(node.number("own_postings"), node.published(PostingStage::confirmed).size());
}

TEST_F(DaPosting, SurvivesATornWrite) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    std::size_t n = 0;
    node.layer().inject([&](const DaSubmit&) {
        ++n;
        return n % 3 == 0 ? da::LocalFault{} : da::LocalFault{da::LocalFault::Kind::torn, n * 37, 0};
    });
    for (int i = 0; i < 4; ++i) {
        node.feed(chain.add({1}, 100));
        node.run(1500);
    }
    node.run(60'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(4));
}

TEST_F(DaPosting, GoesOnWhenAnAskIsNeverAnswered) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({1}, 10));
    ASSERT_TRUE(node.run_to_submission());
    node.expire();
    node.run(20'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(1));
}

TEST_F(DaPosting, PostsTheSameBytesAgainWhenTheLayerLostThem) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    node.feed(chain.add({1}, 10));
    ASSERT_TRUE(node.run_to_submission());
    const Bytes before = node.submission().blob;
    const Ask ask = node.asks().front();
    node.asks().clear();
    node.input(Answer{ask.id, encode(BackendReply{DaSubmitted{true, Bytes(16, 0), {}}})});  // taken, and never seen again
    ASSERT_EQ(node.published(PostingStage::posted).size(), 1U);
    ASSERT_TRUE(node.run_to_submission());
    EXPECT_EQ(node.submission().blob, before);
    node.run(20'000);
    EXPECT_EQ(read_layer(layer(), chain).postings.size(), 1U);
    EXPECT_EQ(node.number("posted_height"), 1U);
}

TEST_F(DaPosting, BelievesNoListingOfARangeThatNoFrameCanFill) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    Posting endless;
    endless.first = Height(1);
    endless.last = Height(std::numeric_limits<std::uint64_t>::max());
    const Ask listing = node.asks().front();
    node.asks().clear();
    node.input(Answer{listing.id, encode(BackendReply{DaListed{{endless}}})});
    EXPECT_TRUE(node.published(PostingStage::confirmed).empty());
    node.crash();
    node.feed(chain.add({1}, 10));
    node.run(20'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(1)) << "and goes on with what is right";
}

// ------------------------------------------------------------------------------------------------ several nodes

TEST_F(DaPosting, LeavesTheRangeToItsPosterAndLearnsIt) {
    const auto line = posting_line(chain.context(), Height(1));
    Poster first(chain.genesis(), line[0], layer());
    Poster second(chain.genesis(), line[1], layer());
    const auto& made = chain.add({1}, 10);
    first.feed(made);
    second.feed(made);
    first.run(1600);
    second.run(1600);
    EXPECT_EQ(second.published(PostingStage::intended).size(), 0U);
    EXPECT_EQ(second.number("posted_height"), 1U);
    ASSERT_EQ(second.published(PostingStage::confirmed).size(), 1U);
    EXPECT_EQ(second.published(PostingStage::confirmed)[0].poster, line[0]);
    EXPECT_EQ(second.store.rows(3), 0U) << "what another posted is deleted here too";
}

TEST_F(DaPosting, AnotherStepsInAfterOneTurnOfSilenceForEachAheadOfIt) {
    const auto line = posting_line(chain.context(), Height(1));
    const std::uint64_t turn = chain.genesis().parameters.posting_turn_ms;
    Poster third(chain.genesis(), line[2], layer());
    third.feed(chain.add({1}, 10));
    third.run(1000 + 2 * turn - 1);  // closed by age after 1 s
    EXPECT_TRUE(third.published(PostingStage::intended).empty());
    third.run(10);
    EXPECT_EQ(third.published(PostingStage::intended).size(), 1U);
    third.run(1000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(1));
}

TEST_F(DaPosting, OfTwoThatRaceOneWinsAndTheOtherDropsItsIntent) {
    const auto line = posting_line(chain.context(), Height(1));
    Poster a(chain.genesis(), line[0], layer());
    Poster b(chain.genesis(), line[1], layer());
    a.feed(chain.add({1}, 10));
    b.feed(chain.blocks()[0]);
    ASSERT_TRUE(a.run_to_submission());
    ASSERT_TRUE(b.run_to_submission());
    a.feed(chain.add({1}, 10));
    b.feed(chain.blocks()[1]);
    EXPECT_EQ(b.published(PostingStage::intended).size(), 1U);
    b.answer();
    a.run(1);
    b.run(1);
    EXPECT_EQ(a.number("posted_height"), 1U);
    EXPECT_EQ(a.number("own_postings"), 0U);
    EXPECT_EQ(b.number("own_postings"), 1U);
    a.run(10'000);
    b.run(10'000);
    const Layer on_layer = read_layer(layer(), chain);
    EXPECT_EQ(on_layer.height, Height(2));
    EXPECT_EQ(on_layer.postings.size(), 2U);
    EXPECT_EQ(a.number("posted_height"), 2U);
    EXPECT_EQ(b.number("posted_height"), 2U);
}

TEST_F(DaPosting, AStalePosterThatWakesUpIsFencedOff) {
    const auto line = posting_line(chain.context(), Height(1));
    Poster stale(chain.genesis(), line[0], layer());
    Poster other(chain.genesis(), line[1], layer());
    stale.feed(chain.add({1}, 10));
    other.feed(chain.blocks()[0]);
    ASSERT_TRUE(stale.run_to_submission());
    // It sleeps; the other posts its range and two more.
    other.run(10'000);
    for (int i = 0; i < 2; ++i) {
        other.feed(chain.add({1}, 10));
        other.run(10'000);
    }
    stale.feed(chain.blocks()[1]);
    stale.feed(chain.blocks()[2]);
    stale.run(10'000);
    EXPECT_EQ(stale.number("posted_height"), 3U);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(3));
}

TEST_F(DaPosting, ALateNodeThatKnowsLessThanTheLayerPostsNothingOld) {
    const auto line = posting_line(chain.context(), Height(1));
    Poster ahead(chain.genesis(), line[0], layer());
    for (int i = 0; i < 6; ++i) ahead.feed(chain.add({1, 1}, 30));
    ahead.run(10'000);
    Poster late(chain.genesis(), line[1], layer());
    late.run(1000);
    EXPECT_EQ(late.number("posted_height"), 6U);
    for (int i = 0; i < 6; ++i) late.feed(chain.blocks()[static_cast<std::size_t>(i)]);
    late.run(20'000);
    EXPECT_TRUE(late.published(PostingStage::intended).empty());
    EXPECT_EQ(late.store.rows(1), 0U);
    EXPECT_EQ(late.store.rows(3), 0U);
    late.feed(chain.add({1, 1}, 30));
    late.run(20'000);
    EXPECT_EQ(read_layer(layer(), chain).height, Height(7));
}

TEST_F(DaPosting, KeepsNoBatchThatArrivesAfterItsBlockWasPostedByAnother) {
    const auto line = posting_line(chain.context(), Height(1));
    Poster ahead(chain.genesis(), line[0], layer());
    const auto& made = chain.add({1, 1}, 30);
    ahead.feed(made);
    ahead.run(10'000);
    Poster late(chain.genesis(), line[1], layer());
    late.run(1000);
    late.input(ChainMaker::stream(made.block));
    for (const BatchRecord& batch : made.batches) late.input(ChainMaker::stream(batch));
    EXPECT_EQ(late.store.rows(3), 0U);
    EXPECT_EQ(late.number("debt_bytes"), 0U);
}

TEST_F(DaPosting, FourNodesThatCrashAtRandomLeaveOneWholeChain) {
    std::vector<std::unique_ptr<Poster>> nodes;
    for (std::uint32_t n = 1; n <= 4; ++n) nodes.push_back(std::make_unique<Poster>(chain.genesis(), OperatorNumber(n), layer()));
    std::uint64_t random = 12345;
    const auto draw = [&](std::uint64_t below) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        return (random >> 33) % below;
    };
    for (int round = 0; round < 150; ++round) {
        const auto& made = chain.add({draw(2), draw(3), 0, draw(2)}, draw(300));
        for (auto& node : nodes) node->feed(made);
        for (auto& node : nodes) {
            switch (draw(6)) {
                case 0:
                    node->crash();
                    break;
                case 1:
                    if (node->run_to_submission(400)) node->answer(true);
                    node->crash();
                    break;
                case 2:
                    break;  // stands still
                default:
                    node->run(400);
            }
        }
    }
    for (int i = 0; i < 10; ++i)
        for (auto& node : nodes) node->run(5'000);
    const Layer on_layer = read_layer(layer(), chain);
    EXPECT_EQ(on_layer.height, Height(150));
    for (auto& node : nodes) {
        EXPECT_EQ(node->number("posted_height"), 150U);
        EXPECT_EQ(node->number("debt_bytes"), 0U);
        EXPECT_EQ(node->store.rows(3), 0U);
        EXPECT_EQ(node->published(PostingStage::confirmed).size(), on_layer.postings.size());
    }
}

// ------------------------------------------------------------------------------------------------ sizes and epochs

TEST_F(DaPosting, ClosesARangeByBytesWithoutWaitingForItsAge) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    for (int i = 0; i < 6; ++i) node.feed(chain.add({10}, 100 * 1000));
    node.run(5);
    const auto intended = node.published(PostingStage::intended);
    ASSERT_EQ(intended.size(), 1U);
    EXPECT_EQ(intended[0].last, Height(4));
    EXPECT_LE(intended[0].bytes, da::range_bytes_target);
}

TEST_F(DaPosting, CutsABlockThatIsTooLargeForOneBlobIntoParts) {
    const auto line = posting_line(chain.context(), Height(1));
    Poster a(chain.genesis(), line[0], layer());
    Poster b(chain.genesis(), line[1], layer());
    a.feed(chain.add({0, 60, 50}, 100 * 1000));
    b.feed(chain.blocks()[0]);
    a.feed(chain.add({1}, 10));
    b.feed(chain.blocks()[1]);
    ASSERT_TRUE(a.run_to_submission());
    EXPECT_EQ(a.submission().parts, 3U);
    a.answer();
    // It dies after the first part; another goes on where it stopped.
    b.run(20'000);
    const Layer on_layer = read_layer(layer(), chain);
    EXPECT_EQ(on_layer.height, Height(2));
    ASSERT_EQ(on_layer.postings.size(), 4U);
    EXPECT_EQ(on_layer.postings[0].poster, line[0]);
    EXPECT_EQ(on_layer.postings[1].poster, line[1]);
    EXPECT_EQ(b.published(PostingStage::confirmed).size(), 2U) << "a part alone confirms nothing";
    a.crash();
    a.run(20'000);
    EXPECT_EQ(a.number("posted_height"), 2U);
    EXPECT_EQ(a.number("debt_bytes"), 0U);
}

TEST(DaEpochs, PostsAcrossEpochsWithTheContextsThatResultsBring) {
    ScratchFolder folder;
    Parameters parameters;
    parameters.epoch_blocks = 4;
    ChainMaker chain(4, parameters);
    Poster node(chain.genesis(), OperatorNumber(2), folder.path() / "layer");
    for (int i = 0; i < 30; ++i) {
        node.feed(chain.add({1, 1}, 20));
        node.run(700);
        if (i % 7 == 0) node.crash();
    }
    node.run(30'000);
    EXPECT_EQ(read_layer(folder.path() / "layer", chain).height, Height(30));
}

TEST(DaPostingLine, IsTheSameOnEveryNodeAndTurns) {
    ChainMaker chain;
    std::map<OperatorNumber, int> first;
    for (std::uint64_t term = 0; term < 400; ++term) {
        const auto line = posting_line(chain.context(), Height(1 + term * da::posting_term_blocks));
        EXPECT_EQ(std::set<OperatorNumber>(line.begin(), line.end()).size(), 4U);
        ++first[line.front()];
    }
    for (const auto& [number, turns] : first) EXPECT_GT(turns, 60) << number.value;
    EXPECT_EQ(first.size(), 4U);
}

TEST(DaPostingLine, PutsTheJailedLast) {
    ChainMaker chain;
    EpochContext context = chain.context();
    context.operators[1].leads = false;
    for (std::uint64_t h = 1; h < 5000; h += 64) EXPECT_EQ(posting_line(context, Height(h)).back(), OperatorNumber(2));
}

TEST_F(DaPosting, AnswersWhatCoversAHeight) {
    Poster node(chain.genesis(), first_poster(chain, Height(1)), layer());
    for (int i = 0; i < 9; ++i) {
        node.feed(chain.add({1}, 10));
        if (i % 3 == 2) node.run(5000);
    }
    node.input(Request{7, encode(DaRequest{GetPostings{Height(5)}})});
    const auto reply = decode<DaReply>(node.replies.at(0).payload);
    const auto& postings = std::get<PostingsReply>(*reply);
    EXPECT_EQ(postings.posted, Height(9));
    ASSERT_EQ(postings.postings.size(), 2U);
    EXPECT_EQ(postings.postings[0].first, Height(4));
    node.input(Request{8, Bytes{0xc1}});
    EXPECT_TRUE(std::holds_alternative<RequestError>(*decode<DaReply>(node.replies.at(1).payload)));
}

}  // namespace
}  // namespace rondo::testing
