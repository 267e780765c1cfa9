#include "actors/consensus/core/joining.hpp"

#include <algorithm>

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"
#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {
namespace {

Bytes base_key() { return to_bytes(as_bytes("base")); }
/// There while this node follows from genesis, so that a restart does not ask again whether it should.
Bytes follows_key() { return to_bytes(as_bytes("follows")); }

/// The certificate finalizes the block, or the last of the tails that follow it; it is of that epoch's set.
bool is_final(const Digest& genesis, const EpochContext& set, const FinalBlocks& proof) {
    if (proof.blocks.size() != 1 || !proof.proof || proof.tails.size() > tails_max) return false;
    const Proposal& block = proof.blocks.front();
    if (block.epoch != set.epoch) return false;
    Digest digest = rondo::digest_of(block);
    View view = block.view;
    for (const Tail& tail : proof.tails) {
        if (tail.epoch != set.epoch || tail.parent_digest != digest || tail.parent_view != view || tail.view <= view)
            return false;
        digest = rondo::digest_of(tail);
        view = tail.view;
    }
    const Certificate& certificate = *proof.proof;
    return certificate.vote == VoteKind::finalize && certificate.epoch == set.epoch && certificate.view == view &&
           certificate.digest == digest && is_certified(genesis, set, certificate, nullptr);
}

}  // namespace

Joining::Joining(Replica& replica, Simplex& simplex) : replica_(replica), simplex_(simplex) {
    if (const auto stored = replica.store.get(tables::meta, base_key())) {
        auto base = decode<ExecutedBlock>(*stored);
        require(base.has_value(), "the stored base decodes");
        base_ = std::move(*base);
    }
    recover_sets();
}

/// What was proven before a restart.
void Joining::recover_sets() {
    if (!is_empty()) return;
    while (const auto stored = replica_.store.get(tables::proofs, tables::key(proven_epoch_))) {
        const auto proof = decode<FinalBlocks>(*stored);
        require(proof.has_value(), "a stored proof decodes");
        note(proof->blocks.front());
        proven_epoch_ = proven_epoch_.next();
    }
}

void Joining::note(const Proposal& block) {
    if (block.height <= proven_height_) return;
    proven_height_ = block.height;
    cited_ = block.executed;
}

/// Nothing was ever final here.
bool Joining::is_empty() const { return replica_.chain.floor().height.value == 0; }

void Joining::start(Turn& turn) {
    if (!is_empty()) return;
    progress_ = turn.now;
    if (base_)
        stage_ = Stage::block;
    else if (!replica_.store.get(tables::meta, follows_key()))
        stage_ = Stage::sets;
    if (stage_ == Stage::sets && is_beyond_snapshot()) conclude(turn);
    on_time(turn);
}

void Joining::on_time(Turn& turn) {
    if (!is_empty()) {  // it is one of those who make the first blocks
        stage_ = Stage::off;
        return;
    }
    if (stage_ == Stage::off) {
        // Nothing came of following from genesis, yet: the answers may have been wrong, or nobody has so old blocks any more.
        if (turn.now < progress_.plus(joining_again_retries * replica_.parameters().retry_ms)) return;
        turn.effects.erase(tables::meta, follows_key());
        stage_ = Stage::sets;
        progress_ = turn.now;
    }
    if (asked_at_ && turn.now < asked_at_->plus(replica_.parameters().retry_ms)) return;
    asked_at_ = turn.now;
    if (stage_ == Stage::block) return ask_for_block(turn);
    ask_for_sets(turn);
    if (stage_ == Stage::state) ask_execution(turn);
    if (stage_ == Stage::sets && turn.now >= progress_.plus(joining_retries * replica_.parameters().retry_ms)) conclude(turn);
}

// ---------------------------------------------------------------------------------------------------- 1. sets

const EpochContext& Joining::newest_set() const {
    const EpochContext* set = replica_.epochs.find(proven_epoch_);
    return set == nullptr ? *replica_.context : *set;
}

/// Those of the newest set and the sources, one after the other.
std::optional<OperatorNumber> Joining::next_peer() {
    std::vector<OperatorNumber> peers = replica_.voice.sources();
    for (const OperatorInfo& member : newest_set().operators)
        if (member.number != replica_.self) peers.push_back(member.number);
    if (peers.empty()) return std::nullopt;
    return peers[asked_++ % peers.size()];
}

void Joining::ask_for_sets(Turn& turn) {
    for (std::size_t i = 0; i < joining_peers_asked; ++i)
        if (const auto peer = next_peer()) replica_.voice.send(turn, *peer, SetRequest{proven_epoch_}, Channel::sync);
}

