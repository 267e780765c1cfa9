#include "cluster/signing/gate.hpp"

#include <algorithm>

#include "messages/base/require.hpp"
#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

/// The table: slot key -> identity ‖ H(body), one row that names the first epoch it still remembers, and one for a quarantine.
///  1. One body per slot. Acks: one header per slot, so that a `verified` ack may follow an unverified one.
///  2. Finalize(v) and Nullify(v) exclude each other (rules 4 and 5 of consensus/core/simplex.hpp).
///  3. Nothing is signed for an epoch whose slots were forgotten.
///  4. Nothing new is signed before the table is confirmed, nor in quarantine below the point of re-entry.
namespace rondo {
namespace {

Bytes key_of(const Slot& slot) {
    Bytes key;
    append_be64(key, slot.epoch.value);
    key.push_back(static_cast<std::uint8_t>(slot.kind));
    append_be64(key, slot.a);
    append_be64(key, slot.b);
    return key;
}

/// In the list of fresh signatures the body's digest stands beside the identity, under the key and one more byte.
Bytes body_key_of(const Bytes& key) {
    Bytes out = key;
    out.push_back(0);
    return out;
}

/// After every epoch that can be reached by counting.
Bytes floor_key() { return Bytes(9, 0xff); }

Bytes quarantine_key() { return Bytes(10, 0xff); }

bool lies_beyond(const Reentry& reentry, const Slot& slot) {
    const Epoch epoch = reentry.epoch;
    switch (slot.kind) {
        case Kind::batch_header:
        case Kind::receipt:
            return slot.epoch > epoch;
        case Kind::ack:
            return slot.epoch > epoch ||
                   (slot.epoch == epoch && std::ranges::any_of(reentry.lanes, [&](const Reentry::LaneFloor& floor) {
                        return floor.lane.value == slot.a && slot.b > floor.height.value;
                    }));
        default:
            if (slot.epoch == epoch) return slot.a >= reentry.view.value;
            return slot.epoch > epoch.next() || (slot.epoch == epoch.next() && slot.a >= 2);
    }
}

std::optional<Slot> excluded_by(const Slot& slot) {
    Slot other = slot;
    if (slot.kind == Kind::finalize)
        other.kind = Kind::nullify;
    else if (slot.kind == Kind::nullify)
        other.kind = Kind::finalize;
    else
        return std::nullopt;
    return other;
}

const Digest* find_fresh(const std::map<Bytes, Digest>& fresh, const Bytes& key) {
    const auto found = fresh.find(key);
    return found == fresh.end() ? nullptr : &found->second;
}

constexpr std::size_t row_bytes = 2 * Digest::size_bytes;
constexpr std::size_t slot_key_bytes = 25;
constexpr std::size_t fresh_kept_min = 1024;

/// What an earlier step signed is in the view by now.
void forget_stored(std::map<Bytes, Digest>& fresh, const StoreView& view, Table table) {
    std::erase_if(fresh, [&](const auto& entry) {
        const ByteView key = entry.first;
        return view.get(table, key.first(std::min(key.size(), slot_key_bytes))).has_value() && key.size() >= slot_key_bytes;
    });
}

std::uint64_t remembered_from(const std::map<Bytes, Digest>& fresh, const StoreView& view, Table table) {
    const auto stored = view.get(table, floor_key());
    const Digest* said_now = find_fresh(fresh, floor_key());
    return std::max(stored ? read_be64(*stored) : 0, said_now != nullptr ? read_be64(said_now->view().first(8)) : 0);
}

}  // namespace

SigningGate::SigningGate(const StoreView& view, Table table, std::vector<crypto::SecretKey> keys, Digest genesis)
    : view_(view), table_(table), keys_(std::move(keys)), genesis_(genesis) {
    const auto stored = view_.get(table_, quarantine_key());
    if (!stored) return;
    auto record = decode<QuarantineRecord>(*stored);
    require(record.has_value(), "the record of a quarantine decodes");
    quarantined_ = std::move(*record);
}

bool SigningGate::use(const PublicKey& listed) {
    const auto found = std::ranges::find_if(keys_, [&](const crypto::SecretKey& key) { return key.public_key() == listed; });
    key_ = found == keys_.end() ? std::nullopt : std::optional(*found);
    return has_key();
}

bool SigningGate::is_own(ByteView message, const Signature& signature) const {
    return std::ranges::any_of(
        keys_, [&](const crypto::SecretKey& key) { return crypto::verify(key.public_key(), message, signature); });
}

std::optional<Digest> SigningGate::signed_for(const Slot& slot) const {
    const Bytes key = key_of(slot);
    if (const Digest* fresh = find_fresh(fresh_, key)) return *fresh;
    const auto row = view_.get(table_, key);
    if (!row) return std::nullopt;
    require(row->size() == row_bytes, "a row of the signing table has another length");
    return Digest::from(row->first(Digest::size_bytes));
}

tl::expected<Signature, GateRefusal> SigningGate::sign(const Slot& slot, const Digest& identity, ByteView body,
                                                       Effects& effects) {
    if (!key_) return tl::unexpected(GateRefusal::no_key);
    if (fresh_.size() >= fresh_max_) {
        forget_stored(fresh_, view_, table_);
        fresh_max_ = std::max(fresh_kept_min, 2 * fresh_.size());
    }
    if (slot.epoch.value < remembered_from(fresh_, view_, table_)) return tl::unexpected(GateRefusal::conflict);          // 3.
    if (const auto other = excluded_by(slot); other && signed_for(*other)) return tl::unexpected(GateRefusal::conflict);  // 2.

    const Digest body_digest = crypto::blake2b(body);
    const Bytes key = key_of(slot);
    const auto signed_before = signed_for(slot);
    if (signed_before) {  // 1.
        const Digest* fresh_body = find_fresh(fresh_, body_key_of(key));
        const bool same_body = fresh_body != nullptr
                                   ? *fresh_body == body_digest
                                   : Digest::from(view_.get(table_, key)->last(Digest::size_bytes)) == body_digest;
        if (*signed_before != identity || (!same_body && slot.kind != Kind::ack)) return tl::unexpected(GateRefusal::conflict);
    } else {
        if (!admits(slot)) return tl::unexpected(GateRefusal::quarantined);  // 4.
        Bytes row;
        row.reserve(row_bytes);
        append(row, identity.view());
        append(row, body_digest.view());
        effects.put(table_, key, std::move(row));
        effects.persist_first = true;
        fresh_.insert_or_assign(key, identity);
        fresh_.insert_or_assign(body_key_of(key), body_digest);
    }
    return key_->sign(signing_bytes(genesis_, slot.epoch, slot.kind, body));
}

void SigningGate::prune_below(Epoch epoch, Effects& effects) {
    Bytes end;
    append_be64(end, epoch.value);
    effects.records.push_back(EraseRange{table_, {}, end});
    effects.put(table_, floor_key(), end);
    Digest floor;
    for (std::size_t i = 0; i < 8; ++i) floor.bytes[i] = end[i];
    fresh_.erase(fresh_.begin(), fresh_.lower_bound(end));
    fresh_.insert_or_assign(floor_key(), floor);
    // Two epochs on nothing of what was lost can be signed again.
    if (!quarantined_ || !quarantined_->reentry || epoch <= quarantined_->reentry->epoch.next()) return;
    quarantined_.reset();
    effects.erase(table_, quarantine_key());
}

// What lies below a re-entry is known to be lost.
bool SigningGate::accounts_for(const Slot& slot, const Digest& identity) const {
    if (quarantined_ && !(quarantined_->reentry && lies_beyond(*quarantined_->reentry, slot))) return true;
    return slot.epoch.value < remembered_from(fresh_, view_, table_) || signed_for(slot) == identity;
}

void SigningGate::quarantine(std::string reason, Effects& effects) {
    quarantined_ = QuarantineRecord{std::move(reason), std::nullopt};
    effects.put(table_, quarantine_key(), encode(*quarantined_));
}

void SigningGate::reenter(Reentry reentry, Effects& effects) {
    require(quarantined_.has_value(), "only who is in quarantine comes back from it");
    quarantined_->reentry = std::move(reentry);
    effects.put(table_, quarantine_key(), encode(*quarantined_));
}

bool SigningGate::admits(const Slot& slot) const {
    if (!confirmed_ || !key_) return false;
    return !quarantined_ || (quarantined_->reentry && lies_beyond(*quarantined_->reentry, slot));
}

}  // namespace rondo
