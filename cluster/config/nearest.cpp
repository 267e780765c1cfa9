#include "cluster/config/nearest.hpp"

#include <algorithm>
#include <numeric>

namespace rondo {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row[b.size()];
}

std::string nearest_name(std::string_view written, const std::vector<std::string>& known) {
    const auto closer = [&](const std::string& x, const std::string& y) {
        return edit_distance(written, x) < edit_distance(written, y);
    };
    const auto it = std::min_element(known.begin(), known.end(), closer);
    return it == known.end() ? std::string() : *it;
}

}  // namespace rondo
