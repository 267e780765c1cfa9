#include "actors/da/local/local_store.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <limits>

#include "actors/da/frame/limits.hpp"
#include "messages/crypto/hash.hpp"
#include "poster.hpp"

namespace rondo::testing {
namespace {

using da::LocalFault;
using da::LocalStore;

DaSubmit range(std::uint64_t first, std::uint64_t last, std::size_t bytes = 100, std::uint32_t poster = 1) {
    return {Height(first), Height(last), OperatorNumber(poster), Bytes(bytes, static_cast<std::uint8_t>(first)), 0, 1};
}

class LocalLayer : public ::testing::Test {
  protected:
    ScratchFolder scratch;
    std::filesystem::path folder = scratch.path() / "layer";
    std::filesystem::path segment(int n = 0) const { return folder / ("segment-0000000" + std::to_string(n) + ".rls"); }
    void fill(LocalStore& store, std::uint64_t from, std::uint64_t to, std::size_t bytes = 100) {
        for (std::uint64_t h = from; h <= to; ++h) ASSERT_TRUE(store.submit(range(h, h, bytes)).value().stored);
    }
    void flip(const std::filesystem::path& path, std::uintmax_t offset) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(offset));
        const char c = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(offset));
        file.put(c);
    }
};

TEST_F(LocalLayer, GivesBackWhatItTook) {
    LocalStore store(folder);
    const auto submitted = store.submit(range(1, 5)).value();
    ASSERT_TRUE(submitted.stored);
    EXPECT_EQ(store.fetch(submitted.pointer).value(), range(1, 5).blob);
    const auto listed = store.list(Height(1)).value();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].pointer, submitted.pointer);
    EXPECT_EQ(listed[0].commitment, crypto::blake2b(range(1, 5).blob));
    EXPECT_EQ(listed[0].stage, PostingStage::confirmed);
}

TEST_F(LocalLayer, TakesOnlyWhatContinuesExactly) {
    LocalStore store(folder);
    EXPECT_FALSE(store.submit(range(2, 3)).value().stored);
    EXPECT_TRUE(store.submit(range(1, 3)).value().stored);
    EXPECT_FALSE(store.submit(range(3, 4)).value().stored);
    EXPECT_FALSE(store.submit(range(5, 6)).value().stored);
    EXPECT_FALSE(store.submit(range(4, 3)).value().stored);
    EXPECT_TRUE(store.submit(range(4, 4)).value().stored);
}

TEST_F(LocalLayer, AnswersTheVerySameSubmissionAsStoredAndStoresItOnce) {
    LocalStore store(folder);
    const auto first = store.submit(range(1, 3)).value();
    EXPECT_EQ(store.submit(range(1, 3)).value().pointer, first.pointer);
    EXPECT_FALSE(store.submit(range(1, 3, 100, 2)).value().stored) << "another's";
    EXPECT_FALSE(store.submit(range(1, 3, 101)).value().stored) << "other bytes";
    EXPECT_EQ(store.list(Height(1)).value().size(), 1U);
}

TEST_F(LocalLayer, TwoWritersSeeEachOther) {
    LocalStore a(folder);
    LocalStore b(folder);
    for (std::uint64_t h = 1; h <= 40; h += 2) {
        EXPECT_TRUE(a.submit(range(h, h)).value().stored);
        EXPECT_FALSE(b.submit(range(h, h, 7, 2)).value().stored);
        EXPECT_TRUE(b.submit(range(h + 1, h + 1, 50, 2)).value().stored);
    }
    EXPECT_EQ(a.list(Height(1)).value(), b.list(Height(1)).value());
    EXPECT_EQ(a.list(Height(1)).value().size(), 40U);
}

