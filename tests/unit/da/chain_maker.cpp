#include "chain_maker.hpp"

namespace rondo::testing {
namespace {

Bytes seed_of(std::uint8_t n) { return Bytes(32, n); }

}  // namespace

ChainMaker::ChainMaker(std::size_t operators, Parameters parameters) : account_(*crypto::AccountKey::from_secret(seed_of(77))) {
    genesis_.chain_id = 5201;
    genesis_.timestamp_ms = 1'000'000;
    genesis_.policy = Policy::round_robin;
    genesis_.parameters = parameters;
    for (std::size_t i = 0; i < operators; ++i) {
        const auto n = static_cast<std::uint8_t>(i + 1);
        keys_.push_back(crypto::SecretKey::from_seed(seed_of(n)));
        GenesisOperator o;
        o.number = OperatorNumber(n);
        o.key = keys_.back().public_key();
        o.fee_address.bytes[19] = n;
        o.watcher_account = crypto::AccountKey::from_secret(seed_of(static_cast<std::uint8_t>(100 + n)))->address();
        o.rewards_account = crypto::AccountKey::from_secret(seed_of(static_cast<std::uint8_t>(200 + n)))->address();
        o.self_stake = Wei(32) * Wei(1'000'000'000'000'000'000U);
        genesis_.operators.push_back(o);
    }
    digest_ = digest_of(genesis_);
    for (const Epoch e : {Epoch(1), Epoch(2)}) contexts_.emplace(e, genesis_context(genesis_, e));
    context_ = contexts_.at(Epoch(1));
    parent_ = genesis_block_digest(genesis_);
}

BatchRecord ChainMaker::make_batch(SignerIndex owner, std::size_t payload_bytes) {
    const LaneId lane = context_.at(owner)->number;
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = genesis_.chain_id;
    t.nonce = nonce_++;
    t.max_fee = 1000;
    t.gas_limit = 21000 + 16 * payload_bytes;
    t.to.bytes[0] = 9;
    // Incompressible, so that large is large on the layer too.
    std::uint64_t x = 0x9e3779b97f4a7c15U * (nonce_ + 1);
    for (std::size_t i = 0; i < payload_bytes; ++i) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        t.data.push_back(static_cast<std::uint8_t>(x));
    }
    const Payload payload{{LaneTransaction{account_.address(), ethereum::sign_transaction(t, account_)}}};
    const CutEntry* tip = cut_.find(lane);
    BatchRecord out;
    out.payload = encode(payload);
    out.header.epoch = context_.epoch;
    out.header.lane = lane;
    out.header.height = tip != nullptr ? tip->height.next() : LaneHeight(1);
    if (tip != nullptr) out.header.parent_digest = tip->digest;
    out.header.payload_hash = payload_root(payload);
    out.header.bytes = static_cast<std::uint32_t>(out.payload.size());
    out.header.tx_count = 1;
    sign(out.header, owner);
    return out;
}

void ChainMaker::begin_epoch() {
    context_ = contexts_.at(context_.epoch.next());
    view_ = View(0);
}

const ChainMaker::Made& ChainMaker::add(std::vector<std::size_t> batches_per_lane, std::size_t payload_bytes, bool certified) {
    if (!made_.empty() && made_.back().block.block.next_set_hash) begin_epoch();
    Made made;
    Proposal& block = made.block.block;
    for (std::size_t lane = 0; lane < batches_per_lane.size(); ++lane) {
        for (std::size_t n = 0; n < batches_per_lane[lane]; ++n) {
            made.batches.push_back(make_batch(SignerIndex(static_cast<std::uint16_t>(lane)), payload_bytes));
            const BatchHeader& header = made.batches.back().header;
            cut_ = rondo::advance(cut_, {{header.lane, header.height, digest_of(header)}});
        }
        if (batches_per_lane[lane] > 0) block.cut_delta.push_back(*cut_.find(context_.operators[lane].number));
    }
    block.epoch = context_.epoch;
    block.parent_view = view_;
    view_ = view_.next();
    block.view = view_;
    block.height = Height(made_.size() + 1);
    block.parent_digest = parent_;
    block.timestamp_ms = genesis_.timestamp_ms + 100 * block.height.value;
    block.cut_root = root_of(cut_);
    block.leader = leader_of(context_, view_);

    made.executed.height = block.height;
    made.executed.epoch = block.epoch;
    made.executed.timestamp_ms = block.timestamp_ms;
    made.executed.base_fee = made.executed.base_fee_next = 7;
    if (block.height == context_.planned_end) {
        EpochContext next = contexts_.at(context_.epoch.next());
        block.next_set_hash = digest_of(next);
        next.epoch = next.epoch.next();
        next.planned_end = next.planned_end.plus(genesis_.parameters.epoch_blocks);
        contexts_.insert_or_assign(next.epoch, next);
        made.executed.contexts = {next};
    }
    sign(block, block.leader);
    parent_ = digest_of(block);
    made.executed.block_digest = parent_;
    if (certified) made.block.finalization = certificate(VoteKind::finalize, block.view, parent_, block.epoch);
    made_.push_back(std::move(made));
    return made_.back();
}

Vote ChainMaker::vote(VoteKind kind, View view, const Digest& digest, SignerIndex by, Epoch epoch) const {
    Vote out{kind, epoch, view, digest, by, {}};
    out.signature = key(by).sign(signing_bytes(digest_, epoch, kind_of(kind), encode_body(out)));
    return out;
}

Certificate ChainMaker::certificate(VoteKind kind, View view, const Digest& digest, Epoch epoch) const {
    Certificate out{kind, epoch, view, digest, {}, {}};
    for (std::size_t i = 0; i < keys_.size() - (keys_.size() - 1) / 3; ++i) {
        out.signers.emplace_back(static_cast<std::uint16_t>(i));
        out.signatures.push_back(vote(kind, view, digest, out.signers.back(), epoch).signature);
    }
    return out;
}

StreamMessage ChainMaker::stream(const FinalBlock& block) { return {Stream::blocks, block.block.height.value, encode(block)}; }
StreamMessage ChainMaker::stream(const ExecutedBlock& executed) {
    return {Stream::results, executed.height.value, encode(executed)};
}
StreamMessage ChainMaker::stream(const BatchRecord& batch) { return {Stream::batches, 0, encode(batch)}; }

}  // namespace rondo::testing
