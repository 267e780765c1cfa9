#include "actors/intake/core/own_lane.hpp"

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

OwnLane::OwnLane(Common& common, Batches& batches) : common_(common), batches_(batches) {
    restore_links();
    restore_waiting();
}

// ------------------------------------------------------------------------------------------ restoring

void OwnLane::restore_links() {
    common_.book.committed().scan(tables::own_lane, {}, {}, [&](ByteView key, ByteView stored) {
        links_.emplace(LaneHeight(read_be64(key)), *Digest::from(stored));
        return true;
    });
    const CutEntry committed = common_.epochs.committed(common_.self);
    const CutEntry base = common_.epochs.base(common_.self);
    sealed_ = std::max({base.height, committed.height, links_.empty() ? LaneHeight(0) : links_.rbegin()->first});
}

void OwnLane::restore_waiting() {
    waiting_.clear();
    common_.book.committed().scan(tables::promised, key_of(sealed_.next()), {}, [&](ByteView key, ByteView stored) {
        const LaneHeight height(read_be64(key.first(8)));
        if (waiting_.empty() || waiting_.back().height() != height) waiting_.emplace_back(height);
        const PromisedChunk chunk = decode_own<PromisedChunk>(stored);
        require(waiting_.back().count() == read_be32(key.subspan(8, 4)), "promised positions have a hole");
        for (const PromisedTx& p : chunk.transactions) waiting_.back().append(p.transaction);
        return true;
    });
    require(waiting_.empty() || waiting_.front().height() == sealed_.next(), "promised batches do not follow the sealed ones");
}

void OwnLane::start() {
    const auto last = links_.find(sealed_);
    if (last != links_.end() && !batches_.is_certified(ref_to(*last))) {
        auto record = batches_.record(ref_to(*last));
        require(record.has_value(), "a sealed batch is not in the store");
        if (common_.self_index()) launch(record->header, last->second, std::move(record->payload));
    }
    arm_retry();
}

// --------------------------------------------------------------------------------------- 2. promising

bool OwnLane::is_resting() const {
    return !common_.gate.admits({common_.epochs.epoch(), Kind::batch_header, sealed_.next().value, 0});
}

std::optional<Place> OwnLane::next_place(std::size_t raw_bytes) const {
    if (is_resting() || !common_.self_index() || common_.is_leaving()) return std::nullopt;
    if (!waiting_.empty() && waiting_.back().has_room_for(raw_bytes))
        return Place{waiting_.back().height(), waiting_.back().count()};
    const LaneHeight height = waiting_.empty() ? sealed_.next() : waiting_.back().height().next();
    if (height > common_.epochs.window_end(common_.self)) return std::nullopt;
    return Place{height, 0};
}

OpenBatch& OwnLane::batch_with_room(std::size_t raw_bytes) {
    if (waiting_.empty() || !waiting_.back().has_room_for(raw_bytes))
        waiting_.emplace_back(waiting_.empty() ? sealed_.next() : waiting_.back().height().next());
    return waiting_.back();
}

void OwnLane::append(PromisedTx promised) {
    OpenBatch& batch = batch_with_room(promised.transaction.raw.size());
    FreshChunk& fresh = fresh_[batch.height()];
    if (fresh.chunk.transactions.empty()) fresh.first_index = batch.count();
    batch.append(promised.transaction);
    fresh.chunk.transactions.push_back(std::move(promised));
}

void OwnLane::flush_promises() {
    for (auto& [height, fresh] : fresh_)
        common_.book.put(tables::promised, key_of(height, fresh.first_index), encode(fresh.chunk));
    fresh_.clear();
}

void OwnLane::finish_step() {
    flush_promises();
    while (may_seal()) seal();
}

// ----------------------------------------------------------------------------------------- 1. sealing

bool OwnLane::may_seal() {
    if (!wants_to_seal()) return false;
    if (!ready_since_) ready_since_ = common_.now;
    const Instant due = seal_due();
    if (seal_now_ || common_.now >= due) return true;
    if (std::exchange(seal_due_, due) != due)
        common_.effects->timers.push_back({id_of(TimerName::lane_seal), due.value - common_.now.value});
    return false;
}

/// As late as the certificate comes in time for the next block, if that can be foretold: what arrives until then comes along. The
/// blocks' clock is other operators': it may put the batch off a little, never for long.
Instant OwnLane::seal_due() const {
    if (!links_.empty()) return sealed_at_.plus(seal_interval_ms_max);
    const Instant next_block = proposed_.plus(block_pace_);
    const Instant aim = next_block.minus_or_zero(usual_ms_ + seal_margin_ms);
    return std::min(aim, ready_since_->plus(seal_delay_ms_max));
}

void OwnLane::follow_pace(Instant proposed) {
    const DurationMs apart = proposed.value - std::min(proposed, proposed_).value;
    const bool steady = apart <= pace_ms_max;
    block_pace_ = !steady ? 0 : block_pace_ == 0 ? apart : (3 * block_pace_ + apart) / 4;
    proposed_ = proposed;
}

