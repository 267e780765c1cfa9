#pragma once
#include <vector>

#include "actors/consensus/core/witness.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// What this node says to its peers, and what it shows its watcher. All of it explains itself: own signatures are durable first
/// by the gate's doing, the rest was signed by others.
class Voice {
  public:
    /// `sources` are asked like members, and told nothing.
    Voice(OperatorNumber self, std::vector<OperatorNumber> sources, const StoreView& store)
        : self_(self), sources_(std::move(sources)), witness_(store) {}

    [[nodiscard]] OperatorNumber self() const { return self_; }
    void speak_to(const EpochContext& context);
    void broadcast(Turn& turn, const ConsensusMessage& message) const;
    void send(Turn& turn, OperatorNumber to, const ConsensusMessage& message, Channel channel = Channel::votes) const;
    /// The i-th peer, counted round: for asking one after the other. Nothing without peers.
    [[nodiscard]] std::optional<OperatorNumber> peer(std::uint64_t turn_number) const;
    /// The same for what anybody may ask, on the open channel: the sources too.
    [[nodiscard]] std::optional<OperatorNumber> source(std::uint64_t turn_number) const;

    [[nodiscard]] const std::vector<OperatorNumber>& sources() const { return sources_; }

    void seen(Turn& turn, const SignedMessage& message);
    /// The newest that was seen of the member's signatures.
    [[nodiscard]] std::vector<SignedMessage> witnessed(OperatorNumber member) const { return witness_.of(member); }
    /// Called at the end of a step: what was seen becomes durable with what the step, or a later one, writes anyway.
    void finish_step(Turn& turn);

  private:
    OperatorNumber self_;
    std::vector<OperatorNumber> sources_;
    Witness witness_;
    std::vector<OperatorNumber> peers_;
};

}  // namespace rondo::consensus
