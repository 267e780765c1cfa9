#include "actors/intake/core/certificates.hpp"

#include <array>

#include "actors/intake/core/limits.hpp"

namespace rondo::intake {
namespace {

constexpr std::array<std::string_view, 11> verdict_names{"ok",           "other epoch",    "not the owner",  "bad signature",
                                                         "not a quorum", "outside window", "unknown parent", "malformed payload",
                                                         "fork",         "forged sender",  "no room"};

bool enough(const EpochContext& context, const std::vector<SignerIndex>& all, const std::vector<SignerIndex>& verified) {
    const auto total = context.stake_of(all);
    const auto of_verified = context.stake_of(verified);
    return total && of_verified && *total >= context.quorum() && *of_verified >= context.weak();
}

}  // namespace

std::string_view to_string(LaneVerdict verdict) { return verdict_names[static_cast<std::size_t>(verdict)]; }

LaneVerdict check_header(const Common& common, const EpochContext& context, const BatchHeader& header) {
    if (header.epoch != context.epoch) return LaneVerdict::other_epoch;
    const auto owner = context.index_of(header.lane);
    if (!owner) return LaneVerdict::not_the_owner;
    const OperatorInfo& signer = *context.at(*owner);
    const bool valid = common.verify(signer, header.epoch, Kind::batch_header, encode_body(header), header.signature);
    return valid ? LaneVerdict::ok : LaneVerdict::bad_signature;
}

LaneVerdict check_certificate(const Common& common, const EpochContext& context, const PoA& certificate,
                              const std::optional<Ack>& mine) {
    std::vector<SignerIndex> all;
    std::vector<SignerIndex> verified;
    for (const AckSignature& ack : certificate.acks) {
        all.push_back(ack.signer);
        if (ack.verified) verified.push_back(ack.signer);
    }
    if (certificate.header.epoch != context.epoch) return LaneVerdict::other_epoch;
    if (!enough(context, all, verified)) return LaneVerdict::not_a_quorum;
    if (!mine)
        if (const LaneVerdict verdict = check_header(common, context, certificate.header); verdict != LaneVerdict::ok)
            return verdict;
    const BatchHeader& h = certificate.header;
    const Digest digest = digest_of(h);
    for (const AckSignature& ack : certificate.acks) {
        const bool is_mine =
            mine && ack.signer == mine->signer && ack.verified == mine->verified && ack.signature == mine->signature;
        if (is_mine) continue;
        const Ack signed_ack{h.epoch, h.lane, h.height, digest, ack.verified, ack.signer, {}};
        if (!common.verify(*context.at(ack.signer), h.epoch, Kind::ack, encode_body(signed_ack), ack.signature))
            return LaneVerdict::bad_signature;
    }
    return LaneVerdict::ok;
}

std::optional<Payload> open_payload(const BatchHeader& header, ByteView payload) {
    if (payload.size() != header.bytes || payload.size() > batch_bytes_max) return std::nullopt;
    auto decoded = decode<Payload>(payload);
    if (!decoded || decoded->transactions.empty() || decoded->transactions.size() != header.tx_count) return std::nullopt;
    if (payload_root(*decoded) != header.payload_hash) return std::nullopt;
    return std::move(*decoded);
}

bool transactions_well_formed(const Genesis& genesis, const Payload& payload) {
    for (const LaneTransaction& t : payload.transactions)
        if (!ethereum::decode_transaction(t.raw, genesis.chain_id, genesis.parameters.base_fee_min_wei)) return false;
    return true;
}

void AckTally::add(const Ack& ack) {
    const auto it = acks_.find(ack.signer);
    if (it != acks_.end() && (it->second.verified || !ack.verified)) return;
    acks_.insert_or_assign(ack.signer, AckSignature{ack.signer, ack.verified, ack.signature});
}

bool AckTally::has_verified(SignerIndex signer) const {
    const auto it = acks_.find(signer);
    return it != acks_.end() && it->second.verified;
}

std::optional<PoA> AckTally::certificate() const {
    std::vector<SignerIndex> all;
    std::vector<SignerIndex> verified;
    PoA certificate{header_, {}};
    for (const auto& [signer, ack] : acks_) {
        all.push_back(signer);
        if (ack.verified) verified.push_back(signer);
        certificate.acks.push_back(ack);
    }
    if (!enough(*context_, all, verified)) return std::nullopt;
    return certificate;
}

}  // namespace rondo::intake
