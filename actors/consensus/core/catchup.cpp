#include "actors/consensus/core/catchup.hpp"

#include <algorithm>

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {

void Catchup::on_ahead(OperatorNumber from, Epoch epoch) {
    if (!replica_.knows(from)) return;
    Epoch& claim = claims_[from];
    claim = std::max(claim, epoch);
    hint_ = from;
    simplex_.set_left_behind(left_behind());
}

// Weak stake says so: one of them is honest.
bool Catchup::left_behind() const {
    Stake ahead;
    for (const auto& [number, epoch] : claims_) {
        const auto index = replica_.context->index_of(number);
        if (index && epoch > replica_.epoch) ahead = ahead.plus(replica_.context->at(*index)->stake.value);
    }
    return ahead >= replica_.context->weak();
}

void Catchup::on_behind(Turn& turn, OperatorNumber from, Epoch epoch) {
    if (!replica_.knows(from)) return;
    const auto helped = helped_.find(from);
    if (helped != helped_.end() && turn.now < helped->second.plus(replica_.parameters().retry_ms)) return;
    const auto proof = replica_.store.get(tables::proofs, tables::key(epoch));
    if (!proof) return;
    const auto decoded = decode<FinalBlocks>(*proof);
    require(decoded.has_value(), "a stored proof decodes");
    helped_[from] = turn.now;
    replica_.voice.send(turn, from, *decoded, Channel::sync);
}

bool Catchup::ask(Turn& turn, OperatorNumber whom) {
    if (asked_at_ && turn.now < asked_at_->plus(replica_.parameters().retry_ms)) return false;
    asked_at_ = turn.now;
    asked_ = whom;
    const Height first = replica_.chain.floor().height.next();
    replica_.voice.send(turn, whom, BlockRangeRequest{first, first.plus(range_blocks_max - 1)}, Channel::sync);
    return true;
}

/// Nobody can make himself the only one that is asked, neither by claims nor by handing out little at a time.
void Catchup::on_range(Turn& turn, OperatorNumber from, const FinalBlocks& range) {
    if (range.blocks.empty() || range.blocks.back().height <= replica_.chain.floor().height) return;
    const std::uint64_t before = replica_.chain.floor().height.value;
    if (!simplex_.on_final_range(turn, range)) {
        hint_ = from;  // it ends above what is here
        return;
    }
    if (asked_ != from) return;
    const std::uint64_t blocks = range.blocks.back().height.value - before;
    if (turn.now.value - asked_at_->value <= blocks * block_ms_fast) more_from_ = from;
    asked_.reset();
    asked_at_.reset();
}

void Catchup::on_settled(Turn& turn) {
    simplex_.set_left_behind(left_behind());
    if (replica_.chain.floor().height != floor_) {
        floor_ = replica_.chain.floor().height;
        floor_since_ = turn.now;
        gone_.clear();
    }
    is_stalled_ = turn.now >= floor_since_.plus(stalled_retries * replica_.parameters().retry_ms);
    // The next set may not be computed yet: then it asks when it is.
    if (!replica_.epoch_is_over()) ask_next(turn);
}

void Catchup::ask_next(Turn& turn) {
    if (more_from_) {
        ask(turn, *std::exchange(more_from_, std::nullopt));
        return;
    }
    if (hint_ && !asked_by_hint_) {
        if (!ask(turn, *hint_)) return;
        asked_by_hint_ = true;
        hint_.reset();
        return;
    }
    // Who is no member is told nothing, and hears by asking; and who hears nothing may be a member no more.
    const bool is_told = replica_.index && !is_stalled_;
    if (!hint_ && !simplex_.wants_blocks() && is_told) return;
    if (const auto peer = replica_.voice.source(asked_count_); peer && ask(turn, *peer)) {
        ++asked_count_;
        asked_by_hint_ = false;
        hint_.reset();
    }
}

void Catchup::on_gone(OperatorNumber from, const BlocksGone& gone) {
    if (asked_ == from && gone.kept_from > replica_.chain.floor().height.next()) gone_[from] = gone.kept_from;
}

void Catchup::on_range_request(Turn& turn, OperatorNumber from, const BlockRangeRequest& request, Height kept_from) const {
    FinalBlocks found = range(request.first, request.last);
    if (!found.blocks.empty())
        replica_.voice.send(turn, from, found, Channel::sync);
    else if (request.first < kept_from && request.last >= request.first)
        replica_.voice.send(turn, from, BlocksGone{kept_from}, Channel::sync);
}

void Catchup::add_status(std::vector<StatusField>& fields) const {
    Stake stake;  // a healthy node must not be told to start anew because one says so
    for (const auto& [number, kept_from] : gone_)
        if (const auto index = replica_.context->index_of(number)) stake = stake.plus(replica_.context->at(*index)->stake.value);
    if (!is_stalled_ || gone_.empty() || stake < replica_.context->weak()) return;
    const auto lowest = std::ranges::min_element(gone_, {}, [](const auto& entry) { return entry.second; });
    fields.push_back({"follows_nothing_because",
                      "it needs final blocks that nobody who answered keeps: they keep them from height " +
                          std::to_string(lowest->second.value) +
                          " on. Stop this node, remove the stores of all its actors (never its keys) and start it: it takes a "
                          "snapshot. Or name a node started with --archive under [[peers]]"});
}

FinalBlocks Catchup::range(Height first, Height last) const {
    FinalBlocks out;
    std::size_t provable = 0;
    std::size_t bytes = 0;
    last = std::min(last, replica_.chain.floor().height);
    if (last < first) return out;
    replica_.store.scan(tables::blocks, tables::key(first), tables::key(last.next()), [&](ByteView key, ByteView value) {
        if (out.blocks.empty() && Height(read_be64(key)) != first) return false;  // what was asked for is not kept any more
        auto found = decode<FinalBlock>(value);
        require(found.has_value(), "a stored block decodes");
        if (!out.blocks.empty() && found->block.epoch != out.blocks.front().epoch) return false;
        bytes += value.size();
        const Epoch epoch = found->block.epoch;
        const bool is_own = found->finalization && found->finalization->digest == rondo::digest_of(found->block);
        out.blocks.push_back(std::move(found->block));
        if (found->finalization) {
            provable = out.blocks.size();
            out.proof = std::move(found->finalization);
            // Finalized by a tail: only a boundary block is, and its proof is kept with the tails.
            if (const auto proof = is_own ? std::nullopt : replica_.store.get(tables::proofs, tables::key(epoch)))
                out.tails = decode<FinalBlocks>(*proof)->tails;
        }
        const bool enough = bytes >= range_bytes_max || out.blocks.size() >= range_blocks_max;
        return !(enough && provable > 0);
    });
    out.blocks.resize(provable);
    return out;
}

}  // namespace rondo::consensus