TEST_F(LocalLayer, ProcessesThatRaceLeaveOneWholeChain) {
    constexpr std::uint64_t heights = 60;
    std::vector<pid_t> children;
    for (std::uint32_t poster = 1; poster <= 4; ++poster) {
        const pid_t child = ::fork();
        if (child == 0) {
            LocalStore store(folder);
            for (std::uint64_t h = 1; h <= heights;) {
                const auto submitted = store.submit(range(h, h, 1000 * poster, poster));
                if (!submitted) ::_exit(1);
                const auto listed = store.list(Height(h));
                if (!listed || listed->empty()) ::_exit(2);
                h = listed->back().last.value + 1;
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    LocalStore store(folder, LocalStore::Access::read_only);
    const auto listed = store.list(Height(1)).value();
    ASSERT_EQ(listed.size(), heights);
    for (std::uint64_t h = 1; h <= heights; ++h) {
        EXPECT_EQ(listed[h - 1].first, Height(h));
        EXPECT_EQ(store.fetch(listed[h - 1].pointer).value().size(), 1000U * listed[h - 1].poster.value);
    }
}

TEST_F(LocalLayer, CutsOffAnAppendThatWasTornAnywhere) {
    const std::size_t whole = da::encode_record(Posting{}, range(3, 3).blob).size();
    for (std::size_t torn = 0; torn < whole; torn += 11) {
        std::filesystem::remove_all(folder);
        {
            LocalStore store(folder);
            fill(store, 1, 2);
            store.inject([&](const DaSubmit&) { return LocalFault{LocalFault::Kind::torn, torn, 0}; });
            EXPECT_FALSE(store.submit(range(3, 3)).has_value());
        }
        LocalStore reader(folder, LocalStore::Access::read_only);
        EXPECT_EQ(reader.list(Height(1)).value().size(), 2U) << "torn after " << torn;
        LocalStore writer(folder);
        EXPECT_TRUE(writer.submit(range(3, 3, 77, 2)).value().stored) << "torn after " << torn;
        const auto listed = reader.list(Height(1)).value();
        ASSERT_EQ(listed.size(), 3U);
        EXPECT_EQ(listed[2].poster, OperatorNumber(2));
        EXPECT_EQ(reader.fetch(listed[2].pointer).value().size(), 77U);
    }
}

TEST_F(LocalLayer, LeavesNothingOfATornAppendBehindAShorterOne) {
    LocalStore store(folder);
    fill(store, 1, 1);
    bool tear = true;
    store.inject([&](const DaSubmit&) { return LocalFault{tear ? LocalFault::Kind::torn : LocalFault::Kind::none, 50'000, 0}; });
    EXPECT_FALSE(store.submit(range(2, 2, 100'000)).has_value());
    tear = false;
    fill(store, 2, 4);
    EXPECT_EQ(LocalStore(folder).list(Height(1)).value().size(), 4U);
}

TEST_F(LocalLayer, TakesALengthenedFileWithoutItsDataForATornAppend) {
    LocalStore(folder).submit(range(1, 1)).value();
    std::filesystem::resize_file(segment(), std::filesystem::file_size(segment()) + 5000);
    LocalStore store(folder);
    EXPECT_EQ(store.list(Height(1)).value().size(), 1U);
    EXPECT_TRUE(store.submit(range(2, 2)).value().stored);
    EXPECT_EQ(LocalStore(folder).list(Height(1)).value().size(), 2U);
}

TEST_F(LocalLayer, NeverRepairsBytesThatChangedUnderWholeRecords) {
    {
        LocalStore store(folder);
        fill(store, 1, 5);
    }
    const auto size = std::filesystem::file_size(segment());
    for (std::uintmax_t at = 0; at < size * 4 / 5; at += 13) {
        flip(segment(), at);
        LocalStore store(folder);
        EXPECT_FALSE(store.list(Height(1)).has_value()) << "byte " << at;
        EXPECT_FALSE(store.submit(range(6, 6)).has_value()) << "byte " << at;
        EXPECT_EQ(std::filesystem::file_size(segment()), size);
        flip(segment(), at);
    }
    EXPECT_EQ(LocalStore(folder).list(Height(1)).value().size(), 5U);
}

// Its checksums are right: whoever may write to the folder can make them so.
TEST_F(LocalLayer, TakesNoRecordOfARangeThatNoFrameCanFill) {
    constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();
    const auto append = [](const std::filesystem::path& path, std::uint64_t first, std::uint64_t last) {
        const Bytes blob(100, 7);
        const Posting posting{Height(first),
                              Height(last),
                              OperatorNumber(1),
                              PostingStage::confirmed,
                              "local",
                              {},
                              crypto::blake2b(blob),
                              blob.size(),
                              0,
                              1};
        const Bytes record = da::encode_record(posting, blob);
        std::ofstream(path, std::ios::app | std::ios::binary)
            .write(reinterpret_cast<const char*>(record.data()), static_cast<std::streamsize>(record.size()));
    };
    struct Case {
        int segment;
        std::uint64_t first, last;
        std::uint64_t stored;  ///< blocks posted before
    };
    // In the first segment; behind others; the first record that is read, of a later segment.
    for (const Case& c : {Case{0, 1, highest, 0}, Case{0, 2, 2, 0}, Case{0, 3, highest, 2}, Case{1, 3, highest, 2},
                          Case{1, 0, 3, 2}, Case{1, highest - 1, highest - 2, 2}}) {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "lock").flush();
        {
            LocalStore store(folder);
            fill(store, 1, c.stored);
        }
        append(segment(c.segment), c.first, c.last);
        LocalStore store(folder);
        const auto listed = store.list(Height(1));
        EXPECT_FALSE(listed.has_value()) << "segment " << c.segment << ": " << c.first << ".." << c.last;
        EXPECT_FALSE(store.submit(range(c.stored + 1, c.stored + 1)).has_value());
    }
}

TEST_F(LocalLayer, RollsSegmentsAndStillListsFromAnywhere) {
    LocalStore store(folder);
    store.set_segment_bytes(20'000);
    fill(store, 1, 1500, 300);
    EXPECT_TRUE(std::filesystem::exists(segment(9)));
    LocalStore reader(folder, LocalStore::Access::read_only);
    for (const std::uint64_t from : {1U, 2U, 255U, 700U, 1499U, 1500U, 1501U}) {
        for (LocalStore* s : {&store, &reader}) {
            const auto listed = s->list(Height(from)).value();
            ASSERT_EQ(listed.size(), std::min<std::size_t>(da::listing_max, from > 1500 ? 0 : 1501 - from)) << from;
            for (std::size_t i = 0; i < listed.size(); ++i) EXPECT_EQ(listed[i].first, Height(from + i));
        }
    }
}

TEST_F(LocalLayer, CutsOffATornAppendThatBeganASegment) {
    {
        LocalStore store(folder);
        store.set_segment_bytes(500);
        fill(store, 1, 2, 300);
        store.inject([](const DaSubmit&) { return LocalFault{LocalFault::Kind::torn, 100, 0}; });
        EXPECT_FALSE(store.submit(range(3, 3, 300)).has_value());
    }
    LocalStore store(folder);
    EXPECT_EQ(store.list(Height(1)).value().size(), 2U);
    EXPECT_TRUE(store.submit(range(3, 3)).value().stored);
    EXPECT_EQ(LocalStore(folder).list(Height(1)).value().size(), 3U);
}

TEST_F(LocalLayer, KeepsThePartsOfABlockTogether) {
    LocalStore store(folder);
    DaSubmit part = range(1, 1);
    part.parts = 3;
    EXPECT_TRUE(store.submit(part).value().stored);
    EXPECT_FALSE(store.submit(range(2, 2)).value().stored);
    EXPECT_FALSE(store.submit(range(1, 1)).value().stored);
    part.part = 2;
    EXPECT_FALSE(store.submit(part).value().stored);
    part.part = 1;
    part.parts = 2;
    EXPECT_FALSE(store.submit(part).value().stored);
    part.parts = 3;
    EXPECT_TRUE(LocalStore(folder).submit(part).value().stored);
    part.part = 2;
    EXPECT_TRUE(store.submit(part).value().stored);
    EXPECT_TRUE(store.submit(range(2, 2)).value().stored);
}

TEST_F(LocalLayer, SaysWhatIsWrongInsteadOfFailing) {
    LocalStore store(folder);
    EXPECT_TRUE(std::holds_alternative<RequestError>(*decode<BackendReply>(store.handle(Bytes{1, 2, 3}))));
    EXPECT_FALSE(store.submit(range(1, 1, da::blob_bytes_max + 1)).value().stored);
    EXPECT_FALSE(store.fetch(Bytes(16, 9)).has_value());
    EXPECT_FALSE(store.fetch(Bytes(3, 0)).has_value());
    EXPECT_FALSE(LocalStore(scratch.path() / "nowhere", LocalStore::Access::read_only).list(Height(1)).has_value());
    EXPECT_FALSE(LocalStore(folder, LocalStore::Access::read_only).submit(range(1, 1)).has_value());
    EXPECT_TRUE(store.list(Height(1)).value().empty()) << "an empty layer is no error for one who may write";
}

}  // namespace
}  // namespace rondo::testing
