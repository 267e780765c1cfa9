#include "messages/wire/epoch.hpp"

#include <algorithm>
#include <array>

#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {
namespace {

__extension__ using uint128 = unsigned __int128;

constexpr std::array<std::string_view, 3> policy_names{"single", "round-robin", "stake"};
/// Under `single` every fourth view belongs to another member, so that a dead leader is passed over without agreeing on it.
constexpr std::uint64_t single_relief_views = 4;

std::uint64_t draw(std::initializer_list<ByteView> parts) { return read_be64(crypto::blake2b(parts).view().first(8)); }

Bytes be64(std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
}

/// hash^(1/weight) in integers: -log2(uniform) / stake, lower wins. Weighted rendezvous hashing needs only an order, and
/// the same one everywhere, so log2 is computed in fixed point instead of with floating point.
std::uint64_t minus_log2_q48(std::uint64_t uniform) {
    if (uniform == 0) uniform = 1;
    const int leading = __builtin_clzll(uniform);
    std::uint64_t mantissa = uniform << leading;  // in [2^63, 2^64)
    std::uint64_t fraction = 0;
    for (int bit = 47; bit >= 0; --bit) {
        const auto square = static_cast<uint128>(mantissa) * mantissa;  // in [2^126, 2^128)
        const bool doubled = (square >> 127) != 0;
        mantissa = static_cast<std::uint64_t>(doubled ? square >> 64 : square >> 63);
        if (doubled) fraction |= std::uint64_t{1} << bit;
    }
    const std::uint64_t log2 = (static_cast<std::uint64_t>(63 - leading) << 48) | fraction;
    return (std::uint64_t{64} << 48) - log2;
}

std::vector<SignerIndex> eligible_leaders(const EpochContext& context) {
    require(!context.operators.empty(), "an epoch without operators");
    std::vector<SignerIndex> out;
    for (std::size_t i = 0; i < context.operators.size(); ++i)
        if (context.operators[i].leads && context.operators[i].stake.value > 0) out.emplace_back(static_cast<std::uint16_t>(i));
    // If everybody is jailed somebody must still lead: the set stays.
    if (out.empty())
        for (std::size_t i = 0; i < context.operators.size(); ++i) out.emplace_back(static_cast<std::uint16_t>(i));
    return out;
}

SignerIndex draw_by_stake(const EpochContext& context, const std::vector<SignerIndex>& eligible, View view) {
    uint128 total = 0;
    for (const SignerIndex i : eligible) total += context.operators[i.value].stake.value;
    if (total == 0) return eligible[view.value % eligible.size()];
    const std::uint64_t random = draw({context.seed.view(), be64(context.epoch.value), be64(view.value)});
    auto point = static_cast<uint128>(random) * total >> 64;  // uniform below total
    for (const SignerIndex i : eligible) {
        const std::uint64_t stake = context.operators[i.value].stake.value;
        if (point < stake) return i;
        point -= stake;
    }
    return eligible.back();
}

}  // namespace

std::string_view to_string(Policy policy) { return policy_names[static_cast<std::size_t>(policy)]; }

std::optional<Policy> policy_from_string(std::string_view name) {
    const auto it = std::find(policy_names.begin(), policy_names.end(), name);
    if (it == policy_names.end()) return std::nullopt;
    return static_cast<Policy>(it - policy_names.begin());
}

std::optional<SignerIndex> EpochContext::index_of(OperatorNumber number) const {
    const auto it = std::lower_bound(operators.begin(), operators.end(), number,
                                     [](const OperatorInfo& o, OperatorNumber n) { return o.number < n; });
    if (it == operators.end() || it->number != number) return std::nullopt;
    return SignerIndex(static_cast<std::uint16_t>(it - operators.begin()));
}

const OperatorInfo* EpochContext::at(SignerIndex index) const {
    return index.value < operators.size() ? &operators[index.value] : nullptr;
}

Stake EpochContext::total() const {
    Stake sum;
    for (const OperatorInfo& o : operators) sum = sum.plus(o.stake.value);
    return sum;
}

Stake EpochContext::quorum() const {
    const std::uint64_t w = total().value;
    return Stake(w == 0 ? 0 : w - (w - 1) / 3);
}

Stake EpochContext::weak() const {
    const std::uint64_t w = total().value;
    return Stake(w == 0 ? 0 : (w - 1) / 3 + 1);
}

std::optional<Stake> EpochContext::stake_of(std::span<const SignerIndex> ascending) const {
    Stake sum;
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        if (i > 0 && ascending[i] <= ascending[i - 1]) return std::nullopt;
        const OperatorInfo* member = at(ascending[i]);
        if (member == nullptr) return std::nullopt;
        sum = sum.plus(member->stake.value);
    }
    return sum;
}