bool Joining::check(Epoch epoch, const SetProof& proof) const {
    const EpochContext* set = replica_.epochs.find(epoch);
    if (set == nullptr || !is_final(replica_.genesis, *set, proof.blocks)) return false;
    const Proposal& block = proof.blocks.blocks.front();
    if (!block.next_set_hash) return true;
    // The first sets are known from genesis, and need not come along.
    const EpochContext* next = proof.next ? &*proof.next : replica_.epochs.find(epoch.next());
    return next != nullptr && next->epoch == epoch.next() && rondo::digest_of(*next) == *block.next_set_hash;
}

void Joining::on_sets(Turn& turn, OperatorNumber from, const SetProofs& proofs) {
    if ((stage_ != Stage::sets && stage_ != Stage::state) || proofs.epochs.size() > sets_per_answer_max) return;
    const Epoch before = proven_epoch_;
    bool goes_on = false;  // the newest epoch, there
    Epoch epoch = proofs.first;
    for (const SetProof& proof : proofs.epochs) {
        if (epoch > proven_epoch_) break;
        if (epoch == proven_epoch_) {
            if (!check(epoch, proof)) break;
            learn(turn, epoch, proof);
            goes_on = proven_epoch_ == epoch;
        }
        epoch = epoch.next();
    }
    if (proven_epoch_ != before) {
        progress_ = turn.now;
        at_newest_.clear();
        replica_.name_peers(turn);
    }
    if (goes_on)
        hear_newest(turn, from);
    else if (proven_epoch_ != before)
        replica_.voice.send(turn, from, SetRequest{proven_epoch_}, Channel::sync);
}

void Joining::learn(Turn& turn, Epoch epoch, const SetProof& proof) {
    const Proposal& block = proof.blocks.blocks.front();
    note(block);
    if (!block.next_set_hash) return;
    turn.effects.put(tables::proofs, tables::key(epoch), encode(proof.blocks));
    if (proof.next) static_cast<void>(replica_.epochs.learn(turn, *proof.next, replica_.epoch));
    proven_epoch_ = epoch.next();
}

/// One of weak stake is honest, and has told what it knows.
void Joining::hear_newest(Turn& turn, OperatorNumber from) {
    if (stage_ != Stage::sets) return;
    at_newest_.insert(from);
    Stake stake;
    for (const OperatorInfo& member : newest_set().operators)
        if (at_newest_.contains(member.number)) stake = stake.plus(member.stake.value);
    if (stake >= newest_set().weak()) conclude(turn);
}

/// Nothing more is to be learned for now.
void Joining::conclude(Turn& turn) {
    progress_ = turn.now;
    if (!is_beyond_snapshot()) return follow_from_genesis(turn);
    stage_ = Stage::state;
    turn.log(Level::info, "the chain is at height " + std::to_string(proven_height_.value) +
                              " or beyond: this node takes the state of a snapshot from others");
    ask_execution(turn);
}

bool Joining::is_beyond_snapshot() const { return cited_ && cited_->height.value >= replica_.parameters().snapshot_blocks; }

void Joining::follow_from_genesis(Turn& turn) {
    stage_ = Stage::off;
    turn.effects.put(tables::meta, follows_key(), Bytes{1});
}

// --------------------------------------------------------------------------------------------------- 2. state

void Joining::ask_execution(Turn& turn) {
    if (open_ask_) return;
    open_ask_ = ++last_ask_;
    const ExecutionRequest request = JoinFromSnapshot{*cited_, newest_set()};
    turn.effects.asks.push_back({Askable::execution, *open_ask_, encode(request), 4 * replica_.parameters().retry_ms});
}

void Joining::on_answer(Turn& turn, const Answer& answer) {
    if (open_ask_ != answer.id) return;
    open_ask_.reset();
    if (!answer.payload || stage_ != Stage::state) return;
    const auto reply = decode<ExecutionReply>(*answer.payload);
    const auto* join = reply ? std::get_if<JoinReply>(&*reply) : nullptr;
    if (join == nullptr || join->state != JoinState::unavailable) return;
    follow_from_genesis(turn);
    turn.log(Level::warn, "there is no snapshot to be had: this node follows the chain from genesis");
}

// ---------------------------------------------------------------------------------------------------- 3. base

void Joining::on_base(Turn& turn, const ExecutedBlock& base) {
    if (!is_empty()) {
        // It followed from genesis already, when its execution had the state: it goes on so, with the sets that come along.
        static_cast<void>(learn_sets(turn, *base.base, replica_.epoch));
        return;
    }
    base_ = base;
    turn.effects.put(tables::meta, base_key(), encode(base));
    stage_ = Stage::block;
    ask_for_block(turn);
}

