#include "actors/da/verify/chain_reader.hpp"

#include <atomic>
#include <thread>

#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::da {
namespace {

bool is_signed(const PublicKey& key, const Digest& genesis, Epoch epoch, Kind kind, ByteView body, const Signature& signature) {
    return crypto::verify(key, signing_bytes(genesis, epoch, kind, body), signature);
}

std::string of_lane(LaneId lane, LaneHeight height) {
    return " (lane " + std::to_string(lane.value) + ", batch " + std::to_string(height.value) + ")";
}

}  // namespace

bool senders_match(const Payload& payload, std::size_t threads) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> all{true};
    const auto work = [&] {
        for (std::size_t i = next++; i < payload.transactions.size() && all; i = next++) {
            const LaneTransaction& t = payload.transactions[i];
            if (ethereum::recover_sender(ByteView(t.raw)) != t.sender) all = false;
        }
    };
    std::vector<std::thread> helpers;
    // A thread is not worth a handful of recoveries.
    const std::size_t wanted = std::min(threads, payload.transactions.size() / 16 + 1);
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();
    return all;
}

ChainReader::ChainReader(const Genesis& genesis, OnBlock on_block, VerifyOptions options)
    : genesis_(digest_of(genesis)), on_block_(std::move(on_block)), options_(options), digest_(genesis_block_digest(genesis)) {
    for (const Epoch epoch : {Epoch(1), Epoch(2)}) contexts_.emplace(epoch, genesis_context(genesis, epoch));
}

tl::expected<void, VerifyFault> ChainReader::accept(Frame frame) {
    const auto fault = [&](std::string reason) { return tl::unexpected(VerifyFault{height_.next(), std::move(reason)}); };
    if (frame.genesis != genesis_) return fault("the frame belongs to another network");
    if (frame.first != height_.next()) return fault("the frame begins at block " + std::to_string(frame.first.value));
    if (frame.part != (partial_ ? parts_seen_ : 0)) return fault("a part of the block is missing");
    if (frame.parts > 1) {
        if (frame.part == 0)
            partial_ = std::move(frame.blocks[0]);
        else
            for (FrameBatch& batch : frame.blocks[0].batches) partial_->batches.push_back(std::move(batch));
        parts_seen_ = frame.part + 1;
        if (parts_seen_ < frame.parts) return {};
        frame.blocks.clear();
        frame.blocks.push_back(std::move(*partial_));
        partial_.reset();
    }
    std::map<Digest, Height> here;
    for (FrameBlock& block : frame.blocks) {
        if (auto accepted = accept_block(std::move(block)); !accepted) return accepted;
        here.emplace(digest_, height_);
    }
    if (!frame.finality) return {};
    const auto proven = here.find(frame.finality->digest);
    if (proven == here.end()) return fault("the certificate proves a block that is not in its frame");
    if (const Reason reason = check_certificate(*frame.finality)) return fault(*reason);
    proven_ = proven->second;
    return {};
}

tl::expected<void, VerifyFault> ChainReader::accept_block(FrameBlock in) {
    const Proposal& block = *in.block;
    const auto fault = [&](const std::string& reason) { return tl::unexpected(VerifyFault{height_.next(), reason}); };
    if (const Reason reason = check_place(block)) return fault(*reason);
    if (const Reason reason = check_epoch(block)) return fault(*reason);
    const EpochContext& context = contexts_.at(block.epoch);
    if (const Reason reason = check_leader(block, context)) return fault(*reason);
    if (const Reason reason = check_batches(in, context)) return fault(*reason);

    ChainBlock out{block, digest_of(block), std::move(in.batches), rondo::advance(cut_, block.cut_delta)};
    if (root_of(out.cut) != block.cut_root) return fault("the cut root does not match");
    const auto contexts = on_block_(out);
    if (!contexts) return fault(contexts.error());
    for (const EpochContext& known : *contexts) contexts_.insert_or_assign(known.epoch, known);
    contexts_.erase(contexts_.begin(), contexts_.lower_bound(block.epoch));

    height_ = block.height;
    digest_ = out.digest;
    timestamp_ms_ = block.timestamp_ms;
    epoch_ = block.epoch;
    view_ = block.view;
    next_set_hash_ = block.next_set_hash;
    cut_ = std::move(out.cut);
    return {};
}

ChainReader::Reason ChainReader::check_place(const Proposal& block) const {
    if (block.height != height_.next()) return "the height is not the next";
    if (block.parent_digest != digest_) return "the parent digest is not that of the block before";
    if (block.timestamp_ms < timestamp_ms_) return "the time is below the parent's";
    return std::nullopt;
}

