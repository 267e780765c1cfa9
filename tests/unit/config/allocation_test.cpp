#include "cluster/config/allocation.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "cluster/config/transaction_file.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t fee_min_wei = 7;

class RecordedFile : public test::Scratch, public ::testing::WithParamInterface<const char*> {};
class TransactionLines : public test::Scratch {};

std::filesystem::path recorded(const std::string& name) { return std::filesystem::path(RONDO_DATA_DIR) / "transactions" / name; }

TEST_P(RecordedFile, IsAllocatedAsTheRulesDeriveIt) {
    const auto file = recorded(std::string(GetParam()) + ".jsonl.gz");
    if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
    const auto expected = nlohmann::json::parse(content(recorded(std::string(GetParam()) + ".expected.json")));
    const auto allocation = allocation_from(file, std::nullopt, fee_min_wei);
    ASSERT_TRUE(allocation) << allocation.error().message;
    EXPECT_EQ(allocation->transactions, expected["transactions"]);
    EXPECT_EQ(allocation->chain_id, expected["chain_id"]);
    EXPECT_EQ(allocation->accounts.size(), expected["senders"]);
    EXPECT_EQ(nlohmann::json(allocation->refused), expected["refused"]);
    EXPECT_TRUE(std::is_sorted(allocation->accounts.begin(), allocation->accounts.end(),
                               [](const auto& a, const auto& b) { return a.address < b.address; }));
}
INSTANTIATE_TEST_SUITE_P(Recorded, RecordedFile, ::testing::Values("base", "mainnet", "optimism"));

TEST_F(TransactionLines, OfAnotherChainThanAskedForAreAnError) {
    const auto file = recorded("optimism.jsonl.gz");
    if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
    EXPECT_TRUE(allocation_from(file, 10, fee_min_wei));
    const auto other = allocation_from(file, 11, fee_min_wei);
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, HasSubstr("--chain-id"));
}

TEST_F(TransactionLines, AreReadPlainAndCompressed) {
    const std::string lines = "{\"raw\":\"0x0102\",\"chainId\":5}\n\n{\"raw\":\"ff\"}";
    const auto plain = write("a.jsonl", lines);
    const auto packed = path("a.jsonl.gz");
    gzFile out = gzopen(packed.c_str(), "wb");
    ASSERT_EQ(gzwrite(out, lines.data(), static_cast<unsigned>(lines.size())), static_cast<int>(lines.size()));
    gzclose(out);
    for (const auto& file : {plain, packed}) {
        auto opened = TransactionFile::open(file);
        ASSERT_TRUE(opened);
        const auto first = opened->next(), second = opened->next(), end = opened->next();
        ASSERT_TRUE(first && *first && second && *second && end);
        EXPECT_EQ((*first)->raw, (Bytes{1, 2}));
        EXPECT_EQ((*first)->chain_id, 5U);
        EXPECT_EQ((*second)->raw, Bytes{0xff});
        EXPECT_EQ((*second)->line, 3U);
        EXPECT_FALSE(end->has_value());
    }
}

TEST_F(TransactionLines, ThatAreNoneAreErrorsWithTheirPlace) {
    for (const char* wrong :
         {"{\"raw\":", "7", "{\"rew\":\"0x01\"}", "{\"raw\":7}", "{\"raw\":\"0xzz\"}", "{\"raw\":\"0x123\"}", "{\"raw\":\"\"}"}) {
        auto opened = TransactionFile::open(write("a.jsonl", std::string("{\"raw\":\"0x01\"}\n") + wrong + "\n"));
        ASSERT_TRUE(opened);
        ASSERT_TRUE(opened->next());
        const auto second = opened->next();
        ASSERT_FALSE(second) << wrong;
        EXPECT_THAT(second.error().message, HasSubstr("a.jsonl:2: ")) << wrong;
    }
}

TEST_F(TransactionLines, DoNotEndAtAZeroByte) {
    auto opened = TransactionFile::open(write("a.jsonl", std::string("{\"raw\":\0\n\"0x01\"}\n", 17)));
    ASSERT_TRUE(opened);
    const auto next = opened->next();
    ASSERT_FALSE(next) << "two lines were read as one";
    EXPECT_THAT(next.error().message, HasSubstr("a.jsonl:1: "));
}

TEST_F(TransactionLines, OfAFileThatIsCutOffAreNotTakenForItsEnd) {
    std::string lines;
    for (int i = 0; i < 5000; ++i)
        lines += "{\"raw\":\"0x" + std::string(8, static_cast<char>('0' + i % 10)) + std::to_string(100'000 + i) + "\"}\n";
    gzFile out = gzopen(path("a.gz").c_str(), "wb");
    gzwrite(out, lines.data(), static_cast<unsigned>(lines.size()));
    gzclose(out);
    std::filesystem::resize_file(path("a.gz"), std::filesystem::file_size(path("a.gz")) / 2);
    auto opened = TransactionFile::open(path("a.gz"));
    ASSERT_TRUE(opened);
    auto next = opened->next();
    while (next && next->has_value()) next = opened->next();
    ASSERT_FALSE(next);
    EXPECT_THAT(next.error().message, HasSubstr("cut off"));
}

TEST_F(TransactionLines, OfAFileThatIsNotThereAreAnError) {
    EXPECT_FALSE(TransactionFile::open(path("nowhere")));
    EXPECT_FALSE(TransactionFile::open(path("")));
}

}  // namespace
}  // namespace rondo
