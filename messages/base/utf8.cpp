#include "messages/base/utf8.hpp"

#include <array>
#include <cstdint>

namespace rondo {

std::optional<char32_t> next_code_point(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    const std::size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    if ((first >= 0x80 && first < 0xc0) || first >= 0xf8 || size > text.size()) return std::nullopt;
    char32_t code = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    if (code < smallest[size] || is_surrogate || code > 0x10ffff) return std::nullopt;
    text.remove_prefix(size);
    return code;
}

}  // namespace rondo
