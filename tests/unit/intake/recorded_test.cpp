#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "messages/crypto/hash.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

std::string read_gzip(const std::string& path) {
    std::string out;
    gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) return out;
    std::array<char, 1 << 16> buffer;
    for (int n = gzread(file, buffer.data(), buffer.size()); n > 0; n = gzread(file, buffer.data(), buffer.size()))
        out.append(buffer.data(), static_cast<std::size_t>(n));
    gzclose(file);
    return out;
}

std::string field(const std::string& line, const std::string& name) {
    const std::size_t at = line.find("\"" + name + "\"");
    if (at == std::string::npos) return {};
    const std::size_t begin = line.find('"', line.find(':', at)) + 1;
    return line.substr(begin, line.find('"', begin) - begin);
}

std::uint64_t number(const std::string& json, const std::string& name) {
    const std::size_t at = json.find("\"" + name + "\":");
    return at == std::string::npos ? 0 : std::stoull(json.substr(json.find(':', at) + 1));
}

/// A real sequencer's own traffic, through four intakes: what is refused, executed and gapped is what expected.py says.
TEST(Recorded, BaseTrafficIsRefusedExecutedAndGappedAsExpected) {
    const std::string folder = std::string(RONDO_DATA_DIR) + "/transactions/";
    if (!std::filesystem::exists(folder + "base.jsonl.gz")) GTEST_SKIP() << "no recorded transactions here";
    std::ifstream expected_file(folder + "base.expected.json");
    std::stringstream expected;
    expected << expected_file.rdbuf();

    Cluster cluster(4, {}, 8453);
    std::vector<Bytes> raws;
    std::istringstream lines(read_gzip(folder + "base.jsonl.gz"));
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        raws.push_back(from_hex(field(line, "raw")).value());
        const auto from = fixed_from_hex<Address>(field(line, "from")).value();
        const auto decoded = ethereum::decode_transaction(raws.back(), 8453, 7);
        if (!decoded) continue;
        auto [account, fresh] = cluster.ledger.try_emplace(from, Account{decoded->nonce, Wei(1) << 200});
        account->second.nonce = std::min(account->second.nonce, decoded->nonce);
    }
    ASSERT_EQ(raws.size(), number(expected.str(), "transactions"));

    std::map<std::string, std::uint64_t> refused;
    for (std::size_t at = 0; at < raws.size(); at += 2000) {
        const std::vector<Bytes> chunk(raws.begin() + static_cast<std::ptrdiff_t>(at),
                                       raws.begin() + static_cast<std::ptrdiff_t>(std::min(raws.size(), at + 2000)));
        for (const SubmitOutcome& outcome : cluster.submit(at / 2000 % 4, chunk)) {
            ASSERT_NE(outcome.admission, Admission::busy);
            if (outcome.admission == Admission::refused) ++refused[std::string(to_string(outcome.reason))];
        }
        cluster.advance(1000);
        if (at % 6000 == 0) cluster.finalize();
    }
    for (int i = 0; i < 3; ++i) {
        cluster.advance(1000);
        cluster.finalize();
    }
    std::uint64_t executed = 0;
    for (const auto& [hash, status] : cluster.executed) executed += status == TxStatus::success ? 1 : 0;
    std::uint64_t held = 0;
    for (std::size_t i = 0; i < 4; ++i) held += cluster.at(i).status("held_transactions");
    EXPECT_EQ(executed, number(expected.str(), "executed"));
    EXPECT_EQ(held, number(expected.str(), "gapped"));
    for (const auto& [reason, count] : refused) EXPECT_EQ(count, number(expected.str(), reason)) << reason;
}

}  // namespace
}  // namespace rondo::test
