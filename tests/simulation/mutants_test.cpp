#include "tests/simulation/mutants/mutants.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"
#include "tests/simulation/twins/game.hpp"

/// The simulator proves itself: each rule switched off is noticed at the seed that stands beside it, or, when what a seed means
/// has changed, within the next twenty.
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

/// Less of it, so that the chain grows meanwhile, under more load.
Options rough(std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.chaos = 10 * second;
    options.transfers_per_second = 60;
    options.faults.links = {.drop_permille = 40, .duplicate_permille = 50, .jitter = 60 * millisecond};
    options.faults.partition_interval = 800 * millisecond;
    options.faults.partition_length = 500 * millisecond;
    options.faults.partitions = PartitionKind::partial;
    options.faults.actor_crash_interval = 1000 * millisecond;
    return options;
}

/// Intakes are killed all the time, with much that is promised and not sealed.
Options with_dying_intakes(std::uint64_t seed) {
    Options options = harsh(seed);
    options.accounts = 64;
    options.transfers_per_second = 150;
    options.latency_min = options.latency_max = 100 * millisecond;
    options.faults.partition_interval = 0;
    options.faults.actor_crash_interval = 150 * millisecond;
    return options;
}

/// The three with the least make no quorum.
Options with_unequal_stakes(std::uint64_t seed) {
    Options options = rough(seed);
    options.stakes = Stakes::skewed;
    return options;
}

/// The same, and one node's disk goes back or is lost again and again.
Options with_a_bad_disk(std::uint64_t seed) {
    Options options = harsh(seed);
    options.faults.bad_disks = {seed % 4};
    options.faults.bad_disk_interval = 700 * millisecond;
    return options;
}

Options with_short_epochs(std::uint64_t seed) {
    Options options = rough(seed);
    options.parameters.epoch_blocks = 6;
    options.byzantine = {{seed % 4, Misbehaviour::stale_peer}};
    return options;
}

template <Misbehaviour misbehaviour>
Options with_a_member_that_is(std::uint64_t seed) {
    Options options = rough(seed);
    options.byzantine = {{seed % 4, misbehaviour}};
    return options;
}

/// The hosting shell is the one that is wrong, in a run that gives it the opportunity.
template <ShellMutant mutant>
Options with_a_shell_that_is(std::uint64_t seed) {
    Options options = mutant == ShellMutant::rot_believed ? rough(seed) : harsh(seed);
    options.shell_mutant = mutant;
    if (mutant == ShellMutant::torn_write_believed) {
        options.faults.power_cut_interval = 500 * millisecond;
        options.faults.boundary_crash_ppm = 3000;
    }
    if (mutant == ShellMutant::sync_failure_ignored) {  // what it pretends to keep must be missed
        options.faults.power_cut_interval = 500 * millisecond;
        options.faults.sync_failure_ppm = 5000;
    }
    if (mutant == ShellMutant::rot_believed) {
        options.faults.bad_disks = {seed % 4};
        options.faults.rot_interval = 400 * millisecond;
    }
    return options;
}

/// Nothing but power that fails, and little that is kept, so that the checkpoints decide what must be.
Options with_power_that_fails(std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.chaos = 15 * second;
    options.parameters.snapshot_blocks = 24;
    options.retention_blocks = 4;
    options.faults.power_cut_interval = 600 * millisecond;
    options.shell_mutant = ShellMutant::checkpoint_reported_early;
    return options;
}

struct Case {
    std::string_view name;
    Mutant mutant;
    Options (*options)(std::uint64_t seed);
    std::uint64_t seed;
    bool stalls = false;  ///< shows in that nothing goes on when all faults have ended
};

constexpr std::uint64_t seeds_max = 20;

