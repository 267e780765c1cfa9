#pragma once
#include <vector>

#include "actors/consensus/core/turn.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// What this node says to its peers, and what it shows its watcher. All of it explains itself: own signatures are durable first
/// by the gate's doing, the rest was signed by others.
class Voice {
  public:
    explicit Voice(OperatorNumber self) : self_(self) {}

    [[nodiscard]] OperatorNumber self() const { return self_; }
    void speak_to(const EpochContext& context);
    void broadcast(Turn& turn, const ConsensusMessage& message) const;
    void send(Turn& turn, OperatorNumber to, const ConsensusMessage& message, Channel channel = Channel::votes) const;
    /// The i-th peer, counted round: for asking one after the other. Nothing without peers.
    [[nodiscard]] std::optional<OperatorNumber> peer(std::uint64_t turn_number) const;

    void seen(Turn& turn, const SignedMessage& message) const;

  private:
    OperatorNumber self_;
    std::vector<OperatorNumber> peers_;
};

}  // namespace rondo::consensus
