#include "actors/watcher/core/statement.hpp"

#include "messages/crypto/ed25519.hpp"

namespace rondo::watcher {
namespace {

Bytes slot_key(Epoch epoch, Kind kind, std::uint64_t a, std::uint64_t b, SignerIndex signer) {
    Bytes key;
    append_be64(key, epoch.value);
    key.push_back(static_cast<std::uint8_t>(kind));
    append_be64(key, a);
    append_be64(key, b);
    key.push_back(static_cast<std::uint8_t>(signer.value >> 8));
    key.push_back(static_cast<std::uint8_t>(signer.value & 0xff));
    return key;
}

Statement statement_of(const Vote& v) {
    return {slot_key(v.epoch, kind_of(v.vote), v.view.value, 0, v.signer), v.epoch, v.digest, v};
}
Statement statement_of(const Proposal& p) {
    return {slot_key(p.epoch, Kind::proposal, p.view.value, 0, p.leader), p.epoch, digest_of(p), p};
}
Statement statement_of(const Tail& t) {
    return {slot_key(t.epoch, Kind::proposal, t.view.value, 0, t.leader), t.epoch, digest_of(t), t};
}
/// A lane has one owner, whose index depends on the set: the lane stands for it.
Statement statement_of(const BatchHeader& h) {
    return {slot_key(h.epoch, Kind::batch_header, h.lane.value, h.height.value, SignerIndex{}), h.epoch, digest_of(h), h};
}
Statement statement_of(const Ack& a) {
    return {slot_key(a.epoch, Kind::ack, a.lane.value, a.height.value, a.signer), a.epoch, a.digest, a};
}

std::vector<Statement> statements_of(const Certificate& c) {
    std::vector<Statement> out;
    if (c.signers.size() != c.signatures.size()) return out;
    for (std::size_t i = 0; i < c.signers.size(); ++i)
        out.push_back(statement_of(Vote{c.vote, c.epoch, c.view, c.digest, c.signers[i], c.signatures[i]}));
    return out;
}

std::optional<std::variant<Proposal, Tail>> body_of(const SignedMessage& message) {
    if (const auto* block = std::get_if<Proposal>(&message)) return *block;
    if (const auto* tail = std::get_if<Tail>(&message)) return *tail;
    return std::nullopt;
}

bool verify_by(const OperatorInfo* signer, const Digest& genesis, Epoch epoch, Kind kind, ByteView body,
               const Signature& signature) {
    return signer != nullptr && crypto::verify(signer->key, signing_bytes(genesis, epoch, kind, body), signature);
}

struct Verifier {
    const EpochContext& context;
    const Digest& genesis;

    bool operator()(const Vote& v) const {
        return verify_by(context.at(v.signer), genesis, v.epoch, kind_of(v.vote), encode_body(v), v.signature);
    }
    bool operator()(const Proposal& p) const {
        return verify_by(context.at(p.leader), genesis, p.epoch, Kind::proposal, encode_body(p), p.signature);
    }
    bool operator()(const Tail& t) const {
        return verify_by(context.at(t.leader), genesis, t.epoch, Kind::tail, encode_body(t), t.signature);
    }
    bool operator()(const BatchHeader& h) const {
        const auto owner = context.index_of(h.lane);
        return verify_by(owner ? context.at(*owner) : nullptr, genesis, h.epoch, Kind::batch_header, encode_body(h), h.signature);
    }
    bool operator()(const Ack& a) const {
        return verify_by(context.at(a.signer), genesis, a.epoch, Kind::ack, encode_body(a), a.signature);
    }
    bool operator()(const Certificate&) const { return false; }  // indexed as the votes in it
};

}  // namespace

std::vector<Statement> statements_of(const SignedMessage& message) {
    if (const auto* certificate = std::get_if<Certificate>(&message)) return statements_of(*certificate);
    std::vector<Statement> out;
    std::visit(
        [&](const auto& m) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(m)>, Certificate>) out.push_back(statement_of(m));
        },
        message);
    return out;
}

std::vector<Statement> statements_in_body(const Proposal& block) {
    std::vector<Statement> out;
    for (const VoteRecord& v : block.votes)
        out.push_back(statement_of(Vote{v.vote, block.epoch, v.view, v.digest, v.signer, v.sig}));
    return out;
}

std::optional<Bytes> opposed_slot(const Statement& statement) {
    const auto* vote = std::get_if<Vote>(&statement.message);
    if (vote == nullptr || vote->vote == VoteKind::notarize) return std::nullopt;
    const Kind other = vote->vote == VoteKind::nullify ? Kind::finalize : Kind::nullify;
    return slot_key(vote->epoch, other, vote->view.value, 0, vote->signer);
}

std::optional<Evidence> pair(const SignedMessage& a, const SignedMessage& b) {
    if (const auto first = body_of(a), second = body_of(b); first && second) return ConflictingProposals{*first, *second};
    if (a.index() != b.index()) return std::nullopt;
    if (const auto* vote = std::get_if<Vote>(&a)) return ConflictingVotes{*vote, std::get<Vote>(b)};
    if (const auto* header = std::get_if<BatchHeader>(&a)) return ForkedLane{*header, std::get<BatchHeader>(b)};
    if (const auto* ack = std::get_if<Ack>(&a)) return ConflictingAcks{*ack, std::get<Ack>(b)};
    return std::nullopt;
}

bool is_signature_valid(const SignedMessage& message, const EpochContext& context, const Digest& genesis) {
    return std::visit(Verifier{context, genesis}, message);
}

}  // namespace rondo::watcher
