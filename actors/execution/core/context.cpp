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

}  // namespace

std::vector<OperatorInfo> schedule(const EpochInputs& inputs) {
    std::vector<OperatorInfo> out = inputs.members;
    for (OperatorInfo& member : out) {
        const auto at = std::find_if(inputs.bonds.begin(), inputs.bonds.end(),
                                     [&](const OperatorBond& b) { return b.number == member.number; });
        require(at != inputs.bonds.end(), "a member without a bond");
        member.stake = Stake(static_cast<std::uint64_t>(at->bond / wei_per_gwei));
        member.leads = !at->jailed;
    }
    return out;
}

EpochContext next_context(const EpochContext& last, const std::vector<OperatorBond>& cited) {
    EpochContext context;
    context.epoch = last.epoch.next();
    context.seed = next_seed(last);
    context.policy = last.policy;
    context.planned_end = Height(last.parameters.epoch_blocks * context.epoch.value);
    context.operators = schedule({last.policy, last.operators, cited});
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
    store.put(tables::contexts, epoch_key(context.epoch), encode(context));
}

}  // namespace rondo::execution
