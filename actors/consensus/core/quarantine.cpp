#include "actors/consensus/core/quarantine.hpp"

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"

namespace rondo::consensus {
namespace {

/// What a signature is for, and whether it is the key's.
struct Statement {
    Slot slot;
    Digest digest{};
    Bytes body;
    Signature signature{};
};

std::optional<Statement> statement_of(const SignedMessage& message) {
    if (const auto* vote = std::get_if<Vote>(&message))
        return Statement{
            {vote->epoch, kind_of(vote->vote), vote->view.value, 0}, vote->digest, encode_body(*vote), vote->signature};
    const auto of_body = [](const auto& body) {
        return Statement{{body.epoch, body.kind, body.view.value, 0}, rondo::digest_of(body), encode_body(body), body.signature};
    };
    if (const auto* proposal = std::get_if<Proposal>(&message)) return of_body(*proposal);
    if (const auto* tail = std::get_if<Tail>(&message)) return of_body(*tail);
    return std::nullopt;
}

}  // namespace

void Quarantine::start(Turn& turn) {
    replica_.gate.await_confirmation();
    inquiry_.begin(turn.now);
    if (const auto& record = replica_.gate.quarantined(); record && !record->reentry)
        turn.log(Level::error, "this node is in quarantine and signs nothing: " + record->reason);
    conclude(turn);
    if (is_open()) ask(turn);
}

void Quarantine::on_base(Turn& turn) {
    replica_.gate.await_confirmation();
    inquiry_.begin(turn.now);
}

bool Quarantine::is_open() const {
    const auto& record = replica_.gate.quarantined();
    return replica_.index && (!replica_.gate.is_confirmed() || (record && !record->reentry));
}

// 1.
bool Quarantine::can_be_told() const { return replica_.index && !simplex_.is_left_behind(); }

void Quarantine::ask(Turn& turn) {
    inquiry_.asked(turn.now);
    replica_.voice.broadcast(turn, StatusRequest{inquiry_.nonce(), replica_.epoch});
}

void Quarantine::on_time(Turn& turn) {
    conclude(turn);
    if (is_open() && inquiry_.is_due(turn.now, replica_.parameters().retry_ms)) ask(turn);
}

// 3. What was said of another epoch proves nothing in this one.
void Quarantine::on_settled(Turn& turn) {
    if (replica_.epoch == epoch_) return;
    epoch_ = replica_.epoch;
    proven_.clear();
    conclude(turn);
    if (is_open()) ask(turn);
}

// ------------------------------------------------------------------------------------------------ answering

void Quarantine::on_request(Turn& turn, OperatorNumber from, const StatusRequest& request) {
    replica_.voice.send(turn, from, status_for(from, request.nonce));
    if (is_open() && !inquiry_.has_answered(from))
        replica_.voice.send(turn, from, StatusRequest{inquiry_.nonce(), replica_.epoch});
}

Status Quarantine::status_for(OperatorNumber peer, std::uint64_t nonce) const {
    const Certificate* entry = simplex_.entry_certificate();
    return {nonce, replica_.epoch, entry == nullptr ? std::nullopt : std::optional(*entry), simplex_.latest_finalization(),
            replica_.voice.witnessed(peer)};
}

// -------------------------------------------------------------------------------------------------- hearing

void Quarantine::on_status(Turn& turn, OperatorNumber from, const Status& status) {
    if (status.nonce != inquiry_.nonce() || status.seen.size() > witnessed_max || !replica_.context->index_of(from)) return;
    check_signatures(turn, status);
    inquiry_.answered(from);
    if (status.epoch <= replica_.epoch && replica_.gate.quarantined()) proven_[from] = proven_view(status);
    hear_certificates(turn, from, status);
    conclude(turn);
}

// 2.
void Quarantine::check_signatures(Turn& turn, const Status& status) {
    for (const SignedMessage& message : status.seen) {
        if (!is_unaccounted(message)) continue;
        const Slot slot = statement_of(message)->slot;
        const std::string reason = "a peer holds what this key signed in epoch " + std::to_string(slot.epoch.value) + ", view " +
                                   std::to_string(slot.a) + ", and this store does not: it is older than what others have seen";
        replica_.gate.quarantine(reason, turn.effects);
        proven_.clear();
        inquiry_.asked(turn.now);
        replica_.voice.broadcast(turn, StatusRequest{inquiry_.nonce(), replica_.epoch});
        turn.log(Level::error, "this node goes into quarantine and signs nothing: " + reason);
        return;
    }
}

bool Quarantine::is_unaccounted(const SignedMessage& message) const {
    const auto statement = statement_of(message);
    if (!statement || replica_.gate.accounts_for(statement->slot, statement->digest)) return false;
    const Slot& slot = statement->slot;
    return replica_.gate.is_own(signing_bytes(replica_.genesis, slot.epoch, slot.kind, statement->body), statement->signature);
}

/// Who is in my epoch is in its first view at least; who is not there yet, in none.
View Quarantine::proven_view(const Status& status) const {
    if (status.epoch < replica_.epoch) return View(0);
    View view(1);
    for (const auto* certificate : {&status.entry, &status.finalization})
        if (*certificate && (*certificate)->view >= view &&
            is_certified(replica_.genesis, *replica_.context, **certificate, nullptr))
            view = (*certificate)->view.next();
    return view;
}

void Quarantine::hear_certificates(Turn& turn, OperatorNumber from, const Status& status) {
    for (const auto* certificate : {&status.entry, &status.finalization})
        if (*certificate && (*certificate)->epoch == replica_.epoch) simplex_.on_certificate(turn, from, **certificate);
}

// ----------------------------------------------------------------------------------------------- concluding

void Quarantine::conclude(Turn& turn) {
    SigningGate& gate = replica_.gate;
    if (!gate.is_confirmed() && can_be_told() &&
        inquiry_.suffices(*replica_.context, replica_.self, turn.now, replica_.parameters().retry_ms)) {
        gate.confirm();
        simplex_.on_news();
    }
    if (gate.is_confirmed() && gate.quarantined() && !gate.quarantined()->reentry) find_reentry(turn);
}

// 3., 4.
void Quarantine::find_reentry(Turn& turn) {
    Stake others;
    View highest(0);
    for (const auto& [number, view] : proven_) {
        const auto index = replica_.context->index_of(number);
        if (!index || number == replica_.self) continue;
        others = others.plus(replica_.context->at(*index)->stake.value);
        highest = std::max(highest, view);
    }
    if (others < replica_.context->quorum()) return;
    const View from = highest.plus(reentry_views);
    replica_.gate.reenter({replica_.epoch, from, {}}, turn.effects);
    simplex_.on_news();
    turn.log(Level::warn, "in quarantine: this node signs again from view " + std::to_string(from.value) + " of epoch " +
                              std::to_string(replica_.epoch.value) + " on");
}

std::optional<Reentry> Quarantine::accept_risk(Turn& turn, View from_view) {
    const auto& record = replica_.gate.quarantined();
    if (!record || is_whole()) return std::nullopt;
    const Reentry reentry{replica_.epoch, from_view, {}};
    replica_.gate.reenter(reentry, turn.effects);
    replica_.gate.confirm();
    simplex_.on_news();
    turn.log(Level::warn, "the operator accepts the risk: this node signs again from view " + std::to_string(from_view.value) +
                              " of epoch " + std::to_string(replica_.epoch.value) + " on");
    return reentry;
}

// 5.
bool Quarantine::is_whole() const {
    if (!replica_.gate.is_confirmed()) return false;
    const auto& record = replica_.gate.quarantined();
    if (!record) return true;
    if (!record->reentry) return false;
    const Reentry& reentry = *record->reentry;
    return replica_.epoch > reentry.epoch || replica_.chain.floor().view.plus(reentry_views) >= reentry.view;
}

void Quarantine::add_status(std::vector<StatusField>& fields) const {
    const SigningGate& gate = replica_.gate;
    if (replica_.index && !gate.is_confirmed()) fields.push_back({"waits_for_status_of_peers", inquiry_.answers()});
    const auto& record = gate.quarantined();
    if (!record) return;
    if (!record->reentry) {
        fields.push_back({"quarantined",
                          record->reason + ". It signs again when members with quorum stake, itself not counted, have said where "
                                           "they are; where so many do not exist: rondo key accept-risk"});
    } else if (!gate.admits({replica_.epoch, Kind::notarize, simplex_.view().value, 0})) {
        fields.push_back({"quarantined", record->reason + ". It signs again from view " +
                                             std::to_string(record->reentry->view.value) + " of epoch " +
                                             std::to_string(record->reentry->epoch.value) + " on"});
    }
}

}  // namespace rondo::consensus
