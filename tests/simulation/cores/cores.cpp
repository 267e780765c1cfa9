#include "tests/simulation/cores/cores.hpp"

#include "actors/consensus/core/core.hpp"
#include "actors/da/core/da_core.hpp"
#include "actors/intake/core/core.hpp"
#include "tests/simulation/byzantine/byzantine.hpp"

namespace rondo::sim {

Cores real_cores() {
    const auto intake = [](const StoreView& view, const NodeSetup& setup) {
        return corrupted(std::make_unique<IntakeCore>(IntakeConfig{setup.self, setup.key, setup.genesis}, view), Actor::intake, setup);
    };
    const auto consensus = [](const StoreView& view, const NodeSetup& setup) {
        return corrupted(std::make_unique<ConsensusCore>(ConsensusConfig{setup.self, setup.key, setup.genesis}, view), Actor::consensus, setup);
    };
    const auto da = [](const StoreView& view, const NodeSetup& setup) {
        return std::make_unique<da::DaCore>(da::DaConfig{setup.self, setup.genesis}, view);
    };
    return {{intake_traits(), intake}, {consensus_traits(), consensus}, {da::da_traits(), da}};
}

}  // namespace rondo::sim
