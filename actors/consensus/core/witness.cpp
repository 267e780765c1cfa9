#include "actors/consensus/core/witness.hpp"

#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {
namespace {

std::size_t at(VoteKind kind) { return static_cast<std::size_t>(kind) - static_cast<std::size_t>(VoteKind::notarize); }

template <class T>
bool is_newer(const T& message, const std::optional<T>& known) {
    return !known || std::pair(message.epoch, message.view) > std::pair(known->epoch, known->view);
}

}  // namespace

Witness::Witness(const StoreView& store) {
    store.scan(tables::witnessed, {}, {}, [&](ByteView key, ByteView value) {
        auto vote = decode<Vote>(value);
        require(vote.has_value(), "a stored vote decodes");
        seen_[OperatorNumber(static_cast<std::uint32_t>(read_be64(key.first(8))))].votes[at(vote->vote)] = *vote;
        return true;
    });
}

void Witness::follow(const EpochContext& context) {
    members_.clear();
    for (const OperatorInfo& member : context.operators) members_.push_back(member.number);
}

Witness::Seen* Witness::by_index(SignerIndex index) {
    return index.value < members_.size() ? &seen_[members_[index.value]] : nullptr;
}

void Witness::note(const SignedMessage& message) {
    if (const auto* vote = std::get_if<Vote>(&message)) {
        note_vote(*vote);
    } else if (const auto* c = std::get_if<Certificate>(&message)) {
        for (std::size_t i = 0; i < c->signers.size(); ++i)
            note_vote({c->vote, c->epoch, c->view, c->digest, c->signers[i], c->signatures[i]});
    } else if (const auto* proposal = std::get_if<Proposal>(&message)) {
        Seen* seen = by_index(proposal->leader);
        if (seen != nullptr && is_newer(*proposal, seen->proposal)) seen->proposal = *proposal;
    } else if (const auto* tail = std::get_if<Tail>(&message)) {
        Seen* seen = by_index(tail->leader);
        if (seen != nullptr && is_newer(*tail, seen->tail)) seen->tail = *tail;
    }
}

void Witness::note_vote(const Vote& vote) {
    Seen* seen = by_index(vote.signer);
    if (seen == nullptr || !is_newer(vote, seen->votes[at(vote.vote)])) return;
    seen->votes[at(vote.vote)] = vote;
    seen->fresh[at(vote.vote)] = true;
}

std::vector<SignedMessage> Witness::of(OperatorNumber member) const {
    std::vector<SignedMessage> out;
    const auto it = seen_.find(member);
    if (it == seen_.end()) return out;
    for (const auto& vote : it->second.votes)
        if (vote) out.emplace_back(*vote);
    if (it->second.proposal) out.emplace_back(*it->second.proposal);
    if (it->second.tail) out.emplace_back(*it->second.tail);
    return out;
}

void Witness::store_news(Turn& turn) {
    for (auto& [member, seen] : seen_)
        for (std::size_t kind = 0; kind < seen.votes.size(); ++kind) {
            if (!std::exchange(seen.fresh[kind], false)) continue;
            turn.effects.put(tables::witnessed, tables::key(std::uint64_t{member.value}, std::uint64_t{kind}),
                             encode(*seen.votes[kind]));
        }
}

}  // namespace rondo::consensus
