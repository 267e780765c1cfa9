#pragma once
#include <string_view>
#include <tuple>
#include <variant>

#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

/// Proof that an operator broke a rule, checkable by anyone with the epoch's set.
namespace rondo {

/// Two votes of one signer in one view: different digests of one kind, or Nullify with Finalize.
struct ConflictingVotes {
    Vote first;
    Vote second;
    static auto fields(auto& v) { return std::tie(v.first, v.second); }
};
/// Two bodies (block or tail) by one leader for one view, as header pair: full bodies, both signed.
struct ConflictingProposals {
    std::variant<Proposal, Tail> first;
    std::variant<Proposal, Tail> second;
    static auto fields(auto& v) { return std::tie(v.first, v.second); }
};
struct ForkedLane {
    BatchHeader first;
    BatchHeader second;
    static auto fields(auto& v) { return std::tie(v.first, v.second); }
};
struct ConflictingAcks {
    Ack first;
    Ack second;
    static auto fields(auto& v) { return std::tie(v.first, v.second); }
};

using Evidence = std::variant<ConflictingVotes, ConflictingProposals, ForkedLane, ConflictingAcks>;

enum class EvidenceFault : std::uint8_t {
    none,
    unknown_signer,   ///< not in the epoch's set
    other_epoch,      ///< the two do not belong to this context's epoch
    not_conflicting,  ///< same message twice, different slots, or a legal pair (Notarize with Nullify)
    bad_signature,
};
[[nodiscard]] std::string_view to_string(EvidenceFault fault);

struct EvidenceVerdict {
    EvidenceFault fault = EvidenceFault::none;
    OperatorNumber offender;  ///< valid when fault == none
    Digest id{};              ///< H(epoch, slot, kind, offender): one penalty per slot
};
[[nodiscard]] EvidenceVerdict check_evidence(const Evidence& evidence, const EpochContext& context, const Digest& genesis);
[[nodiscard]] Epoch epoch_of(const Evidence& evidence);

}  // namespace rondo
