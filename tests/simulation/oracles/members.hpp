#pragma once
#include <map>
#include <optional>
#include <set>

#include "messages/wire/epoch.hpp"

namespace rondo::sim {

/// What the oracles know of the members: the genesis, and the contexts that execution announced. Stake sums are computed here,
/// not by the functions that the cores use.
class Members {
  public:
    Members(const Genesis& genesis, std::set<OperatorNumber> byzantine, std::set<OperatorNumber> bad_disks);

    void announce(const EpochContext& context) { contexts_.insert_or_assign(context.epoch, context); }
    [[nodiscard]] const EpochContext& of(Epoch epoch) const;
    [[nodiscard]] const std::map<Epoch, EpochContext>& contexts() const { return contexts_; }
    [[nodiscard]] const OperatorInfo* member(Epoch epoch, SignerIndex signer) const;
    [[nodiscard]] const OperatorInfo* lane_owner(Epoch epoch, LaneId lane) const;
    [[nodiscard]] bool is_honest(OperatorNumber number) const { return !byzantine_.contains(number); }
    /// Of what was promised and not sealed when a disk was lost, nobody but the user knows: such a promise may be broken.
    [[nodiscard]] bool keeps_promises(OperatorNumber number) const { return is_honest(number) && !bad_disks_.contains(number); }
    /// More than two thirds of the epoch's stake.
    [[nodiscard]] bool is_quorum(Epoch epoch, const std::vector<SignerIndex>& signers) const;
    /// At least a third: not all of them can be faulty.
    [[nodiscard]] bool is_weak(Epoch epoch, const std::vector<SignerIndex>& signers) const;
    [[nodiscard]] const Digest& genesis_digest() const { return digest_; }
    [[nodiscard]] bool signed_by(const OperatorInfo* member, Epoch epoch, std::uint8_t kind, ByteView body,
                                 const Signature& signature) const;

  private:
    [[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> part_of_whole(
        Epoch epoch, const std::vector<SignerIndex>& signers) const;

    Digest digest_;
    std::set<OperatorNumber> byzantine_;
    std::set<OperatorNumber> bad_disks_;
    std::map<Epoch, EpochContext> contexts_;
};

}  // namespace rondo::sim
