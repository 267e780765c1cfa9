#pragma once
#include "messages/base/types.hpp"

/// Put before the mutated sources by the build (mutants.cmake). Compiled once; which mutant lives is chosen at run time.
namespace rondo::sim {

enum class Mutant : std::uint8_t {
    none,
    // consensus: votes and certificates
    quorum_too_small,        ///< half of the stake is taken for a quorum of votes
    heads_counted,           ///< each vote weighs the same, whatever its signer's stake
    weak_stake_nullifies,    ///< what F + 1 nullified is taken for nullified
    certificates_unchecked,  ///< the signatures in a certificate of votes are not looked at
    stale_epoch_accepted,    ///< messages of an epoch that is over are taken for this one's
    finalize_gate_removed,   ///< finalizes what it nullified, and the signing gate lets it
    votes_twice,             ///< notarizes a second proposal of a view, and the signing gate lets it
    parent_gap_accepted,     ///< builds over a view that nobody nullified
    // consensus: blocks
    uncertified_tip_accepted,  ///< notarizes a cut whose tips have no certificate of availability
    acks_unchecked,            ///< the signatures in a certificate of availability are not looked at
    acks_uncounted,            ///< nor whose stake they are
    results_unchecked,         ///< notarizes a block that cites another result than its own
    ancestors_skipped,         ///< commits a final block without the ones below it
    // the signing gate
    forgetful_gate,       ///< does not write down what it signed
    no_status_collected,  ///< signs at once after a start, whatever peers have seen of its key
    no_reentry_awaited,   ///< is in quarantine, says so, and signs
    // intake
    promises_not_stored,  ///< gives promises that a crash makes it forget
    promise_misplaced,    ///< promises a place in the batch after
    fork_acknowledged,    ///< acknowledges a second header for a place in a lane, and the gate lets it
    // execution
    nonces_unchecked,    ///< a transaction whose nonce is used takes effect again
    pays_twice,          ///< a transfer arrives twice
    burn_uncounted,      ///< what is burnt is not written down
    order_of_addresses,  ///< where things lie in memory gets into a result
    // watcher
    legal_pair_accused,  ///< Notarize and Nullify in one view are taken for a crime
};
inline Mutant living_mutant = Mutant::none;
[[nodiscard]] inline bool is_mutant(Mutant mutant) { return living_mutant == mutant; }
/// For a guard that the mutant takes away.
[[nodiscard]] inline bool unless(Mutant mutant, bool guard) { return !is_mutant(mutant) && guard; }
[[nodiscard]] inline Stake mutated_quorum(Stake quorum) {
    return is_mutant(Mutant::quorum_too_small) ? quorum.minus_or_zero(quorum.value / 3) : quorum;
}

}  // namespace rondo::sim
