#include "actors/consensus/core/catchup.hpp"

#include <algorithm>

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {

void Catchup::on_ahead(OperatorNumber from, Epoch epoch) {
    if (!replica_.knows(from)) return;
    Epoch& claim = claims_[from];
    claim = std::max(claim, epoch);
    next_ = from;
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

void Catchup::ask(Turn& turn, OperatorNumber whom) {
    if (replica_.epoch_is_over()) {
        next_ = whom;  // the next set is not computed yet; ask when it is
        return;
    }
    if (asked_at_ && turn.now < asked_at_->plus(replica_.parameters().retry_ms)) return;
    asked_at_ = turn.now;
    const Height first = replica_.chain.floor().height.next();
    replica_.voice.send(turn, whom, BlockRangeRequest{first, first.plus(range_blocks_max - 1)}, Channel::sync);
}

void Catchup::on_range(Turn& turn, OperatorNumber from, const FinalBlocks& range) {
    if (range.blocks.empty() || range.blocks.back().height <= replica_.chain.floor().height) return;
    if (simplex_.on_final_range(turn, range)) asked_at_.reset();
    next_ = from;
}

void Catchup::on_settled(Turn& turn) {
    simplex_.set_left_behind(left_behind());
    if (next_ && !replica_.epoch_is_over()) ask(turn, *std::exchange(next_, std::nullopt));
    if (replica_.chain.floor().height != floor_) {
        floor_ = replica_.chain.floor().height;
        floor_since_ = turn.now;
        gone_.clear();
    }
    // Who is no member is told nothing, and hears by asking; and who hears nothing may be a member no more.
    const bool is_told = replica_.index && turn.now < floor_since_.plus(stalled_retries * replica_.parameters().retry_ms);
    if (!simplex_.wants_blocks() && is_told) return;
    if (const auto peer = replica_.voice.source(asked_count_++)) ask(turn, *peer);
}

void Catchup::on_gone(OperatorNumber from, const BlocksGone& gone) {
    if (replica_.knows(from) && gone.kept_from > replica_.chain.floor().height.next()) gone_[from] = gone.kept_from;
}

void Catchup::on_range_request(Turn& turn, OperatorNumber from, const BlockRangeRequest& request, Height kept_from) const {
    FinalBlocks found = range(request.first, request.last);
    if (!found.blocks.empty())
        replica_.voice.send(turn, from, found, Channel::sync);
    else if (request.first < kept_from && request.last >= request.first)
        replica_.voice.send(turn, from, BlocksGone{kept_from}, Channel::sync);
}

void Catchup::add_status(std::vector<StatusField>& fields) const {
    if (gone_.empty()) return;
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
