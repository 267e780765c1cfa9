#include "actors/consensus/core/replica.hpp"

#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {
namespace {

Floor stored_floor(const StoreView& store, const Genesis& genesis) {
    const auto value = store.get(tables::meta, as_bytes("floor"));
    if (!value) return floor_at_genesis(genesis);
    auto floor = decode<Floor>(*value);
    require(floor.has_value(), "the stored floor decodes");
    return *floor;
}

}  // namespace

Replica::Replica(OperatorNumber self_, std::vector<crypto::SecretKey> keys, std::vector<OperatorNumber> sources,
                 const Genesis& genesis_, const StoreView& store_)
    : self(self_),
      store(store_),
      genesis(rondo::digest_of(genesis_)),
      gate(store_, tables::gate, std::move(keys), genesis),
      epochs(store_, genesis_),
      epoch(stored_floor(store_, genesis_).epoch),
      context(epochs.find(epoch)),
      chain(block_of(stored_floor(store_, genesis_))),
      lanes(store_, epoch),
      results(store_),
      voice(self_, std::move(sources), store_) {
    require(context != nullptr, "the set of the epoch this node is in is stored");
    epochs.forget_below(Epoch(epoch.minus_or_zero(2)));
    take_part();
    if (const auto reason = store.get(tables::meta, as_bytes("muted"))) muted = as_text(*reason);
    // What the floor cites may have become final before my own result came.
    if (!results.agrees_with(chain.floor().executed)) muted = "the final chain cites another result than mine";
    recover_pool();
}

void Replica::name_peers(Turn& turn) const { turn.effects.peers = epochs.peers(self); }

void Replica::take_part() {
    index = context->index_of(self);
    gate.use_none();
    if (index && !gate.use(context->at(*index)->key)) index.reset();
    voice.speak_to(*context);
}

// The votes that the last final blocks of this epoch carry: each may stand on the chain once.
void Replica::recover_pool() {
    const View oldest = chain.floor().view.minus_or_zero(parameters().execution_lag_max);
    store.scan_reverse(tables::blocks, {}, {}, [&](ByteView, ByteView value) {
        const auto final_block = decode<FinalBlock>(value);
        require(final_block.has_value(), "a stored block decodes");
        const Proposal& block = final_block->block;
        if (block.epoch != epoch || block.view < oldest) return false;
        pool.on_final(block);
        return true;
    });
}

std::vector<const Proposal*> Replica::unfinal_up_to(const Block& block) const {
    std::vector<const Proposal*> out;
    const Block* at = &block;
    while (at != nullptr && at->body != nullptr) {
        if (const Proposal* proposal = proposal_in(*at->body)) out.push_back(proposal);
        at = chain.find(at->parent_view, at->parent_digest);
    }
    return out;
}

void Replica::mute(Turn& turn, std::string reason) {
    if (!muted.empty()) return;
    muted = std::move(reason);
    turn.effects.put(tables::meta, to_bytes(as_bytes("muted")), to_bytes(as_bytes(muted)));
    turn.log(Level::error, "this node signs nothing from now on: " + muted);
}

Replica::NextEpoch Replica::after(Height height, Height executed) const {
    const std::vector<OperatorNumber>* jailed = results.jailed_at(executed);
    if (jailed == nullptr) return {};
    if (height == context->planned_end) {
        const EpochContext* planned = epochs.find(epoch.next());
        if (planned == nullptr) return {};
        return {true, successor(*context, *planned, *jailed)};
    }
    if (!ends_early(*context, *jailed)) return {true, std::nullopt};
    return {true, successor(*context, *context, *jailed)};
}

void Replica::begin_next_epoch(Turn& turn, Epoch next) {
    Floor floor = floor_of(next, chain.floor());
    floor.view = View(0);
    floor.ends_epoch = false;
    begin_epoch(turn, floor);
}

void Replica::begin_at(Turn& turn, const Proposal& block, const Cut& cut) {
    begin_epoch(turn, {block.epoch, block.view, block.height, rondo::digest_of(block), block.timestamp_ms, block.executed, cut,
                       block.next_set_hash.has_value()});
}

void Replica::begin_epoch(Turn& turn, const Floor& floor) {
    const EpochContext* set = epochs.find(floor.epoch);
    require(set != nullptr, "an epoch begins whose set is unknown");
    const Epoch before = epoch;
    turn.effects.put(tables::meta, to_bytes(as_bytes("floor")), encode(floor));
    // Certificates and bodies of the old epoch are of no more use: its boundary block's proof is kept apart.
    turn.effects.records.push_back(EraseRange{tables::certificates, {}, tables::key(floor.epoch)});
    turn.effects.records.push_back(EraseRange{tables::bodies, {}, tables::key(floor.epoch)});
    gate.prune_below(before, turn.effects);
    epoch = floor.epoch;
    context = set;
    chain.restart(block_of(floor));
    lanes.begin(turn, epoch);
    pool.clear();
    epochs.forget_below(Epoch(epoch.minus_or_zero(2)));
    take_part();
    name_peers(turn);
}

}  // namespace rondo::consensus
