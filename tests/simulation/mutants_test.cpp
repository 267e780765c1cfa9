#include "tests/simulation/mutants/mutants.hpp"

#include <gtest/gtest.h>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"

/// The simulator proves itself: each rule switched off must be noticed within a stated number of seeds.
namespace rondo::sim {
namespace {

Options harsh(std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.chaos = 6 * second;
    options.faults.links = {.drop_permille = 60, .duplicate_permille = 50, .jitter = 60 * millisecond};
    options.faults.partition_interval = 1200 * millisecond;
    options.faults.partition_length = 1500 * millisecond;
    options.faults.actor_crash_interval = 250 * millisecond;
    options.faults.boundary_crash_ppm = 1000;
    return options;
}

/// The same, and one node's disk goes back or is lost again and again.
Options with_a_bad_disk(std::uint64_t seed) {
    Options options = harsh(seed);
    options.faults.bad_disks = {seed % 4};
    options.faults.bad_disk_interval = 700 * millisecond;
    return options;
}

/// The hosting shell is the one that is wrong.
Options with_a_hasty_shell(std::uint64_t seed) {
    Options options = harsh(seed);
    options.shell_mutant = ShellMutant::signed_before_durable;
    return options;
}

struct Caught {
    std::uint64_t seed;
    std::string how;
};

std::optional<Caught> catch_mutant(Mutant mutant, std::uint64_t seeds_max, Options (*options)(std::uint64_t) = harsh) {
    living_mutant = mutant;
    std::optional<Caught> caught;
    for (std::uint64_t seed = 1; seed <= seeds_max && !caught; ++seed) {
        const Verdict verdict = Simulation(options(seed), real_cores()).chaos().verdict();
        if (!verdict.ok()) caught = Caught{seed, *verdict.failure};
    }
    living_mutant = Mutant::none;
    return caught;
}

#define EXPECT_CAUGHT(mutant, seeds, ...)                                                                   \
    do {                                                                                                    \
        const auto caught = catch_mutant(mutant, seeds __VA_OPT__(, ) __VA_ARGS__);                         \
        ASSERT_TRUE(caught) << "not noticed in " << (seeds) << " seeds";                                    \
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(caught->seed), caught->how.c_str()); \
    } while (false)

TEST(Mutants, WithoutOneNothingIsBrokenInTheSameRuns) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const Verdict verdict = Simulation(harsh(seed), real_cores()).chaos().verdict();
        EXPECT_TRUE(verdict.ok()) << *verdict.failure << "\nseed " << seed;
        const Verdict rolled_back = Simulation(with_a_bad_disk(seed), real_cores()).chaos().verdict();
        EXPECT_TRUE(rolled_back.ok()) << *rolled_back.failure << "\nseed " << seed;
    }
}
TEST(Mutants, AQuorumThatIsTooSmallIsCaughtWithin20Seeds) { EXPECT_CAUGHT(Mutant::quorum_too_small, 20U); }
TEST(Mutants, FinalizingWhatWasNullifiedIsCaughtWithin20Seeds) { EXPECT_CAUGHT(Mutant::finalize_gate_removed, 20U); }
TEST(Mutants, ASigningGateThatForgetsIsCaughtWithin20Seeds) { EXPECT_CAUGHT(Mutant::forgetful_gate, 20U); }
TEST(Mutants, SpeakingBeforeWhatWasSignedIsDurableIsCaughtWithin20Seeds) { EXPECT_CAUGHT(Mutant::none, 20U, with_a_hasty_shell); }
TEST(Mutants, ANonceUsedTwiceIsCaughtWithin20Seeds) { EXPECT_CAUGHT(Mutant::nonces_unchecked, 20U); }

TEST(Mutants, SigningBeforePeersHaveAnsweredIsCaughtWithin20Seeds) {
    EXPECT_CAUGHT(Mutant::no_status_collected, 20U, with_a_bad_disk);
}
TEST(Mutants, SigningInQuarantineIsCaughtWithin20Seeds) { EXPECT_CAUGHT(Mutant::no_reentry_awaited, 20U, with_a_bad_disk); }

}  // namespace
}  // namespace rondo::sim
