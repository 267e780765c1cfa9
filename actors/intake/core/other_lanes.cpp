#include "actors/intake/core/other_lanes.hpp"

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

// ---------------------------------------------------------------------------------------------- offers

void OtherLanes::on_offer(OperatorNumber from, BatchOffer offer) {
    if (keep_for_later(from, offer)) return;
    const BatchHeader header = offer.header;
    const LaneVerdict verdict = consider(from, offer);
    if (verdict == LaneVerdict::ok) return;
    ++refused_;
    if (verdict == LaneVerdict::other_epoch) return;  // ordinary around an epoch's end
    if (refused_ > logged_refusals_max && refused_ % logged_refusals_max != 0) return;
    common_.log(Level::warn, "lane " + std::to_string(header.lane.value) + " height " + std::to_string(header.height.value) +
                                 " not acknowledged: " + std::string(to_string(verdict)));
}

bool OtherLanes::keep_for_later(OperatorNumber from, BatchOffer& offer) {
    const bool next = offer.header.epoch == common_.epochs.epoch().next();
    const bool not_yet = offer.header.epoch == common_.epochs.epoch() && common_.epochs.context() == nullptr;
    const bool unconfirmed = offer.header.epoch == common_.epochs.epoch() && !common_.gate.is_confirmed();
    if (!next && !not_yet && !unconfirmed) return false;
    if (from == offer.header.lane && (early_.contains(from) || early_.size() < early_offers_max))
        early_.insert_or_assign(from, std::move(offer));
    return true;
}

LaneVerdict OtherLanes::consider(OperatorNumber from, BatchOffer& offer) {
    const EpochContext* context = common_.epochs.context();
    const BatchHeader& header = offer.header;
    if (context == nullptr || header.epoch != context->epoch || !common_.self_index()) return LaneVerdict::other_epoch;
    if (from != header.lane || from == common_.self) return LaneVerdict::not_the_owner;
    const Digest digest = digest_of(header);
    if (in_verification_.contains(digest)) return LaneVerdict::ok;
    if (forged_.contains(digest)) return LaneVerdict::forged_sender;
    if (const LaneVerdict verdict = check_place(*context, header); verdict != LaneVerdict::ok) return verdict;
    const auto seen = noted(header);
    if (seen && seen->digest == digest && !seen->signature.is_zero()) {  // 3
        common_.send_self_evident(from, *seen);
        return LaneVerdict::ok;
    }
    const bool is_fork = seen && seen->digest != digest;
    if (is_fork && forked_.contains({header.lane, header.height})) return LaneVerdict::fork;
    if (const LaneVerdict verdict = check_header(common_, *context, header); verdict != LaneVerdict::ok) return verdict;
    if (is_fork) {  // 2: two headers are all that the watcher needs to prove it
        forked_.emplace(header.lane, header.height);
        common_.publish_signed(header);
        return LaneVerdict::fork;
    }
    if (const LaneVerdict verdict = check_parent(*context, offer); verdict != LaneVerdict::ok) return verdict;
    if (common_.disk_is_short) return LaneVerdict::no_room;
    auto payload = open_payload(header, offer.payload);
    if (!payload || !transactions_well_formed(common_.genesis, *payload)) return LaneVerdict::malformed_payload;

    if (!seen) common_.publish_signed(header);
    note(header, digest);
    batches_.store(ref_of(header), header, std::move(offer.payload));
    const bool recover = is_first_verifier(*context, header) && verifying_.size() < verifications_max;
    if (recover)
        verify(header, digest, std::move(*payload));
    else
        give_ack(header, digest, false);
    return LaneVerdict::ok;
}

LaneVerdict OtherLanes::check_place(const EpochContext& context, const BatchHeader& header) const {
    if (!context.index_of(header.lane)) return LaneVerdict::not_the_owner;
    const bool above_base = header.height > common_.epochs.base(header.lane).height;
    const bool inside = above_base && header.height <= common_.epochs.window_end(header.lane);
    return inside ? LaneVerdict::ok : LaneVerdict::outside_window;
}

