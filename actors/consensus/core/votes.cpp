#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"
#include "actors/consensus/core/simplex.hpp"
#include "actors/consensus/core/tables.hpp"

// Rules 4 to 7: from votes to certificates, and what follows from them.
namespace rondo::consensus {

const Certificate* Simplex::certificate(View view, VoteKind kind) const {
    const auto it = views_.find(view);
    if (it == views_.end() || !it->second.certificates[at(kind)]) return nullptr;
    return &*it->second.certificates[at(kind)];
}

bool Simplex::sent(View view, VoteKind kind) const {
    const auto it = views_.find(view);
    return it != views_.end() && it->second.sent[at(kind)];
}

bool Simplex::in_reach(View view) const { return view > replica_.chain.floor().view && view <= current_.plus(views_ahead_max); }

bool Simplex::may_sign(View view) const {
    return replica_.index && replica_.muted.empty() && !left_behind_ && !replica_.epoch_is_over() &&
           replica_.gate.admits({replica_.epoch, Kind::notarize, view.value, 0});
}

bool Simplex::cast(Turn& turn, VoteKind kind, View view, const Digest& digest) {
    if (!may_sign(view)) return false;
    Vote vote{kind, replica_.epoch, view, digest, *replica_.index, {}};
    const Slot slot{vote.epoch, kind_of(kind), view.value, 0};
    const auto signature = replica_.gate.sign(slot, digest, encode_body(vote), turn.effects);
    if (!signature) {
        turn.log(Level::warn, "the signing gate refused a vote in view " + std::to_string(view.value));
        return false;
    }
    vote.signature = *signature;
    views_[view].sent[at(kind)] = true;
    replica_.voice.broadcast(turn, vote);
    own_votes_.push_back(vote);
    return true;
}

// 5. Only while in the view, and only if Finalize was not sent.
void Simplex::nullify(Turn& turn, std::string_view why) {
    if (sent(current_, VoteKind::nullify) || sent(current_, VoteKind::finalize)) return;
    if (cast(turn, VoteKind::nullify, current_, Digest{}))
        turn.log(Level::debug, "nullify view " + std::to_string(current_.value) + ": " + std::string(why));
}

// Own votes are counted from a queue and not where they are cast, so that a set of one does not recurse.
bool Simplex::count_own_votes(Turn& turn) {
    if (own_votes_.empty()) return false;
    const Vote vote = own_votes_.front();
    own_votes_.pop_front();
    replica_.voice.seen(turn, vote);
    replica_.pool.hold(vote);
    if (vote.view > replica_.chain.floor().view && views_[vote.view].tally.known(vote) == Tally::Known::none) count(turn, vote);
    return true;
}

void Simplex::on_vote(Turn& turn, OperatorNumber from, const Vote& vote) {
    const OperatorInfo* signer = replica_.context->at(vote.signer);
    // Votes come from who signed them: a stranger can waste only its own standing.
    if (signer == nullptr || signer->number != from || (vote.vote == VoteKind::nullify) != vote.digest.is_zero()) return;
    if (vote.view <= replica_.chain.floor().view) return on_late_vote(turn, vote);
    if (!in_reach(vote.view)) return;
    const auto it = views_.find(vote.view);
    const Tally::Known known = it == views_.end() ? Tally::Known::none : it->second.tally.known(vote);
    if (known == Tally::Known::same || known == Tally::Known::signed_again) return;
    if (!is_signed(replica_.genesis, *replica_.context, vote)) {
        ++rejected_;
        return;
    }
    if (known == Tally::Known::contradicted) {
        if (it->second.tally.report_contradiction(vote)) replica_.voice.seen(turn, vote);
        return;
    }
    replica_.voice.seen(turn, vote);
    replica_.pool.hold(vote);
    count(turn, vote);
}

// A vote for a view below the floor still counts as participation; one that contradicts what a block carried is evidence.
void Simplex::on_late_vote(Turn& turn, const Vote& vote) {
    if (vote.view == View(0) || vote.view.plus(replica_.parameters().execution_lag_max) < current_) return;
    const bool contradicts = replica_.pool.contradicts(vote);
    if (!contradicts && replica_.pool.knows(VotePool::slot_of(vote))) return;
    if (!is_signed(replica_.genesis, *replica_.context, vote)) {
        ++rejected_;
        return;
    }
    if (contradicts) {
        replica_.pool.on_reported(vote);
        replica_.voice.seen(turn, vote);
        return;
    }
    mark_active(vote.signer, vote.view);
    replica_.voice.seen(turn, vote);
    replica_.pool.hold(vote);
}

void Simplex::mark_active(SignerIndex signer, View view) {
    if (signer.value < active_.size()) active_[signer.value] = std::max(active_[signer.value], view);
}

// Votes that a block carried. True if one of them was counted.
bool Simplex::absorb(Turn& turn, const std::vector<Vote>& verified) {
    bool counted = false;
    for (const Vote& vote : verified) {
        if (replica_.pool.knows(VotePool::slot_of(vote))) continue;
        replica_.voice.seen(turn, vote);
        replica_.pool.hold(vote);
        if (!in_reach(vote.view) || views_[vote.view].tally.known(vote) != Tally::Known::none) continue;
        count(turn, vote);
        counted = true;
    }
    return counted;
}

// 4, 6, 7. `vote` is verified and not counted yet.
void Simplex::count(Turn& turn, const Vote& vote) {
    // Who finalizes has the notarization, and is in the next view.
    mark_active(vote.signer, vote.vote == VoteKind::finalize ? vote.view.next() : vote.view);
    ViewState& state = views_[vote.view];
    state.tally.add(vote, replica_.context->at(vote.signer)->stake);
    const Stake stake = state.tally.stake_for(vote.vote, vote.digest);
    if (!state.certificates[at(vote.vote)] && stake >= replica_.context->quorum())
        return accept(turn, state.tally.certificate(vote));
    if (vote.vote == VoteKind::nullify && vote.view == current_) {
        if (vote.signer == leader_)
            nullify(turn, "its leader did");
        else if (stake >= replica_.context->weak())
            nullify(turn, "weak stake did");
    }
}

void Simplex::on_certificate(Turn& turn, OperatorNumber, const Certificate& certificate) {
    if (certificate.view <= replica_.chain.floor().view || this->certificate(certificate.view, certificate.vote) != nullptr)
        return;
    const auto it = views_.find(certificate.view);
    const Tally* tally = it == views_.end() ? nullptr : &it->second.tally;
    if (!is_certified(replica_.genesis, *replica_.context, certificate, tally)) {
        ++rejected_;
        return;
    }
    replica_.voice.seen(turn, certificate);
    for (const SignerIndex signer : certificate.signers) mark_active(signer, certificate.view);
    accept(turn, certificate);
}

// A verified certificate that is new: keep, relay, act.
void Simplex::accept(Turn& turn, Certificate certificate) {
    const View view = certificate.view;
    const VoteKind kind = certificate.vote;
    const Digest digest = certificate.digest;
    const Bytes key = tables::key(certificate.epoch, view, static_cast<std::uint64_t>(kind));
    turn.effects.put(tables::certificates, key, encode(certificate));
    if (replica_.context->operators.size() <= relay_members_max) {
        arm_relay(turn);
    } else if (const OperatorInfo* next = replica_.context->at(leader_of(*replica_.context, view.next()))) {
        replica_.voice.send(turn, next->number, certificate);
    }
    news_ = true;
    if (kind == VoteKind::finalize && (!pending_final_ || pending_final_->view < view)) pending_final_ = certificate;
    views_[view].certificates[at(kind)] = std::move(certificate);
    if (kind == VoteKind::notarize) on_notarization(turn, view, digest);
    if (kind == VoteKind::nullify) {
        pace_.on_nullified(replica_.parameters());
        repeat_executed_ = repeat_executed_ || own_last_proposal_ == view;
    }
    if (kind == VoteKind::finalize) pace_.on_finalized();
    if (view >= current_) enter(turn, view.next());
}

void Simplex::on_notarization(Turn& turn, View view, const Digest& digest) {
    if (const Block* block = replica_.chain.find(view, digest)) notarized_height_ = std::max(notarized_height_, block->height);
    // The body is stored by everybody that notarized it; keep it here too if it is at hand, for the ones that did not.
    ViewState& state = views_[view];
    if (const auto body = replica_.chain.body(view, digest)) store_body(turn, state, digest, *body);
    if (!state.sent[at(VoteKind::nullify)] && !state.sent[at(VoteKind::finalize)]) cast(turn, VoteKind::finalize, view, digest);
}

}  // namespace rondo::consensus
