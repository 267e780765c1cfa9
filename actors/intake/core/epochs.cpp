#include "actors/intake/core/epochs.hpp"

#include <algorithm>

#include "actors/intake/core/tables.hpp"

namespace rondo::intake {
namespace {

Bytes state_key() { return to_bytes(as_bytes("state")); }

}  // namespace

Epochs::Epochs(const Genesis& genesis, Book& book) : book_(book) {
    for (const Epoch epoch : {Epoch(1), Epoch(2)}) contexts_.emplace(epoch, genesis_context(genesis, epoch));
    book_.committed().scan(tables::contexts, {}, {}, [&](ByteView, ByteView stored) {
        EpochContext context = decode_own<EpochContext>(stored);
        contexts_.insert_or_assign(context.epoch, std::move(context));
        return true;
    });
    if (const auto stored = book_.get(tables::meta, state_key())) state_ = decode_own<LaneState>(*stored);
    forget_old();
}

void Epochs::forget_old() {
    while (contexts_.size() > 1 && contexts_.begin()->first.plus(2) < state_.epoch) contexts_.erase(contexts_.begin());
}

bool Epochs::is_member(OperatorNumber who) const {
    return std::ranges::any_of(contexts_, [&](const auto& entry) { return entry.second.index_of(who).has_value(); });
}

const EpochContext* Epochs::context_of(Epoch epoch) const {
    const auto it = contexts_.find(epoch);
    return it == contexts_.end() ? nullptr : &it->second;
}

CutEntry Epochs::tip(const Cut& cut, LaneId lane) {
    const CutEntry* entry = cut.find(lane);
    return entry == nullptr ? CutEntry{lane, LaneHeight(0), Digest{}} : *entry;
}

LaneHeight Epochs::window_end(LaneId lane) const {
    const EpochContext* current = context();
    return committed(lane).height.plus(current == nullptr ? 0 : current->parameters.lane_window);
}

bool Epochs::is_boundary(const Proposal& block) const {
    const EpochContext* current = context_of(state_.epoch);
    return block.next_set_hash.has_value() || (current != nullptr && block.height >= current->planned_end);
}

void Epochs::begin(Epoch epoch) {
    state_.epoch = epoch;
    state_.base = state_.cut;
    state_.waiting_for_context = !contexts_.contains(epoch);
    forget_old();
}

Epochs::Step Epochs::follow(const Proposal& block) {
    const Epoch before = state_.epoch;
    if (block.epoch > state_.epoch) begin(block.epoch);
    state_.cut = rondo::advance(state_.cut, block.cut_delta);
    state_.final_height = block.height;
    if (is_boundary(block)) begin(state_.epoch.next());
    return state_.epoch == before ? Step::same_epoch : Step::epoch_began;
}

/// The epoch's starting cut is not known; that of the block serves as well: what lies below it is final.
void Epochs::begin_at(const Proposal& block, const Base& base) {
    for (const EpochContext& context : base.contexts) {
        book_.put(tables::contexts, key_of(context.epoch), encode(context));
        contexts_.insert_or_assign(context.epoch, context);
    }
    state_.cut = base.cut;
    state_.final_height = block.height;
    begin(block.epoch);
    if (is_boundary(block)) begin(block.epoch.next());
}

Epochs::Step Epochs::learn(const EpochContext& context) {
    // The first two are fixed by genesis; a set that is in force never changes under its own members.
    if (context.epoch <= Epoch(2)) return Step::same_epoch;
    const bool in_force = context.epoch == state_.epoch && !state_.waiting_for_context;
    if (context.epoch < state_.epoch || in_force) return Step::same_epoch;
    book_.put(tables::contexts, key_of(context.epoch), encode(context));
    contexts_.insert_or_assign(context.epoch, context);
    if (context.epoch != state_.epoch) return Step::same_epoch;
    state_.waiting_for_context = false;
    persist();
    return Step::epoch_began;
}

void Epochs::persist() { book_.put(tables::meta, state_key(), encode(state_)); }

}  // namespace rondo::intake
