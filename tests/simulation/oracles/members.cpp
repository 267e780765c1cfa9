#include "tests/simulation/oracles/members.hpp"

#include "messages/crypto/ed25519.hpp"
#include "messages/wire/kinds.hpp"

namespace rondo::sim {

Members::Members(const Genesis& genesis, std::set<OperatorNumber> byzantine, std::set<OperatorNumber> bad_disks)
    : digest_(digest_of(genesis)), byzantine_(std::move(byzantine)), bad_disks_(std::move(bad_disks)) {
    announce(genesis_context(genesis, Epoch(1)));
    announce(genesis_context(genesis, Epoch(2)));
}

/// Of an epoch not announced yet: the newest one below. Nobody can act in an epoch before some node announced its set.
const EpochContext& Members::of(Epoch epoch) const {
    auto it = contexts_.upper_bound(epoch);
    if (it != contexts_.begin()) --it;
    return it->second;
}

const OperatorInfo* Members::member(Epoch epoch, SignerIndex signer) const {
    const EpochContext& context = of(epoch);
    return signer.value < context.operators.size() ? &context.operators[signer.value] : nullptr;
}

const OperatorInfo* Members::lane_owner(Epoch epoch, LaneId lane) const {
    for (const OperatorInfo& o : of(epoch).operators)
        if (o.number == lane) return &o;
    return nullptr;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> Members::part_of_whole(Epoch epoch,
                                                                              const std::vector<SignerIndex>& signers) const {
    std::uint64_t whole = 0, part = 0;
    for (const OperatorInfo& o : of(epoch).operators) whole += o.stake.value;
    std::set<SignerIndex> seen;
    for (const SignerIndex s : signers) {
        const OperatorInfo* info = member(epoch, s);
        if (info == nullptr || !seen.insert(s).second) return std::nullopt;
        part += info->stake.value;
    }
    return std::pair(part, whole);
}

bool Members::is_quorum(Epoch epoch, const std::vector<SignerIndex>& signers) const {
    const auto stakes = part_of_whole(epoch, signers);
    return stakes && 3 * stakes->first > 2 * stakes->second;
}

bool Members::is_weak(Epoch epoch, const std::vector<SignerIndex>& signers) const {
    const auto stakes = part_of_whole(epoch, signers);
    return stakes && 3 * stakes->first >= stakes->second;
}

bool Members::signed_by(const OperatorInfo* member, Epoch epoch, std::uint8_t kind, ByteView body,
                        const Signature& signature) const {
    return member != nullptr &&
           crypto::verify(member->key, signing_bytes(digest_, epoch, static_cast<Kind>(kind), body), signature);
}

}  // namespace rondo::sim
