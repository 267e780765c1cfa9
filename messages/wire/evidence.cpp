#include "messages/wire/evidence.hpp"

#include "messages/codec/codec.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {
namespace {

/// One half of a pair, brought to what all kinds share.
struct Statement {
    Kind kind = Kind::proposal;
    Epoch epoch;
    const OperatorInfo* signer = nullptr;  ///< nullptr: not in the set
    Digest said{};                         ///< what must not differ within a slot
    Bytes body;
    Signature signature{};
};

Statement statement_of(const Vote& v, const EpochContext& c) {
    return {kind_of(v.vote), v.epoch, c.at(v.signer), v.digest, encode_body(v), v.signature};
}
Statement statement_of(const Proposal& p, const EpochContext& c) {
    return {Kind::proposal, p.epoch, c.at(p.leader), digest_of(p), encode_body(p), p.signature};
}
Statement statement_of(const Tail& t, const EpochContext& c) {
    return {Kind::tail, t.epoch, c.at(t.leader), digest_of(t), encode_body(t), t.signature};
}
Statement statement_of(const std::variant<Proposal, Tail>& body, const EpochContext& c) {
    return std::visit([&](const auto& b) { return statement_of(b, c); }, body);
}
Statement statement_of(const BatchHeader& h, const EpochContext& c) {
    const auto owner = c.index_of(h.lane);
    return {Kind::batch_header, h.epoch, owner ? c.at(*owner) : nullptr, digest_of(h), encode_body(h), h.signature};
}
Statement statement_of(const Ack& a, const EpochContext& c) {
    return {Kind::ack, a.epoch, c.at(a.signer), a.digest, encode_body(a), a.signature};
}

/// The place where an operator may say one thing only.
struct Slot {
    std::uint64_t view_or_height = 0;
    LaneId lane;
    bool operator==(const Slot&) const = default;
};

View view_of(const std::variant<Proposal, Tail>& body) {
    return std::visit([](const auto& b) { return b.view; }, body);
}
Slot slot_of(const Vote& v) { return {v.view.value, {}}; }
Slot slot_of(const std::variant<Proposal, Tail>& b) { return {view_of(b).value, {}}; }
Slot slot_of(const BatchHeader& h) { return {h.height.value, h.lane}; }
Slot slot_of(const Ack& a) { return {a.height.value, a.lane}; }

/// The kind under which a pair is an offence, whichever half comes first; nothing for a pair that is legal.
std::optional<Kind> offence_of(const Statement& a, const Statement& b) {
    const auto pair = [&](Kind x, Kind y) { return (a.kind == x && b.kind == y) || (a.kind == y && b.kind == x); };
    if (pair(Kind::nullify, Kind::finalize)) return Kind::nullify;
    if (a.said == b.said) return std::nullopt;
    if (pair(Kind::proposal, Kind::tail) || pair(Kind::tail, Kind::tail)) return Kind::proposal;
    // A Nullify says nothing but its view, so two of them never differ.
    return a.kind == b.kind && a.kind != Kind::nullify ? std::optional(a.kind) : std::nullopt;
}

bool is_signed(const Statement& s, const Digest& genesis) {
    return crypto::verify(s.signer->key, signing_bytes(genesis, s.epoch, s.kind, s.body), s.signature);
}

Digest evidence_id(Epoch epoch, const Slot& slot, Kind kind, OperatorNumber offender) {
    Bytes id;
    append_be64(id, epoch.value);
    append_be64(id, slot.view_or_height);
    append_be32(id, slot.lane.value);
    id.push_back(static_cast<std::uint8_t>(kind));
    append_be32(id, offender.value);
    return crypto::blake2b({as_bytes("evidence"), id});
}

EvidenceVerdict check_pair(const Statement& a, const Statement& b, const Slot& slot, bool same_slot, Epoch epoch,
                           const Digest& genesis) {
    if (a.epoch != epoch || b.epoch != epoch) return {EvidenceFault::other_epoch, {}, {}};
    if (a.signer == nullptr || b.signer == nullptr) return {EvidenceFault::unknown_signer, {}, {}};
    const std::optional<Kind> offence = offence_of(a, b);
    if (!same_slot || a.signer != b.signer || !offence) return {EvidenceFault::not_conflicting, {}, {}};
    if (!is_signed(a, genesis) || !is_signed(b, genesis)) return {EvidenceFault::bad_signature, {}, {}};
    return {EvidenceFault::none, a.signer->number, evidence_id(epoch, slot, *offence, a.signer->number)};
}

Epoch epoch_of(const std::variant<Proposal, Tail>& body) {
    return std::visit([](const auto& b) { return b.epoch; }, body);
}
Epoch epoch_of(const auto& statement) { return statement.epoch; }

}  // namespace

std::string_view to_string(EvidenceFault fault) {
    switch (fault) {
        case EvidenceFault::none:
            return "ok";
        case EvidenceFault::unknown_signer:
            return "signer not in the epoch's set";
        case EvidenceFault::other_epoch:
            return "other epoch";
        case EvidenceFault::not_conflicting:
            return "not conflicting";
        case EvidenceFault::bad_signature:
            return "bad signature";
    }
    return "unknown";
}

EvidenceVerdict check_evidence(const Evidence& evidence, const EpochContext& context, const Digest& genesis) {
    return std::visit(
        [&](const auto& pair) {
            const Slot slot = slot_of(pair.first);
            return check_pair(statement_of(pair.first, context), statement_of(pair.second, context), slot,
                              slot == slot_of(pair.second), context.epoch, genesis);
        },
        evidence);
}

Epoch epoch_of(const Evidence& evidence) {
    return std::visit([](const auto& pair) { return epoch_of(pair.first); }, evidence);
}

template Bytes encode(const Evidence&);
template tl::expected<Evidence, codec::DecodeError> decode(ByteView);

}  // namespace rondo
