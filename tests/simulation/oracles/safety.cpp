#include "tests/simulation/oracles/oracles.hpp"

namespace rondo::sim {
namespace {

std::string at_view(Epoch epoch, View view) {
    return "epoch " + std::to_string(epoch.value) + " view " + std::to_string(view.value);
}

}  // namespace

// --------------------------------------------------------------------------------------------------- agreement

AgreementOracle::AgreementOracle(const Genesis& genesis, std::size_t nodes, const Members& members, Complain complain)
    : members_(members), complain_(std::move(complain)), heights_(nodes) {
    digests_[0] = genesis_block_digest(genesis);
}

void AgreementOracle::on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool) {
    if (stream != Stream::blocks) return;
    const auto final_block = decode<FinalBlock>(payload);
    if (!final_block) return complain_("a final block that does not decode");
    const Proposal& block = final_block->block;
    const Digest digest = digest_of(block);
    const std::string where = " at height " + std::to_string(sequence) + ", node " + std::to_string(node);
    if (block.height.value != sequence) return complain_("a final block stands at another height than its own" + where);
    const auto [known, fresh] = digests_.try_emplace(sequence, digest);
    if (!fresh && known->second != digest) return complain_("two final blocks" + where);
    heights_[node] = std::max(heights_[node], sequence);
    if (!fresh) return;
    const auto& proof = final_block->finalization;
    if (proof && !members_.is_quorum(proof->epoch, proof->signers))
        return complain_("a final block proven by less than a quorum" + where);
    chain_.emplace(sequence, block);
    check_link(sequence);
    check_link(sequence + 1);
}

/// A message that a crash kept from being said is said on request only: blocks may be heard out of order.
void AgreementOracle::check_link(std::uint64_t height) {
    const auto block = chain_.find(height);
    const auto parent = digests_.find(height - 1);
    if (block != chain_.end() && parent != digests_.end() && parent->second != block->second.parent_digest)
        complain_("a final block does not continue the one below at height " + std::to_string(height));
}

void AgreementOracle::check_complete() const {
    if (chain_.size() != head())
        complain_("of " + std::to_string(head()) + " final blocks " + std::to_string(chain_.size()) + " were ever said");
}

const Digest* AgreementOracle::digest_at(std::uint64_t height) const {
    const auto it = digests_.find(height);
    return it == digests_.end() ? nullptr : &it->second;
}

// ------------------------------------------------------------------------------------------------ certificates

void CertificateOracle::on_certificate(const Certificate& c) {
    ViewRecord& view = views_[{c.epoch, c.view}];
    const auto note = [&](std::optional<Digest>& known, const char* what) {
        if (known && *known != c.digest) complain_(std::string("two digests ") + what + " in " + at_view(c.epoch, c.view));
        known = c.digest;
    };
    if (c.vote == VoteKind::notarize) note(view.notarized, "notarized");
    if (c.vote == VoteKind::finalize) note(view.finalized, "finalized");
    if (c.vote == VoteKind::nullify) view.nullified = true;
    if (view.nullified && view.finalized) complain_("both nullified and finalized: " + at_view(c.epoch, c.view));
    if (view.notarized && view.finalized && *view.notarized != *view.finalized)
        complain_("the finalized digest is not the notarized one in " + at_view(c.epoch, c.view));
}

// ----------------------------------------------------------------------------------------------- skipped views

void SkipOracle::on_vote(const Vote& v) {
    if (v.vote == VoteKind::nullify) nullified_[{v.epoch, v.view}].insert(v.signer);
}

void SkipOracle::on_publish(NodeIndex, Stream stream, std::uint64_t sequence, ByteView payload, bool) {
    if (stream != Stream::blocks) return;
    const auto final_block = decode<FinalBlock>(payload);
    if (!final_block) return;
    const Proposal& block = final_block->block;
    for (View view = block.parent_view.next(); view < block.view; view = view.next()) {
        const auto& signers = nullified_[{block.epoch, view}];
        if (members_.is_quorum(block.epoch, {signers.begin(), signers.end()})) continue;
        return complain_("the final block at height " + std::to_string(sequence) + " passes over " + at_view(block.epoch, view) +
                         ", which no quorum nullified");
    }
}

// -------------------------------------------------------------------------------------------------- signatures

void SignatureOracle::accuse(OperatorNumber signer, const std::string& what) {
    offenders_.insert(signer);
    if (members_.is_honest(signer)) complain_("honest operator " + std::to_string(signer.value) + " signed " + what);
}

void SignatureOracle::note(const OperatorInfo* signer, Epoch epoch, std::string_view what, std::uint64_t a, std::uint64_t b,
                           ByteView identity) {
    const auto [known, fresh] = slots_.try_emplace({signer->number, epoch, what, a, b}, to_bytes(identity));
    if (!fresh && known->second != to_bytes(identity))
        accuse(signer->number, "two of " + std::string(what) + " in epoch " + std::to_string(epoch.value) + " at " +
                                   std::to_string(a) + "/" + std::to_string(b));
}

void SignatureOracle::on_body(Epoch epoch, View view, SignerIndex leader, const Digest& digest) {
    note(members_.member(epoch, leader), epoch, "proposal", view.value, 0, digest.view());
}

void SignatureOracle::on_vote(const Vote& v) {
    static constexpr std::array<std::string_view, 3> names{"notarize", "nullify", "finalize"};
    const auto* signer = members_.member(v.epoch, v.signer);
    note(signer, v.epoch, names[static_cast<std::size_t>(v.vote) - 3], v.view.value, 0, v.digest.view());
    auto& newest = newest_[signer->number];
    newest = std::max(newest, {v.epoch, v.view});
    if (v.vote == VoteKind::notarize) return;
    const auto other =
        slots_.find({signer->number, v.epoch, v.vote == VoteKind::nullify ? "finalize" : "nullify", v.view.value, 0});
    if (other != slots_.end()) accuse(signer->number, "both nullify and finalize in " + at_view(v.epoch, v.view));
}

std::pair<Epoch, View> SignatureOracle::newest_view(OperatorNumber signer) const {
    const auto it = newest_.find(signer);
    return it == newest_.end() ? std::pair(Epoch(0), View(0)) : it->second;
}

void SignatureOracle::on_header(const BatchHeader& h, const Digest& digest) {
    note(members_.lane_owner(h.epoch, h.lane), h.epoch, "batch header", h.height.value, 0, digest.view());
}

void SignatureOracle::on_ack(const Ack& a) {
    note(members_.member(a.epoch, a.signer), a.epoch, "ack", a.lane.value, a.height.value, a.digest.view());
}

void SignatureOracle::on_receipt(const Receipt& r) {
    if (!members_.keeps_promises(r.operator_number)) return;
    note(members_.lane_owner(r.epoch, r.operator_number), r.epoch, "receipt", r.lane_height.value, r.index, r.tx_hash.view());
}

}  // namespace rondo::sim
