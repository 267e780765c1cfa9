#include "actors/intake/core/common.hpp"

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/wire/kinds.hpp"

namespace rondo::intake {

Common::Common(OperatorNumber self_, std::vector<crypto::SecretKey> keys, std::vector<OperatorNumber> sources_, Genesis genesis_,
               const StoreView& view)
    : self(self_),
      sources(std::move(sources_)),
      genesis(std::move(genesis_)),
      genesis_digest(digest_of(genesis)),
      book(view),
      epochs(genesis, book),
      gate(view, tables::signed_slots, std::move(keys), genesis_digest) {
    choose_key();
}

void Common::choose_key() {
    const EpochContext* context = epochs.context();
    const auto index = context == nullptr ? std::nullopt : context->index_of(self);
    gate.use_none();
    if (index) gate.use(context->at(*index)->key);
}

void Common::take_part() {
    choose_key();
    name_peers();
}

void Common::name_peers() const { effects->peers = epochs.peers(self); }

std::optional<SignerIndex> Common::self_index() const {
    const EpochContext* context = epochs.context();
    return context == nullptr || !gate.has_key() ? std::nullopt : context->index_of(self);
}

bool Common::is_leaving() const {
    const EpochContext* context = epochs.context();
    const EpochContext* next = context == nullptr ? nullptr : epochs.context_of(context->epoch.next());
    return next != nullptr && !next->index_of(self) && epochs.final_height().plus(last_promise_blocks) > context->planned_end;
}

void Common::distrust(std::string reason) {
    if (const auto& known = gate.quarantined(); known && (!known->reentry || known->reentry->epoch >= epochs.epoch())) return;
    log(Level::error, "this intake goes into quarantine: " + reason);
    gate.quarantine(std::move(reason), *effects);
}

std::vector<OperatorNumber> Common::others() const {
    std::vector<OperatorNumber> out;
    const EpochContext* current = epochs.context();
    for (const OperatorInfo& o : (current != nullptr ? *current : epochs.newest_known()).operators)
        if (o.number != self) out.push_back(o.number);
    return out;
}

std::vector<OperatorNumber> Common::holders() const {
    std::vector<OperatorNumber> out = others();
    out.insert(out.end(), sources.begin(), sources.end());
    return out;
}

bool Common::verify(const OperatorInfo& signer, Epoch epoch, Kind kind, ByteView body, const Signature& signature) const {
    return crypto::verify(signer.key, signing_bytes(genesis_digest, epoch, kind, body), signature);
}

}  // namespace rondo::intake
