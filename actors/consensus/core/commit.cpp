#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"
#include "actors/consensus/core/simplex.hpp"
#include "actors/consensus/core/tables.hpp"

// Rule 7 and the change of epochs: what is final goes to the store and to the `blocks` stream, in order.
namespace rondo::consensus {
namespace {

const std::vector<VoteRecord>& votes_of(const Block& block) { return proposal_in(*block.body)->votes; }

}  // namespace

bool Simplex::commit_final(Turn& turn) {
    if (!pending_final_ || awaits_state_) return false;
    if (pending_final_->view <= replica_.chain.floor().view || replica_.epoch_is_over()) {
        pending_final_.reset();
        return true;
    }
    // The newest finalization whose ancestors are all here: behind a moving head the newest of all never is.
    const auto best = newest_reachable_finalization();
    if (!best) return false;
    const Certificate& finalization = *best;
    const auto path = replica_.chain.path_to(finalization.view, finalization.digest);
    const Block* last = nullptr;
    for (const Block& block : *path)
        if (!block.tail) last = &block;
    require(last != nullptr, "the epoch is over before its tails become final");
    for (const Block& block : *path) {
        if (block.tail) break;
        if (&block == last)
            commit_block(turn, block, finalization);
        else if (const Certificate* own = certificate(block.view, VoteKind::finalize))
            commit_block(turn, block, *own);
        else
            commit_block(turn, block, std::nullopt);
    }
    if (last->ends_epoch) {
        next_set_hash_ = proposal_in(*last->body)->next_set_hash;
        store_epoch_proof(turn, *path, finalization);
    }
    replica_.chain.raise_floor(last->view, last->digest);
    latest_finalization_ = finalization;
    if (pending_final_->view <= finalization.view) pending_final_.reset();
    after_commit(turn);
    return true;
}

std::optional<Certificate> Simplex::newest_reachable_finalization() const {
    if (replica_.chain.path_to(pending_final_->view, pending_final_->digest)) return pending_final_;
    for (auto it = views_.rbegin(); it != views_.rend() && it->first > replica_.chain.floor().view; ++it) {
        const auto& known = it->second.certificates[at(VoteKind::finalize)];
        if (known && known->view < pending_final_->view && replica_.chain.path_to(known->view, known->digest)) return known;
    }
    return std::nullopt;
}

void Simplex::commit_block(Turn& turn, const Block& block, const std::optional<Certificate>& finalization) {
    const Proposal& proposal = *proposal_in(*block.body);
    const Bytes key = tables::key(block.height);
    turn.effects.put(tables::blocks, key, encode(FinalBlock{proposal, finalization}));
    turn.effects.publishes.push_back({Stream::blocks, block.height.value, RecordRef{tables::blocks, key}, block.digest});
    replica_.pool.on_final(proposal);
    replica_.lanes.on_final_cut(turn, proposal.cut_delta);
    for (const VoteRecord& vote : votes_of(block))
        if (vote.vote == VoteKind::notarize) ++votes_on_chain_[replica_.context->at(vote.signer)->number];
    if (!replica_.results.agrees_with(block.executed))
        replica_.mute(turn, "the final chain cites another result at height " + std::to_string(block.executed.height.value));
}

// Kept for ever: a new node walks the sets from genesis.
void Simplex::store_epoch_proof(Turn& turn, const std::vector<Block>& path, const Certificate& finalization) const {
    FinalBlocks proof{{}, finalization, {}};
    for (const Block& block : path) {
        if (const Tail* tail = std::get_if<Tail>(block.body.get()))
            proof.tails.push_back(*tail);
        else
            proof.blocks = {*proposal_in(*block.body)};
    }
    turn.effects.put(tables::proofs, tables::key(replica_.epoch), encode(proof));
}

// Prune below the floor, and only there.
void Simplex::after_commit(Turn& turn) {
    const Block& floor = replica_.chain.floor();
    const Epoch epoch = replica_.epoch;
    turn.effects.put(tables::meta, to_bytes(as_bytes("floor")), encode(floor_of(epoch, floor)));
    turn.effects.records.push_back(EraseRange{tables::certificates, tables::key(epoch), tables::key(epoch, floor.view)});
    turn.effects.records.push_back(EraseRange{tables::bodies, tables::key(epoch), tables::key(epoch, floor.view.next())});
    views_.erase(views_.begin(), views_.upper_bound(floor.view));
    replica_.pool.forget_below(floor.view.minus_or_zero(replica_.parameters().execution_lag_max));
    replica_.results.prune_below(turn, floor.executed.height);
    notarized_height_ = std::max(notarized_height_, floor.height);
    last_progress_ = turn.now;
    news_ = true;
}

// The next epoch starts at view 1 on the boundary block.
bool Simplex::begin_next_epoch(Turn& turn) {
    if (!replica_.epoch_is_over() || !replica_.muted.empty()) return false;
    const EpochContext* next = replica_.epochs.find(replica_.epoch.next());
    if (next == nullptr || next_set_hash_ != rondo::digest_of(*next)) {
        // After a jailing it is another than was planned: it comes with the boundary block's own result.
        if (replica_.results.head() >= replica_.chain.floor().height)
            replica_.mute(turn, "the boundary block names another next set than this node computed");
        return false;
    }
    replica_.begin_next_epoch(turn, next->epoch);
    forget_views();
    enter(turn, View(1));
    return true;
}

void Simplex::forget_views() {
    views_.clear();
    own_votes_.clear();
    pending_final_.reset();
    latest_finalization_.reset();
    next_set_hash_.reset();
    own_last_proposal_.reset();
    relay_due_.reset();
    relayed_final_ = View(0);
    repeat_executed_ = false;
    active_.assign(replica_.context->operators.size(), replica_.chain.floor().view);
}

void Simplex::begin_at_base(Turn& turn, const Proposal& block) {
    forget_views();
    next_set_hash_ = block.next_set_hash;
    notarized_height_ = block.height;
    enter(turn, block.view.next());
}

namespace {

/// Blocks of one epoch follow one another from the floor, tails follow the last of them, and the proof is for the last body.
bool is_chained(const Block& floor, const std::vector<Proposal>& blocks, const std::vector<Tail>& tails,
                const Certificate& proof) {
    Digest parent = floor.digest;
    View parent_view = floor.view;
    Height height = floor.height;
    bool is_over = false;
    const auto follows = [&](const auto& body) {
        const bool ok = body.parent_digest == parent && body.parent_view == parent_view && body.view > parent_view;
        parent = rondo::digest_of(body);
        parent_view = body.view;
        return ok;
    };
    for (const Proposal& block : blocks) {
        if (is_over || block.height != height.next() || !follows(block)) return false;
        height = block.height;
        is_over = block.next_set_hash.has_value();
    }
    for (const Tail& tail : tails)
        if (!follows(tail)) return false;
    return proof.vote == VoteKind::finalize && proof.view == parent_view && proof.digest == parent;
}

}  // namespace

bool Simplex::on_final_range(Turn& turn, const FinalBlocks& range) {
    const Block& floor = replica_.chain.floor();
    const Digest& genesis = replica_.genesis;
    const EpochContext& context = *replica_.context;
    if (!range.proof || replica_.epoch_is_over()) return false;
    std::vector<Proposal> blocks;
    for (const Proposal& block : range.blocks)
        if (block.height > floor.height) blocks.push_back(block);
    if (blocks.empty() || !is_chained(floor, blocks, range.tails, *range.proof)) return false;
    const auto is_right = [&](const Body& body) {
        return epoch_of(body) == replica_.epoch && leader_in(body) == leader_of(context, view_of(body)) &&
               malformed(context, body).empty() && is_signed(genesis, context, body);
    };
    if (!is_certified(genesis, context, *range.proof, nullptr)) return false;
    if (!range.tails.empty() && !blocks.back().next_set_hash) return false;
    for (const Proposal& block : blocks)
        if (!is_right(block)) return false;
    for (const Tail& tail : range.tails)
        if (!is_right(tail)) return false;
    for (const Proposal& block : blocks) replica_.chain.add(rondo::digest_of(block), block);
    for (const Tail& tail : range.tails) replica_.chain.add(rondo::digest_of(tail), tail);
    if (certificate(range.proof->view, VoteKind::finalize) == nullptr) accept(turn, *range.proof);
    seen_height_ = std::max(seen_height_, range.blocks.back().height);
    return true;
}

}  // namespace rondo::consensus
