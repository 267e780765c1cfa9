#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"
#include "actors/consensus/core/simplex.hpp"
#include "actors/consensus/core/tables.hpp"

// Rules 1 to 3 and 5: entering a view, proposing, judging a proposal, timers.
namespace rondo::consensus {

// 1.
void Simplex::enter(Turn& turn, View view) {
    current_ = view;
    leader_ = leader_of(*replica_.context, view);
    entered_ = last_progress_ = turn.now;
    proposal_seen_ = includable_since_ = not_before_ = content_due_ = fetched_at_ = std::nullopt;
    helped_leader_ = timed_out_ = idle_over_ = tail_expected_ = false;
    news_ = true;
    ViewState& state = views_[view];
    if (state.candidate || state.malformed > 0) proposal_seen_ = turn.now;
    // 5, for what was heard before I came.
    const bool leader_gave_up = state.tally.find(VoteKind::nullify, replica_.epoch, view, leader_).has_value();
    if (leader_gave_up)
        nullify(turn, "its leader did");
    else if (state.tally.stake_for(VoteKind::nullify, Digest{}) >= replica_.context->weak())
        nullify(turn, "weak stake did");
    else if (leader_is_silent())
        nullify(turn, "its leader has long been silent");
    if (i_lead() && best_parent() == nullptr)
        if (const auto peer = replica_.voice.peer(ticks_++)) ask_for_holes(turn, *peer);
}

// 5. Only while a quorum is active: in a stalled network nobody is "silent".
bool Simplex::leader_is_silent() const {
    const std::uint64_t limit = replica_.parameters().skip_views;
    if (i_lead() || active_[leader_.value].plus(limit) >= current_) return false;
    Stake active;
    for (std::size_t i = 0; i < active_.size(); ++i) {
        const bool is_me = replica_.index && replica_.index->value == i;
        if (is_me || active_[i].plus(limit) >= current_) active = active.plus(replica_.context->operators[i].stake.value);
    }
    return active >= replica_.context->quorum();
}

// 2. The highest notarized view below mine with all views between nullified; null while something is missing.
const Block* Simplex::best_parent() const {
    const Block& floor = replica_.chain.floor();
    for (std::uint64_t v = current_.value - 1; v > floor.view.value; --v) {
        const View view(v);
        if (const Certificate* c = certificate(view, VoteKind::notarize)) return replica_.chain.find(view, c->digest);
        if (const Certificate* c = certificate(view, VoteKind::finalize)) return replica_.chain.find(view, c->digest);
        if (certificate(view, VoteKind::nullify) == nullptr) return nullptr;
    }
    return &floor;
}

// 3. Parent at or above the floor, notarized, all views between nullified.
Simplex::Parent Simplex::parent_of(const Body& body) const {
    const Block& floor = replica_.chain.floor();
    const View parent = parent_view_of(body);
    if (parent >= view_of(body) || parent < floor.view) return {nullptr, true};
    if (parent == floor.view && parent_digest_of(body) != floor.digest) return {nullptr, true};
    for (std::uint64_t v = view_of(body).value - 1; v > parent.value; --v) {
        if (certificate(View(v), VoteKind::nullify) != nullptr) continue;
        return {nullptr, certificate(View(v), VoteKind::finalize) != nullptr};
    }
    if (parent == floor.view) return {&floor, false};
    const Certificate* notarization = certificate(parent, VoteKind::notarize);
    if (notarization == nullptr) notarization = certificate(parent, VoteKind::finalize);
    if (notarization == nullptr) return {nullptr, false};
    if (notarization->digest != parent_digest_of(body)) return {nullptr, true};
    return {replica_.chain.find(parent, notarization->digest), false};
}

void Simplex::on_body(Turn& turn, OperatorNumber, Body body) {
    const View view = view_of(body);
    if (!in_reach(view) || leader_in(body) != leader_of(*replica_.context, view)) return;
    const Digest digest = digest_of(body);
    if (replica_.chain.body(view, digest) != nullptr) return;
    const auto notarization = certificate(view, VoteKind::notarize);
    const auto finalization = certificate(view, VoteKind::finalize);
    const bool wanted = (notarization != nullptr && notarization->digest == digest) ||
                        (finalization != nullptr && finalization->digest == digest);
    const auto heard = views_.find(view);
    const std::size_t malformed_before = heard == views_.end() ? 0 : heard->second.malformed;
    if (!wanted && replica_.chain.bodies_in(view) + malformed_before >= bodies_per_view_max) return;
    if (!is_signed(replica_.genesis, *replica_.context, body)) {
        ++rejected_;
        return;
    }
    const bool is_malformed = !malformed(*replica_.context, body).empty();
    if (!is_malformed || encode(body).size() <= malformed_bytes_max) replica_.voice.seen(turn, signed_message_of(body));
    mark_active(leader_in(body), view);
    ViewState& state = views_[view];
    news_ = true;
    if (view == current_ && !proposal_seen_) proposal_seen_ = last_progress_ = turn.now;
    if (is_malformed) {
        ++state.malformed;
        return;
    }
    // A chain grows by one block per view at most: a leader's word is believed within that.
    const Block& floor = replica_.chain.floor();
    const Proposal* block = proposal_in(body);
    if (block != nullptr && block->height <= floor.height.plus(view.value - floor.view.value))
        seen_height_ = std::max(seen_height_, block->height);
    if (!state.candidate) state.candidate = digest;
    if (wanted) store_body(turn, state, digest, body);
    replica_.chain.add(digest, std::move(body));
}

// 2.
bool Simplex::propose(Turn& turn) {
    if (!news_ || !i_lead() || !may_sign(current_) || views_[current_].proposed || sent(current_, VoteKind::nullify))
        return false;
    const Block* parent = best_parent();
    if (parent == nullptr) return false;
    const bool tail = parent->ends_epoch;
    const bool content = !tail && !includable(replica_, *parent).empty();
    content_due_.reset();
    if (content) content_due_ = content_due(turn.now, *parent);
    if (content_due_ && turn.now < *content_due_) return false;
    content_due_.reset();
    if (!tail && !content && turn.now < entered_.plus(replica_.parameters().idle_ms)) return false;
    auto body = draft(replica_, *parent, current_, turn.now, repeat_executed_);
    if (!body) return false;
    ViewState& state = views_[current_];
    state.proposed = true;
    const Digest digest = digest_of(*body);
    const Kind kind = proposal_in(*body) != nullptr ? Kind::proposal : Kind::tail;
    const Bytes signed_part = std::visit([](const auto& b) { return encode_body(b); }, *body);
    const auto signature = replica_.gate.sign({replica_.epoch, kind, current_.value, 0}, digest, signed_part, turn.effects);
    if (!signature) {
        turn.log(Level::warn, "the signing gate refused a proposal in view " + std::to_string(current_.value));
        return false;
    }
    std::visit([&](auto& b) { b.signature = *signature; }, *body);
    if (kind == Kind::proposal) {
        own_last_proposal_ = current_;
        repeat_executed_ = false;
    }
    state.candidate = digest;
    proposal_seen_ = last_progress_ = turn.now;
    store_body(turn, state, digest, *body);
    replica_.voice.seen(turn, signed_message_of(*body));
    replica_.voice.broadcast(turn, message_of(*body));
    replica_.chain.add(digest, std::move(*body));
    return true;
}

// A short interval after the parent, and a little longer while a lane has nothing new: lanes follow the blocks together, so what
// one still lacks is near.
Instant Simplex::content_due(Instant now, const Block& parent) {
    if (!includable_since_) includable_since_ = now;
    const Instant after_parent = Instant(parent.timestamp_ms).plus(block_interval_ms);
    const Instant apart = std::min(after_parent, entered_.plus(block_interval_ms));  // another clock may be ahead of mine
    const bool all_lanes = includable(replica_, parent).size() == replica_.context->operators.size();
    return std::max(apart, *includable_since_).plus(all_lanes ? 0 : gather_ms);
}

void Simplex::store_body(Turn& turn, ViewState& state, const Digest& digest, const Body& body) {
    if (std::exchange(state.stored_body, digest) == digest) return;
    Bytes key = tables::key(epoch_of(body), view_of(body));
    append(key, digest.view());
    turn.effects.put(tables::bodies, std::move(key), encode(body));
}

Finding Simplex::examine(const Body& body, Instant now, std::vector<Vote>& learned) const {
    const Parent parent = parent_of(body);
    if (parent.impossible) return {Verdict::invalid, "an impossible parent", {}, std::nullopt};
    if (parent.block == nullptr) return {Verdict::missing, "its parent, or certificates below it", {}, std::nullopt};
    return check(replica_, body, *parent.block, now, entered_, learned);
}

// 3. True if it led to a vote.
bool Simplex::judge(Turn& turn) {
    if (!news_ || !may_sign(current_)) return false;
    const ViewState& state = views_[current_];
    if (state.sent[at(VoteKind::notarize)] || state.sent[at(VoteKind::nullify)]) return false;
    if (state.malformed > 0) {
        nullify(turn, "a malformed proposal");
        return sent(current_, VoteKind::nullify);
    }
    if (!state.candidate) return false;
    const auto body = replica_.chain.body(current_, *state.candidate);
    if (body == nullptr) return false;
    std::vector<Vote> learned;
    const Finding finding = examine(*body, turn.now, learned);
    const bool acted = act_on(turn, *state.candidate, *body, finding);
    return absorb(turn, learned) || acted;
}

bool Simplex::act_on(Turn& turn, const Digest& digest, const Body& body, const Finding& finding) {
    switch (finding.verdict) {
        case Verdict::ok:
            store_body(turn, views_[current_], digest, body);
            return cast(turn, VoteKind::notarize, current_, digest);
        case Verdict::missing:
            not_before_ = finding.not_before;
            fetch_missing(turn, body, finding);
            return false;
        case Verdict::refused:
            return false;
        case Verdict::invalid:
            turn.log(Level::warn,
                     "invalid proposal in view " + std::to_string(current_.value) + ": " + std::string(finding.reason));
            nullify(turn, finding.reason);
            return sent(current_, VoteKind::nullify);
    }
    return false;
}

// 3. From this leader, at most once per retry period.
void Simplex::fetch_missing(Turn& turn, const Body& body, const Finding& finding) {
    if (i_lead() || (fetched_at_ && turn.now < fetched_at_->plus(replica_.parameters().retry_ms))) return;
    fetched_at_ = turn.now;
    const OperatorNumber leader = replica_.context->at(leader_)->number;
    if (!finding.poas.empty()) {
        PoaRequest request{finding.poas};
        if (request.digests.size() > poas_per_message_max) request.digests.resize(poas_per_message_max);
        replica_.voice.send(turn, leader, request);
    }
    if (parent_of(body).block != nullptr) return;
    ask_for_holes(turn, leader);
    ask_for_ancestors(turn, leader, parent_view_of(body), parent_digest_of(body));
}

// What the timers depend on: whether a tail or content may be expected from the leader.
void Simplex::update_waiting(Turn& turn) {
    if (!news_ || proposal_seen_ || includable_since_) return;
    const Block* parent = best_parent();
    if (parent == nullptr) return;
    tail_expected_ = parent->ends_epoch;
    if (!tail_expected_ && !includable(replica_, *parent).empty()) includable_since_ = turn.now;
}

// Timers. For a tail 2Δ from entry; with something includable 3Δ (the leader is helped after Δ); else idle + 2Δ; and 3Δ from the
// first proposal seen.
std::optional<Instant> Simplex::nullify_deadline() const {
    if (timed_out_ || !may_sign(current_) || sent(current_, VoteKind::nullify)) return std::nullopt;
    const DurationMs delta = delta_ms();
    if (proposal_seen_) return proposal_seen_->plus(3 * delta);
    if (tail_expected_) return entered_.plus(2 * delta);
    const Instant idle = entered_.plus(replica_.parameters().idle_ms + 2 * delta);
    return includable_since_ ? std::min(idle, includable_since_->plus(3 * delta)) : idle;
}

std::optional<Instant> Simplex::help_deadline() const {
    if (helped_leader_ || i_lead() || proposal_seen_ || !includable_since_) return std::nullopt;
    return includable_since_->plus(delta_ms());
}

std::optional<Instant> Simplex::idle_deadline() const {
    if (idle_over_ || !i_lead() || proposal_seen_) return std::nullopt;
    return entered_.plus(replica_.parameters().idle_ms);
}

std::optional<Instant> Simplex::next_deadline() const {
    Instant next = tick_due_;
    for (const auto& deadline : {nullify_deadline(), help_deadline(), idle_deadline(), not_before_, content_due_, relay_due_})
        if (deadline) next = std::min(next, *deadline);
    return next;
}

void Simplex::on_time(Turn& turn) {
    const auto due = [&](const std::optional<Instant>& deadline) { return deadline && *deadline <= turn.now; };
    if (due(tick_due_)) retry(turn);
    if (due(idle_deadline())) idle_over_ = news_ = true;
    if (due(not_before_)) {
        not_before_.reset();
        news_ = true;
    }
    if (due(content_due_)) {
        content_due_.reset();
        news_ = true;
    }
    if (due(relay_due_)) relay(turn);
    if (due(help_deadline())) help_leader(turn);
    if (due(nullify_deadline())) {
        timed_out_ = true;
        nullify(turn, proposal_seen_ ? "no progress" : "no proposal");
    }
}

void Simplex::help_leader(Turn& turn) {
    helped_leader_ = true;
    const Block* parent = best_parent();
    if (parent == nullptr) return;
    PoAs poas;
    for (const CutEntry& tip : includable(replica_, *parent)) {
        if (poas.certificates.size() == poas_per_message_max) break;
        poas.certificates.push_back(replica_.lanes.find(replica_.epoch, tip.lane, tip.height)->poa);
    }
    if (!poas.certificates.empty()) replica_.voice.send(turn, replica_.context->at(leader_)->number, poas);
}

void Simplex::settle(Turn& turn) {
    for (std::size_t round = 0; round < settle_rounds_max; ++round) {
        if (count_own_votes(turn) || commit_final(turn) || begin_next_epoch(turn) || propose(turn) || judge(turn)) continue;
        update_waiting(turn);
        news_ = false;
        return;
    }
    require(false, "a step settles");
}

}  // namespace rondo::consensus
