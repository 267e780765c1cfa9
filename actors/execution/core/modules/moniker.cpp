#include "actors/execution/core/modules/moniker.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace rondo::execution {
namespace {

/// The code point at the front of `text`, which loses it; nothing if it is not UTF-8 in its shortest form (RFC 3629).
std::optional<std::uint32_t> next_code_point(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    const std::size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    if ((first >= 0x80 && first < 0xc0) || first >= 0xf8 || size > text.size()) return std::nullopt;
    std::uint32_t code = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    text.remove_prefix(size);
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code < smallest[size] || is_surrogate || code > 0x10ffff ? std::nullopt : std::optional(code);
}

/// Controls, marks of direction, invisible spaces and separators of lines.
bool is_printable(std::uint32_t code) {
    constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 10> hidden{{{0x0, 0x1f},
                                                                              {0x7f, 0x9f},
                                                                              {0xad, 0xad},
                                                                              {0x61c, 0x61c},
                                                                              {0x200b, 0x200f},
                                                                              {0x2028, 0x202e},
                                                                              {0x2060, 0x206f},
                                                                              {0xfeff, 0xfeff},
                                                                              {0xfff9, 0xfffb},
                                                                              {0xe0000, 0xe0fff}}};
    return std::none_of(hidden.begin(), hidden.end(), [&](const auto& r) { return code >= r.first && code <= r.second; });
}

}  // namespace

std::string_view fault_of_moniker(std::string_view moniker) {
    if (moniker.size() > moniker_bytes_max) return "the moniker must have at most 64 bytes";
    while (!moniker.empty()) {
        const auto code = next_code_point(moniker);
        if (!code || !is_printable(*code)) return "the moniker must be printable UTF-8";
    }
    return {};
}

}  // namespace rondo::execution
