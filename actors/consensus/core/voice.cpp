#include "actors/consensus/core/voice.hpp"

#include "actors/consensus/core/limits.hpp"

namespace rondo::consensus {

void Voice::speak_to(const EpochContext& context) {
    witness_.follow(context);
    peers_.clear();
    for (const OperatorInfo& member : context.operators)
        if (member.number != self_) peers_.push_back(member.number);
}

void Voice::broadcast(Turn& turn, const ConsensusMessage& message) const {
    if (peers_.empty()) return;
    const Bytes payload = encode(message);
    for (const OperatorNumber peer : peers_) turn.effects.sends.push_back({Channel::votes, peer, payload, true});
}

void Voice::send(Turn& turn, OperatorNumber to, const ConsensusMessage& message, Channel channel) const {
    if (to != self_) turn.effects.sends.push_back({channel, to, encode(message), true});
}

std::optional<OperatorNumber> Voice::peer(std::uint64_t turn_number) const {
    if (peers_.empty()) return std::nullopt;
    return peers_[turn_number % peers_.size()];
}

std::optional<OperatorNumber> Voice::source(std::uint64_t turn_number) const {
    const std::uint64_t at = turn_number % std::max<std::uint64_t>(1, peers_.size() + sources_.size());
    if (at < peers_.size()) return peers_[at];
    return sources_.empty() ? std::nullopt : std::optional(sources_[at - peers_.size()]);
}

void Voice::seen(Turn& turn, const SignedMessage& message) {
    witness_.note(message);
    turn.effects.publishes.push_back({Stream::vote_signed, 0, encode(message), {}});
}

void Voice::finish_step(Turn& turn) {
    if (!turn.effects.records.empty()) witness_.store_news(turn);
}

}  // namespace rondo::consensus
