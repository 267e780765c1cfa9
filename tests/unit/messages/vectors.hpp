#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

/// Skips a test where the outside vectors are absent.
#define NEEDS_DATA(file) \
    if (!std::filesystem::exists(rondo::test::data_path(file))) GTEST_SKIP() << "no " << (file) << " under " RONDO_DATA_DIR

namespace rondo::test {

[[nodiscard]] std::filesystem::path data_path(const std::string& file);
/// The whole file, unpacked if its name ends in .gz.
[[nodiscard]] std::string read_text(const std::string& file);
[[nodiscard]] nlohmann::json read_json(const std::string& file);

/// Hex of a vector; a test fails on what is not hex.
[[nodiscard]] Bytes unhex(const std::string& text);
template <class Fixed>
[[nodiscard]] Fixed fixed(const std::string& text) {
    const auto out = fixed_from_hex<Fixed>(text);
    EXPECT_TRUE(out.has_value()) << text;
    return out.value_or(Fixed{});
}
/// A JSON number or hex string, leading zeros allowed.
[[nodiscard]] uint256 number_of(const nlohmann::json& value);

/// One signed transaction as it was recorded from a public chain.
struct Recorded {
    Bytes raw;
    std::string hash;
    std::string from;
    std::uint8_t type = 0;
};
[[nodiscard]] std::vector<Recorded> recorded_transactions(const std::string& file);

}  // namespace rondo::test
