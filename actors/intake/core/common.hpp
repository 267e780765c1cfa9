#pragma once
#include <vector>

#include "actors/intake/core/book.hpp"
#include "actors/intake/core/epochs.hpp"
#include "actors/intake/core/load.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/signing/gate.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"

namespace rondo::intake {

/// What the parts of the intake share: the store, the epoch, the gate, and the effects of the current step.
struct Common {
    Common(OperatorNumber self_, std::vector<crypto::SecretKey> keys, std::vector<OperatorNumber> sources_, Genesis genesis_,
           const StoreView& view);

    OperatorNumber self;
    std::vector<OperatorNumber> sources;  ///< asked for batches like members
    Genesis genesis;
    Digest genesis_digest;
    Book book;
    Epochs epochs;
    SigningGate gate;
    Instant now;
    Effects* effects = nullptr;
    Load load;                   ///< what is open here, and whose
    bool disk_is_short = false;  ///< what is left is for what was promised and what is final
    JobId next_job = 1;
    AskId next_ask = 1;

    void open_step(Instant at, Effects& out) {
        now = at;
        effects = &out;
        book.open(out);
    }

    /// Our place in the current set; nothing if we are not a member, if the set is not known yet, or if our key in it is not
    /// here.
    [[nodiscard]] std::optional<SignerIndex> self_index() const;
    /// To be called when an epoch began or its set became known: which key signs, and with whom this node talks.
    void take_part();
    void name_peers() const;
    /// The next set is known, this node is not in it, and its last blocks have come: what would be promised now may come too
    /// late.
    [[nodiscard]] bool is_leaving() const;
    /// True for a member of the last, the current or a coming epoch: who may talk on the lane sockets.
    [[nodiscard]] bool may_talk(OperatorNumber who) const { return epochs.is_member(who); }
    /// The other members of the current epoch, ascending.
    [[nodiscard]] std::vector<OperatorNumber> others() const;
    /// Who may have a batch: the others and the sources.
    [[nodiscard]] std::vector<OperatorNumber> holders() const;

    void send(OperatorNumber to, const LaneMessage& message) { effects->sends.push_back({Channel::lanes, to, encode(message)}); }
    void send_self_evident(OperatorNumber to, const LaneMessage& message, Channel channel = Channel::lanes) {
        effects->sends.push_back({channel, to, encode(message), true});
    }
    void publish(Stream stream, Bytes payload) { effects->publishes.push_back({stream, 0, std::move(payload), {}}); }
    void publish_signed(const SignedMessage& message) { publish(Stream::lane_signed, encode(message)); }
    /// The table of what was signed is older than what others have seen (quarantine.hpp). Once is enough.
    void distrust(std::string reason);
    void log(Level level, std::string text) { effects->logs.push_back({level, std::move(text)}); }

    /// True if `signature` of `signer` stands under `body`.
    [[nodiscard]] bool verify(const OperatorInfo& signer, Epoch epoch, Kind kind, ByteView body,
                              const Signature& signature) const;

  private:
    void choose_key();
};

/// Timers of the intake. Each is armed anew only when it fired or when its subject changed.
enum class TimerName : TimerId {
    lane_retry = 1,
    lane_verify = 2,
    fetch = 3,
    forwards = 4,
    lane_seal = 5,
    quarantine = 6,
    relay = 7
};
[[nodiscard]] constexpr TimerId id_of(TimerName name) { return static_cast<TimerId>(name); }

}  // namespace rondo::intake