Digest digest_of(const EpochContext& context) { return crypto::blake2b(encode(context)); }

bool ends_early(const EpochContext& current, std::span<const OperatorNumber> jailed) {
    return std::ranges::any_of(jailed, [&](OperatorNumber number) {
        const auto index = current.index_of(number);
        return index && current.at(*index)->leads;
    });
}

EpochContext successor(const EpochContext& current, const EpochContext& base, std::span<const OperatorNumber> jailed) {
    const auto is_jailed = [&](const OperatorInfo& o) { return std::ranges::binary_search(jailed, o.number); };
    EpochContext next = base;
    next.epoch = current.epoch.next();
    std::erase_if(next.operators, is_jailed);
    if (next.operators.size() >= members_min) return next;
    next.operators = base.operators;
    for (OperatorInfo& o : next.operators) o.leads = o.leads && !is_jailed(o);
    return next;
}

SignerIndex leader_of(const EpochContext& context, View view) {
    const std::vector<SignerIndex> eligible = eligible_leaders(context);
    switch (context.policy) {
        case Policy::single: {
            const bool relief = view.value % single_relief_views == 0;
            const std::uint64_t others = eligible.size() - 1;
            if (!relief || others == 0) return eligible[0];
            return eligible[1 + (view.value / single_relief_views) % others];
        }
        case Policy::round_robin:
            return eligible[view.value % eligible.size()];
        case Policy::stake:
            return draw_by_stake(context, eligible, view);
    }
    return eligible[0];
}

LaneId home_lane(const EpochContext& context, const Address& sender) {
    const OperatorInfo* best = nullptr;
    uint128 best_score = 0;
    for (const OperatorInfo& o : context.operators) {
        if (o.stake.value == 0) continue;
        const Bytes number = be64(o.number.value);
        const std::uint64_t u = draw({as_bytes("home lane"), be64(context.epoch.value), sender.view(), number});
        // score = -log2(u) / stake, scaled by 2^64 so that large stakes keep their resolution.
        const uint128 score = (static_cast<uint128>(minus_log2_q48(u)) << 64) / o.stake.value;
        if (best == nullptr || score < best_score) {
            best = &o;
            best_score = score;
        }
    }
    require(best != nullptr, "an epoch without stake");
    return best->number;
}

std::vector<SignerIndex> verifier_order(const EpochContext& context, LaneId lane, LaneHeight height) {
    std::vector<std::pair<Digest, SignerIndex>> drawn;
    for (std::size_t i = 0; i < context.operators.size(); ++i) {
        const SignerIndex index(static_cast<std::uint16_t>(i));
        drawn.emplace_back(
            crypto::blake2b({context.seed.view(), be64(lane.value), be64(height.value), be64(context.operators[i].number.value)}),
            index);
    }
    std::sort(drawn.begin(), drawn.end());
    std::vector<SignerIndex> out;
    out.reserve(drawn.size());
    for (const auto& entry : drawn) out.push_back(entry.second);
    return out;
}

Digest digest_of(const Genesis& genesis) { return crypto::blake2b(encode(genesis)); }

EpochContext genesis_context(const Genesis& genesis, Epoch epoch) {
    require(epoch == Epoch(1) || epoch == Epoch(2), "only the first two epochs come from genesis");
    const Digest digest = digest_of(genesis);
    EpochContext context;
    context.epoch = epoch;
    context.seed = crypto::blake2b({as_bytes("seed"), digest.view(), be64(epoch.value)});
    context.policy = genesis.policy;
    context.planned_end = Height(genesis.parameters.epoch_blocks * epoch.value);
    context.parameters = genesis.parameters;
    for (const GenesisOperator& o : genesis.operators) {
        const uint256 gwei = o.self_stake / 1'000'000'000U;
        context.operators.push_back({o.number, o.key, o.transport_key, Stake(static_cast<std::uint64_t>(gwei)), true,
                                     o.fee_address, o.watcher_account, o.rewards_account, o.endpoints});
    }
    return context;
}

Digest genesis_block_digest(const Genesis& genesis) {
    return crypto::blake2b({as_bytes("genesis block"), digest_of(genesis).view()});
}

template Bytes encode(const KeyProof&);
template Bytes encode(const EpochContext&);
template tl::expected<EpochContext, codec::DecodeError> decode(ByteView);
template Bytes encode(const Genesis&);
template tl::expected<Genesis, codec::DecodeError> decode(ByteView);

}  // namespace rondo
