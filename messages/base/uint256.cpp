#include "messages/base/uint256.hpp"

#include <algorithm>

namespace rondo {

std::optional<uint256> checked_add(const uint256& a, const uint256& b) {
    const uint256 sum = a + b;
    if (sum < a) return std::nullopt;
    return sum;
}

std::optional<uint256> checked_sub(const uint256& a, const uint256& b) {
    if (b > a) return std::nullopt;
    return uint256(a - b);
}

std::optional<uint256> checked_mul(const uint256& a, const uint256& b) {
    if (a == 0 || b == 0) return uint256(0);
    const uint256 product = a * b;
    if (product / a != b) return std::nullopt;
    return product;
}

Word256 to_word(const uint256& value) {
    Word256 out;
    const Bytes minimal = to_minimal_be(value);
    std::copy(minimal.begin(), minimal.end(), out.bytes.end() - static_cast<std::ptrdiff_t>(minimal.size()));
    return out;
}

uint256 uint256_from_be(ByteView at_most_32_bytes) {
    require(at_most_32_bytes.size() <= 32, "a 256-bit number from more than 32 bytes");
    uint256 out;
    if (!at_most_32_bytes.empty()) import_bits(out, at_most_32_bytes.begin(), at_most_32_bytes.end());
    return out;
}

Bytes to_minimal_be(const uint256& value) {
    Bytes out;
    if (value != 0) export_bits(value, std::back_inserter(out), 8);
    return out;
}

std::string to_quantity(const uint256& value) {
    if (value == 0) return "0x0";
    std::string hex = to_hex(to_minimal_be(value));
    if (hex.front() == '0') hex.erase(0, 1);
    return "0x" + hex;
}

std::optional<uint256> from_quantity(std::string_view text) {
    if (!text.starts_with("0x")) return std::nullopt;
    text.remove_prefix(2);
    if (text.empty() || text.size() > 64 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    const auto bytes = from_hex(text.size() % 2 == 0 ? std::string(text) : "0" + std::string(text));
    if (!bytes) return std::nullopt;
    return uint256_from_be(*bytes);
}

std::optional<uint256> from_decimal(std::string_view text) {
    if (text.empty() || text.size() > 78) return std::nullopt;
    uint256 out;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto tenfold = checked_mul(out, 10);
        const auto next = tenfold ? checked_add(*tenfold, static_cast<unsigned>(c - '0')) : std::nullopt;
        if (!next) return std::nullopt;
        out = *next;
    }
    return out;
}

}  // namespace rondo
