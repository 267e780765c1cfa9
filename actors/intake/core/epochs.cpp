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
    drop_wrong_plan();
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

void Epochs::begin(const Digest& set) {
    state_.epoch = state_.epoch.next();
    state_.base = state_.cut;
    state_.awaited_set = set;
    drop_wrong_plan();
    if (contexts_.contains(state_.epoch)) state_.awaited_set.reset();
    forget_old();
}

void Epochs::drop_wrong_plan() {
    const auto planned = contexts_.find(state_.epoch);
    if (planned != contexts_.end() && state_.awaited_set && digest_of(planned->second) != *state_.awaited_set)
        contexts_.erase(planned);
}

Epochs::Step Epochs::follow(const Proposal& block) {
    state_.cut = rondo::advance(state_.cut, block.cut_delta);
    state_.final_height = block.height;
    if (!block.next_set_hash) return Step::same_epoch;
    begin(*block.next_set_hash);
    return Step::epoch_began;
}

/// The epoch's starting cut is not known; that of the block serves as well: what lies below it is final.
void Epochs::begin_at(const Proposal& block, const Base& base) {
    for (const EpochContext& context : base.contexts) {
        book_.put(tables::contexts, key_of(context.epoch), encode(context));
        contexts_.insert_or_assign(context.epoch, context);
    }
    state_.cut = base.cut;
    state_.final_height = block.height;
    state_.epoch = block.epoch;
    state_.base = state_.cut;
    forget_old();
    if (block.next_set_hash) begin(*block.next_set_hash);
}

Epochs::Step Epochs::learn(const EpochContext& context) {
    const bool is_awaited = context.epoch == state_.epoch && state_.awaited_set == digest_of(context);
    if (context.epoch <= state_.epoch && !is_awaited) return Step::same_epoch;
    book_.put(tables::contexts, key_of(context.epoch), encode(context));
    contexts_.insert_or_assign(context.epoch, context);
    if (!is_awaited) return Step::same_epoch;
    state_.awaited_set.reset();
    persist();
    return Step::epoch_began;
}

void Epochs::persist() { book_.put(tables::meta, state_key(), encode(state_)); }

}  // namespace rondo::intake
