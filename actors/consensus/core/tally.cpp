#include "actors/consensus/core/tally.hpp"

#include <algorithm>

namespace rondo::consensus {

Tally::Known Tally::known(const Vote& vote) const {
    const auto& votes = of(vote.vote).by_signer;
    if (vote.signer.value >= votes.size() || !votes[vote.signer.value].present) return Known::none;
    const Entry& entry = votes[vote.signer.value];
    if (entry.digest != vote.digest) return Known::contradicted;
    return entry.signature == vote.signature ? Known::same : Known::signed_again;
}

std::optional<Vote> Tally::find(VoteKind kind, Epoch epoch, View view, SignerIndex signer) const {
    const auto& votes = of(kind).by_signer;
    if (signer.value >= votes.size() || !votes[signer.value].present) return std::nullopt;
    return Vote{kind, epoch, view, votes[signer.value].digest, signer, votes[signer.value].signature};
}

void Tally::add(const Vote& vote, Stake stake) {
    Ballot& ballot = of(vote.vote);
    if (ballot.by_signer.size() <= vote.signer.value) ballot.by_signer.resize(vote.signer.value + std::size_t{1});
    Entry& entry = ballot.by_signer[vote.signer.value];
    require(!entry.present, "a vote is counted once");
    entry = {true, false, vote.digest, vote.signature};
    const auto sum = std::find_if(ballot.sums.begin(), ballot.sums.end(), [&](const Sum& s) { return s.digest == vote.digest; });
    if (sum == ballot.sums.end())
        ballot.sums.push_back({vote.digest, stake});
    else
        sum->stake = sum->stake.plus(stake.value);
}

Stake Tally::stake_for(VoteKind kind, const Digest& digest) const {
    for (const Sum& sum : of(kind).sums)
        if (sum.digest == digest) return sum.stake;
    return Stake(0);
}

bool Tally::report_contradiction(const Vote& vote) {
    Entry& entry = of(vote.vote).by_signer[vote.signer.value];
    return !std::exchange(entry.contradicted, true);
}

Certificate Tally::certificate(const Vote& like) const {
    Certificate out{like.vote, like.epoch, like.view, like.digest, {}, {}};
    const auto& votes = of(like.vote).by_signer;
    for (std::size_t i = 0; i < votes.size(); ++i) {
        if (!votes[i].present || votes[i].digest != like.digest) continue;
        out.signers.emplace_back(static_cast<std::uint16_t>(i));
        out.signatures.push_back(votes[i].signature);
    }
    return out;
}

}  // namespace rondo::consensus