const std::vector<Case> cases{
    {"AQuorumThatIsTooSmall", Mutant::quorum_too_small, harsh, 1},
    {"CountingHeads", Mutant::heads_counted, with_unequal_stakes, 1},
    {"WeakStakeThatNullifies", Mutant::weak_stake_nullifies, with_a_member_that_is<Misbehaviour::nullify_and_finalize>, 1},
    {"ACertificateThatNobodySigned", Mutant::certificates_unchecked, with_a_member_that_is<Misbehaviour::bogus_certificates>, 2},
    {"MessagesOfAnEpochThatIsOver", Mutant::stale_epoch_accepted, with_short_epochs, 1, true},
    {"FinalizingWhatWasNullified", Mutant::finalize_gate_removed, harsh, 1},
    {"NotarizingTwice", Mutant::votes_twice, with_a_member_that_is<Misbehaviour::equivocating_leader>, 1},
    {"BuildingOverAViewThatWasNotNullified", Mutant::parent_gap_accepted, rough, 123},
    {"ATipWithoutACertificate", Mutant::uncertified_tip_accepted, with_a_member_that_is<Misbehaviour::bogus_certificates>, 1},
    {"AcksThatNobodySigned", Mutant::acks_unchecked, with_a_member_that_is<Misbehaviour::bogus_certificates>, 1},
    {"AcksOfTooLittleStake", Mutant::acks_uncounted, with_a_member_that_is<Misbehaviour::bogus_certificates>, 1},
    {"AResultThatNobodyComputed", Mutant::results_unchecked, with_a_member_that_is<Misbehaviour::wrong_results>, 1},
    {"AncestorsLeftOut", Mutant::ancestors_skipped, harsh, 1},
    {"ASigningGateThatForgets", Mutant::forgetful_gate, harsh, 1},
    {"SigningBeforePeersHaveAnswered", Mutant::no_status_collected, with_a_bad_disk, 6},
    {"SigningInQuarantine", Mutant::no_reentry_awaited, with_a_bad_disk, 2},
    {"PromisesThatAreNotStored", Mutant::promises_not_stored, with_dying_intakes, 35},
    {"PromisesOfAnotherPlace", Mutant::promise_misplaced, with_dying_intakes, 1},
    {"AcknowledgingAFork", Mutant::fork_acknowledged, with_a_member_that_is<Misbehaviour::lane_fork>, 1},
    {"ANonceUsedTwice", Mutant::nonces_unchecked, rough, 230},
    {"PayingTwice", Mutant::pays_twice, harsh, 1},
    {"ABurnThatIsNotCounted", Mutant::burn_uncounted, harsh, 1},
    {"AddressesInAResult", Mutant::order_of_addresses, harsh, 1},
    {"AccusingWhatIsLegal", Mutant::legal_pair_accused, harsh, 1},
    {"SpeakingBeforeWhatWasSignedIsDurable", Mutant::none, with_a_shell_that_is<ShellMutant::signed_before_durable>, 8},
    {"BelievingATornWrite", Mutant::none, with_a_shell_that_is<ShellMutant::torn_write_believed>, 1},
    {"BelievingARottenRecord", Mutant::none, with_a_shell_that_is<ShellMutant::rot_believed>, 1},
    {"ReportingACheckpointThatIsNotComplete", Mutant::none, with_power_that_fails, 2},
    {"GoingOnAfterAFailedSync", Mutant::none, with_a_shell_that_is<ShellMutant::sync_failure_ignored>, 9},
};

class Mutants : public testing::TestWithParam<Case> {
  protected:
    ~Mutants() override { living_mutant = Mutant::none; }
};

TEST_P(Mutants, AreCaught) {
    const Case& c = GetParam();
    living_mutant = c.mutant;
    for (std::uint64_t seed = c.seed; seed < c.seed + seeds_max; ++seed) {
        Simulation run(c.options(seed), real_cores());
        run.chaos();
        const Verdict verdict = (c.stalls ? run.recover() : run).verdict();
        if (verdict.ok()) continue;
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), verdict.failure->c_str());
        return;
    }
    FAIL() << "not noticed in " << seeds_max << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, Mutants, testing::ValuesIn(cases), [](const auto& c) { return std::string(c.param.name); });

/// The scenarios of the twins notice without chance what others need luck for.
class TwinsMutants : public testing::TestWithParam<Mutant> {
  protected:
    ~TwinsMutants() override { living_mutant = Mutant::none; }
};

TEST_P(TwinsMutants, AreCaught) {
    constexpr std::size_t step = 499;
    const TwinsScenarios all;
    TwinsTable table;
    living_mutant = GetParam();
    for (std::size_t i = 0; i < all.size(); i += step) {
        const TwinsOutcome outcome = table.play(all.at(i));
        if (!outcome.failure) continue;
        std::printf("scenario %zu: %s\n", i, outcome.failure->c_str());
        return;
    }
    FAIL() << "not noticed";
}

INSTANTIATE_TEST_SUITE_P(All, TwinsMutants,
                         testing::Values(Mutant::quorum_too_small, Mutant::weak_stake_nullifies, Mutant::finalize_gate_removed));

/// The same runs without a mutant, in which nothing may be broken: what is noticed above is the mutant.
class Originals : public testing::TestWithParam<Case> {};

TEST_P(Originals, HoldInTheSameRun) {
    Options options = GetParam().options(GetParam().seed);
    options.shell_mutant = ShellMutant::none;
    const Verdict verdict = Simulation(options, real_cores()).chaos().verdict();
    EXPECT_TRUE(verdict.ok()) << *verdict.failure;
}

INSTANTIATE_TEST_SUITE_P(All, Originals, testing::ValuesIn(cases), [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace rondo::sim
