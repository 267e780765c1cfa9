#pragma once
#include <optional>
#include <string>

#include "tests/simulation/twins/scenarios.hpp"

namespace rondo::sim {

struct TwinsOutcome {
    std::optional<std::string> failure;
    std::uint64_t final_height = 0;
};

/// Five real consensus cores play scenarios: what is said of one of a scenario's views reaches the speaker's side of that view
/// only. As soon as somebody is past them, or half a second later, all hear all, and three more blocks must become final at B, C
/// and D. The judges are those of the whole simulator.
class TwinsTable {
  public:
    TwinsTable();
    ~TwinsTable();
    TwinsTable(const TwinsTable&) = delete;
    TwinsTable& operator=(const TwinsTable&) = delete;
    [[nodiscard]] TwinsOutcome play(const TwinsScenario& scenario);
};

[[nodiscard]] std::string describe(const TwinsScenario& scenario);

}  // namespace rondo::sim
