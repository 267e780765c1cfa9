#include "actors/consensus/core/vote_pool.hpp"

#include <algorithm>

namespace rondo::consensus {

void VotePool::hold(const Vote& vote) {
    const Slot slot = slot_of(vote);
    if (!final_.contains(slot)) held_.emplace(slot, VoteRecord{vote.view, vote.vote, vote.digest, vote.signer, vote.signature});
}

bool VotePool::holds(const VoteRecord& record) const {
    const auto it = held_.find(slot_of(record));
    return it != held_.end() && it->second == record;
}

bool VotePool::contradicts(const Vote& vote) const {
    const Slot slot = slot_of(vote);
    if (reported_.contains(slot)) return false;
    if (const auto it = held_.find(slot); it != held_.end()) return it->second.digest != vote.digest;
    const auto it = final_.find(slot);
    return it != final_.end() && it->second != vote.digest;
}

bool carried_by(const std::vector<const Proposal*>& bodies, const VotePool::Slot& slot) {
    return std::any_of(bodies.begin(), bodies.end(), [&](const Proposal* body) {
        const auto it = std::lower_bound(
            body->votes.begin(), body->votes.end(), slot,
            [](const VoteRecord& r, const VotePool::Slot& s) { return std::tie(r.view, r.vote) < std::tie(s.view, s.kind); });
        for (auto at = it; at != body->votes.end() && at->view == slot.view && at->vote == slot.kind; ++at)
            if (at->signer == slot.signer) return true;
        return false;
    });
}

std::vector<VoteRecord> VotePool::choose(const Block& parent, const std::vector<const Proposal*>& unfinal, View oldest,
                                         std::size_t count_max) const {
    const auto is_for_parent = [&](const VoteRecord& r) { return r.view == parent.view && r.digest == parent.digest; };
    std::vector<VoteRecord> chosen;
    for (const bool for_parent : {true, false}) {
        const Slot first{for_parent ? parent.view : oldest, VoteKind::notarize, SignerIndex(0)};
        for (auto it = held_.lower_bound(first); it != held_.end() && chosen.size() < count_max; ++it) {
            if (for_parent && it->first.view != parent.view) break;
            if (is_for_parent(it->second) == for_parent && !carried_by(unfinal, it->first)) chosen.push_back(it->second);
        }
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

void VotePool::on_final(const Proposal& block) {
    for (const VoteRecord& record : block.votes) {
        held_.erase(slot_of(record));
        final_.insert_or_assign(slot_of(record), record.digest);
    }
}

void VotePool::forget_below(View view) {
    const Slot first{view, VoteKind::notarize, SignerIndex(0)};
    held_.erase(held_.begin(), held_.lower_bound(first));
    final_.erase(final_.begin(), final_.lower_bound(first));
    reported_.erase(reported_.begin(), reported_.lower_bound(first));
}

void VotePool::clear() {
    held_.clear();
    final_.clear();
    reported_.clear();
}

}  // namespace rondo::consensus