bool OwnLane::wants_to_seal() const {
    if (waiting_.empty() || flight_ || is_resting() || !common_.self_index()) return false;
    // Places are given within the window, but an epoch's beginning or a restart may find more than fits.
    return waiting_.front().height() <= common_.epochs.window_end(common_.self);
}

Digest OwnLane::parent_digest() const {
    const auto link = links_.find(sealed_);
    if (link != links_.end()) return link->second;
    const CutEntry committed = common_.epochs.committed(common_.self);
    return committed.height == sealed_ ? committed.digest : common_.epochs.base(common_.self).digest;
}

std::optional<BatchHeader> OwnLane::sign_header(const OpenBatch& batch, std::size_t payload_bytes) {
    BatchHeader header{common_.epochs.epoch(), common_.self,         batch.height(),
                       parent_digest(),        batch.payload_hash(), static_cast<std::uint32_t>(payload_bytes),
                       batch.count(),          common_.now.value,    {}};
    const Slot slot{header.epoch, Kind::batch_header, header.height.value, 0};
    const auto signature = common_.gate.sign(slot, digest_of(header), encode_body(header), *common_.effects);
    if (!signature) {
        common_.distrust("the signing gate refuses the header of lane height " + std::to_string(header.height.value));
        return std::nullopt;
    }
    header.signature = *signature;
    return header;
}

void OwnLane::seal() {
    const OpenBatch& batch = waiting_.front();
    require(batch.height() == sealed_.next(), "the lane's heights have a hole");
    Bytes payload = batch.payload();
    const auto header = sign_header(batch, payload.size());
    if (!header) return;
    const Digest digest = digest_of(*header);
    batches_.store({header->lane, header->height, digest}, *header, payload);
    common_.book.put(tables::own_lane, key_of(header->height), key_of(digest));
    common_.publish_signed(*header);
    links_.emplace(header->height, digest);
    sealed_ = header->height;
    sealed_at_ = common_.now;
    ready_since_.reset();
    seal_now_ = false;
    waiting_.pop_front();
    launch(*header, digest, std::move(payload));
}

void OwnLane::launch(const BatchHeader& header, const Digest& digest, Bytes payload) {
    BatchOffer offer{header, std::move(payload), std::nullopt};
    const bool on_base = header.parent_digest == common_.epochs.base(common_.self).digest;
    if (!on_base) offer.parent = batches_.certificate(parent_of(header));
    flight_.emplace(Flight{header, digest, AckTally(*common_.epochs.context(), header), encode(LaneMessage(std::move(offer))),
                           common_.now, 0});
    acknowledge_own();
    offer_to(attentive_peers());
    ask_to_verify();
    arm_retry();
    arm_verify();
    certify_if_enough();
}

/// The owner recovered every sender before it promised: its ack is a verified one.
void OwnLane::acknowledge_own() {
    const BatchHeader& h = flight_->header;
    Ack ack{h.epoch, h.lane, h.height, flight_->digest, true, *common_.self_index(), {}};
    const Slot slot{h.epoch, Kind::ack, h.lane.value, h.height.value};
    const auto signature = common_.gate.sign(slot, flight_->digest, encode_body(ack), *common_.effects);
    if (!signature) return;
    ack.signature = *signature;
    common_.publish_signed(ack);
    flight_->tally.add(ack);
}

// --------------------------------------------------------------------- 4. offering, and what comes back

std::vector<OperatorNumber> OwnLane::attentive_peers() const {
    std::vector<OperatorNumber> peers = common_.others();
    std::erase_if(peers, [&](OperatorNumber peer) { return is_silent(peer); });
    return peers;
}

bool OwnLane::is_silent(OperatorNumber peer) const {
    const auto it = unheard_.find(peer);
    return it != unheard_.end() && it->second >= unheard_batches_max;
}

void OwnLane::offer_to(const std::vector<OperatorNumber>& peers) {
    const EpochContext& context = *common_.epochs.context();
    for (const OperatorNumber peer : peers)
        if (!flight_->tally.has(*context.index_of(peer)))
            common_.effects->sends.push_back({Channel::lanes, peer, flight_->offer});
}

void OwnLane::on_ack(OperatorNumber from, const Ack& ack) {
    if (!flight_ || ack.digest != flight_->digest) return;
    const BatchHeader& h = flight_->header;
    if (ack.epoch != h.epoch || ack.lane != h.lane || ack.height != h.height) return;
    const OperatorInfo* signer = common_.epochs.context()->at(ack.signer);
    if (signer == nullptr || signer->number != from) return;
    const bool nothing_new = flight_->tally.has_verified(ack.signer) || (flight_->tally.has(ack.signer) && !ack.verified);
    if (nothing_new || !common_.verify(*signer, ack.epoch, Kind::ack, encode_body(ack), ack.signature)) return;
    common_.publish_signed(ack);
    flight_->tally.add(ack);
    certify_if_enough();
}

