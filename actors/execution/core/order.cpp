#include "actors/execution/core/order.hpp"

#include <algorithm>

#include "messages/crypto/hash.hpp"

namespace rondo::execution {

std::vector<Position> fair_order(const std::vector<std::uint32_t>& counts, const Digest& seed, Height height) {
    std::vector<Position> out;
    if (counts.empty()) return out;
    Bytes drawn_for;
    append_be64(drawn_for, height.value);
    const Digest drawn = crypto::blake2b({as_bytes("fair order"), seed.view(), drawn_for});
    const std::size_t first = read_be64(drawn.view().first(8)) % counts.size();
    const std::uint32_t rounds = *std::max_element(counts.begin(), counts.end());
    for (std::uint32_t round = 0; round < rounds; ++round) {
        for (std::size_t turn = 0; turn < counts.size(); ++turn) {
            const std::size_t lane = (first + turn) % counts.size();
            if (round < counts[lane]) out.push_back({static_cast<std::uint32_t>(lane), round});
        }
    }
    return out;
}

}  // namespace rondo::execution
