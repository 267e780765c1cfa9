#include "actors/intake/core/pool.hpp"

#include <algorithm>

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"

namespace rondo::intake {
namespace {

using ethereum::Refusal;

/// Geth's rule (core/txpool/legacypool/list.go): both fees at least 10 % above the old ones.
bool outbids(const Candidate& newer, const Candidate& older) {
    const auto raised = [](const Wei& fee, const Wei& old_fee) {
        const auto ten = checked_mul(fee, 10U);
        const auto eleven = checked_mul(old_fee, 11U);
        return ten && eleven && fee > old_fee && *ten >= *eleven;
    };
    return raised(newer.max_fee, older.max_fee) && raised(newer.max_priority_fee, older.max_priority_fee);
}

SubmitOutcome refused(const Candidate& candidate, Refusal reason) {
    return {candidate.hash, Admission::refused, reason, std::nullopt};
}

}  // namespace

Candidate candidate_of(const Genesis& genesis, LaneTransaction transaction) {
    const auto decoded = ethereum::decode_transaction(transaction.raw, genesis.chain_id, genesis.parameters.base_fee_min_wei);
    require(decoded.has_value(), "a transaction that was admitted does not decode any more");
    return {std::move(transaction),
            decoded->hash,
            decoded->nonce,
            decoded->cost_max(),
            decoded->max_fee,
            decoded->max_priority_fee,
            0,
            false};
}

// ------------------------------------------------------------------------------------------- submitting

std::optional<SubmitOutcome> Pool::known(const Hash256& hash) const {
    const auto promise = promises_.find(hash);
    if (promise == promises_.end() && !held_.contains(hash)) return std::nullopt;
    SubmitOutcome outcome{hash, Admission::refused, Refusal::already_known, std::nullopt};
    if (promise != promises_.end()) outcome.receipt = receipt_of(hash, promise->second);
    return outcome;
}

Refusal Pool::refusal_of(const Sender& sender, const Candidate& candidate) const {
    if (candidate.nonce < sender.nonce) return Refusal::nonce_too_low;
    if (!candidate.cost) return Refusal::insufficient_funds;
    // A promise cannot be replaced, whatever is offered.
    if (sender.in_flight.contains(candidate.nonce)) return Refusal::replacement_underpriced;
    // What is in flight may bring money in; with nothing in flight the balance is what there is.
    if (*candidate.cost > sender.balance && sender.in_flight.empty()) return Refusal::insufficient_funds;
    const auto held = sender.held.find(candidate.nonce);
    if (held != sender.held.end() && !outbids(candidate, held->second)) return Refusal::replacement_underpriced;
    return Refusal::none;
}

SubmitOutcome Pool::submit(Candidate candidate) {
    if (auto answer = known(candidate.hash)) return std::move(*answer);
    const Address address = candidate.transaction.sender;
    Sender& sender = accounts_.of(address);
    require(sender.known, "a transaction is admitted only against a known account");
    if (const Refusal reason = refusal_of(sender, candidate); reason != Refusal::none) return refused(candidate, reason);
    const bool affordable = sender.covers(*candidate.cost) && candidate.max_fee >= base_fee_;
    if (candidate.nonce != sender.next_nonce || !affordable) {
        if (candidate.nonce == sender.next_nonce && candidate.max_fee < base_fee_) blocked_.insert(address);
        return hold(sender, std::move(candidate));
    }

    SubmitOutcome outcome{candidate.hash, Admission::busy, Refusal::busy, std::nullopt};
    if (!give_promise(sender, candidate, outcome)) return outcome;
    erase_held(sender, candidate.nonce);
    release(address, sender);
    return outcome;
}

SubmitOutcome Pool::hold(Sender& sender, Candidate candidate) {
    const bool replaces = sender.held.contains(candidate.nonce);
    const bool full = (!replaces && sender.held.size() >= held_per_sender_max) ||
                      !held_bytes_.has_room(candidate.transaction.sender, candidate.transaction.raw.size(), held_bytes_max);
    if (full) return refused(candidate, Refusal::too_many_held);
    erase_held(sender, candidate.nonce);
    const SubmitOutcome outcome{candidate.hash, Admission::held, Refusal::none, std::nullopt};
    const HeldRow row{candidate.transaction, candidate.accepted_ms, candidate.again};
    common_.book.put(tables::held, key_of(candidate.hash), encode(row));
    insert_held(sender, std::move(candidate));
    return outcome;
}

void Pool::insert_held(Sender& sender, Candidate candidate) {
    held_bytes_.take(candidate.transaction.sender, candidate.transaction.raw.size());
    held_.emplace(candidate.hash, HeldAt{candidate.transaction.sender, candidate.nonce});
    const std::uint64_t nonce = candidate.nonce;
    sender.held.insert_or_assign(nonce, std::move(candidate));
}

void Pool::erase_held(Sender& sender, std::uint64_t nonce) {
    const auto it = sender.held.find(nonce);
    if (it == sender.held.end()) return;
    held_bytes_.give_back(it->second.transaction.sender, it->second.transaction.raw.size());
    held_.erase(it->second.hash);
    common_.book.erase(tables::held, key_of(it->second.hash));
    sender.held.erase(it);
}

// ------------------------------------------------------------------------------------------ 1. promising

Receipt Pool::receipt_of(const Hash256& hash, const Promise& p) const {
    return {p.epoch, hash, common_.self, common_.self, p.place.height, p.place.index, p.deadline, p.signature};
}

bool Pool::give_promise(Sender& sender, const Candidate& candidate, SubmitOutcome& outcome) {
    const std::size_t bytes = candidate.transaction.raw.size();
    const bool room = promised_bytes_ + bytes <= promised_bytes_max && promises_.size() < promised_count_max;
    const auto place = room ? lane_.next_place(bytes) : std::nullopt;
    if (!place) return false;
    const Height deadline = common_.epochs.final_height().plus(common_.genesis.parameters.promise_blocks);
    const Epoch epoch = common_.epochs.epoch();
    Receipt receipt{epoch, candidate.hash, common_.self, common_.self, place->height, place->index, deadline, {}};
    const Slot slot{receipt.epoch, Kind::receipt, place->height.value, place->index};
    const auto signature = common_.gate.sign(slot, Digest{candidate.hash.bytes}, encode_body(receipt), *common_.effects);
    if (!signature) return false;
    receipt.signature = *signature;

    lane_.append({candidate.transaction, receipt.epoch, deadline, *signature, candidate.accepted_ms, candidate.again});
    common_.publish(Stream::receipts, encode(receipt));
    track_promise(sender, candidate,
                  {candidate.transaction.sender, candidate.nonce, epoch, *place, deadline, *signature, candidate.accepted_ms,
                   static_cast<std::uint32_t>(bytes), candidate.again, candidate.party});
    outcome.admission = Admission::accepted;
    outcome.reason = Refusal::none;
    outcome.receipt = receipt;
    return true;
}

void Pool::track_promise(Sender& sender, const Candidate& candidate, Promise promise) {
    promised_bytes_ += promise.raw_bytes;
    common_.load.add(promise.party, promise.raw_bytes);
    sender.in_flight.insert_or_assign(candidate.nonce, InFlight{candidate.hash, *candidate.cost});
    sender.in_flight_cost += *candidate.cost;
    if (sender.known) sender.find_next_nonce_after(candidate.nonce);
    promises_.insert_or_assign(candidate.hash, std::move(promise));
}

// -------------------------------------------------------------------------------------------- 2. releasing

void Pool::release(const Address& address, Sender& sender) {
    if (!sender.known) return;
    drop_overtaken(sender);
    for (auto it = sender.held.find(sender.next_nonce); it != sender.held.end(); it = sender.held.find(sender.next_nonce)) {
        const Candidate& candidate = it->second;
        if (!sender.covers(*candidate.cost)) return;
        SubmitOutcome outcome;
        if (candidate.max_fee < base_fee_ || !give_promise(sender, candidate, outcome)) {
            blocked_.insert(address);
            return;
        }
        erase_held(sender, candidate.nonce);
    }
}

/// Executed through another lane meanwhile: its nonce is used.
void Pool::drop_overtaken(Sender& sender) {
    while (!sender.held.empty() && sender.held.begin()->first < sender.nonce) erase_held(sender, sender.held.begin()->first);
}

void Pool::on_accounts(const std::vector<Address>& addresses) {
    for (const Address& address : addresses)
        if (Sender* sender = accounts_.find(address)) release(address, *sender);
}

void Pool::on_room() {
    const std::set<Address> ready = std::move(blocked_);
    blocked_.clear();
    for (const Address& address : ready)
        if (Sender* sender = accounts_.find(address)) release(address, *sender);
}

PendingNonceReply Pool::pending_nonce(const Sender& sender) const {
    std::uint64_t nonce = sender.next_nonce;
    auto it = sender.held.lower_bound(nonce);
    for (; it != sender.held.end() && it->first == nonce; ++it) ++nonce;
    const auto behind = static_cast<std::uint32_t>(std::distance(it, sender.held.end()));
    return {std::max(nonce, sender.forwarded_nonce), behind};
}

FindPendingReply Pool::find(const Hash256& hash) const {
    if (const auto it = promises_.find(hash); it != promises_.end()) {
        const Promise& p = it->second;
        Chunks chunks;
        const PromisedTx* stored = stored_promise(p.place, chunks);
        Bytes raw = stored == nullptr ? Bytes{} : stored->transaction.raw;
        const std::uint64_t certified_ms = lane_.certified_ms(p.place.height);
        return {true, Admission::accepted, receipt_of(hash, p), std::move(raw), p.sender, p.accepted_ms, certified_ms};
    }
    if (const auto it = held_.find(hash); it != held_.end()) {
        const Candidate& c = accounts_.of(it->second.sender).held.at(it->second.nonce);
        return {true, Admission::held, std::nullopt, c.transaction.raw, c.transaction.sender, c.accepted_ms, 0};
    }
    const FindPendingReply* earlier = remembered_.find(hash);
    if (earlier == nullptr) return {};
    FindPendingReply reply = *earlier;
    Chunks chunks;
    if (reply.raw.empty() && reply.receipt)
        if (const PromisedTx* stored = stored_promise({reply.receipt->lane_height, reply.receipt->index}, chunks))
            reply.raw = stored->transaction.raw;
    return reply;
}

void Pool::remember_forwarded(const LaneTransaction& transaction, std::uint64_t nonce, const SubmitOutcome& outcome) {
    if (outcome.admission != Admission::accepted && outcome.admission != Admission::held) return;
    if (outcome.admission == Admission::accepted) {
        Sender& sender = accounts_.of(transaction.sender);
        sender.forwarded_nonce = std::max(sender.forwarded_nonce, nonce + 1);
    }
    remembered_.put(outcome.hash,
                    {true, outcome.admission, outcome.receipt, transaction.raw, transaction.sender, common_.now.value, 0});
}

const PromisedTx* Pool::stored_promise(const Place& place, Chunks& chunks) const {
    Bytes found;
    std::uint32_t first = 0;
    const auto take_last = [&](ByteView key, ByteView stored) {
        found = to_bytes(key);
        first = read_be32(key.subspan(8, 4));
        if (!chunks.contains(found)) chunks.emplace(found, decode_own<PromisedChunk>(stored));
        return false;
    };
    const Bytes end = key_of(place.height, place.index + 1);
    common_.book.committed().scan_reverse(tables::promised, key_of(place.height), end, take_last);
    const auto chunk = chunks.find(found);
    if (found.empty() || chunk == chunks.end() || place.index - first >= chunk->second.transactions.size()) return nullptr;
    return &chunk->second.transactions[place.index - first];
}

}  // namespace rondo::intake