void OwnLane::certify_if_enough() {
    const auto certificate = flight_->tally.certificate();
    if (!certificate) return;
    batches_.certify(ref_of(flight_->header), *certificate);
    for (const OperatorNumber peer : common_.others()) ++unheard_[peer];
    const DurationMs took = std::min(usual_ms_max, common_.now.value - flight_->launched.value);
    usual_ms_ = (3 * usual_ms_ + took) / 4;
    certified_ms_[flight_->header.height] = common_.now.value;
    if (certified_ms_.size() > promises_kept) certified_ms_.erase(certified_ms_.begin());
    flight_.reset();
}

void OwnLane::on_verify_timer() {
    if (!flight_ || !common_.epochs.context()) return;
    ++flight_->asked;
    ask_to_verify();
    arm_verify();
}

/// Beyond those who verify by themselves: one for each of them that was not heard for long, and as many as are asked by now. That
/// is one more each time: under load everybody is slow, and asking all at once would make it worse.
void OwnLane::ask_to_verify() {
    const EpochContext& context = *common_.epochs.context();
    const BatchHeader& header = flight_->header;
    Stake by_themselves = context.at(*common_.self_index())->stake;
    Stake expected = by_themselves;
    std::size_t further = 0;
    for (const SignerIndex candidate : verifier_order(context, header.lane, header.height)) {
        const OperatorInfo& peer = *context.at(candidate);
        if (peer.number == common_.self) continue;
        if (expected >= context.weak() && ++further > flight_->asked) break;
        const bool needs_no_request = by_themselves < context.weak() && flight_->asked == 0;
        by_themselves = by_themselves.plus(peer.stake.value);
        if (!is_silent(peer.number)) expected = expected.plus(peer.stake.value);
        if (!needs_no_request && !flight_->tally.has_verified(candidate))
            common_.send_self_evident(peer.number, VerifyRequest{ref_of(header)});
    }
}

void OwnLane::arm_verify() {
    const DurationMs work = flight_->header.tx_count / verify_transactions_per_ms;
    common_.effects->timers.push_back(
        {id_of(TimerName::lane_verify), verify_after_ms + std::max<DurationMs>(work, 2 * usual_ms_)});
}

void OwnLane::on_retry_timer() {
    if (!common_.self_index()) return;
    if (flight_) {
        if (common_.now >= flight_->launched.plus(4 * usual_ms_)) offer_to(common_.others());
    } else if (const auto tip = links_.find(sealed_); tip != links_.end()) {
        // Not in a final cut yet: consensus may have missed it.
        if (const auto certificate = batches_.certificate(ref_to(*tip))) batches_.tell(*certificate);
    }
    arm_retry();
}

void OwnLane::arm_retry() {
    const EpochContext* context = common_.epochs.context();
    if (context != nullptr && (flight_ || !links_.empty()))
        common_.effects->timers.push_back({id_of(TimerName::lane_retry), context->parameters.retry_ms});
}

// -------------------------------------------------------------------------------- what the chain decides

void OwnLane::on_committed(bool epoch_is_over) {
    const CutEntry committed = common_.epochs.committed(common_.self);
    while (!links_.empty() && links_.begin()->first <= committed.height) {
        common_.book.erase(tables::own_lane, key_of(links_.begin()->first));
        links_.erase(links_.begin());
    }
    if (flight_ && flight_->header.height <= committed.height) flight_.reset();
    if (committed.height <= sealed_ || epoch_is_over) return;
    // The chain has batches of this lane that this store never sealed: it is older than what others have seen.
    flight_.reset();
    common_.distrust("the final chain is ahead of this lane: the store is older than what others have seen");
}

bool OwnLane::holds(const CutEntry& tip) const {
    const auto link = links_.find(tip.height);
    return tip.height.value == 0 || (link != links_.end() && link->second == tip.digest);
}

void OwnLane::on_epoch_began() {
    require(fresh_.empty(), "an epoch begins before the step's first promise");
    // 5. What was sealed above the base is waiting again.
    for (const auto& link : links_) {
        batches_.supersede(ref_to(link));
        common_.book.erase(tables::own_lane, key_of(link.first));
    }
    links_.clear();
    flight_.reset();
    sealed_ = common_.epochs.base(common_.self).height;
    restore_waiting();
}

std::uint64_t OwnLane::certified_ms(LaneHeight height) const {
    const auto it = certified_ms_.find(height);
    return it == certified_ms_.end() ? 0 : it->second;
}

std::size_t OwnLane::waiting_count() const {
    std::size_t count = 0;
    for (const OpenBatch& batch : waiting_) count += batch.count();
    return count;
}

}  // namespace rondo::intake
