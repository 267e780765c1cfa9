#pragma once
#include <map>

#include "actors/execution/core/records.hpp"
#include "actors/execution/core/store.hpp"
#include "messages/wire/epoch.hpp"

/// Epoch contexts (3-protocol.md, 4; 4-economy.md, Selection).
namespace rondo::execution {

/// What a policy may know: final state only.
struct EpochInputs {
    Policy policy = Policy::round_robin;
    std::vector<OperatorInfo> members;  ///< of the context before
    std::vector<OperatorBond> bonds;    ///< as of the cited state
};
/// Who votes with what stake, and who may lead. `single`, `round-robin` and `stake` agree on that: all members vote by
/// their bond, and the jailed are passed over as leaders; the slots themselves are leader_of()'s.
[[nodiscard]] std::vector<OperatorInfo> schedule(const EpochInputs& inputs);

/// The context that follows `last`, from the operators' bonds in the cited state.
[[nodiscard]] EpochContext next_context(const EpochContext& last, const std::vector<OperatorBond>& cited);

/// The contexts known to the ledger. Those of epochs 1 and 2 come from genesis.
class ContextBook {
  public:
    [[nodiscard]] const EpochContext* find(const StateReader& store, Epoch epoch);
    void add(StateStore& store, const EpochContext& context);

  private:
    static constexpr std::size_t kept_max = 8;  ///< decoded; all are in the store
    std::map<Epoch, EpochContext> kept_;
};

}  // namespace rondo::execution
