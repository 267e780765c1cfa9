#include "vectors.hpp"

#include <zlib.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace rondo::test {

std::filesystem::path data_path(const std::string& file) { return std::filesystem::path(RONDO_DATA_DIR) / file; }

std::string read_text(const std::string& file) {
    std::string out;
    const gzFile in = gzopen(data_path(file).c_str(), "rb");  // reads plain files as they are
    EXPECT_NE(in, nullptr) << file;
    if (in == nullptr) return out;
    std::vector<char> chunk(1U << 20);
    for (int got = 0; (got = gzread(in, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;)
        out.append(chunk.data(), static_cast<std::size_t>(got));
    gzclose(in);
    return out;
}

nlohmann::json read_json(const std::string& file) { return nlohmann::json::parse(read_text(file)); }

Bytes unhex(const std::string& text) {
    const auto out = from_hex(text);
    EXPECT_TRUE(out.has_value()) << text;
    return out.value_or(Bytes{});
}

uint256 number_of(const nlohmann::json& value) {
    if (value.is_number()) return uint256(value.get<std::uint64_t>());
    const std::string digits = value.get<std::string>().substr(2);
    return uint256_from_be(unhex(digits.size() % 2 == 0 ? digits : "0" + digits));
}

std::vector<Recorded> recorded_transactions(const std::string& file) {
    std::vector<Recorded> out;
    std::istringstream lines(read_text(file));
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        const auto json = nlohmann::json::parse(line);
        out.push_back({unhex(json.at("raw")), json.at("hash"), json.value("from", ""), json.at("type").get<std::uint8_t>()});
    }
    return out;
}

}  // namespace rondo::test
