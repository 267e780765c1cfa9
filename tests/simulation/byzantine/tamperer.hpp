#pragma once
#include <memory>
#include <optional>

#include "messages/codec/encode.hpp"
#include "messages/wire/kinds.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// What the wrappers share: a key that signs anything.
class Tamperer : public Core {
  public:
    Tamperer(std::unique_ptr<Core> core, const NodeSetup& setup)
        : setup_(setup), core_(std::move(core)), genesis_(digest_of(setup.genesis)) {}

    Effects start(Instant now) override { return tampered(core_->start(now)); }
    Effects step(Instant now, const Input& input) override {
        const std::optional<Input> heard = hear(input);
        return heard ? tampered(core_->step(now, *heard)) : Effects{};
    }
    std::vector<StatusField> status() const override { return core_->status(); }

  protected:
    /// Writes what is really sent in place of `send`.
    virtual void tamper(Send send, std::vector<Send>& out) = 0;
    /// What the core is told in place of the input, if anything.
    virtual std::optional<Input> hear(const Input& input) { return input; }

    template <class T>
    void sign(T& message, Kind kind) {
        message.signature = setup_.key.sign(signing_bytes(genesis_, message.epoch, kind, encode_body(message)));
    }
    /// Splits the peers in two halves that are told different things.
    [[nodiscard]] static bool in_second_half(OperatorNumber peer) { return peer.value % 2 == 1; }
    [[nodiscard]] bool is_mine(SignerIndex signer) const { return signer.value == setup_.node; }
    [[nodiscard]] Misbehaviour misbehaviour() const { return *setup_.misbehaviour; }

    const NodeSetup& setup_;

  private:
    Effects tampered(Effects effects) {
        std::vector<Send> out;
        for (Send& send : effects.sends) tamper(std::move(send), out);
        effects.sends = std::move(out);
        return effects;
    }

    std::unique_ptr<Core> core_;
    Digest genesis_;
};

[[nodiscard]] std::unique_ptr<Core> corrupt_consensus(std::unique_ptr<Core> core, const NodeSetup& setup);
[[nodiscard]] std::unique_ptr<Core> corrupt_intake(std::unique_ptr<Core> core, const NodeSetup& setup);
/// What any actor may do to its peers with what it says, without a look into it.
[[nodiscard]] std::unique_ptr<Core> nuisance(std::unique_ptr<Core> core, const NodeSetup& setup);
/// Execution that hands over states which nobody computed.
[[nodiscard]] std::unique_ptr<Core> lying_snapshots(std::unique_ptr<Core> core, const NodeSetup& setup);
/// Two cores with one key, each on a store of its own: one for each half of the peers.
[[nodiscard]] std::unique_ptr<Core> twins(const MakeCore& make, const StoreView& view, std::size_t tables);

}  // namespace rondo::sim
