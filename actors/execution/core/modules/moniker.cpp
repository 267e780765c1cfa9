#include "actors/execution/core/modules/moniker.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "messages/base/utf8.hpp"

namespace rondo::execution {
namespace {

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
