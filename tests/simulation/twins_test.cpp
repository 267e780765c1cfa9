#include <gtest/gtest.h>

#include "tests/simulation/twins/game.hpp"

namespace rondo::sim {
namespace {

constexpr std::size_t sample_of = 997;  ///< every so manieth scenario; all of them: rondo-sim --twins all

TEST(Twins, AreEachScenarioOnceWhateverTheNames) {
    EXPECT_EQ(twins_all_rounds().size(), 52U);  // 13 ways to part five instances with a quorum on one side, 4 leaders
    const TwinsScenarios all;
    EXPECT_EQ(all.size(), 632'608U);  // as Burnside's lemma has it, of 52^4 under 12 renamings
}

TEST(Twins, NeitherForkNorStopTheOthers) {
    const TwinsScenarios all;
    TwinsTable table;
    for (std::size_t i = 0; i < all.size(); i += sample_of) {
        const TwinsOutcome outcome = table.play(all.at(i));
        ASSERT_FALSE(outcome.failure) << *outcome.failure << "\nscenario " << i << ": " << describe(all.at(i));
    }
}

}  // namespace
}  // namespace rondo::sim