ChainReader::Reason ChainReader::check_epoch(const Proposal& block) const {
    const bool is_first = next_set_hash_.has_value();
    if (block.epoch != (is_first ? epoch_.next() : epoch_)) return "the epoch does not go on from the block before";
    const auto context = contexts_.find(block.epoch);
    if (context == contexts_.end()) return "the context of epoch " + std::to_string(block.epoch.value) + " is unknown";
    if (is_first && digest_of(context->second) != *next_set_hash_) return "the boundary block named another set for this epoch";
    const View parent = is_first ? View(0) : view_;
    if (block.parent_view != parent || block.view <= parent) return "the view does not follow the parent's";
    return std::nullopt;
}

ChainReader::Reason ChainReader::check_leader(const Proposal& block, const EpochContext& context) const {
    if (block.leader != leader_of(context, block.view)) return "another leads this view";
    if (!is_signed(context.at(block.leader)->key, genesis_, block.epoch, Proposal::kind, encode_body(block), block.signature))
        return "the leader's signature is wrong";
    return std::nullopt;
}

ChainReader::Reason ChainReader::check_batches(const FrameBlock& in, const EpochContext& context) const {
    std::size_t next = 0;
    const CutEntry* before = nullptr;
    for (const CutEntry& tip : in.block->cut_delta) {
        if (before != nullptr && before->lane >= tip.lane) return "the cut's lanes are not ascending";
        before = &tip;
        const CutEntry* base = cut_.find(tip.lane);
        CutEntry at = base != nullptr ? *base : CutEntry{tip.lane, LaneHeight{}, Digest{}};
        if (tip.height <= at.height) return "the cut of a lane does not grow";
        while (at.height < tip.height) {
            if (next == in.batches.size()) return "a batch is missing" + of_lane(tip.lane, at.height.next());
            const FrameBatch& batch = in.batches[next++];
            if (const Reason reason = check_batch(batch, at, context)) return *reason + of_lane(tip.lane, at.height.next());
            at = {tip.lane, batch.header.height, digest_of(batch.header)};
        }
        if (at.digest != tip.digest) return "the batch is not the one the cut names" + of_lane(tip.lane, tip.height);
    }
    if (next != in.batches.size()) return "there are batches that no cut names";
    return std::nullopt;
}

ChainReader::Reason ChainReader::check_batch(const FrameBatch& batch, const CutEntry& below, const EpochContext& context) const {
    const BatchHeader& header = batch.header;
    if (header.lane != below.lane || header.height != below.height.next()) return "another batch stands in its place";
    if (header.epoch != context.epoch) return "the batch is of another epoch";
    if (header.parent_digest != below.digest) return "the batch does not chain to the one below";
    const auto owner = context.index_of(header.lane);
    if (!owner) return "the lane belongs to nobody in this epoch";
    if (!is_signed(context.at(*owner)->key, genesis_, header.epoch, BatchHeader::kind, encode_body(header), header.signature))
        return "the header's signature is wrong";
    if (batch.payload.size() != header.bytes) return "the payload has another size";
    const auto payload = decode<Payload>(batch.payload);
    if (!payload) return "the payload does not decode";
    if (payload->transactions.size() != header.tx_count) return "the payload has another number of transactions";
    if (payload_root(*payload) != header.payload_hash) return "the payload is another";
    if (options_.check_senders && !senders_match(*payload, options_.threads)) return "a sender is not the signer";
    return std::nullopt;
}

ChainReader::Reason ChainReader::check_certificate(const Certificate& certificate) const {
    const auto context = contexts_.find(certificate.epoch);
    if (context == contexts_.end() || certificate.vote != VoteKind::finalize)
        return "the certificate is not a finalization of this epoch";
    const auto stake = context->second.stake_of(certificate.signers);
    if (!stake || certificate.signatures.size() != certificate.signers.size()) return "the certificate's signers are malformed";
    if (*stake < context->second.quorum()) return "the certificate has no quorum";
    for (std::size_t i = 0; i < certificate.signers.size(); ++i) {
        const Vote vote{certificate.vote, certificate.epoch, certificate.view, certificate.digest, certificate.signers[i], {}};
        if (!is_signed(context->second.at(vote.signer)->key, genesis_, vote.epoch, kind_of(vote.vote), encode_body(vote),
                       certificate.signatures[i]))
            return "a signature of the certificate is wrong";
    }
    return std::nullopt;
}

}  // namespace rondo::da
