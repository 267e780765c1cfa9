#pragma once
#include <cstddef>
#include <string_view>

namespace rondo::execution {

inline constexpr std::size_t moniker_bytes_max = 64;

/// Nothing, or what is wrong: at most 64 bytes of UTF-8, and nothing in it that moves, hides or reverses what a terminal shows.
[[nodiscard]] std::string_view fault_of_moniker(std::string_view moniker);

}  // namespace rondo::execution
