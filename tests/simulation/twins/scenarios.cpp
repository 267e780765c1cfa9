#include "tests/simulation/twins/scenarios.hpp"

#include <algorithm>
#include <bit>

namespace rondo::sim {
namespace {

using Renaming = std::array<std::size_t, twins_instances>;  ///< of instances

std::vector<Renaming> all_renamings() {
    std::vector<Renaming> out;
    for (const bool twins_swapped : {false, true}) {
        std::array<std::size_t, 3> honest{2, 3, 4};
        do {
            out.push_back({twins_swapped ? 1U : 0U, twins_swapped ? 0U : 1U, honest[0], honest[1], honest[2]});
        } while (std::next_permutation(honest.begin(), honest.end()));
    }
    return out;
}

TwinsRound renamed(const TwinsRound& round, const Renaming& renaming) {
    std::uint8_t side = 0;
    for (std::size_t i = 0; i < twins_instances; ++i)
        if ((round.other_side >> i) & 1) side = static_cast<std::uint8_t>(side | 1U << renaming[i]);
    constexpr std::uint8_t everybody = (1U << twins_instances) - 1;
    if (side & 1) side = static_cast<std::uint8_t>(side ^ everybody);
    const std::size_t leader = round.leader == 0 ? 0 : member_of(renaming[round.leader + std::size_t{1}]);
    return {side, static_cast<std::uint8_t>(leader)};
}

bool has_quorum(std::uint8_t side) {
    unsigned members = 0;
    for (std::size_t i = 0; i < twins_instances; ++i)
        if ((side >> i) & 1) members |= 1U << member_of(i);
    return std::popcount(members) >= 3;
}

std::uint32_t number_of(const TwinsRound& round) {
    const auto& all = twins_all_rounds();
    return static_cast<std::uint32_t>(std::find(all.begin(), all.end(), round) - all.begin());
}

}  // namespace

const std::vector<TwinsRound>& twins_all_rounds() {
    static const std::vector<TwinsRound> rounds = [] {
        std::vector<TwinsRound> out;
        constexpr std::uint8_t everybody = (1U << twins_instances) - 1;
        for (std::uint8_t side = 0; side <= everybody; side = static_cast<std::uint8_t>(side + 2))
            for (std::uint8_t leader = 0; leader < twins_members; ++leader)
                if (has_quorum(side) || has_quorum(static_cast<std::uint8_t>(side ^ everybody))) out.push_back({side, leader});
        return out;
    }();
    return rounds;
}

TwinsScenarios::TwinsScenarios() {
    const auto& rounds = twins_all_rounds();
    const auto base = static_cast<std::uint32_t>(rounds.size());
    std::vector<std::vector<std::uint32_t>> renamings;  // of round numbers
    for (const Renaming& renaming : all_renamings()) {
        renamings.emplace_back();
        for (const TwinsRound& round : rounds) renamings.back().push_back(number_of(renamed(round, renaming)));
    }
    const std::uint32_t all = base * base * base * base;
    for (std::uint32_t number = 0; number < all; ++number) {
        const std::array<std::uint32_t, twins_rounds> digits{number / (base * base * base), number / (base * base) % base,
                                                             number / base % base, number % base};
        const bool first = std::ranges::all_of(renamings, [&](const auto& renaming) {
            std::uint32_t other = 0;
            for (const std::uint32_t digit : digits) other = other * base + renaming[digit];
            return number <= other;
        });
        if (first) numbers_.push_back(number);
    }
}

TwinsScenario TwinsScenarios::at(std::size_t index) const {
    const auto& rounds = twins_all_rounds();
    TwinsScenario out;
    std::size_t number = numbers_.at(index);
    for (std::size_t i = twins_rounds; i-- > 0; number /= rounds.size()) out[i] = rounds[number % rounds.size()];
    return out;
}

}  // namespace rondo::sim
