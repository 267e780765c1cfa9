#include <algorithm>

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/pool.hpp"
#include "actors/intake/core/tables.hpp"

/// What execution decides about promises, and what a restart finds of them.
namespace rondo::intake {
namespace {

using ethereum::Refusal;

Bytes settled_key() { return to_bytes(as_bytes("settled")); }

}  // namespace

Pool::Pool(Common& common, Accounts& accounts, OwnLane& lane) : common_(common), accounts_(accounts), lane_(lane) {
    if (const auto stored = common_.book.get(tables::meta, settled_key())) settled_ = LaneHeight(read_be64(*stored));
    restore_promises();
    restore_held();
}

void Pool::restore_promises() {
    common_.book.committed().scan(tables::promised, key_of(settled_.next()), {}, [&](ByteView key, ByteView stored) {
        Place place{LaneHeight(read_be64(key.first(8))), read_be32(key.subspan(8, 4))};
        PromisedChunk chunk = decode_own<PromisedChunk>(stored);
        for (PromisedTx& p : chunk.transactions) {
            const Candidate candidate = candidate_of(common_.genesis, std::move(p.transaction));
            const Address address = candidate.transaction.sender;
            const auto bytes = static_cast<std::uint32_t>(candidate.transaction.raw.size());
            track_promise(accounts_.of(address), candidate,
                          {address, candidate.nonce, p.epoch, place, p.deadline, p.signature, p.accepted_ms, bytes, p.again, {}});
            restored_.insert(address);
            ++place.index;
        }
        return true;
    });
}

void Pool::restore_held() {
    common_.book.committed().scan(tables::held, {}, {}, [&](ByteView, ByteView stored) {
        HeldRow row = decode_own<HeldRow>(stored);
        Candidate candidate = candidate_of(common_.genesis, std::move(row.transaction));
        candidate.accepted_ms = row.accepted_ms;
        candidate.again = row.again;
        restored_.insert(candidate.transaction.sender);
        Sender& sender = accounts_.of(candidate.transaction.sender);
        insert_held(sender, std::move(candidate));
        return true;
    });
}

std::vector<LaneTransaction> Pool::unsettled() const {
    std::vector<LaneTransaction> out;
    common_.book.committed().scan(tables::promised, key_of(settled_.next()), {}, [&](ByteView, ByteView stored) {
        PromisedChunk chunk = decode_own<PromisedChunk>(stored);
        for (PromisedTx& p : chunk.transactions) out.push_back(std::move(p.transaction));
        return true;
    });
    return out;
}

void Pool::start() {
    for (const Address& address : restored_) accounts_.ask(address, accounts_.of(address));
    restored_.clear();
}

void Pool::on_result(const ExecutedBlock& block) {
    std::vector<Address> affected;
    Chunks chunks;
    base_fee_ = block.base_fee_next;
    LaneHeight settled = settled_;
    const std::size_t before = promises_.size();
    for (const TxOutcome& outcome : block.outcomes) {
        if (outcome.lane != common_.self) continue;
        if (const auto it = promises_.find(outcome.hash); it != promises_.end())
            settled = std::max(settled, it->second.place.height);
        if (const auto sender = settle(outcome, chunks)) affected.push_back(*sender);
    }
    throughput_.passed(common_.now, before - promises_.size());
    common_.load.set_pace(throughput_.per_second());
    for (const AccountState& state : block.touched)
        if (accounts_.on_touched(block.height, state)) affected.push_back(state.address);
    if (settled > settled_) settle_up_to(settled);
    on_accounts(affected);
}

/// The sender of a promise that execution has passed now.
std::optional<Address> Pool::settle(const TxOutcome& outcome, Chunks& chunks) {
    if (!promises_.contains(outcome.hash)) return std::nullopt;
    const Promise promise = take_promise(outcome.hash);
    if (outcome.status != TxStatus::skipped) return promise.sender;
    // A hole opened in what is in flight: the next nonce is what execution says it is.
    Sender& sender = accounts_.of(promise.sender);
    sender.find_next_nonce();
    if (outcome.skip_reason == Refusal::nonce_gap) hold_again(sender, outcome.hash, promise, chunks);
    return promise.sender;
}

Pool::Promise Pool::take_promise(const Hash256& hash) {
    const auto it = promises_.find(hash);
    const Promise promise = it->second;
    promises_.erase(it);
    promised_bytes_ -= promise.raw_bytes;
    common_.load.remove(promise.party, promise.raw_bytes);
    Sender& sender = accounts_.of(promise.sender);
    if (const auto flight = sender.in_flight.find(promise.nonce); flight != sender.in_flight.end()) {
        sender.in_flight_cost -= flight->second.cost;
        sender.in_flight.erase(flight);
    }
    remembered_.put(hash, {true,
                           Admission::accepted,
                           receipt_of(hash, promise),
                           {},
                           promise.sender,
                           promise.accepted_ms,
                           lane_.certified_ms(promise.place.height)});
    return promise;
}

void Pool::on_base(LaneHeight committed) {
    std::vector<Hash256> passed;
    for (const auto& [hash, promise] : promises_)
        if (promise.place.height <= committed) passed.push_back(hash);
    for (const Hash256& hash : passed) take_promise(hash);
    accounts_.forget_all();  // their nonces come with the state of the snapshot
    if (committed > settled_) settle_up_to(committed);
}

/// 4. Once: what is skipped a second time is dropped, and `trace` tells why.
void Pool::hold_again(Sender& sender, const Hash256& hash, const Promise& promise, Chunks& chunks) {
    if (promise.again || sender.held.contains(promise.nonce)) return;
    const PromisedTx* stored = stored_promise(promise.place, chunks);
    require(stored != nullptr, "a promise's transaction is not in the store");
    Candidate candidate = candidate_of(common_.genesis, stored->transaction);
    candidate.accepted_ms = promise.accepted_ms;
    candidate.again = true;
    candidate.party = promise.party;
    common_.book.put(tables::held, key_of(hash), encode(HeldRow{candidate.transaction, candidate.accepted_ms, true}));
    insert_held(sender, std::move(candidate));
}

void Pool::settle_up_to(LaneHeight height) {
    settled_ = height;
    Bytes stored;
    append_be64(stored, height.value);
    common_.book.put(tables::meta, settled_key(), std::move(stored));
    common_.book.erase_range(tables::promised, key_of(LaneHeight(0)), key_of(height.minus_or_zero(promises_kept)));
}

}  // namespace rondo::intake
