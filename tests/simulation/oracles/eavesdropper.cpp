#include "tests/simulation/oracles/eavesdropper.hpp"

#include "messages/crypto/hash.hpp"
#include "messages/wire/kinds.hpp"

namespace rondo::sim {
namespace {

std::uint8_t number(Kind kind) { return static_cast<std::uint8_t>(kind); }
constexpr std::size_t remembered_whole_max = 64;

}  // namespace

bool Eavesdropper::is_new(ByteView bytes) {
    if (bytes.size() <= remembered_whole_max) return heard_.emplace(as_text(bytes)).second;
    return heard_.emplace(as_text(crypto::blake2b(bytes).view())).second;
}

void Eavesdropper::on_send(NodeIndex, const Send& message) {
    if (!is_new(message.payload)) return;
    if (message.channel == Channel::lanes) {
        const auto decoded = decode<LaneMessage>(message.payload);
        if (decoded) std::visit([&](const auto& m) { hear(m); }, *decoded);
    } else {
        const auto decoded = decode<ConsensusMessage>(message.payload);
        if (decoded) std::visit([&](const auto& m) { hear(m); }, *decoded);
    }
}

void Eavesdropper::on_publish(NodeIndex, Stream stream, std::uint64_t, ByteView payload, bool) {
    if (stream == Stream::results || stream == Stream::postings || !is_new(payload)) return;
    const auto hear_as = [&]<class T>(const tl::expected<T, codec::DecodeError>& decoded) {
        if (decoded) hear(*decoded);
    };
    if (stream == Stream::batches) return hear_as(decode<BatchRecord>(payload));
    if (stream == Stream::certificates) return hear_as(decode<PoA>(payload));
    if (stream == Stream::receipts) return hear_as(decode<Receipt>(payload));
    if (stream == Stream::blocks) {
        const auto block = decode<FinalBlock>(payload);
        if (!block) return;
        hear(block->block);
        if (block->finalization) hear(*block->finalization);
        return;
    }
    const auto message = decode<SignedMessage>(payload);
    if (message) std::visit([&](const auto& m) { hear(m); }, *message);
}

void Eavesdropper::on_reply(NodeIndex, Actor from, ByteView payload) {
    if (from != Actor::intake) return;
    const auto reply = decode<IntakeReply>(payload);
    const auto* submitted = reply ? std::get_if<SubmitReply>(&*reply) : nullptr;
    if (submitted == nullptr) return;
    for (const SubmitOutcome& outcome : submitted->outcomes)
        if (outcome.receipt) hear(*outcome.receipt);
}

void Eavesdropper::hear(const Proposal& p) {
    if (!members_.signed_by(members_.member(p.epoch, p.leader), p.epoch, number(Kind::proposal), encode_body(p), p.signature))
        return;
    const Digest digest = digest_of(p);
    tell([&](Listener& l) {
        l.on_body(p.epoch, p.view, p.leader, digest);
        l.on_proposal(p, digest);
    });
    for (const VoteRecord& v : p.votes) hear(Vote{v.vote, p.epoch, v.view, v.digest, v.signer, v.sig});
}

void Eavesdropper::hear(const Tail& t) {
    if (!members_.signed_by(members_.member(t.epoch, t.leader), t.epoch, number(Kind::tail), encode_body(t), t.signature)) return;
    tell([&](Listener& l) { l.on_body(t.epoch, t.view, t.leader, digest_of(t)); });
}

void Eavesdropper::hear(const Vote& v) {
    const auto* signer = members_.member(v.epoch, v.signer);
    if (!members_.signed_by(signer, v.epoch, static_cast<std::uint8_t>(v.vote), encode_body(v), v.signature)) return;
    tell([&](Listener& l) { l.on_vote(v); });
}

void Eavesdropper::hear(const Certificate& c) {
    if (!is_new(crypto::blake2b(encode(c)).view())) return;
    if (c.signers.size() != c.signatures.size()) return;
    bool whole = members_.is_quorum(c.epoch, c.signers);
    for (std::size_t i = 0; i < c.signers.size(); ++i) {
        const Vote vote{c.vote, c.epoch, c.view, c.digest, c.signers[i], c.signatures[i]};
        const auto* signer = members_.member(c.epoch, c.signers[i]);
        if (!members_.signed_by(signer, c.epoch, static_cast<std::uint8_t>(c.vote), encode_body(vote), vote.signature)) {
            whole = false;
            continue;
        }
        tell([&](Listener& l) { l.on_vote(vote); });
    }
    if (whole) tell([&](Listener& l) { l.on_certificate(c); });
}

void Eavesdropper::hear(const BatchHeader& h) {
    const auto* owner = members_.lane_owner(h.epoch, h.lane);
    if (!members_.signed_by(owner, h.epoch, number(Kind::batch_header), encode_body(h), h.signature)) return;
    const Digest digest = digest_of(h);
    tell([&](Listener& l) { l.on_header(h, digest); });
}

void Eavesdropper::hear(const Ack& a) {
    if (!members_.signed_by(members_.member(a.epoch, a.signer), a.epoch, number(Kind::ack), encode_body(a), a.signature)) return;
    tell([&](Listener& l) { l.on_ack(a); });
}

void Eavesdropper::hear(const PoA& poa) {
    if (!is_new(crypto::blake2b(encode(poa)).view())) return;
    hear(poa.header);
    const Digest digest = digest_of(poa.header);
    for (const AckSignature& a : poa.acks)
        hear(Ack{poa.header.epoch, poa.header.lane, poa.header.height, digest, a.verified, a.signer, a.signature});
}

void Eavesdropper::hear(const Receipt& r) {
    const auto* owner = members_.lane_owner(r.epoch, r.operator_number);
    if (!members_.signed_by(owner, r.epoch, number(Kind::receipt), encode_body(r), r.signature)) return;
    tell([&](Listener& l) { l.on_receipt(r); });
}

void Eavesdropper::hear(const BatchRecord& batch) {
    hear(batch.header);
    const Digest digest = digest_of(batch.header);
    tell([&](Listener& l) { l.on_batch(batch, digest); });
}

void Eavesdropper::hear(const FinalBlocks& blocks) {
    for (const Proposal& p : blocks.blocks) hear(p);
    for (const Tail& t : blocks.tails) hear(t);
    if (blocks.proof) hear(*blocks.proof);
}

void Eavesdropper::hear(const PoAs& poas) {
    for (const PoA& poa : poas.certificates) hear(poa);
}

void Eavesdropper::hear(const BatchOffer& offer) {
    if (offer.parent) hear(*offer.parent);
    hear(BatchRecord{offer.header, offer.payload});
}

void Eavesdropper::hear(const Status& status) {
    if (status.entry) hear(*status.entry);
    if (status.finalization) hear(*status.finalization);
    for (const SignedMessage& message : status.seen) std::visit([&](const auto& m) { hear(m); }, message);
}

void Eavesdropper::hear(const LaneStatus& status) {
    if (status.header) hear(*status.header);
    for (const Ack& ack : status.acks) hear(ack);
}

void Eavesdropper::hear(const ForwardReply& reply) {
    for (const ForwardOutcome& outcome : reply.outcomes)
        if (outcome.receipt) hear(*outcome.receipt);
}

}  // namespace rondo::sim
