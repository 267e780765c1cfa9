#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"

/// A node that comes late, and takes the state of a snapshot from the others.
namespace rondo::sim {
namespace {

using namespace std::chrono_literals;

#define EXPECT_HOLDS(sim) EXPECT_TRUE((sim).agreement()) << (sim).failure().value_or("") << "\nreplay with SEED=" << (sim).seed()

Options with_a_late_node(Micros at) {
    const char* seed = std::getenv("SEED");
    Options options;
    options.seed = seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
    options.nodes = 5;
    options.candidates = 1;
    options.late_at = at;
    options.parameters.epoch_blocks = 30;
    options.parameters.snapshot_blocks = 16;
    return options;
}

TEST(Joining, TakesASnapshotUnderLoadAndFollows) {
    Simulation sim{with_a_late_node(10 * second), real_cores()};
    sim.run(20s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_EQ(sim.snapshots_taken(), 1U);
}

TEST(Joining, BecomesAMemberAndVotes) {
    Options options = with_a_late_node(8 * second);
    options.set_changes = {{10 * second, 4, SetChangeKind::join}};
    Simulation sim{options, real_cores()};
    sim.run(25s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_EQ(sim.snapshots_taken(), 1U);
    EXPECT_EQ(sim.set_sizes().back(), 5U);
}

class JoiningWithALiar : public testing::TestWithParam<Misbehaviour> {};

TEST_P(JoiningWithALiar, IsNotMisled) {
    Options options = with_a_late_node(9 * second);
    options.byzantine = {{0, GetParam()}};
    Simulation sim{options, real_cores()};
    sim.run(15s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_EQ(sim.snapshots_taken(), 1U);
}

std::string name_of(const testing::TestParamInfo<Misbehaviour>& kind) {
    std::string name(to_string(kind.param));
    std::erase(name, '-');
    return name;
}

/// Member 0 is the first whom the late node asks.
INSTANTIATE_TEST_SUITE_P(OfEachKind, JoiningWithALiar,
                         testing::Values(Misbehaviour::lying_snapshots, Misbehaviour::repeated_contexts,
                                         Misbehaviour::withheld_snapshots),
                         name_of);

TEST(Joining, HoldsWhileEverythingElseGoesWrong) {
    Options options = with_a_late_node(9 * second);
    options.chaos = 15 * second;
    options.faults.links = {.drop_permille = 60, .duplicate_permille = 50, .jitter = 60 * millisecond};
    options.faults.actor_crash_interval = 500 * millisecond;
    options.faults.power_cut_interval = 1500 * millisecond;
    options.faults.boundary_crash_ppm = 500;
    Simulation sim{options, real_cores()};
    sim.run(8s).chaos().recover();  // the chain is some snapshots long when it begins
    EXPECT_HOLDS(sim);
    EXPECT_GE(sim.snapshots_taken(), 1U);
}

}  // namespace
}  // namespace rondo::sim
