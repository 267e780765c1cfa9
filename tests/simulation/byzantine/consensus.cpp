#include "messages/wire/consensus.hpp"

#include <algorithm>
#include <map>

#include "messages/wire/batch.hpp"
#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

template <class T>
std::optional<T> optional_of(tl::expected<T, codec::DecodeError> decoded) {
    return decoded ? std::optional(std::move(*decoded)) : std::nullopt;
}

class CorruptConsensus : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    std::optional<Input> hear(const Input& input) override {
        const auto* said = std::get_if<StreamMessage>(&input);
        if (said != nullptr && said->stream == Stream::certificates && misbehaviour() == Misbehaviour::censoring_leader) {
            const auto poa = decode<PoA>(said->payload);
            if (poa && poa->header.lane == censored()) return std::nullopt;
        }
        const auto* peer = std::get_if<PeerMessage>(&input);
        auto message = peer == nullptr ? std::nullopt : optional_of(decode<ConsensusMessage>(peer->payload));
        if (!message) return input;
        if (const auto* proposal = std::get_if<Proposal>(&*message)) follow(*proposal);
        auto* poas = std::get_if<PoAs>(&*message);
        if (poas == nullptr || misbehaviour() != Misbehaviour::censoring_leader) return input;
        std::erase_if(poas->certificates, [&](const PoA& poa) { return poa.header.lane == censored(); });
        return PeerMessage{peer->channel, peer->from, encode(*message)};
    }

    /// It neither proposes nor notarizes what this neighbour's lane holds.
    [[nodiscard]] LaneId censored() const {
        const auto& operators = setup_.genesis.operators;
        return operators[(setup_.node + 1) % operators.size()].number;
    }

    void follow(const Proposal& proposal) {
        const Digest digest = digest_of(proposal);
        if (misbehaviour() == Misbehaviour::nullify_and_finalize) proposed_[{proposal.epoch, proposal.view}] = digest;
        if (misbehaviour() != Misbehaviour::bogus_certificates) return;
        const auto parent = cuts_.find(proposal.parent_digest);
        if (parent != cuts_.end()) cuts_.emplace(digest, rondo::advance(parent->second, proposal.cut_delta));
    }

    void tamper(Send send, std::vector<Send>& out) override {
        const auto message = decode<ConsensusMessage>(send.payload);
        if (!message) return out.push_back(std::move(send));
        if (const auto* proposal = std::get_if<Proposal>(&*message); proposal != nullptr && is_mine(proposal->leader))
            return tamper_proposal(*proposal, std::move(send), out);
        if (const auto* poas = std::get_if<PoAs>(&*message);
            poas != nullptr && misbehaviour() == Misbehaviour::bogus_certificates)
            for (const PoA& poa : poas->certificates)
                out.push_back({send.channel, send.to, encode(ConsensusMessage{forged(poa)})});
        if (std::holds_alternative<Tail>(*message) && misbehaviour() == Misbehaviour::silent_leader &&
            is_mine(std::get<Tail>(*message).leader))
            return;
        out.push_back(send);
        if (const auto* vote = std::get_if<Vote>(&*message); vote != nullptr && is_mine(vote->signer))
            add_votes(*vote, send, out);
    }

    void tamper_proposal(const Proposal& proposal, Send send, std::vector<Send>& out) {
        if (misbehaviour() == Misbehaviour::silent_leader) return;
        follow(proposal);
        if (misbehaviour() == Misbehaviour::bogus_certificates) return cite_nothing(proposal, std::move(send), out);
        if (misbehaviour() == Misbehaviour::wrong_results) return cite_wrongly(proposal, std::move(send), out);
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

    /// A batch that does not exist, on top of the one certified, with a certificate that is wrong in one of three ways.
    [[nodiscard]] PoAs forged(const PoA& poa) {
        PoA out = poa;
        ++out.header.height.value;
        out.header.parent_digest = digest_of(poa.header);
        out.header.payload_hash.bytes[0] ^= 0xff;
        if (out.header.lane == setup_.self) sign(out.header, Kind::batch_header);
        const auto mine = [&](SignerIndex signer) {
            Ack ack{out.header.epoch, out.header.lane, out.header.height, digest_of(out.header), true, signer, {}};
            sign(ack, Kind::ack);
            return AckSignature{signer, true, ack.signature};
        };
        const SignerIndex me(static_cast<std::uint16_t>(setup_.node));
        const std::uint64_t way = out.header.height.value % 3;
        if (way == 0)  // of its own, where the others' should stand
            for (AckSignature& ack : out.acks) ack = mine(ack.signer);
        if (way == 1) out.acks = {mine(me)};                                  // of less than a quorum
        if (way == 2) std::fill(out.acks.begin(), out.acks.end(), mine(me));  // the same one again and again
        forged_ = ref_of(out.header);
        return {{std::move(out)}};
    }

    /// A cut that cites what it forged a certificate of, right in all else.
    void cite_nothing(Proposal block, Send send, std::vector<Send>& out) {
        const auto parent = cuts_.find(block.parent_digest);
        const auto entry = std::find_if(block.cut_delta.begin(), block.cut_delta.end(),
                                        [&](const CutEntry& e) { return forged_ && e.lane == forged_->lane; });
        if (parent == cuts_.end() || entry == block.cut_delta.end()) return out.push_back(std::move(send));
        *entry = *forged_;
        block.cut_root = root_of(rondo::advance(parent->second, block.cut_delta));
        sign(block, Kind::proposal);
        out.push_back({send.channel, send.to, encode(ConsensusMessage{block})});
    }

    void cite_wrongly(Proposal block, Send send, std::vector<Send>& out) {
        if (block.executed.height == Height(0)) return out.push_back(std::move(send));
        block.executed.result_digest.bytes[0] ^= 0xff;
        sign(block, Kind::proposal);
        out.push_back({send.channel, send.to, encode(ConsensusMessage{block})});
    }

    /// The others' signatures are its own. One half hears that the view is final, the other that it is skipped.
    [[nodiscard]] Certificate forged(const Vote& vote, bool skipped) {
        Certificate out{
            skipped ? VoteKind::nullify : VoteKind::finalize, vote.epoch, vote.view, skipped ? Digest{} : vote.digest, {}, {}};
        for (std::size_t i = 0; i < setup_.genesis.operators.size(); ++i) {
            out.signers.emplace_back(static_cast<std::uint16_t>(i));
            Vote mine = vote;
            mine.vote = out.vote;
            mine.digest = out.digest;
            mine.signer = out.signers.back();
            sign(mine, kind_of(mine.vote));
            out.signatures.push_back(mine.signature);
        }
        return out;
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
        if (misbehaviour() == Misbehaviour::bogus_certificates && vote.vote == VoteKind::notarize)
            out.push_back({send.channel, send.to, encode(ConsensusMessage{forged(vote, in_second_half(send.to))})});
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
    std::map<Digest, Cut> cuts_{{genesis_block_digest(setup_.genesis), Cut{}}};  ///< of the bodies seen
    std::optional<BatchRef> forged_;
};

}  // namespace

std::unique_ptr<Core> corrupt_consensus(std::unique_ptr<Core> core, const NodeSetup& setup) {
    return std::make_unique<CorruptConsensus>(std::move(core), setup);
}

}  // namespace rondo::sim
