#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/simplex.hpp"
#include "actors/consensus/core/tables.hpp"

// Rule 8, questions about what is missing and their answers, and recovery.
namespace rondo::consensus {

Simplex::Simplex(Replica& replica) : replica_(replica) { recover(); }

void Simplex::recover() {
    const Block& floor = replica_.chain.floor();
    const Epoch epoch = replica_.epoch;
    current_ = floor.view;
    replica_.store.scan(tables::certificates, tables::key(epoch, floor.view), tables::key(epoch.next()),
                        [&](ByteView, ByteView value) {
                            auto certificate = decode<Certificate>(value);
                            require(certificate.has_value(), "a stored certificate decodes");
                            current_ = std::max(current_, certificate->view);
                            if (certificate->vote == VoteKind::finalize)
                                (certificate->view > floor.view ? pending_final_ : latest_finalization_) = *certificate;
                            if (certificate->view > floor.view)
                                views_[certificate->view].certificates[at(certificate->vote)] = std::move(*certificate);
                            return true;
                        });
    replica_.store.scan(tables::bodies, tables::key(epoch, floor.view.next()), tables::key(epoch.next()),
                        [&](ByteView, ByteView value) {
                            auto body = decode<Body>(value);
                            require(body.has_value(), "a stored body decodes");
                            ViewState& state = views_[view_of(*body)];
                            const Digest digest = digest_of(*body);
                            state.candidate = state.stored_body = digest;
                            replica_.chain.add(digest, std::move(*body));
                            return true;
                        });
    current_ = current_.next();
    active_.assign(replica_.context->operators.size(), current_);
    recover_own_votes();
    notarized_height_ = floor.height;
    if (!replica_.epoch_is_over()) return;
    const auto value = replica_.store.get(tables::blocks, tables::key(floor.height));
    require(value.has_value(), "the floor's block is stored");
    next_set_hash_ = decode<FinalBlock>(*value)->block.next_set_hash;
}

// The gate knows what was signed; signing the same again gives the same signature. Counted as soon as the core starts.
void Simplex::recover_own_votes() {
    if (!replica_.index) return;
    Effects unused;
    for (View view = replica_.chain.floor().view.next(); view <= current_; view = view.next()) {
        for (const VoteKind kind : {VoteKind::notarize, VoteKind::nullify, VoteKind::finalize}) {
            const Slot slot{replica_.epoch, kind_of(kind), view.value, 0};
            const auto digest = replica_.gate.signed_for(slot);
            if (!digest) continue;
            views_[view].sent[at(kind)] = true;
            Vote vote{kind, replica_.epoch, view, *digest, *replica_.index, {}};
            const auto signature = replica_.gate.sign(slot, *digest, encode_body(vote), unused);
            if (!signature) continue;
            vote.signature = *signature;
            own_votes_.push_back(vote);
        }
        for (const Kind kind : {Kind::proposal, Kind::tail})
            if (replica_.gate.signed_for({replica_.epoch, kind, view.value, 0})) {
                views_[view].proposed = true;
                if (kind == Kind::proposal) own_last_proposal_ = view;
            }
    }
    repeat_executed_ = own_last_proposal_ && certificate(*own_last_proposal_, VoteKind::nullify) != nullptr;
}

void Simplex::start(Turn& turn) {
    replica_.lanes.restart_clocks(turn.now);
    tick_due_ = turn.now.plus(replica_.parameters().retry_ms);
    enter(turn, current_);
    settle(turn);
    say_again(turn);
}

void Simplex::retry(Turn& turn) {
    const Parameters& p = replica_.parameters();
    ++ticks_;
    tick_due_ = turn.now.plus(p.retry_ms);
    relay_overdue(turn);
    if (last_progress_.plus(p.retry_ms) > turn.now) return;
    news_ = true;  // what is missing is asked for again
    say_again(turn);
    if (best_parent() != nullptr || !replica_.index) return;
    if (const auto peer = replica_.voice.peer(ticks_)) ask_for_holes(turn, *peer);
}

// 3, censorship.
void Simplex::relay_overdue(Turn& turn) {
    const Parameters& p = replica_.parameters();
    const Block* parent = best_parent();
    const Cut& cut = *(parent == nullptr ? replica_.chain.floor() : *parent).cut;
    PoAs overdue{replica_.lanes.take_overdue(cut, p.lane_window, turn.now, p.censorship_ms / 2)};
    if (!overdue.certificates.empty()) replica_.voice.broadcast(turn, overdue);
}

// Certificates, to who seems to lack them: votes reached it from fewer than reached me.
void Simplex::arm_relay(Turn& turn) {
    if (relay_due_) return;
    relay_due_ = turn.now.plus(delta_ms() / relay_delta_share);
    relay_mark_ = current_;
}

void Simplex::relay(Turn& turn) {
    relay_due_.reset();
    const std::vector<OperatorInfo>& members = replica_.context->operators;
    if (const Certificate* entry = entry_certificate())
        for (std::size_t i = 0; i < members.size(); ++i)
            if (active_[i] < relay_mark_) replica_.voice.send(turn, members[i].number, *entry);
    if (current_ != relay_mark_) return arm_relay(turn);
    const auto& finalization = pending_final_ ? pending_final_ : latest_finalization_;
    if (!finalization || finalization->view <= relayed_final_) return;
    relayed_final_ = finalization->view;
    replica_.voice.broadcast(turn, *finalization);
}

// The best certificate by which the current view can be entered.
const Certificate* Simplex::entry_certificate() const {
    const View below = current_.minus_or_zero(1);
    for (const VoteKind kind : {VoteKind::finalize, VoteKind::notarize, VoteKind::nullify})
        if (const Certificate* entry = certificate(below, kind)) return entry;
    return latest_finalization_ && latest_finalization_->view == below ? &*latest_finalization_ : nullptr;
}

// 8.
void Simplex::say_again(Turn& turn) {
    if (replica_.epoch_is_over() || !replica_.index) return;
    const Voice& voice = replica_.voice;
    const View lowest = std::max(replica_.chain.floor().view.next(), current_.minus_or_zero(retry_views_max));
    for (auto it = views_.lower_bound(lowest); it != views_.end() && it->first <= current_; ++it) {
        for (const VoteKind kind : {VoteKind::notarize, VoteKind::nullify, VoteKind::finalize}) {
            if (it->second.certificates[at(kind)]) continue;
            if (const auto vote = it->second.tally.find(kind, replica_.epoch, it->first, *replica_.index))
                voice.broadcast(turn, *vote);
        }
    }
    if (const Certificate* entry = entry_certificate()) voice.broadcast(turn, *entry);
    if (pending_final_)
        voice.broadcast(turn, *pending_final_);
    else if (latest_finalization_)
        voice.broadcast(turn, *latest_finalization_);
    const auto state = views_.find(current_);
    if (state == views_.end() || !state->second.proposed || !state->second.candidate) return;
    if (const auto body = replica_.chain.body(current_, *state->second.candidate)) voice.broadcast(turn, message_of(*body));
}

void Simplex::ask_for_holes(Turn& turn, OperatorNumber whom) const {
    std::size_t asked = 0;
    for (std::uint64_t v = current_.value - 1; v > replica_.chain.floor().view.value && asked < holes_per_request_max; --v) {
        const View view(v);
        if (certificate(view, VoteKind::nullify) != nullptr) continue;
        if (const Certificate* notarization = certificate(view, VoteKind::notarize))
            return ask_for_ancestors(turn, whom, view, notarization->digest);
        replica_.voice.send(turn, whom, CertificateRequest{replica_.epoch, view});
        ++asked;
    }
}

void Simplex::ask_for_ancestors(Turn& turn, OperatorNumber whom, View view, Digest digest) const {
    while (view > replica_.chain.floor().view) {
        const auto body = replica_.chain.body(view, digest);
        if (body == nullptr) return replica_.voice.send(turn, whom, BodyRequest{digest});
        if (replica_.chain.find(view, digest) != nullptr || parent_view_of(*body) >= view) return;
        view = parent_view_of(*body);
        digest = parent_digest_of(*body);
    }
}

void Simplex::on_certificate_request(Turn& turn, OperatorNumber from, View view) const {
    if (view <= replica_.chain.floor().view) {
        if (latest_finalization_) replica_.voice.send(turn, from, *latest_finalization_);
        return;
    }
    for (const VoteKind kind : {VoteKind::notarize, VoteKind::nullify, VoteKind::finalize})
        if (const Certificate* known = certificate(view, kind)) replica_.voice.send(turn, from, *known);
}

void Simplex::on_body_request(Turn& turn, OperatorNumber from, const Digest& digest) const {
    if (const auto body = replica_.chain.body(digest))
        replica_.voice.send(turn, from, message_of(*body));
    else if (latest_finalization_)
        replica_.voice.send(turn, from, *latest_finalization_);
}

}  // namespace rondo::consensus
