#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"

/// All six real cores of several nodes. A failure prints what replays it: `rondo-sim --seeds N --trace` for a swarm seed, SEED=N
/// in the environment for a sentence.
namespace rondo::sim {
namespace {

using namespace std::chrono_literals;

std::uint64_t seed_under_test() {
    const char* seed = std::getenv("SEED");
    return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

Options calm() {
    Options options;
    options.seed = seed_under_test();
    return options;
}

#define EXPECT_HOLDS(sim) EXPECT_TRUE((sim).agreement()) << (sim).failure().value_or("") << "\nreplay with SEED=" << (sim).seed()

TEST(Agreement, HoldsWhenNothingGoesWrongAndEveryPromiseIsKeptInTime) {
    Options options = calm();
    options.parameters.promise_blocks = 16;
    Simulation sim{options, real_cores()};
    sim.run(5s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_GT(sim.verdict().executed, 80U) << sim.verdict().summary;
    EXPECT_EQ(sim.late_promises(), 0U);
    EXPECT_TRUE(sim.accused().empty());
}

TEST(Agreement, HoldsWhenALeaderEquivocatesDuringAPartition) {
    Simulation sim{calm(), real_cores()};
    sim.byzantine(0, Misbehaviour::equivocating_leader).run(2s).partition({0, 1}, {2, 3}).run(4s).heal().run(4s).recover();
    EXPECT_HOLDS(sim);
}

TEST(Agreement, HoldsWhenOneSideOfAPartitionHasNoQuorum) {
    Simulation sim{calm(), real_cores()};
    sim.run(2s).partition({0}, {1, 2, 3}).run(4s);
    const std::uint64_t behind = sim.final_height(0);
    EXPECT_GT(sim.final_height(1), behind);
    sim.recover();
    EXPECT_HOLDS(sim);
    EXPECT_GT(sim.final_height(0), behind);
}

TEST(Agreement, HoldsWhenEveryMachineLosesItsPowerAtOnce) {
    Simulation sim{calm(), real_cores()};
    sim.run(3s);
    const std::uint64_t before = sim.final_height(0);
    for (NodeIndex node = 0; node < 4; ++node) sim.cut_power(node, 500ms);
    sim.run(2s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_GT(sim.final_height(0), before);
}

TEST(Agreement, HoldsWhenOldBlocksGoAndPowerFailsAndActorsComeBackAsTheirCheckpoints) {
    Options options = calm();
    options.parameters.snapshot_blocks = 12;
    options.retention_blocks = 20;
    Simulation sim{options, real_cores()};
    sim.run(20s);
    for (NodeIndex node = 0; node < 4; ++node) sim.cut_power(node, 500ms);
    sim.run(10s).recover();
    EXPECT_HOLDS(sim);
    const std::uint64_t height = sim.final_height(0);
    ASSERT_GT(height, 100U);
    for (const Actor actor : {Actor::intake, Actor::consensus, Actor::execution})
        for (NodeIndex node = 0; node < 4; ++node) {
            std::uint64_t kept_from = 0;
            for (const StatusField& field : sim.world().sibling(node, actor)->status())
                if (field.name == "kept_from_height") kept_from = std::get<std::uint64_t>(field.value);
            EXPECT_GT(kept_from + 60, height) << to_string(actor) << " of node " << node;
            EXPECT_LE(kept_from + 20, height) << to_string(actor) << " of node " << node;
        }
}

TEST(Agreement, HoldsWhenEachActorIsKilledInTurn) {
    Simulation sim{calm(), real_cores()};
    sim.run(1s);
    for (std::size_t actor = 0; actor < actor_count; ++actor)
        for (NodeIndex node = 0; node < 4; ++node) sim.crash(node, static_cast<Actor>(actor), 150ms).run(200ms);
    sim.recover();
    EXPECT_HOLDS(sim);
}

TEST(Agreement, HoldsWhenALateNodeCatchesUpAcrossEpochs) {
    Options options = calm();
    options.parameters.epoch_blocks = 15;
    Simulation sim{options, real_cores()};
    sim.run(500ms).crash(3, 8s).run(9s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_GT(sim.final_height(3), 30U);
}

class BadDisk : public testing::TestWithParam<World::DiskFault> {};

TEST_P(BadDisk, NeitherSignsTwiceNorStaysAway) {
    Options options = calm();
    options.parameters.epoch_blocks = 40;
    for (const auto age : {150ms, 1200ms}) {
        Simulation sim{options, real_cores()};
        sim.bad_disk(2).run(2s).spoil_disk(2, GetParam(), age).run(3s).recover();
        EXPECT_HOLDS(sim);
        EXPECT_TRUE(sim.accused().empty());
    }
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, BadDisk,
                         testing::Values(World::DiskFault::intake_rolled_back, World::DiskFault::consensus_rolled_back,
                                         World::DiskFault::both_rolled_back, World::DiskFault::intake_lost,
                                         World::DiskFault::consensus_lost, World::DiskFault::both_lost));

/// Each actor in turn reads a record that nobody wrote: it ends, and comes back with an empty disk.
class RottenDisk : public testing::TestWithParam<Actor> {};

TEST_P(RottenDisk, EndsTheActorBeforeItSaysAnythingMore) {
    Options options = calm();
    options.parameters.epoch_blocks = 40;
    Simulation sim{options, real_cores()};
    sim.bad_disk(1).run(2s);
    for (int page = 0; page < 40; ++page) sim.world().rot_disk(1, GetParam());
    sim.crash(1, GetParam(), 50ms).run(3s);
    EXPECT_EQ(sim.world().exits(Exit::checksum), 1U);
    sim.recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(sim.accused().empty());
}

INSTANTIATE_TEST_SUITE_P(OfEachActor, RottenDisk,
                         testing::Values(Actor::intake, Actor::consensus, Actor::execution, Actor::da, Actor::watcher,
                                         Actor::rewards),
                         [](const auto& actor) { return std::string(to_string(actor.param)); });

TEST(Agreement, HoldsWhenADiskIsFullForAWhile) {
    Simulation sim{calm(), real_cores()};
    sim.run(1s);
    sim.world().fill_disk(2, 3 * second);
    sim.run(2s);
    const std::uint64_t ended = sim.world().exits(Exit::disk_full);
    EXPECT_GE(ended, 4U) << "every actor that stores something";
    sim.run(3s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_EQ(sim.world().exits(Exit::disk_full), ended) << "each starts again when there is room, and not before";
}

TEST(Agreement, HoldsWhenClocksJump) {
    Simulation sim{calm(), real_cores()};
    sim.run(1s);
    sim.world().set_clock(0, 3000);
    sim.world().set_clock(1, -3000);
    sim.run(4s);
    sim.world().set_clock(0, -2000);
    sim.crash(0, 100ms).run(3s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(sim.accused().empty());
}

/// What breaks no rule that evidence exists of, or breaks it where nobody honest is misled: the others go on, and nobody is
/// accused but the one who did it.
class Nuisance : public testing::TestWithParam<Misbehaviour> {};

TEST_P(Nuisance, CostsTheOthersNeitherSafetyNorTheirBacklog) {
    Options options = calm();
    options.parameters.censorship_ms = 3000;
    Simulation sim{options, real_cores()};
    sim.byzantine(1, GetParam()).run(8s).recover();
    EXPECT_HOLDS(sim);
    const std::set culprit{sim.world().number_of(1)};
    EXPECT_TRUE(std::includes(culprit.begin(), culprit.end(), sim.accused().begin(), sim.accused().end()));
    EXPECT_GT(sim.verdict().executed, 100U) << sim.verdict().summary;
}

std::string name_of(const testing::TestParamInfo<Misbehaviour>& kind) {
    std::string name(to_string(kind.param));
    std::erase(name, '-');
    return name;
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, Nuisance,
                         testing::Values(Misbehaviour::selective_acks, Misbehaviour::bogus_certificates,
                                         Misbehaviour::wrong_results, Misbehaviour::stale_peer, Misbehaviour::amplifying_peer,
                                         Misbehaviour::censoring_leader),
                         name_of);

class Evidence : public testing::TestWithParam<Misbehaviour> {};

TEST_P(Evidence, NamesTheOneWhoMisbehavesAndNobodyElse) {
    Simulation sim{calm(), real_cores()};
    sim.byzantine(1, GetParam()).run(6s).recover();
    EXPECT_HOLDS(sim);
    const OperatorNumber culprit = sim.world().number_of(1);
    EXPECT_EQ(sim.offenders(), std::set{culprit}) << "the wrapper did not misbehave";
    EXPECT_EQ(sim.accused(), std::set{culprit});
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, Evidence,
                         testing::Values(Misbehaviour::equivocating_leader, Misbehaviour::double_voter, Misbehaviour::lane_fork,
                                         Misbehaviour::twins),
                         name_of);

TEST(Liveness, HoldsUnderASilentLeader) {
    Simulation sim{calm(), real_cores()};
    sim.byzantine(2, Misbehaviour::silent_leader).run(5s).recover();
    EXPECT_HOLDS(sim);
    EXPECT_TRUE(sim.accused().empty());
}

TEST(Liveness, HoldsWhenALaneOwnerWithholdsItsBatches) {
    Simulation sim{calm(), real_cores()};
    sim.byzantine(2, Misbehaviour::withholder).run(5s).recover();
    EXPECT_HOLDS(sim);
}

TEST(Determinism, ASeedLeavesTheSameTraceTwice) {
    for (const std::uint64_t seed : {7ULL, 23ULL, 61ULL}) {
        const Verdict first = run_once(draw_options(seed), real_cores());
        const Verdict second = run_once(draw_options(seed), real_cores());
        EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
        EXPECT_EQ(first.simulated, second.simulated);
    }
}

}  // namespace
}  // namespace rondo::sim
