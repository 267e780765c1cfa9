#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {

/// Least number of single-character insertions, deletions and substitutions (Levenshtein).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// The known name closest to what was written; empty if nothing is known.
[[nodiscard]] std::string nearest_name(std::string_view written, const std::vector<std::string>& known);

}  // namespace rondo
