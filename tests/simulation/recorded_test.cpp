#include "tests/simulation/recorded/recorded.hpp"

#include <gtest/gtest.h>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"

/// Networks as they stand in the world: recorded latencies and stakes, skipped where the recordings are not there.
namespace rondo::sim {
namespace {

using namespace std::chrono_literals;

struct Network {
    std::string_view latencies;
    std::string_view stakes;
    std::size_t nodes;
};

class Recorded : public testing::TestWithParam<Network> {};

TEST_P(Recorded, NetworksAgreeAndExecuteWhatTheyPromise) {
    const auto latencies = recorded_latencies(GetParam().latencies, GetParam().nodes);
    const auto stakes = recorded_stakes(GetParam().stakes, GetParam().nodes);
    if (!latencies || !stakes) GTEST_SKIP() << "no recordings in " << RONDO_DATA_DIR;
    Options options;
    options.nodes = GetParam().nodes;
    options.latencies = *latencies;
    options.recorded_stakes = *stakes;
    options.policy = Policy::stake;
    options.transfers_per_second = 10;
    Simulation sim{options, real_cores()};
    sim.run(2s);
    EXPECT_TRUE(sim.agreement()) << sim.failure().value_or("");
    sim.recover();
    EXPECT_TRUE(sim.agreement()) << sim.failure().value_or("");
    EXPECT_GT(sim.verdict().executed, 10U) << sim.verdict().summary;
    EXPECT_TRUE(sim.accused().empty());
}

INSTANTIATE_TEST_SUITE_P(OfTheWorld, Recorded,
                         testing::Values(Network{"cometbft", "cosmos", 4}, Network{"aws", "solana", 7},
                                         Network{"cities", "sui", 13}),
                         [](const auto& network) {
                             return std::string(network.param.latencies) + "_" + std::string(network.param.stakes) + "_" +
                                    std::to_string(network.param.nodes);
                         });

}  // namespace
}  // namespace rondo::sim
