#include <gtest/gtest.h>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/run/simulation.hpp"

namespace rondo::sim {
namespace {

constexpr std::uint64_t seeds_per_test = 50;

/// Fifty seeds each, so that a failure names its part; a tenth of the seeds is run twice.
class Swarm : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Swarm, KeepsEveryPromiseOfTheProtocolUnderTheFaultsOfItsSeeds) {
    const Cores cores = real_cores();
    for (std::uint64_t seed = GetParam(); seed < GetParam() + seeds_per_test; ++seed) {
        const Options options = draw_options(seed);
        const Verdict verdict = run_once(options, cores);
        EXPECT_TRUE(verdict.ok()) << verdict.failure.value_or("") << "\n"
                                  << describe(options) << "\nreplay: rondo-sim --seeds " << seed << " --trace";
        if (seed % 10 != 0) continue;
        EXPECT_EQ(run_once(options, cores).trace_hash, verdict.trace_hash) << "two runs of seed " << seed << " differ";
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Swarm, testing::Values(1, 51, 101, 151, 201, 251));

}  // namespace
}  // namespace rondo::sim
