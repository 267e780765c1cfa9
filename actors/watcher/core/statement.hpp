#pragma once
#include <optional>
#include <vector>

#include "messages/wire/consensus.hpp"
#include "messages/wire/evidence.hpp"

namespace rondo::watcher {

/// One signed message at the place where its signer may say one thing only. Notarize, Nullify and Finalize of a view are
/// three places; a block and a tail of a view are one.
struct Statement {
    Bytes slot;  ///< be64 epoch ‖ kind ‖ be64 view or lane ‖ be64 0 or lane height ‖ be16 signer
    Epoch epoch;
    Digest said{};  ///< what must not differ within the slot
    SignedMessage message;
};

/// The statements in a message: one, or one per signer of a certificate.
[[nodiscard]] std::vector<Statement> statements_of(const SignedMessage& message);
/// The votes in a block's body.
[[nodiscard]] std::vector<Statement> statements_in_body(const Proposal& block);

/// The slots whose statement may contradict one of this slot, itself left out: Finalize's for a Nullify, and the other way round.
[[nodiscard]] std::optional<Bytes> opposed_slot(const Statement& statement);

/// The pair as evidence, if the two are of kinds that can contradict each other.
[[nodiscard]] std::optional<Evidence> pair(const SignedMessage& a, const SignedMessage& b);

[[nodiscard]] bool is_signature_valid(const SignedMessage& message, const EpochContext& context, const Digest& genesis);

}  // namespace rondo::watcher
