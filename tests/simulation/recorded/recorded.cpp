#include "tests/simulation/recorded/recorded.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace rondo::sim {
namespace {

using nlohmann::json;

constexpr Micros same_place = 500;
constexpr double largest_stake = 1'000'000;

std::ifstream open(std::string_view file) { return std::ifstream(std::string(RONDO_DATA_DIR) + "/" + std::string(file)); }

/// The fields of a line; a quoted one may hold commas.
std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (const char c : line) {
        if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

struct Matrix {
    std::string_view name;
    std::string_view file;
    double one_way;  ///< of the number in it
};
constexpr Matrix matrices[] = {{"aws", "latency/relab_hotstuff_aws_matrix.csv", 0.5},
                               {"cometbft", "latency/cometbft_aws-latencies.csv", 1},
                               {"cities", "latency/relab_hotstuff_wonderproxy_matrix.csv", 0.5}};

/// Milliseconds, one row per place; the first line and the first field of each are names.
std::vector<std::vector<double>> read_matrix(const Matrix& matrix) {
    std::ifstream in = open(matrix.file);
    std::vector<std::vector<double>> rows;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        const auto fields = fields_of(line);
        rows.emplace_back();
        for (std::size_t i = 1; i < fields.size(); ++i)
            rows.back().push_back(std::strtod(fields[i].c_str(), nullptr) * matrix.one_way);
    }
    return rows;
}

/// The stake of each of a file's `validators`, as `of` finds it there.
std::vector<double> read_json(std::string_view file, const std::function<double(const json&)>& of) {
    std::ifstream in = open(file);
    if (!in) return {};
    const json root = json::parse(in);
    std::vector<double> out;
    for (const json& validator : root.at("validators")) out.push_back(of(validator));
    return out;
}
std::vector<double> read_cosmos() {
    return read_json("stake/cosmoshub2_validators.json", [](const json& v) { return v.at("tokens").get<double>(); });
}
std::vector<double> read_solana() {
    return read_json("stake/solana_mainnet_epoch860.json", [](const json& v) { return v.at(1).get<double>(); });
}
std::vector<double> read_sui() {
    std::ifstream in = open("stake/sui_validators.csv");
    std::vector<double> out;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) out.push_back(std::strtod(fields_of(line).at(1).c_str(), nullptr));
    return out;
}

}  // namespace

std::optional<std::vector<Micros>> recorded_latencies(std::string_view name, std::size_t nodes) {
    const auto matrix = std::ranges::find(matrices, name, &Matrix::name);
    if (matrix == std::end(matrices)) return std::nullopt;
    const auto rows = read_matrix(*matrix);
    if (rows.empty()) return std::nullopt;
    std::vector<Micros> out;
    for (std::size_t a = 0; a < nodes; ++a)
        for (std::size_t b = 0; b < nodes; ++b) {
            const double ms = rows[a * rows.size() / nodes].at(b * rows.size() / nodes);
            out.push_back(std::max(same_place, static_cast<Micros>(ms * millisecond)));
        }
    return out;
}

std::optional<std::vector<std::uint64_t>> recorded_stakes(std::string_view name, std::size_t nodes) {
    std::vector<double> stakes = name == "cosmos"   ? read_cosmos()
                                 : name == "solana" ? read_solana()
                                 : name == "sui"    ? read_sui()
                                                    : std::vector<double>{};
    std::ranges::sort(stakes, std::greater{});
    if (stakes.size() < nodes || stakes.empty()) return std::nullopt;
    std::vector<std::uint64_t> out;
    for (std::size_t i = 0; i < nodes; ++i)
        out.push_back(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(stakes[i] / stakes[0] * largest_stake)));
    return out;
}

}  // namespace rondo::sim
