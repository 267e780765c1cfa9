#pragma once
#include <map>

#include "actors/execution/core/records.hpp"
#include "actors/execution/core/store.hpp"
#include "messages/wire/epoch.hpp"

/// Epoch contexts.
namespace rondo::execution {

/// Who votes with what stake in the epoch after `last`'s, and who may lead. `single`, `round-robin` and `stake` agree on that;
/// the slots themselves are leader_of()'s. All that counts stands in the cited state, which is one epoch old when the set takes
/// over:
///   1. Eligible is who is registered, has not left, is not jailed, and has a bond of at least `self_stake_min_gwei`.
///   2. Of more than `operators_max` eligible, those with the highest bonds; of equal bonds the lower number.
///   3. If that makes at least 4, they are the set, and all of them lead.
///   4. If it makes fewer, the last set stays: also who left or has too small a bond, until the set can do without it; those
///      jailed are passed over as leaders. So a set of one stays that one until there are 4, and `operators_max` below 4 keeps
///      the first set.
///   5. Stake is the bond; keys, accounts and endpoints are those registered.
/// Who has withdrawn is in no last set: the staking module pays no bond while its operator is in a set of now or to come.
[[nodiscard]] std::vector<OperatorInfo> schedule(const EpochContext& last, const Registry& cited);

/// The plan for the epoch after `last`'s.
[[nodiscard]] EpochContext next_context(const EpochContext& last, const Registry& cited);

/// The contexts known to the ledger: of the epochs up to the current one as they began, of the next as it is planned. Those of
/// epochs 1 and 2 are planned by genesis.
class ContextBook {
  public:
    [[nodiscard]] const EpochContext* find(const StateReader& store, Epoch epoch);
    /// Replaces what was planned for that epoch.
    void add(StateStore& store, const EpochContext& context);

  private:
    static constexpr std::size_t kept_max = 8;  ///< decoded; all are in the store
    std::map<Epoch, EpochContext> kept_;
};

}  // namespace rondo::execution
