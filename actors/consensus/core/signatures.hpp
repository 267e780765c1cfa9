#pragma once
#include "actors/consensus/core/records.hpp"
#include "actors/consensus/core/tally.hpp"

/// Who signed what: checks of everything that comes from strangers. Pure.
namespace rondo::consensus {

[[nodiscard]] bool is_signed(const Digest& genesis, const EpochContext& context, const Vote& vote);
/// By the member it names as its leader.
[[nodiscard]] bool is_signed(const Digest& genesis, const EpochContext& context, const Body& body);
/// Quorum stake, ascending signers, every signature right. Votes that `tally` holds are not verified again (it may be null).
[[nodiscard]] bool is_certified(const Digest& genesis, const EpochContext& context, const Certificate& certificate,
                                const Tally* tally);
/// Acks of quorum stake, of which weak stake verified. They name the header by its digest; its own signature they vouch for.
[[nodiscard]] bool is_available(const Digest& genesis, const EpochContext& context, const PoA& poa);

}  // namespace rondo::consensus
