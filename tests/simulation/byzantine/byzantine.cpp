#include "tests/simulation/byzantine/byzantine.hpp"

#include <map>

#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"

namespace rondo::sim {
namespace {

/// What the wrappers share: a key that signs anything.
class Tamperer : public Core {
  public:
    Tamperer(std::unique_ptr<Core> core, const NodeSetup& setup)
        : setup_(setup), core_(std::move(core)), genesis_(digest_of(setup.genesis)) {}

    Effects start(Instant now) override { return tampered(core_->start(now)); }
    Effects step(Instant now, const Input& input) override {
        overhear(input);
        return tampered(core_->step(now, input));
    }
    std::vector<StatusField> status() const override { return core_->status(); }

  protected:
    /// Writes what is really sent in place of `send`.
    virtual void tamper(Send send, std::vector<Send>& out) = 0;
    virtual void overhear(const Input&) {}

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

class CorruptConsensus : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    void overhear(const Input& input) override {
        const auto* peer = std::get_if<PeerMessage>(&input);
        if (peer == nullptr || misbehaviour() != Misbehaviour::nullify_and_finalize) return;
        const auto message = decode<ConsensusMessage>(peer->payload);
        const auto* proposal = message ? std::get_if<Proposal>(&*message) : nullptr;
        if (proposal != nullptr) proposed_[{proposal->epoch, proposal->view}] = digest_of(*proposal);
    }

    void tamper(Send send, std::vector<Send>& out) override {
        const auto message = decode<ConsensusMessage>(send.payload);
        if (!message) return out.push_back(std::move(send));
        if (const auto* proposal = std::get_if<Proposal>(&*message); proposal != nullptr && is_mine(proposal->leader))
            return tamper_proposal(*proposal, std::move(send), out);
        if (std::holds_alternative<Tail>(*message) && misbehaviour() == Misbehaviour::silent_leader &&
            is_mine(std::get<Tail>(*message).leader))
            return;
        out.push_back(send);
        if (const auto* vote = std::get_if<Vote>(&*message); vote != nullptr && is_mine(vote->signer))
            add_votes(*vote, send, out);
    }

    void tamper_proposal(const Proposal& proposal, Send send, std::vector<Send>& out) {
        if (misbehaviour() == Misbehaviour::silent_leader) return;
        if (misbehaviour() != Misbehaviour::equivocating_leader) return out.push_back(std::move(send));
        Proposal other = proposal;
        ++other.timestamp_ms;
        sign(other, Kind::proposal);
        twin_[digest_of(proposal)] = digest_of(other);
        while (twin_.size() > 64) twin_.erase(twin_.begin());
        const bool both = (proposal.view.value % 4) == 0;
        if (both || !in_second_half(send.to)) out.push_back(send);
        if (both || in_second_half(send.to)) out.push_back({send.channel, send.to, encode(ConsensusMessage{other})});
    }

    void add_votes(const Vote& vote, const Send& send, std::vector<Send>& out) {
        const auto say = [&](VoteKind kind, const Digest& digest) {
            Vote extra = vote;
            extra.vote = kind;
            extra.digest = digest;
            sign(extra, kind_of(kind));
            out.push_back({send.channel, send.to, encode(ConsensusMessage{extra})});
        };
        if (misbehaviour() == Misbehaviour::equivocating_leader && vote.vote != VoteKind::nullify) {
            const auto twin = twin_.find(vote.digest);
            if (twin != twin_.end()) say(vote.vote, twin->second);
        }
        if (misbehaviour() == Misbehaviour::double_voter && vote.vote == VoteKind::notarize) {
            Digest invented = vote.digest;
            invented.bytes[0] ^= 0xff;
            say(VoteKind::notarize, invented);
        }
        if (misbehaviour() == Misbehaviour::nullify_and_finalize) {
            if (vote.vote == VoteKind::finalize) say(VoteKind::nullify, {});
            const auto proposed = proposed_.find({vote.epoch, vote.view});
            if (vote.vote == VoteKind::nullify && proposed != proposed_.end()) say(VoteKind::finalize, proposed->second);
        }
    }

    std::map<Digest, Digest> twin_;  ///< of my proposal, to the one that I told the other half
    std::map<std::pair<Epoch, View>, Digest> proposed_;
};

class CorruptIntake : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    void tamper(Send send, std::vector<Send>& out) override {
        auto message = decode<LaneMessage>(send.payload);
        if (!message) return out.push_back(std::move(send));
        if (misbehaviour() == Misbehaviour::withholder) return withhold(*message, std::move(send), out);
        out.push_back(send);
        if (misbehaviour() != Misbehaviour::lane_fork) return;
        if (auto* offer = std::get_if<BatchOffer>(&*message); offer != nullptr && offer->header.lane == setup_.self) {
            ++offer->header.created_ms;
            sign(offer->header, Kind::batch_header);
            out.push_back({send.channel, send.to, encode(LaneMessage{*offer})});
            if (in_second_half(send.to)) std::swap(out[out.size() - 1], out[out.size() - 2]);
        }
        if (auto* ack = std::get_if<Ack>(&*message); ack != nullptr && is_mine(ack->signer)) {
            ack->digest.bytes[0] ^= 0xff;
            sign(*ack, Kind::ack);
            out.push_back({send.channel, send.to, encode(LaneMessage{*ack})});
        }
    }

    /// Its batches reach only a bare quorum by its own hand, and it answers no fetch.
    void withhold(const LaneMessage& message, Send send, std::vector<Send>& out) {
        if (std::holds_alternative<BatchFound>(message)) return;
        const bool unlucky = send.to == setup_.genesis.operators[(setup_.node + 1) % setup_.genesis.operators.size()].number;
        if (std::holds_alternative<BatchOffer>(message) && unlucky) return;
        out.push_back(std::move(send));
    }
};

}  // namespace

std::unique_ptr<Core> corrupted(std::unique_ptr<Core> core, Actor actor, const NodeSetup& setup) {
    if (!setup.misbehaviour) return core;
    if (actor == Actor::consensus) return std::make_unique<CorruptConsensus>(std::move(core), setup);
    if (actor == Actor::intake) return std::make_unique<CorruptIntake>(std::move(core), setup);
    return core;
}

}  // namespace rondo::sim
