#include "actors/execution/core/joining.hpp"

#include <algorithm>

#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/modules/staking.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {
template Bytes encode(const execution::Joining::Goal&);
template tl::expected<execution::Joining::Goal, codec::DecodeError> decode(ByteView);
}  // namespace rondo

namespace rondo::execution {
namespace {

const Bytes goal_key{2};  // beside the rows of Assembly

}  // namespace

bool is_proven(const SnapshotOffer& offer) {
    return digest_of(offer.outcome.result) == offer.cited.result_digest &&
           digest_of(offer.outcome.carried) == offer.outcome.result.carried_digest;
}

bool is_proven(const SnapshotHead& head, const ExecutedRef& at) {
    const Carried& carried = head.outcome.carried;
    if (digest_of(head.outcome.result) != at.result_digest || digest_of(carried) != head.outcome.result.carried_digest)
        return false;
    if (root_of(head.cut) != carried.cut_root || head.registries.size() != carried.registries.size()) return false;
    for (std::size_t i = 0; i < head.registries.size(); ++i)
        if (crypto::blake2b(head.registries[i]) != carried.registries[i].digest) return false;
    return true;
}

Joining::Joining(StateStore& store, const StoreView& view, OperatorNumber self, std::vector<OperatorNumber> sources,
                 const Parameters& parameters)
    : store_(store), view_(view), self_(self), parameters_(parameters) {
    for (const OperatorNumber source : sources)
        if (source != self) peers_[source];
}

// ------------------------------------------------------------------------------------------- begin and end

bool Joining::recover() {
    const auto goal = view_.get(tables::joining, goal_key);
    if (!goal) return false;
    goal_ = decode_own<Goal>(*goal);
    assembly_ = Assembly::recover(store_, view_);
    require(assembly_.has_value(), "a snapshot under way without its parts");
    believe(goal_->at);
    wanted_ = goal_->at;
    stage_ = Stage::parts;
    return true;
}

void Joining::begin(Instant now, const JoinFromSnapshot& wish, Effects& effects) {
    note(wish);
    wanted_ = believed_.back();
    older_.reset();
    for (auto& [number, peer] : peers_) peer = {.lied = peer.lied};
    rounds_in_vain_ = 0;
    goals_given_up_ = 0;
    round_ends_.reset();
    stage_ = Stage::offers;
    proceed(now, effects);
}

void Joining::note(const JoinFromSnapshot& wish) {
    believe(wish.cited);
    for (const OperatorInfo& o : wish.context.operators)
        if (o.number != self_ && peers_.try_emplace(o.number).second) round_ends_.reset();  // somebody new to ask at once
}

void Joining::set_goal(OperatorNumber from, const ExecutedRef& at, const SnapshotHead& head) {
    goal_ = Goal{at, head};
    goal_from_ = from;
    store_.put(tables::joining, goal_key, encode(*goal_));
    assembly_ = Assembly::begin(store_, at.height, head.outcome.result.state_root);
    wanted_ = at;
    rounds_in_vain_ = 0;
    stage_ = Stage::parts;
}

void Joining::give_up_goal() {
    goal_.reset();
    assembly_.reset();
    asked_.clear();
    asked_contexts_.reset();
    for (auto& [number, peer] : peers_)
        peer = {.lied = peer.lied, .misled = peer.misled || goal_from_ == number, .silences = peer.silences};
    goal_from_.reset();
    rounds_in_vain_ = 0;
    must_erase_ = true;
    stage_ = ++goals_given_up_ < goals_max ? Stage::offers : Stage::none;
}

void Joining::give_up() {
    if (goal_) give_up_goal();
    stage_ = Stage::none;
}

void Joining::rest() {
    if (stage_ == Stage::none) stage_ = Stage::idle;
}

void Joining::begin_again(Instant now, Effects& effects) {
    must_erase_ = false;
    older_.reset();
    wanted_ = believed_.back();
    proceed(now, effects);
}

Joining::Whole Joining::take_whole() {
    require(stage_ == Stage::whole, "a snapshot that is not whole");
    Whole out{goal_->at, std::move(goal_->head), assembly_->progress().accounts, assembly_->progress().supply};
    assembly_->forget();
    store_.erase(tables::joining, goal_key);
    stage_ = Stage::idle;
    return out;
}

// --------------------------------------------------------------------------------------------------- offers

bool Joining::is_believed(const ExecutedRef& cited) const {
    return std::find(believed_.begin(), believed_.end(), cited) != believed_.end();
}

void Joining::believe(const ExecutedRef& cited) {
    if (is_believed(cited)) return;
    believed_.insert(std::lower_bound(believed_.begin(), believed_.end(), cited,
                                      [](const ExecutedRef& a, const ExecutedRef& b) { return a.height < b.height; }),
                     cited);
    if (believed_.size() > citations_max) believed_.pop_front();
}

ExecutedRef Joining::snapshot_under(const SnapshotOffer& offer) const {
    const bool is_one = offer.cited.height.value % parameters_.snapshot_blocks == 0;
    return is_one ? offer.cited : offer.outcome.carried.snapshot;
}

void Joining::on_offer(OperatorNumber from, const SnapshotOffer& offer) {
    // What is asked for is believed, though newer citations may have taken its place.
    if (offer.cited != wanted_ && !is_believed(offer.cited)) return;
    if (!rondo::execution::is_proven(offer)) return on_lie(from);
    const ExecutedRef at = snapshot_under(offer);
    if (at.height.value == 0) return;  // the chain is younger than a snapshot
    if (!offer.head) {
        const ExecutedRef& next = at == offer.cited ? offer.outcome.carried.snapshot : at;
        if (next.height.value != 0 && offer.cited == wanted_) older_ = next;
        return;
    }
    if (!rondo::execution::is_proven(*offer.head, at)) return on_lie(from);
    if (!goal_ && stage_ == Stage::offers && !peers_[from].misled) set_goal(from, at, *offer.head);
    if (goal_ && goal_->at == at) peers_[from].has_goal = true;
}

void Joining::ask_for_offers(Instant now, Effects& effects) {
    if (round_ends_ && now < *round_ends_) return;
    if (round_ends_) end_round();
    round_ends_.reset();
    const bool wants_more =
        stage_ == Stage::offers || ((stage_ == Stage::parts || stage_ == Stage::contexts) && offering() < peers_at_once_max);
    if (!wants_more || must_erase_) return;
    round_ends_ = now.plus(offer_deadline_ms);
    auto it = peers_.upper_bound(asked_last_);
    std::size_t asked = 0;
    for (std::size_t i = 0; i < peers_.size() && asked < offers_asked_at_once; ++i, ++it) {
        if (it == peers_.end()) it = peers_.begin();
        if (it->second.lied || it->second.has_goal) continue;
        send(it->first, SnapshotRequest{wanted_}, effects);
        asked_last_ = it->first;
        ++asked;
    }
}

/// A round of questions is over: one in vain, unless something of the goal came since.
void Joining::end_round() {
    if (!goal_) choose_wanted();
    if (++rounds_in_vain_ < offer_rounds_max) return;
    if (goal_)
        give_up_goal();
    else
        stage_ = Stage::none;
}

/// The snapshot before, as far down as others know of any (copies may be few and old: one is skipped while another is made); else
/// what was cited last, for nobody may know the first any more.
void Joining::choose_wanted() {
    const ExecutedRef newest = believed_.back();
    const std::uint64_t known = snapshots_known * parameters_.snapshot_blocks;
    wanted_ = older_ && older_->height.plus(known) > newest.height ? *older_ : newest;
    older_.reset();
    believe(wanted_);
}

// ---------------------------------------------------------------------------------------------------- parts

template <class Part>
void Joining::on_part(OperatorNumber from, const Part& part) {
    const auto asked = asked_.find(part.part);
    if (asked == asked_.end() || asked->second.whom != from) return;  // too late: another was asked
    asked_.erase(asked);
    Peer& peer = peers_[from];
    --peer.in_flight;
    peer.failures = 0;
    bool is_good = false;
    if constexpr (std::is_same_v<Part, PartGone>)
        peer.has_goal = false;
    else
        is_good = assembly_->accept(part);
    if (is_good) rounds_in_vain_ = 0;
    if (is_good) return;
    assembly_->give_back(part.part);
    if constexpr (!std::is_same_v<Part, PartGone>) on_lie(from);
}

std::size_t Joining::offering() const {
    return static_cast<std::size_t>(std::ranges::count_if(peers_, [](const auto& p) { return p.second.has_goal; }));
}

/// Of the few that have the goal and were silent the least, the one with the least on its way.
std::optional<OperatorNumber> Joining::free_peer() const {
    std::vector<std::pair<std::size_t, OperatorNumber>> active;
    for (const auto& [number, peer] : peers_)
        if (peer.has_goal) active.emplace_back(peer.silences, number);
    std::ranges::sort(active);
    if (active.size() > peers_at_once_max) active.resize(peers_at_once_max);
    std::optional<OperatorNumber> best;
    std::size_t least = parts_per_peer_max;
    for (const auto& [silences, number] : active) {
        if (peers_.at(number).in_flight >= least) continue;
        best = number;
        least = peers_.at(number).in_flight;
    }
    return best;
}

void Joining::ask_for_parts(Instant now, Effects& effects) {
    while (const auto peer = free_peer()) {
        const auto part = assembly_->take_wanted();
        if (!part) return;
        asked_.emplace(*part, Asked{*peer, now.plus(part_deadline_ms)});
        ++peers_[*peer].in_flight;
        send(*peer, *part, effects);
    }
}

// ------------------------------------------------------------------------------------------------- contexts

/// The first that the state names and that is not here.
std::optional<Epoch> Joining::missing_context() const {
    Ledger ledger(store_);
    const Staking staking(ledger);
    for (Epoch epoch(1);; epoch = epoch.next()) {
        const Digest named = staking.context_digest(epoch);
        if (named.is_zero()) return std::nullopt;
        if (!store_.get(tables::contexts, epoch_key(epoch))) return epoch;
    }
}

void Joining::ask_for_contexts(Instant now, Effects& effects) {
    if (asked_contexts_) return;
    const auto missing = missing_context();
    if (!missing) {
        stage_ = Stage::whole;
        return;
    }
    const auto peer = free_peer();
    if (!peer) return;
    asked_contexts_ = AskedContexts{{*peer, now.plus(part_deadline_ms)}, *missing};
    ++peers_[*peer].in_flight;
    send(*peer, ContextsRequest{goal_->at.height, *missing}, effects);
}

void Joining::on_contexts(OperatorNumber from, const ContextsFound& found) {
    if (!asked_contexts_ || asked_contexts_->whom != from) return;
    if (found.first != asked_contexts_->first) return;  // it was asked for these before; or they stand for silence
    asked_contexts_.reset();
    Peer& peer = peers_[from];
    --peer.in_flight;
    peer.failures = 0;
    if (found.contexts.empty()) {
        peer.has_goal = false;
        return;
    }
    Ledger ledger(store_);
    const Staking staking(ledger);
    Epoch epoch = found.first;
    for (const EpochContext& context : found.contexts) {
        const Digest named = staking.context_digest(epoch);
        if (named.is_zero()) break;  // the answerer is further than the snapshot
        if (context.epoch != epoch || digest_of(context) != named) return on_lie(from);
        store_.put(tables::contexts, epoch_key(epoch), encode(context));
        epoch = epoch.next();
        rounds_in_vain_ = 0;
    }
}

// ------------------------------------------------------------------------------------------------- the course

void Joining::on_message(Instant now, OperatorNumber from, const StateMessage& message, Effects& effects) {
    const auto peer = peers_.find(from);
    if (peer == peers_.end() || peer->second.lied || must_erase_) return;
    if (const auto* offer = std::get_if<SnapshotOffer>(&message)) on_offer(from, *offer);
    if (const auto* leaves = std::get_if<PartLeaves>(&message)) on_part(from, *leaves);
    if (const auto* branch = std::get_if<PartBranch>(&message)) on_part(from, *branch);
    if (const auto* gone = std::get_if<PartGone>(&message)) on_part(from, *gone);
    if (const auto* contexts = std::get_if<ContextsFound>(&message)) on_contexts(from, *contexts);
    proceed(now, effects);
}

void Joining::on_time(Instant now, Effects& effects) {
    armed_ = false;
    expire(now);
    proceed(now, effects);
}

void Joining::proceed(Instant now, Effects& effects) {
    if (stage_ == Stage::parts && assembly_->is_complete()) stage_ = Stage::contexts;
    if (stage_ == Stage::parts) ask_for_parts(now, effects);
    if (stage_ == Stage::contexts) ask_for_contexts(now, effects);
    ask_for_offers(now, effects);
    const bool is_under_way = stage_ == Stage::offers || stage_ == Stage::parts || stage_ == Stage::contexts;
    if (!is_under_way || std::exchange(armed_, true)) return;
    effects.timers.push_back({timer, joining_tick_ms});
}

void Joining::expire(Instant now) {
    for (auto it = asked_.begin(); it != asked_.end();) {
        if (now < it->second.deadline) {
            ++it;
            continue;
        }
        assembly_->give_back(it->first);
        on_silence(it->second.whom);
        it = asked_.erase(it);
    }
    if (asked_contexts_ && now >= asked_contexts_->deadline) on_silence(std::exchange(asked_contexts_, std::nullopt)->whom);
}

void Joining::on_silence(OperatorNumber whom) {
    Peer& peer = peers_[whom];
    ++silences_;
    ++peer.silences;
    --peer.in_flight;
    if (++peer.failures < peer_failures_max) return;
    peer.failures = peer_failures_max - 1;  // if it offers again and hands over nothing, the next one will do
    peer.has_goal = false;
}

void Joining::on_lie(OperatorNumber whom) {
    Peer& peer = peers_[whom];
    ++lies_;
    peer.lied = true;
    peer.has_goal = false;
    // What else it was asked for, others are asked for.
    for (auto it = asked_.begin(); it != asked_.end();) {
        if (it->second.whom != whom) {
            ++it;
            continue;
        }
        assembly_->give_back(it->first);
        it = asked_.erase(it);
    }
    if (asked_contexts_ && asked_contexts_->whom == whom) asked_contexts_.reset();
    peer.in_flight = 0;
}

void Joining::send(OperatorNumber to, const StateMessage& message, Effects& effects) const {
    effects.sends.push_back({Channel::state, to, encode(message), true});
}

void Joining::add_status(std::vector<StatusField>& fields) const {
    fields.push_back({"joining_snapshot", goal().value});
    fields.push_back({"joining_peers", std::uint64_t{offering()}});
    fields.push_back({"joining_accounts", assembly_ ? assembly_->progress().accounts : 0});
    fields.push_back({"joining_bytes", assembly_ ? assembly_->progress().bytes : 0});
    fields.push_back({"joining_lying_peers", lies_});
    fields.push_back({"joining_silences", silences_});
}

}  // namespace rondo::execution
