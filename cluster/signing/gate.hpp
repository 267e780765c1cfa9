#pragma once
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/codec/encode.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/wire/kinds.hpp"

namespace rondo {

/// Where at most one message may ever be signed: (epoch, kind, a, b). Votes and proposals: a = view, b = 0.
/// Headers: a = lane height, b = 0. Acks: a = lane, b = lane height. Receipts: a = lane height, b = index.
struct Slot {
    Epoch epoch;
    Kind kind = Kind::proposal;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    auto operator<=>(const Slot&) const = default;
};

enum class [[nodiscard]] GateRefusal : std::uint8_t{
    conflict,     ///< another message was signed for this slot: the caller is wrong, whatever it believes
    quarantined,  ///< the table cannot be trusted, or is not confirmed yet: nothing new is signed
    no_key,       ///< not a member, or the key that the set lists is not here
};

/// From where on a quarantined key signs again: whatever the lost table held lies below.
/// Votes and proposals: in `epoch` from `view` on; in the one after it from view 2 on, since its first view can be voted in
/// before anything proves that it began; later epochs freely. Headers and receipts: later epochs. Acks: above the lane's height,
/// and later epochs.
struct Reentry {
    struct LaneFloor {
        LaneId lane;
        LaneHeight height;
        static auto fields(auto& v) { return std::tie(v.lane, v.height); }
    };
    Epoch epoch;
    View view;
    std::vector<LaneFloor> lanes;
    static auto fields(auto& v) { return std::tie(v.epoch, v.view, v.lanes); }
};
struct QuarantineRecord {
    std::string reason;
    std::optional<Reentry> reentry;
    static auto fields(auto& v) { return std::tie(v.reason, v.reentry); }
};

/// The one way to a safety-critical signature. It keeps a durable table of what was signed per
/// slot and refuses a conflict. Pure: the record goes into the same Effects as the message, so that it is synced
/// before anything is sent. Re-signing the same body for a slot returns the same signature.
///
/// Conflicts beyond equal slots (Nullify against Finalize in one view) are checked here too: Finalize(v) is refused
/// once Nullify(v) was signed and the other way round. A `verified` ack may follow an unverified one of the same header.
class SigningGate {
  public:
    /// `table` is the owner's table for this gate's records. Of the keys (two while they are rotated) none signs before use().
    SigningGate(const StoreView& view, Table table, std::vector<crypto::SecretKey> keys, Digest genesis);

    /// From now on the key signs that the epoch's set lists. False, and nothing can be signed, if it is not here.
    bool use(const PublicKey& listed);
    /// Not a member: nothing can be signed.
    void use_none() { key_.reset(); }
    [[nodiscard]] bool has_key() const { return key_.has_value(); }
    /// True if one of the keys here, in force or not, has signed this.
    [[nodiscard]] bool is_own(ByteView message, const Signature& signature) const;

    /// `identity` is what must be equal for the slot to be the same (the digest of the header for an ack).
    [[nodiscard]] tl::expected<Signature, GateRefusal> sign(const Slot& slot, const Digest& identity, ByteView body,
                                                            Effects& effects);
    /// What was signed for the slot, if anything: its identity.
    [[nodiscard]] std::optional<Digest> signed_for(const Slot& slot) const;
    /// Forgets slots of epochs below `epoch`.
    void prune_below(Epoch epoch, Effects& effects);
    /// False: this key has signed what the table does not hold, so that the table is older than the key's last signature.
    [[nodiscard]] bool accounts_for(const Slot& slot, const Digest& identity) const;

    // Trust in the table. What it holds may always be signed again; anything new only while it is trusted.
    /// From a start on: nothing new before the owner has confirmed the table.
    void await_confirmation() { confirmed_ = false; }
    void confirm() { confirmed_ = true; }
    [[nodiscard]] bool is_confirmed() const { return confirmed_; }
    /// Durable: outlives restarts, until `reenter` and what it says.
    void quarantine(std::string reason, Effects& effects);
    void reenter(Reentry reentry, Effects& effects);
    [[nodiscard]] const std::optional<QuarantineRecord>& quarantined() const { return quarantined_; }
    /// True if something new may be signed for the slot.
    [[nodiscard]] bool admits(const Slot& slot) const;

  private:
    const StoreView& view_;
    Table table_;
    std::vector<crypto::SecretKey> keys_;
    std::optional<crypto::SecretKey> key_;  ///< the one of them that signs
    Digest genesis_;
    /// Signed in this step, not in the view yet. What is in the view by now is forgotten in bulk: one step may sign
    /// thousands of receipts, and each must cost the same.
    std::map<Bytes, Digest> fresh_;
    std::size_t fresh_max_ = 0;
    bool confirmed_ = true;
    std::optional<QuarantineRecord> quarantined_;
};

}  // namespace rondo
