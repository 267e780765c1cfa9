#pragma once
#include <vector>

#include "actors/intake/core/book.hpp"
#include "actors/intake/core/epochs.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/signing/gate.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"

namespace rondo::intake {

/// What the parts of the intake share: the store, the epoch, the gate, and the effects of the current step.
struct Common {
    Common(OperatorNumber self_, const crypto::SecretKey& key, Genesis genesis_, const StoreView& view);

    OperatorNumber self;
    Genesis genesis;
    Digest genesis_digest;
    Book book;
    Epochs epochs;
    SigningGate gate;
    Instant now;
    Effects* effects = nullptr;
    JobId next_job = 1;
    AskId next_ask = 1;

    void open_step(Instant at, Effects& out) {
        now = at;
        effects = &out;
        book.open(out);
    }

    /// Our place in the current set; nothing if we are not a member or the set is not known yet.
    [[nodiscard]] std::optional<SignerIndex> self_index() const;
    /// True for a member of the last, the current or the next epoch: who may talk on the lane sockets.
    [[nodiscard]] bool may_talk(OperatorNumber who) const;
    /// The other members of the current epoch, ascending.
    [[nodiscard]] std::vector<OperatorNumber> others() const;

    void send(OperatorNumber to, const LaneMessage& message) { effects->sends.push_back({Channel::lanes, to, encode(message)}); }
    void send_self_evident(OperatorNumber to, const LaneMessage& message) {
        effects->sends.push_back({Channel::lanes, to, encode(message), true});
    }
    void publish(Stream stream, Bytes payload) { effects->publishes.push_back({stream, 0, std::move(payload), {}}); }
    void publish_signed(const SignedMessage& message) { publish(Stream::lane_signed, encode(message)); }
    /// The table of what was signed is older than what others have seen (quarantine.hpp). Once is enough.
    void distrust(std::string reason);
    void log(Level level, std::string text) { effects->logs.push_back({level, std::move(text)}); }

    /// True if `signature` of `signer` stands under `body`.
    [[nodiscard]] bool verify(const OperatorInfo& signer, Epoch epoch, Kind kind, ByteView body,
                              const Signature& signature) const;
};

/// Timers of the intake. Each is armed anew only when it fired or when its subject changed.
enum class TimerName : TimerId { lane_retry = 1, lane_verify = 2, fetch = 3, forwards = 4, lane_seal = 5, quarantine = 6 };
[[nodiscard]] constexpr TimerId id_of(TimerName name) { return static_cast<TimerId>(name); }

}  // namespace rondo::intake
