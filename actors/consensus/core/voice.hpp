#pragma once
#include <vector>

#include "actors/consensus/core/witness.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// What this node says: to its peers at once, and on `vote_signed` with the next commit. Seen messages alone do not make
/// a commit: they ride on the next one, so that a vote received costs no sync of its own.
class Voice {
  public:
    Voice(OperatorNumber self, const StoreView& store) : self_(self), witness_(store) {}

    void speak_to(const EpochContext& context);
    void broadcast(Turn& turn, const ConsensusMessage& message) const;
    void send(Turn& turn, OperatorNumber to, const ConsensusMessage& message, Channel channel = Channel::votes) const;
    /// The i-th peer, counted round: for asking one after the other. Nothing without peers.
    [[nodiscard]] std::optional<OperatorNumber> peer(std::uint64_t turn_number) const;

    void seen(const SignedMessage& message);
    /// The newest that was seen of the member's signatures.
    [[nodiscard]] std::vector<SignedMessage> witnessed(OperatorNumber member) const { return witness_.of(member); }
    /// Called at the end of a step. `idle`: publish even if nothing else is committed.
    void flush(Turn& turn, bool idle);

  private:
    OperatorNumber self_;
    Witness witness_;
    std::vector<OperatorNumber> peers_;
    std::vector<Bytes> unpublished_;
};

}  // namespace rondo::consensus
