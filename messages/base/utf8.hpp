#pragma once
#include <optional>
#include <string_view>

namespace rondo {

/// The code point at the front of `text`, which loses it; nothing if that is not UTF-8 in its shortest form (RFC 3629), and then
/// `text` keeps it. `text` is not empty.
[[nodiscard]] std::optional<char32_t> next_code_point(std::string_view& text);

}  // namespace rondo
