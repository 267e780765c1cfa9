#include "actors/rewards/core/split.hpp"

#include <algorithm>

#include "actors/rewards/core/shares.hpp"
#include "messages/base/require.hpp"

namespace rondo::rewards {
namespace {

Wei sum(const Wei& a, const Wei& b) {
    const auto out = checked_add(a, b);
    require(out.has_value(), "a sum of fees overflowed");
    return *out;
}

/// `weight(i)` of member i; nothing for the jailed.
std::vector<Wei> weights_of(const EpochContext& context, const std::vector<bool>& earns, const auto& weight) {
    std::vector<Wei> out(context.operators.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        if (earns[i]) out[i] = weight(SignerIndex(static_cast<std::uint16_t>(i)), context.operators[i]);
    return out;
}

template <class Map, class Key>
Wei value_of(const Map& map, const Key& key) {
    const auto it = map.find(key);
    return it == map.end() ? Wei(0) : Wei(it->second);
}

std::vector<bool> who_earns(const EpochContext& context, std::span<const OperatorNumber> jailed) {
    std::vector<bool> out;
    for (const OperatorInfo& o : context.operators) out.push_back(o.leads && !std::ranges::binary_search(jailed, o.number));
    return out;
}

}  // namespace

std::vector<Wei> pro_rata(const Wei& amount, const std::vector<Wei>& weights) {
    Wei total = 0;
    for (const Wei& w : weights) total = sum(total, w);
    std::vector<Wei> out(weights.size());
    if (total == 0) return out;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto product = checked_mul(amount, weights[i]);
        require(product.has_value(), "an amount of wei times a weight overflowed");
        out[i] = *product / total;
    }
    return out;
}

Split split(const Tally& tally, const Wei& carried_in, const EpochContext& context, std::span<const OperatorNumber> jailed) {
    const Wei pool = sum(tally.pot, carried_in);
    const Wei to_proposers = pool * proposers_permille / 1000;
    const Wei to_lanes = pool * lanes_permille / 1000;
    const Wei to_voters = pool - to_proposers - to_lanes;
    const std::vector<bool> earns = who_earns(context, jailed);

    const auto led = weights_of(context, earns, [&](SignerIndex i, const OperatorInfo&) { return value_of(tally.led, i); });
    const auto fees =
        weights_of(context, earns, [&](SignerIndex, const OperatorInfo& o) { return value_of(tally.carried, o.number); });
    const auto votes = weights_of(context, earns,
                                  [&](SignerIndex i, const OperatorInfo& o) { return value_of(tally.votes, i) * o.stake.value; });
    Split out{std::vector<Wei>(context.operators.size()), pool};
    for (const auto& part : {pro_rata(to_proposers, led), pro_rata(to_lanes, fees), pro_rata(to_voters, votes)}) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            require(part[i] <= out.carried_over, "more was divided than there is");
            out.earned[i] += part[i];
            out.carried_over -= part[i];
        }
    }
    return out;
}

}  // namespace rondo::rewards
