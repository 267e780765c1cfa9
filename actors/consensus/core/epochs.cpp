#include "actors/consensus/core/epochs.hpp"

#include <algorithm>

#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {

Epochs::Epochs(const StoreView& store, const Genesis& genesis) {
    for (const Epoch epoch : {Epoch(1), Epoch(2)}) contexts_.emplace(epoch, genesis_context(genesis, epoch));
    store.scan(tables::contexts, {}, {}, [&](ByteView, ByteView value) {
        const auto context = decode<EpochContext>(value);
        require(context.has_value(), "a stored context decodes");
        contexts_.insert_or_assign(context->epoch, *context);
        return true;
    });
}

const EpochContext* Epochs::find(Epoch epoch) const {
    const auto it = contexts_.find(epoch);
    return it == contexts_.end() ? nullptr : &it->second;
}

bool Epochs::learn(Turn& turn, const EpochContext& context, Epoch current) {
    if (context.epoch <= current) return false;
    const EpochContext* planned = find(context.epoch);
    const bool is_other = planned != nullptr && *planned != context;
    contexts_.insert_or_assign(context.epoch, context);
    turn.effects.put(tables::contexts, tables::key(context.epoch), encode(context));
    return is_other;
}

std::vector<Peer> Epochs::peers(OperatorNumber self) const { return peers_of(contexts_, self); }

bool Epochs::is_member(OperatorNumber who) const {
    return std::ranges::any_of(contexts_, [&](const auto& entry) { return entry.second.index_of(who).has_value(); });
}

}  // namespace rondo::consensus
