#include "tests/simulation/cores/cores.hpp"

#include "actors/consensus/core/core.hpp"
#include "actors/da/core/da_core.hpp"
#include "actors/execution/core/core.hpp"
#include "actors/intake/core/core.hpp"
#include "actors/rewards/core/rewards_core.hpp"
#include "actors/watcher/core/watcher_core.hpp"
#include "tests/simulation/byzantine/byzantine.hpp"

namespace rondo::sim {

Cores real_cores() {
    const auto intake = [](const StoreView& store, const NodeSetup& setup) {
        const auto make = [&setup](const StoreView& view) {
            return std::make_unique<IntakeCore>(
                IntakeConfig{setup.self, {setup.key, setup.next_key}, setup.genesis, {}, setup.retention}, view);
        };
        return corrupted(make, store, intake_traits(), setup);
    };
    const auto consensus = [](const StoreView& store, const NodeSetup& setup) {
        const auto make = [&setup](const StoreView& view) {
            return std::make_unique<ConsensusCore>(
                ConsensusConfig{setup.self, {setup.key, setup.next_key}, setup.genesis, {}, setup.retention}, view);
        };
        return corrupted(make, store, consensus_traits(), setup);
    };
    const auto da = [](const StoreView& view, const NodeSetup& setup) {
        return std::make_unique<da::DaCore>(da::DaConfig{setup.self, setup.genesis}, view);
    };
    const auto execution = [](const StoreView& view, const NodeSetup& setup) {
        const auto make = [&setup](const StoreView& store) {
            return std::make_unique<ExecutionCore>(ExecutionConfig{setup.self, setup.genesis, setup.retention}, store);
        };
        return corrupted(make, view, execution_traits(), setup);
    };
    const auto make_watcher = [](const StoreView& view, const NodeSetup& setup) {
        return std::make_unique<watcher::WatcherCore>(watcher::WatcherConfig{setup.self, setup.genesis, setup.watcher_key, {}},
                                                      view);
    };
    const auto make_rewards = [](const StoreView& view, const NodeSetup& setup) {
        return std::make_unique<rewards::RewardsCore>(rewards::RewardsConfig{setup.self, setup.genesis, setup.rewards_key}, view);
    };
    return {{intake_traits(), intake}, {consensus_traits(), consensus},           {execution_traits(), execution},
            {da::da_traits(), da},     {watcher::watcher_traits(), make_watcher}, {rewards::rewards_traits(), make_rewards}};
}

}  // namespace rondo::sim
