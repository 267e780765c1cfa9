#pragma once
#include <optional>
#include <vector>

#include "actors/intake/core/common.hpp"

/// What makes a batch well formed and a certificate of availability valid.
namespace rondo::intake {

/// Why something from another operator was not believed.
enum class [[nodiscard]] LaneVerdict : std::uint8_t{
    ok,
    other_epoch,
    not_the_owner,  ///< a header sent by somebody else, or of a lane that is not a member's
    bad_signature,
    not_a_quorum,  ///< signers not ascending or unknown, or too little stake, or too little of it verified
    outside_window,
    unknown_parent,     ///< not the epoch's base, and no certificate of it came along
    malformed_payload,  ///< counts, bytes or root differ from the header, or a transaction is not one
    fork,               ///< another header was acknowledged at this height
    forged_sender,      ///< verified before: somebody named in it did not sign
    no_room,            ///< nothing wrong with it: this node's disk is nearly full
};
[[nodiscard]] std::string_view to_string(LaneVerdict verdict);

/// Signed by the lane's owner for this context's epoch.
LaneVerdict check_header(const Common& common, const EpochContext& context, const BatchHeader& header);
/// Acks of quorum stake, of which weak stake verified; signers strictly ascending; every signature checked.
/// `mine` is my own signed ack of exactly this header, if there is one: neither the header nor that ack is checked again.
LaneVerdict check_certificate(const Common& common, const EpochContext& context, const PoA& certificate,
                              const std::optional<Ack>& mine);
/// The decoded payload if its size, count and Merkle root are the header's.
[[nodiscard]] std::optional<Payload> open_payload(const BatchHeader& header, ByteView payload);
/// Every transaction could be admitted by itself: what the sender's address is, is checked apart.
[[nodiscard]] bool transactions_well_formed(const Genesis& genesis, const Payload& payload);

/// Collects acks of one header until they certify it.
class AckTally {
  public:
    AckTally(const EpochContext& context, BatchHeader header) : context_(&context), header_(std::move(header)) {}
    /// A checked ack. A verified one replaces an unverified one of the same signer.
    void add(const Ack& ack);
    [[nodiscard]] bool has(SignerIndex signer) const { return acks_.contains(signer); }
    [[nodiscard]] bool has_verified(SignerIndex signer) const;
    /// The certificate, once there are enough.
    [[nodiscard]] std::optional<PoA> certificate() const;

  private:
    const EpochContext* context_;
    BatchHeader header_;
    std::map<SignerIndex, AckSignature> acks_;
};

}  // namespace rondo::intake
