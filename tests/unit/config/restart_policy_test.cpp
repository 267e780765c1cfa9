#include "cluster/launcher/restart_policy.hpp"

#include <gmock/gmock.h>

#include "cluster/launcher/process.hpp"
#include "cluster/shell/shell_config.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

constexpr RestartPolicy::Limits limits{100, 1000, 6, 60'000};

TEST(RestartPolicy, WaitsTwiceAsLongAfterEachEndUpToABound) {
    RestartPolicy policy(limits);
    std::vector<DurationMs> delays;
    for (std::uint64_t i = 0; i < 6; ++i) delays.push_back(policy.after_end(Instant(1000 + i)).value_or(0));
    EXPECT_EQ(delays, (std::vector<DurationMs>{100, 200, 400, 800, 1000, 1000}));
}

TEST(RestartPolicy, GivesUpAboveItsLimitUntilAPersonAsks) {
    RestartPolicy policy(limits);
    for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(policy.after_end(Instant(i)));
    EXPECT_FALSE(policy.after_end(Instant(7)));
    policy.forget();
    EXPECT_EQ(policy.after_end(Instant(8)), 100U);
}

TEST(RestartPolicy, ForgetsWhatLiesBeforeItsWindow) {
    RestartPolicy policy(limits);
    for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(policy.after_end(Instant(i)));
    EXPECT_EQ(policy.after_end(Instant(70'000)), 100U);
}

TEST(ProcessEnd, SaysWhichOnesMustNotBeStartedAgain) {
    const auto exited = [](int code) { return describe_end(code << 8); };
    EXPECT_TRUE(exited(exit_ok).may_restart);
    EXPECT_TRUE(exited(exit_invariant).may_restart);
    EXPECT_TRUE(describe_end(9).may_restart) << "killed";
    for (const int code : {exit_store, exit_disk_full, exit_config, exit_store_locked})
        EXPECT_FALSE(exited(code).may_restart) << code;
    EXPECT_TRUE(exited(exit_disk_full).when_there_is_room);
    EXPECT_FALSE(exited(exit_store).when_there_is_room);
    EXPECT_THAT(describe_end(9).text, ::testing::HasSubstr("signal 9"));
}

class LastWords : public test::Scratch {};

TEST_F(LastWords, AreTheLastLineOfALogThatIsNotEmptyCutToASentence) {
    EXPECT_EQ(last_line(write("a.log", "started\ncannot listen on 1\n\n")), "cannot listen on 1");
    EXPECT_EQ(last_line(write("b.log", "")), "");
    EXPECT_EQ(last_line(path("none.log")), "");
    EXPECT_EQ(last_line(write("c.log", "x\n" + std::string(9000, 'y'))).size(), 500U);
}

}  // namespace
}  // namespace rondo
