#pragma once
#include <array>
#include <optional>
#include <vector>

#include "messages/wire/consensus.hpp"

namespace rondo::consensus {

/// The verified votes of one view: who voted for what, and how much stake stands behind it. One vote per signer and kind
/// counts, the first; what contradicts it is evidence and no more.
class Tally {
  public:
    enum class Known : std::uint8_t {
        none,
        same,
        signed_again,  ///< the same vote under another signature (Ed25519 allows a signer many)
        contradicted,
    };

    [[nodiscard]] Known known(const Vote& vote) const;
    [[nodiscard]] std::optional<Vote> find(VoteKind kind, Epoch epoch, View view, SignerIndex signer) const;
    /// `vote` is verified and not known.
    void add(const Vote& vote, Stake stake);
    [[nodiscard]] Stake stake_for(VoteKind kind, const Digest& digest) const;
    /// True the first time a signer is seen to contradict itself in this kind.
    [[nodiscard]] bool report_contradiction(const Vote& vote);
    /// All votes for the digest.
    [[nodiscard]] Certificate certificate(const Vote& like) const;

  private:
    struct Entry {
        bool present = false;
        bool contradicted = false;
        Digest digest{};
        Signature signature{};
    };
    struct Sum {
        Digest digest{};
        Stake stake;
    };
    struct Ballot {
        std::vector<Entry> by_signer;
        std::vector<Sum> sums;
    };
    [[nodiscard]] const Ballot& of(VoteKind kind) const { return ballots_[static_cast<std::size_t>(kind) - 3]; }
    [[nodiscard]] Ballot& of(VoteKind kind) { return ballots_[static_cast<std::size_t>(kind) - 3]; }

    std::array<Ballot, 3> ballots_;
};

}  // namespace rondo::consensus
