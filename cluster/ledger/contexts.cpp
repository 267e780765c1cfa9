#include "cluster/ledger/contexts.hpp"

namespace rondo {
namespace {

Bytes key_of(Epoch epoch) {
    Bytes key;
    append_be64(key, epoch.value);
    return key;
}

}  // namespace

ContextBook::ContextBook(const StoreView& view, Table table, const Genesis& genesis) : table_(table) {
    for (const Epoch epoch : {Epoch(1), Epoch(2)}) contexts_.emplace(epoch, genesis_context(genesis, epoch));
    view.scan(table, {}, {}, [&](ByteView, ByteView value) {
        const auto context = decode<EpochContext>(value);
        require(context.has_value(), "a stored epoch context does not decode");
        contexts_.insert_or_assign(context->epoch, *context);
        return true;
    });
}

const EpochContext* ContextBook::find(Epoch epoch) const {
    const auto it = contexts_.find(epoch);
    return it == contexts_.end() ? nullptr : &it->second;
}

void ContextBook::learn(const std::vector<EpochContext>& contexts, Effects& effects) {
    for (const EpochContext& context : contexts) {
        contexts_.insert_or_assign(context.epoch, context);
        effects.put(table_, key_of(context.epoch), encode(context));
    }
}

void ContextBook::prune_below(Epoch epoch, Effects& effects) {
    if (contexts_.begin()->first >= epoch || contexts_.size() < 2) return;
    while (contexts_.size() > 1 && contexts_.begin()->first < epoch) contexts_.erase(contexts_.begin());
    effects.records.push_back(EraseRange{table_, key_of(Epoch(0)), key_of(contexts_.begin()->first)});
}

}  // namespace rondo
