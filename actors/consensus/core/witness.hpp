#pragma once
#include <array>
#include <map>
#include <vector>

#include "actors/consensus/core/turn.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// The newest that was seen of each member's signatures, by kind: what a peer is told that starts and asks. Votes are durable,
/// with the commit that they ride on; of a lost body its leader's vote for it tells as much.
class Witness {
  public:
    explicit Witness(const StoreView& store);

    void follow(const EpochContext& context);
    /// `message` is verified and of the epoch followed.
    void note(const SignedMessage& message);
    /// Of this member, votes first, then bodies.
    [[nodiscard]] std::vector<SignedMessage> of(OperatorNumber member) const;
    /// The rows of what is new since the last call.
    void store_news(Turn& turn);

  private:
    struct Seen {
        std::array<std::optional<Vote>, 3> votes;
        std::array<bool, 3> fresh{};
        std::optional<Proposal> proposal;
        std::optional<Tail> tail;
    };
    [[nodiscard]] Seen* by_index(SignerIndex index);
    void note_vote(const Vote& vote);

    std::vector<OperatorNumber> members_;  ///< of the epoch followed, by signer
    std::map<OperatorNumber, Seen> seen_;
};

}  // namespace rondo::consensus
