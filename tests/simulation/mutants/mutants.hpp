#pragma once
#include "messages/base/types.hpp"

/// Put before the mutated sources by the build (mutants.cmake). Compiled once; which mutant lives is chosen at run time.
namespace rondo::sim {

enum class Mutant : std::uint8_t {
    none,
    quorum_too_small,       ///< half of the stake is taken for a quorum of votes
    finalize_gate_removed,  ///< finalizes what it nullified, and the signing gate lets it
    forgetful_gate,         ///< the signing gate does not write down what it signed
    nonces_unchecked,       ///< the ledger executes a transaction whose nonce is used
    no_status_collected,    ///< signs at once after a start, whatever peers have seen of its key
    no_reentry_awaited,     ///< is in quarantine, says so, and signs
};
inline Mutant living_mutant = Mutant::none;
[[nodiscard]] inline bool is_mutant(Mutant mutant) { return living_mutant == mutant; }
[[nodiscard]] inline Stake mutated_quorum(Stake quorum) {
    return is_mutant(Mutant::quorum_too_small) ? quorum.minus_or_zero(quorum.value / 3) : quorum;
}

}  // namespace rondo::sim