LaneVerdict OtherLanes::check_parent(const EpochContext& context, const BatchOffer& offer) {
    const BatchHeader& header = offer.header;
    const CutEntry base = common_.epochs.base(header.lane);
    if (header.height == base.height.next())
        return header.parent_digest == base.digest ? LaneVerdict::ok : LaneVerdict::unknown_parent;
    if (common_.epochs.committed(header.lane) == parent_of(header)) return LaneVerdict::ok;
    if (const auto known = batches_.certificate(parent_of(header))) {
        const BatchHeader& parent = known->header;
        const bool fits = parent.epoch == context.epoch && parent.lane == header.lane && parent.height.next() == header.height;
        return fits ? LaneVerdict::ok : LaneVerdict::unknown_parent;
    }
    if (!offer.parent) return LaneVerdict::unknown_parent;
    const BatchHeader& parent = offer.parent->header;
    if (parent.lane != header.lane || parent.height.next() != header.height || digest_of(parent) != header.parent_digest)
        return LaneVerdict::unknown_parent;
    const LaneVerdict verdict = check_certificate(common_, context, *offer.parent, own_ack_of(parent, header.parent_digest));
    if (verdict != LaneVerdict::ok) return verdict;
    on_certificate(*offer.parent);
    return LaneVerdict::ok;
}

// ------------------------------------------------------------------------------------------------ acks

std::optional<Ack> OtherLanes::noted(const BatchHeader& header) const {
    const auto stored = common_.book.get(tables::acks, key_of(header.epoch, header.lane, header.height));
    if (!stored) return std::nullopt;
    return decode_own<Ack>(*stored);
}

/// My ack of exactly this header, its signature included: it was checked before I gave the ack.
std::optional<Ack> OtherLanes::own_ack_of(const BatchHeader& header, const Digest& digest) const {
    if (batches_.header({header.lane, header.height, digest}) != header) return std::nullopt;
    auto ack = noted(header);
    return ack && ack->digest == digest && !ack->signature.is_zero() ? ack : std::nullopt;
}

/// An ack without signature: seen, not acknowledged yet.
void OtherLanes::note(const BatchHeader& header, const Digest& digest) {
    const Ack seen{header.epoch, header.lane, header.height, digest, false, *common_.self_index(), {}};
    common_.book.put(tables::acks, key_of(header.epoch, header.lane, header.height), encode(seen));
}

void OtherLanes::give_ack(const BatchHeader& header, const Digest& digest, bool verified) {
    Ack ack{header.epoch, header.lane, header.height, digest, verified, *common_.self_index(), {}};
    const Slot slot{header.epoch, Kind::ack, header.lane.value, header.height.value};
    const auto signature = common_.gate.sign(slot, digest, encode_body(ack), *common_.effects);
    if (!signature) return;
    ack.signature = *signature;
    common_.book.put(tables::acks, key_of(header.epoch, header.lane, header.height), encode(ack));
    common_.publish_signed(ack);
    common_.send(header.lane, ack);
}

// ---------------------------------------------------------------------------------------- verification

bool OtherLanes::is_first_verifier(const EpochContext& context, const BatchHeader& header) const {
    const auto owner = context.index_of(header.lane);
    const auto self = common_.self_index();
    Stake verified = context.at(*owner)->stake;
    for (const SignerIndex candidate : verifier_order(context, header.lane, header.height)) {
        if (verified >= context.weak()) return false;
        if (candidate == *owner) continue;
        if (candidate == *self) return true;
        verified = verified.plus(context.at(candidate)->stake.value);
    }
    return false;
}

void OtherLanes::verify(const BatchHeader& header, const Digest& digest, Payload payload) {
    Verification verification{header, digest, {}};
    RecoverSenders job{common_.next_job++, {}};
    for (LaneTransaction& t : payload.transactions) {
        verification.claimed.push_back(t.sender);
        job.transactions.push_back(std::move(t.raw));
    }
    in_verification_.insert(digest);
    verifying_.emplace(job.id, std::move(verification));
    common_.effects->jobs.push_back(std::move(job));
}

