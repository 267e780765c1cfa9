#pragma once
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "actors/consensus/core/records.hpp"

namespace rondo::consensus {

/// The votes of the last D views of an epoch that a block may carry, and those that the final chain carries already.
/// A slot (view, kind, signer) stands on the chain at most once.
class VotePool {
  public:
    struct Slot {
        View view;
        VoteKind kind;
        SignerIndex signer;
        auto operator<=>(const Slot&) const = default;
    };
    [[nodiscard]] static Slot slot_of(const VoteRecord& record) { return {record.view, record.vote, record.signer}; }
    [[nodiscard]] static Slot slot_of(const Vote& vote) { return {vote.view, vote.vote, vote.signer}; }

    /// A verified vote of this epoch.
    void hold(const Vote& vote);
    [[nodiscard]] bool knows(const Slot& slot) const { return held_.contains(slot) || final_.contains(slot); }
    /// Held exactly so: no need to verify it again.
    [[nodiscard]] bool holds(const VoteRecord& record) const;
    /// Another digest is known for the vote's slot; true until that was reported.
    [[nodiscard]] bool contradicts(const Vote& vote) const;
    void on_reported(const Vote& vote) { reported_.insert(slot_of(vote)); }
    [[nodiscard]] bool on_final_chain(const Slot& slot) const { return final_.contains(slot); }

    /// What a block on `parent` should carry: the votes for the parent first, then what came late, oldest first; sorted.
    /// `unfinal` are the bodies between the floor and the new block, the parent included.
    [[nodiscard]] std::vector<VoteRecord> choose(const Block& parent, const std::vector<const Proposal*>& unfinal, View oldest,
                                                 std::size_t count_max) const;
    void on_final(const Proposal& block);
    void forget_below(View view);
    void clear();

  private:
    std::map<Slot, VoteRecord> held_;
    std::map<Slot, Digest> final_;
    std::set<Slot> reported_;  ///< contradicted, and told to the watcher
};

/// True if one of the bodies carries the slot. Their vote lists are sorted.
[[nodiscard]] bool carried_by(const std::vector<const Proposal*>& bodies, const VotePool::Slot& slot);

}  // namespace rondo::consensus
