#include "actors/consensus/core/signatures.hpp"

#include "messages/crypto/ed25519.hpp"

namespace rondo::consensus {
namespace {

bool by(const Digest& genesis, const OperatorInfo* member, Epoch epoch, Kind kind, const Bytes& body,
        const Signature& signature) {
    return member != nullptr && crypto::verify(member->key, signing_bytes(genesis, epoch, kind, body), signature);
}

bool acks_suffice(const EpochContext& context, const PoA& poa) {
    std::vector<SignerIndex> all;
    std::vector<SignerIndex> verified;
    for (const AckSignature& ack : poa.acks) {
        all.push_back(ack.signer);
        if (ack.verified) verified.push_back(ack.signer);
    }
    const auto stake = context.stake_of(all);
    const auto verified_stake = context.stake_of(verified);
    return stake && verified_stake && *stake >= context.quorum() && *verified_stake >= context.weak();
}

}  // namespace

bool is_signed(const Digest& genesis, const EpochContext& context, const Vote& vote) {
    return by(genesis, context.at(vote.signer), vote.epoch, kind_of(vote.vote), encode_body(vote), vote.signature);
}

bool is_signed(const Digest& genesis, const EpochContext& context, const Body& body) {
    return std::visit(
        [&](const auto& b) { return by(genesis, context.at(b.leader), b.epoch, b.kind, encode_body(b), b.signature); }, body);
}

bool is_certified(const Digest& genesis, const EpochContext& context, const Certificate& certificate, const Tally* tally) {
    if (certificate.epoch != context.epoch || certificate.signers.size() != certificate.signatures.size()) return false;
    if (certificate.view == View(0) || (certificate.vote == VoteKind::nullify) != certificate.digest.is_zero()) return false;
    const auto stake = context.stake_of(certificate.signers);
    if (!stake || *stake < context.quorum()) return false;
    for (std::size_t i = 0; i < certificate.signers.size(); ++i) {
        const Vote vote{certificate.vote,   certificate.epoch,      certificate.view,
                        certificate.digest, certificate.signers[i], certificate.signatures[i]};
        if (tally != nullptr && tally->known(vote) == Tally::Known::same) continue;
        if (!is_signed(genesis, context, vote)) return false;
    }
    return true;
}

bool is_available(const Digest& genesis, const EpochContext& context, const PoA& poa) {
    const BatchHeader& header = poa.header;
    const auto owner = context.index_of(header.lane);
    if (header.epoch != context.epoch || !owner || header.height == LaneHeight(0) || !acks_suffice(context, poa)) return false;
    const Digest digest = digest_of(header);
    for (const AckSignature& entry : poa.acks) {
        const Ack ack{header.epoch, header.lane, header.height, digest, entry.verified, entry.signer, entry.signature};
        if (!by(genesis, context.at(entry.signer), ack.epoch, Kind::ack, encode_body(ack), ack.signature)) return false;
    }
    return true;
}

}  // namespace rondo::consensus
