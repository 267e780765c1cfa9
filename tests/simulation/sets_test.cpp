#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"

/// Operators that come and go while users send and faults fall.
namespace rondo::sim {
namespace {

using namespace std::chrono_literals;

#define EXPECT_HOLDS(sim) EXPECT_TRUE((sim).agreement()) << (sim).failure().value_or("") << "\nreplay with SEED=" << (sim).seed()

Options of_nodes(std::size_t members, std::size_t candidates) {
    const char* seed = std::getenv("SEED");
    Options options;
    options.seed = seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
    options.nodes = members + candidates;
    options.candidates = candidates;
    options.parameters.epoch_blocks = 20;
    return options;
}

void join(Options& options, Micros at, NodeIndex first, NodeIndex last) {
    for (NodeIndex node = first; node <= last; ++node) options.set_changes.push_back({at, node, SetChangeKind::join});
}

/// `steps` come one after the other, whatever stands between them.
bool has_steps(const std::vector<std::size_t>& sizes, const std::vector<std::size_t>& steps) {
    auto at = sizes.begin();
    for (const std::size_t step : steps) {
        at = std::find(at, sizes.end(), step);
        if (at == sizes.end()) return false;
    }
    return true;
}

std::string text_of(const std::vector<std::size_t>& sizes) {
    std::string out;
    for (const std::size_t size : sizes) out += std::to_string(size) + " ";
    return out;
}

TEST(Sets, GrowFromOneToTenAndShrinkToFourUnderLoad) {
    Options options = of_nodes(1, 9);
    join(options, 500 * millisecond, 1, 3);
    join(options, 14 * second, 4, 6);
    join(options, 24 * second, 7, 9);
    for (NodeIndex node = 0; node < 6; ++node) options.set_changes.push_back({34 * second, node, SetChangeKind::leave});
    Simulation sim{options, real_cores()};
    sim.run(50s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(has_steps(sim.set_sizes(), {1, 4, 7, 10, 4})) << text_of(sim.set_sizes());
    EXPECT_EQ(sim.set_sizes().back(), 4U) << "the founders are all gone";
    EXPECT_GT(sim.verdict().executed, 500U) << sim.verdict().summary;
    EXPECT_TRUE(sim.accused().empty());
}

TEST(Sets, NeverHaveTwoOrThreeMembers) {
    Options options = of_nodes(1, 2);
    join(options, 500 * millisecond, 1, 2);
    Simulation alone{options, real_cores()};
    alone.run(12s).recover();
    EXPECT_HOLDS(alone);
    EXPECT_TRUE(std::ranges::all_of(alone.set_sizes(), [](std::size_t size) { return size == 1; })) << text_of(alone.set_sizes());

    Options shrinking = of_nodes(4, 0);
    shrinking.set_changes = {{500 * millisecond, 2, SetChangeKind::leave}};
    Simulation four{shrinking, real_cores()};
    four.run(12s).recover();
    EXPECT_HOLDS(four);
    EXPECT_TRUE(std::ranges::all_of(four.set_sizes(), [](std::size_t size) { return size == 4; })) << text_of(four.set_sizes());
}

TEST(Sets, ReplaceAMemberWhoseNodeIsGoneForGood) {
    Options options = of_nodes(5, 1);
    options.set_changes = {{2 * second, 5, SetChangeKind::join}, {2 * second, 0, SetChangeKind::leave}};
    Simulation sim{options, real_cores()};
    sim.run(1s).crash(0, 20s).run(19s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(has_steps(sim.set_sizes(), {5, 5})) << text_of(sim.set_sizes());
}

TEST(Sets, RotateEveryKeyAndMoveEveryNodeOneAfterTheOther) {
    Options options = of_nodes(4, 0);
    for (NodeIndex node = 0; node < 4; ++node) {
        options.set_changes.push_back({(1 + node) * second, node, SetChangeKind::rotate_keys});
        options.set_changes.push_back({(1 + node) * second, node, SetChangeKind::move});
    }
    Simulation sim{options, real_cores()};
    sim.run(15s);
    for (NodeIndex node = 0; node < 4; ++node) sim.crash(node, 200ms).run(1s);
    sim.recover();
    EXPECT_HOLDS(sim);
    for (const OperatorInfo& o : sim.newest_set().operators) {
        const NodeIndex node = *sim.world().node_of(o.number);
        EXPECT_EQ(o.key, next_operator_key(node).public_key());
        EXPECT_EQ(o.endpoints.host, "moved-node" + std::to_string(node));
    }
    EXPECT_TRUE(sim.accused().empty());
}

TEST(Sets, ChangeWhileEverythingElseGoesWrong) {
    Options options = of_nodes(4, 3);
    options.chaos = 12 * second;
    options.faults.links = {.drop_permille = 60, .duplicate_permille = 50, .jitter = 60 * millisecond};
    options.faults.partition_interval = 2500 * millisecond;
    options.faults.partition_length = 1000 * millisecond;
    options.faults.actor_crash_interval = 700 * millisecond;
    options.faults.node_crash_interval = 3000 * millisecond;
    options.faults.boundary_crash_ppm = 500;
    join(options, 500 * millisecond, 4, 6);
    options.set_changes.push_back({4 * second, 1, SetChangeKind::leave});
    options.set_changes.push_back({5 * second, 2, SetChangeKind::rotate_keys});
    Simulation sim{options, real_cores()};
    sim.chaos().recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(sim.accused().empty());
}

TEST(Sets, LoseAMemberAsSoonAsTheChainCitesThatItIsJailed) {
    Options options = of_nodes(7, 0);
    options.parameters.epoch_blocks = 10'000;
    Simulation sim{options, real_cores()};
    sim.byzantine(2, Misbehaviour::double_voter).run(10s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_EQ(sim.accused(), std::set{sim.world().number_of(2)});
    EXPECT_EQ(text_of(sim.set_sizes()), "7 6 7 ") << "the last one is the plan for the planned end";
    EXPECT_LT(sim.final_height(0), options.parameters.epoch_blocks);
}

TEST(Sets, OfFourPassOverAJailedMemberAsLeader) {
    Options options = of_nodes(4, 0);
    Simulation sim{options, real_cores()};
    sim.byzantine(2, Misbehaviour::double_voter).run(10s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(std::ranges::all_of(sim.set_sizes(), [](std::size_t size) { return size == 4; })) << text_of(sim.set_sizes());
    for (const OperatorInfo& o : sim.newest_set().operators) EXPECT_EQ(o.leads, o.number != sim.world().number_of(2));
}

}  // namespace
}  // namespace rondo::sim
