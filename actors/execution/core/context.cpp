#include "actors/execution/core/context.hpp"

#include <algorithm>

#include "actors/execution/core/tables.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

constexpr std::uint64_t wei_per_gwei = 1'000'000'000;

Digest next_seed(const EpochContext& last) {
    Bytes epoch;
    append_be64(epoch, last.epoch.value + 1);
    return crypto::blake2b({as_bytes("seed"), last.seed.view(), epoch});
}

OperatorInfo member_of(const RegisteredOperator& o, bool leads) {
    const Stake stake(static_cast<std::uint64_t>(o.bond / wei_per_gwei));
    return {o.number, o.key, o.transport_key, stake, leads, o.owner, o.watcher_account, o.rewards_account, o.endpoints};
}

/// Rules 1 and 2, ascending by number.
std::vector<const RegisteredOperator*> choose(const Registry& cited, const Parameters& parameters) {
    const Wei least = Wei(parameters.self_stake_min_gwei) * wei_per_gwei;
    std::vector<const RegisteredOperator*> out;
    for (const RegisteredOperator& o : cited.operators)
        if (!o.left && !o.jailed && o.bond >= least) out.push_back(&o);
    if (out.size() <= parameters.operators_max) return out;
    // Stable: they ascend by number.
    std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->bond > b->bond; });
    out.resize(parameters.operators_max);
    std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
    return out;
}

}  // namespace

std::vector<OperatorInfo> schedule(const EpochContext& last, const Registry& cited) {
    std::vector<OperatorInfo> set;
    const std::vector<const RegisteredOperator*> chosen = choose(cited, last.parameters);
    if (chosen.size() >= members_min) {
        for (const RegisteredOperator* o : chosen) set.push_back(member_of(*o, true));
        return set;
    }
    for (const OperatorInfo& member : last.operators) {
        const RegisteredOperator* o = cited.find(member.number);
        require(o != nullptr, "a member is not registered");
        set.push_back(member_of(*o, !o->jailed));
    }
    return set;
}

EpochContext next_context(const EpochContext& last, const Registry& cited) {
    EpochContext context;
    context.epoch = last.epoch.next();
    context.seed = next_seed(last);
    context.policy = last.policy;
    context.planned_end = last.planned_end.plus(last.parameters.epoch_blocks);
    context.operators = schedule(last, cited);
    context.parameters = last.parameters;
    return context;
}

const EpochContext* ContextBook::find(const StateReader& store, Epoch epoch) {
    const auto it = kept_.find(epoch);
    if (it != kept_.end()) return &it->second;
    const auto record = store.get(tables::contexts, epoch_key(epoch));
    if (!record) return nullptr;
    // An old epoch (late evidence) must not push out the current ones: it goes first itself when the next comes.
    while (kept_.size() >= kept_max) kept_.erase(kept_.begin());
    return &kept_.insert_or_assign(epoch, decode_own<EpochContext>(*record)).first->second;
}

void ContextBook::add(StateStore& store, const EpochContext& context) {
    kept_.erase(context.epoch);
    store.put(tables::contexts, epoch_key(context.epoch), encode(context));
}

}  // namespace rondo::execution
