#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/evidence.hpp"
#include "messages/wire/modules.hpp"
#include "tests/simulation/oracles/oracles.hpp"

namespace rondo::sim {

// ---------------------------------------------------------------------------------------------------- receipts

void ReceiptOracle::on_receipt(const Receipt& r) {
    if (!members_.keeps_promises(r.operator_number)) return;
    receipts_.emplace(r.tx_hash, r);
    const Place place{r.epoch, r.lane, r.lane_height};
    promised_[place].push_back(r);
    const auto sealed = sealed_.find(place);
    if (sealed != sealed_.end()) check(r, sealed->second);
}

void ReceiptOracle::on_batch(const BatchRecord& batch, const Digest&) {
    const BatchHeader& h = batch.header;
    if (!members_.is_honest(h.lane)) return;
    // Bytes that do not hash to the signed header are nobody's batch; the digest was signed by an honest owner, once.
    const auto payload = decode<Payload>(batch.payload);
    if (!payload || payload_root(*payload) != h.payload_hash) return;
    std::vector<Hash256> leaves;
    for (const LaneTransaction& t : payload->transactions) leaves.push_back(crypto::keccak256(t.raw));
    const Place place{h.epoch, h.lane, h.height};
    const auto [sealed, fresh] = sealed_.try_emplace(place, std::move(leaves));
    if (!fresh) return;
    const auto promised = promised_.find(place);
    if (promised == promised_.end()) return;
    for (const Receipt& r : promised->second) check(r, sealed->second);
}

std::vector<Receipt> ReceiptOracle::late(const std::map<std::uint64_t, Proposal>& chain) const {
    std::map<LaneId, std::map<std::uint64_t, LaneHeight>> reached;  // per lane: block height, to the lane height of its cut
    for (const auto& [height, block] : chain)
        for (const CutEntry& tip : block.cut_delta) reached[tip.lane][height] = tip.height;
    std::vector<Receipt> out;
    for (const auto& [hash, r] : receipts_) {
        if (chain.empty() || r.deadline_height.value > chain.rbegin()->first) continue;
        const auto lane = reached.find(r.lane);
        const auto after =
            lane == reached.end() ? decltype(lane->second.begin()){} : lane->second.upper_bound(r.deadline_height.value);
        const bool in_time = lane != reached.end() && after != lane->second.begin() && std::prev(after)->second >= r.lane_height;
        if (!in_time) out.push_back(r);
    }
    return out;
}

void ReceiptOracle::check(const Receipt& r, const std::vector<Hash256>& leaves) {
    if (r.index < leaves.size() && leaves[r.index] == r.tx_hash) return;
    complain_("a broken promise: lane " + std::to_string(r.lane.value) + " height " + std::to_string(r.lane_height.value) +
              " index " + std::to_string(r.index) + " holds another transaction");
}

// ------------------------------------------------------------------------------------------------ availability

void AvailabilityOracle::on_ack(const Ack& ack) {
    Acknowledged& acks = acks_[{ack.epoch, ack.digest}];
    acks.all.insert(ack.signer);
    if (ack.verified) acks.verified.insert(ack.signer);
}

void AvailabilityOracle::on_publish(NodeIndex, Stream stream, std::uint64_t sequence, ByteView payload, bool) {
    if (stream != Stream::blocks) return;
    const auto final_block = decode<FinalBlock>(payload);
    if (!final_block) return;
    for (const CutEntry& tip : final_block->block.cut_delta) {
        const Epoch epoch = final_block->block.epoch;
        const Acknowledged& acks = acks_[{epoch, tip.digest}];
        if (members_.is_quorum(epoch, {acks.all.begin(), acks.all.end()}) &&
            members_.is_weak(epoch, {acks.verified.begin(), acks.verified.end()}))
            continue;
        complain_("the final cut at height " + std::to_string(sequence) + " cites a batch of lane " +
                  std::to_string(tip.lane.value) + " that no quorum acknowledged");
    }
}

// ------------------------------------------------------------------------------------------------------ ledger

LedgerOracle::LedgerOracle(const Genesis& genesis, std::size_t nodes, Members& members, Complain complain)
    : members_(members), complain_(std::move(complain)), heights_(nodes) {
    for (const GenesisAccount& a : genesis.accounts) {
        balances_[a.address] = a.balance;
        supply_ += a.balance;
    }
    for (const GenesisOperator& o : genesis.operators) {
        balances_[modules::staking] += o.self_stake;
        supply_ += o.self_stake;
    }
    genesis_supply_ = supply_;
}

void LedgerOracle::on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool) {
    if (stream == Stream::blocks)
        if (const auto final_block = decode<FinalBlock>(payload)) check_cited(final_block->block.executed);
    if (stream != Stream::results) return;
    heights_[node] = std::max(heights_[node], sequence);
    const Digest hash = crypto::blake2b(payload);
    const auto known = results_.find(sequence);
    if (known != results_.end() && known->second.first == hash) return;
    const auto block = decode<ExecutedBlock>(payload);
    if (!block) return complain_("a result that does not decode");
    if (block->height.value != sequence) return complain_("a result stands at another height than its own");
    if (block->base) return check_base(node, *block);
    if (known != results_.end()) return complain_("two results at height " + std::to_string(sequence));
    results_[sequence] = {hash, block->block_digest};
    result_digests_[sequence] = block->result_digest;
    if (const auto cited = cited_.find(sequence); cited != cited_.end()) check_cited({block->height, cited->second});
    waiting_.emplace(sequence, *block);
    while (!waiting_.empty() && waiting_.begin()->first == applied_ + 1) {
        check_first(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        ++applied_;
    }
}

void LedgerOracle::check_cited(const ExecutedRef& cited) {
    cited_[cited.height.value] = cited.result_digest;
    const auto executed = result_digests_.find(cited.height.value);
    if (executed != result_digests_.end() && executed->second != cited.result_digest)
        complain_("the final chain cites another result of height " + std::to_string(cited.height.value) + " than all computed");
}

/// A node that took the state from others begins where they have been.
void LedgerOracle::check_base(NodeIndex node, const ExecutedBlock& base) {
    const std::string where = " at height " + std::to_string(base.height.value);
    bases_.emplace(node, base.height);
    const auto executed = result_digests_.find(base.height.value);
    if (executed != result_digests_.end() && executed->second != base.result_digest)
        complain_("a node begins with another state than all computed" + where);
    if (digest_of(base.result) != base.result_digest) complain_("a result is not the one that its digest says" + where);
}

void LedgerOracle::check_first(const ExecutedBlock& block) {
    const std::string where = " at height " + std::to_string(block.height.value);
    for (const TxOutcome& outcome : block.outcomes)
        if (outcome.status != TxStatus::skipped && !effective_.insert(outcome.hash).second)
            complain_("a transaction took effect twice, again" + where);
    for (const AccountState& account : block.touched) {
        uint256& balance = balances_[account.address];
        supply_ -= balance;
        balance = account.balance;
        supply_ += balance;
    }
    burnt_ += block.burnt;
    if (supply_ + burnt_ != genesis_supply_) complain_("money was made or lost" + where);
    for (const EpochContext& context : block.contexts) members_.announce(context);
    for (const OperatorNumber number : block.jailed)
        if (members_.is_honest(number)) complain_("honest operator " + std::to_string(number.value) + " is jailed" + where);
}

const Digest* LedgerOracle::block_at(std::uint64_t height) const {
    const auto it = results_.find(height);
    return it == results_.end() ? nullptr : &it->second.second;
}

// ---------------------------------------------------------------------------------------------------- evidence

void EvidenceOracle::on_ask(NodeIndex, Actor from, Askable whom, ByteView payload) {
    if (from != Actor::watcher || whom != Askable::intake) return;
    const auto request = decode<IntakeRequest>(payload);
    const auto* submit = request ? std::get_if<SubmitRequest>(&*request) : nullptr;
    if (submit == nullptr) return;
    for (const Bytes& raw : submit->transactions) {
        const auto decoded = ethereum::decode_any(raw);
        if (!decoded)
            complain_("a watcher sends a transaction that does not decode");
        else if (decoded->transaction.to == modules::slashing)
            examine(decoded->transaction.data);
    }
}

/// submitEvidence(bytes): selector, offset, length, bytes.
void EvidenceOracle::examine(ByteView calldata) {
    constexpr std::size_t head = 4 + 32 + 32;
    if (calldata.size() < head) return complain_("evidence without content");
    const std::uint64_t length = read_be64(calldata.subspan(head - 8, 8));
    if (calldata.size() - head < length) return complain_("evidence is cut off");
    const auto evidence = decode<Evidence>(calldata.subspan(head, length));
    if (!evidence) return complain_("evidence that does not decode");
    std::optional<OperatorNumber> named;
    const auto name_signer = [&](Epoch epoch, SignerIndex signer) {
        if (const auto* info = members_.member(epoch, signer)) named = info->number;
    };
    if (const auto* votes = std::get_if<ConflictingVotes>(&*evidence)) name_signer(votes->first.epoch, votes->first.signer);
    if (const auto* acks = std::get_if<ConflictingAcks>(&*evidence)) name_signer(acks->first.epoch, acks->first.signer);
    if (const auto* fork = std::get_if<ForkedLane>(&*evidence)) named = fork->first.lane;
    if (const auto* bodies = std::get_if<ConflictingProposals>(&*evidence))
        std::visit([&](const auto& body) { name_signer(body.epoch, body.leader); }, bodies->first);
    if (!named) return complain_("evidence names nobody");
    accused_.insert(*named);
    if (members_.is_honest(*named)) complain_("evidence names honest operator " + std::to_string(named->value));
}

}  // namespace rondo::sim
