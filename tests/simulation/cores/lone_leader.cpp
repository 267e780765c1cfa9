#include "tests/simulation/cores/lone_leader.hpp"

#include "messages/wire/consensus.hpp"

namespace rondo::sim {
namespace {

constexpr Table blocks{0, "blocks"};
constexpr TimerId beat = 1;
constexpr DurationMs beat_ms = 100;

Bytes key_of(Height height) {
    Bytes key;
    append_be64(key, height.value);
    return key;
}

class LoneLeader : public Core {
  public:
    LoneLeader(const StoreView& view, const NodeSetup& setup) : view_(view), setup_(setup) {
        head_digest_ = genesis_block_digest(setup.genesis);
        view.scan(blocks, {}, {}, [&](ByteView, ByteView value) {
            follow(decode<FinalBlock>(value)->block);
            return true;
        });
    }
    Effects start(Instant) override {
        Effects effects;
        effects.timers.push_back({beat, beat_ms});
        return effects;
    }
    Effects step(Instant now, const Input& input) override {
        Effects effects;
        if (const auto* m = std::get_if<StreamMessage>(&input); m != nullptr && m->stream == Stream::certificates) {
            const BatchHeader header = decode<PoA>(m->payload)->header;
            BatchHeader& tip = tips_[header.lane];
            if (header.height > tip.height) tip = header;
        }
        if (const auto* peer = std::get_if<PeerMessage>(&input)) hear(*peer, effects);
        if (std::holds_alternative<TimerFired>(input)) {
            effects = start(now);
            if (leads())
                propose(now, effects);
            else
                tell(setup_.genesis.operators[0].number, BlockRangeRequest{head_.next(), head_.plus(16)}, effects);
        }
        return effects;
    }
    std::vector<StatusField> status() const override { return {}; }

  private:
    [[nodiscard]] bool leads() const { return setup_.node == 0; }

    void propose(Instant now, Effects& effects) {
        Proposal block;
        block.epoch = Epoch(1);
        block.height = head_.next();
        block.view = View(block.height.value);
        block.parent_view = View(head_.value);
        block.parent_digest = head_digest_;
        block.timestamp_ms = now.value;
        for (const auto& [lane, tip] : tips_) {
            const CutEntry* cited = cut_.find(lane);
            if (cited == nullptr || cited->height < tip.height) block.cut_delta.push_back({lane, tip.height, digest_of(tip)});
        }
        block.cut_root = root_of(rondo::advance(cut_, block.cut_delta));
        take(block, effects);
        for (const GenesisOperator& o : setup_.genesis.operators)
            if (o.number != setup_.self) tell(o.number, block, effects);
    }

    void hear(const PeerMessage& peer, Effects& effects) {
        const auto message = decode<ConsensusMessage>(peer.payload);
        if (!message) return;
        if (const auto* block = std::get_if<Proposal>(&*message); block != nullptr && block->height == head_.next())
            take(*block, effects);
        const auto* range = std::get_if<BlockRangeRequest>(&*message);
        if (range == nullptr) return;
        view_.scan(blocks, key_of(range->first), key_of(range->last.next()), [&](ByteView, ByteView value) {
            tell(peer.from, decode<FinalBlock>(value)->block, effects);
            return true;
        });
    }

    void take(const Proposal& block, Effects& effects) {
        follow(block);
        effects.put(blocks, key_of(block.height), encode(FinalBlock{block, std::nullopt}));
        effects.publishes.push_back({Stream::blocks, block.height.value, RecordRef{blocks, key_of(block.height)}, head_digest_});
    }
    void follow(const Proposal& block) {
        head_ = block.height;
        head_digest_ = digest_of(block);
        cut_ = rondo::advance(cut_, block.cut_delta);
    }
    template <class T>
    void tell(OperatorNumber to, const T& message, Effects& effects) {
        effects.sends.push_back({Channel::votes, to, encode(ConsensusMessage{message})});
    }

    const StoreView& view_;
    const NodeSetup& setup_;
    Height head_;
    Digest head_digest_;
    Cut cut_;
    std::map<LaneId, BatchHeader> tips_;
};

}  // namespace

ActorKind lone_leader() {
    return {{Actor::consensus,
             Durability::durable,
             {blocks},
             {Stream::certificates, Stream::results},
             {Channel::votes, Channel::sync},
             1},
            [](const StoreView& view, const NodeSetup& setup) { return std::make_unique<LoneLeader>(view, setup); }};
}

}  // namespace rondo::sim