void Joining::ask_for_block(Turn& turn) {
    asked_at_ = turn.now;
    for (std::size_t i = 0; i < joining_peers_asked; ++i)
        if (const auto peer = next_peer())
            // With blocks above it: a range ends with one that has a certificate, and this one may have none.
            replica_.voice.send(turn, *peer, BlockRangeRequest{base_->height, base_->height.plus(range_blocks_max - 1)},
                                Channel::sync);
}

bool Joining::on_range(Turn& turn, const FinalBlocks& range) {
    if (stage_ != Stage::block || !is_empty() || range.blocks.empty()) return false;
    const Proposal& block = range.blocks.front();
    if (block.height != base_->height || rondo::digest_of(block) != base_->block_digest) return false;
    begin(turn, block);
    return true;
}

/// False, and this node is mute, if a set up to `in_force` is another than the one proven. Later ones are plans: the sets that
/// were proven may know better what became of them.
bool Joining::learn_sets(Turn& turn, const Base& base, Epoch in_force) {
    for (const EpochContext& context : base.contexts) {
        const EpochContext* proven = replica_.epochs.find(context.epoch);
        if (proven == nullptr) {
            static_cast<void>(replica_.epochs.learn(turn, context, replica_.epoch));
        } else if (context.epoch <= in_force && *proven != context) {
            replica_.mute(turn, "the state taken from others names another set for epoch " + std::to_string(context.epoch.value) +
                                    " than the chain");
            return false;
        }
    }
    replica_.name_peers(turn);
    return true;
}

/// Its digest stands under a result that a quorum agreed on: it needs no other proof.
void Joining::begin(Turn& turn, const Proposal& block) {
    require(root_of(base_->base->cut) == block.cut_root, "execution begins with another cut than its block");
    if (!learn_sets(turn, *base_->base, block.next_set_hash ? block.epoch.next() : block.epoch)) return;
    const Bytes key = tables::key(block.height);
    turn.effects.put(tables::blocks, key, encode(FinalBlock{block, std::nullopt, base_->base}));
    turn.effects.publishes.push_back(
        {Stream::blocks, block.height.value, RecordRef{tables::blocks, key}, rondo::digest_of(block)});
    turn.effects.erase(tables::meta, base_key());
    replica_.begin_at(turn, block, base_->base->cut);
    simplex_.begin_at_base(turn, block);
    stage_ = Stage::off;
    turn.log(Level::info, "this node begins at height " + std::to_string(block.height.value) + " of epoch " +
                              std::to_string(block.epoch.value));
}

void Joining::add_status(std::vector<StatusField>& fields) const {
    if (stage_ == Stage::off) return;
    fields.push_back({"joining_epoch", proven_epoch_.value});
    fields.push_back({"joining_height", proven_height_.value});
}

// ------------------------------------------------------------------------------------------- for others

namespace {

/// The newest final block of the current epoch that has a certificate of its own; none if there is none among the last ones.
FinalBlocks newest_final(const Replica& replica) {
    FinalBlocks out;
    std::size_t seen = 0;
    replica.store.scan_reverse(tables::blocks, {}, {}, [&](ByteView, ByteView value) {
        auto found = decode<FinalBlock>(value);
        require(found.has_value(), "a stored block decodes");
        if (found->block.epoch != replica.epoch) return false;
        if (!found->finalization || found->finalization->digest != rondo::digest_of(found->block))
            return ++seen < newest_final_max;
        out.blocks.push_back(std::move(found->block));
        out.proof = std::move(found->finalization);
        return false;
    });
    return out;
}

}  // namespace

SetProofs sets_from(const Replica& replica, Epoch first) {
    SetProofs out{first, {}};
    std::size_t bytes = 0;
    for (Epoch epoch = first; epoch <= replica.epoch && out.epochs.size() < sets_per_answer_max && bytes < range_bytes_max;
         epoch = epoch.next()) {
        const auto proof = replica.store.get(tables::proofs, tables::key(epoch));
        if (!proof) {
            if (epoch == replica.epoch) out.epochs.push_back({newest_final(replica), std::nullopt});
            break;
        }
        auto blocks = decode<FinalBlocks>(*proof);
        require(blocks.has_value(), "a stored proof decodes");
        const std::optional<Digest> next_set = blocks->blocks.front().next_set_hash;
        SetProof entry{std::move(*blocks), std::nullopt};
        bytes += proof->size();
        if (const auto stored = replica.store.get(tables::contexts, tables::key(epoch.next()))) {
            entry.next = *decode<EpochContext>(*stored);
            bytes += stored->size();
        }
        const EpochContext* planned = entry.next ? &*entry.next : replica.epochs.find(epoch.next());
        if (planned != nullptr && rondo::digest_of(*planned) != next_set) break;  // what came of the plan is not known here yet
        out.epochs.push_back(std::move(entry));
    }
    return out;
}

}  // namespace rondo::consensus
