#include "actors/intake/core/common.hpp"

#include "actors/intake/core/tables.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/wire/kinds.hpp"

namespace rondo::intake {

Common::Common(OperatorNumber self_, const crypto::SecretKey& key, Genesis genesis_, const StoreView& view)
    : self(self_),
      genesis(std::move(genesis_)),
      genesis_digest(digest_of(genesis)),
      book(view),
      epochs(genesis, book),
      gate(view, tables::signed_slots, key, genesis_digest) {}

std::optional<SignerIndex> Common::self_index() const {
    const EpochContext* context = epochs.context();
    return context == nullptr ? std::nullopt : context->index_of(self);
}

bool Common::may_talk(OperatorNumber who) const {
    const Epoch now_epoch = epochs.epoch();
    for (const Epoch epoch : {now_epoch, now_epoch.next(), now_epoch.minus_or_zero(1)}) {
        const EpochContext* context = epochs.context_of(epoch);
        if (context != nullptr && context->index_of(who)) return true;
    }
    return false;
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

bool Common::verify(const OperatorInfo& signer, Epoch epoch, Kind kind, ByteView body, const Signature& signature) const {
    return crypto::verify(signer.key, signing_bytes(genesis_digest, epoch, kind, body), signature);
}

}  // namespace rondo::intake