bool OtherLanes::on_job_done(const JobDone& done) {
    const auto it = verifying_.find(done.id);
    if (it == verifying_.end()) return false;
    const Verification verification = std::move(it->second);
    verifying_.erase(it);
    in_verification_.erase(verification.digest);
    bool all = done.senders.size() == verification.claimed.size();
    for (std::size_t i = 0; all && i < done.senders.size(); ++i) all = done.senders[i] == verification.claimed[i];
    if (all) {
        give_ack(verification.header, verification.digest, true);
    } else {
        ++refused_;
        forged_.insert(verification.digest);
        common_.log(Level::warn, "lane " + std::to_string(verification.header.lane.value) + " height " +
                                     std::to_string(verification.header.height.value) + " names senders that did not sign");
    }
    return true;
}

void OtherLanes::on_verify_request(OperatorNumber from, const VerifyRequest& request) {
    const Digest& digest = request.batch.digest;
    const auto header = batches_.header(request.batch);
    if (!header || header->lane != from || header->epoch != common_.epochs.epoch() || !common_.self_index()) return;
    const auto seen = noted(*header);
    if (!seen || seen->digest != digest || in_verification_.contains(digest) || forged_.contains(digest)) return;
    if (seen->verified) {
        common_.send_self_evident(from, *seen);
        return;
    }
    if (verifying_.size() >= verifications_max) return;
    const auto record = batches_.record(request.batch);
    if (auto payload = open_payload(*header, record->payload)) verify(*header, digest, std::move(*payload));
}

// ---------------------------------------------------------------------------------- 5. certificates

void OtherLanes::on_certificate(const PoA& certificate) {
    const EpochContext* context = common_.epochs.context();
    const BatchHeader& header = certificate.header;
    if (context == nullptr || header.epoch != context->epoch) return;
    // Another node's final head may be ahead of ours by as much as the window again.
    if (header.height > common_.epochs.window_end(header.lane).plus(context->parameters.lane_window)) return;
    const BatchRef batch = ref_of(header);
    show_if_foreign(certificate, batch.digest);
    batches_.certify(batch, certificate);
    if (batches_.has(batch)) return;
    std::vector<OperatorNumber> holders;
    for (const AckSignature& ack : certificate.acks) holders.push_back(context->at(ack.signer)->number);
    fetch_.want(batch, std::move(holders));
}

/// A lane may fork towards different members: what is certified and was not offered here is for the watcher too, and so is,
/// beside it, the certificate of what was offered here: who acknowledged both is as guilty as the owner.
void OtherLanes::show_if_foreign(const PoA& certificate, const Digest& digest) {
    const auto seen = noted(certificate.header);
    if (seen && seen->digest == digest) return;
    show(certificate, digest);
    if (!seen) return;
    const BatchRef offered{seen->lane, seen->height, seen->digest};
    if (const auto other = batches_.certificate(offered)) show(*other, seen->digest);
}

void OtherLanes::show(const PoA& certificate, const Digest& digest) {
    const BatchHeader& h = certificate.header;
    common_.publish_signed(h);
    for (const AckSignature& ack : certificate.acks)
        common_.publish_signed(Ack{h.epoch, h.lane, h.height, digest, ack.verified, ack.signer, ack.signature});
}

void OtherLanes::on_epoch_began() {
    verifying_.clear();
    in_verification_.clear();
    forged_.clear();
    forked_.clear();
    const Epoch epoch = common_.epochs.epoch();
    common_.book.erase_range(tables::acks, key_of(Epoch(0)), key_of(epoch.minus_or_zero(1)));
    on_confirmed();
}

void OtherLanes::on_confirmed() {
    auto early = std::move(early_);
    early_.clear();
    for (auto& [lane, offer] : early) on_offer(lane, std::move(offer));
}

}  // namespace rondo::intake
