#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace rondo::sim {

/// Twins (Bano et al., 2020): one of four members runs twice with one key, and a scenario says for each of the first four views
/// who leads and who hears whom. Honest code plays all parts, and equivocation comes of itself.
inline constexpr std::size_t twins_rounds = 4;
inline constexpr std::size_t twins_members = 4;
inline constexpr std::size_t twins_instances = 5;  ///< A and A' of member 0, then B, C and D of members 1 to 3

[[nodiscard]] constexpr std::size_t member_of(std::size_t instance) { return instance < 2 ? 0 : instance - 1; }

/// One view: who leads, as a member (both twins of member 0), and which instances do not hear the first one's side.
struct TwinsRound {
    std::uint8_t other_side = 0;  ///< a bit per instance; never A's own. 0: all hear all
    std::uint8_t leader = 0;
    [[nodiscard]] bool together(std::size_t a, std::size_t b) const { return ((other_side >> a) & 1) == ((other_side >> b) & 1); }
    bool operator==(const TwinsRound&) const = default;
};
using TwinsScenario = std::array<TwinsRound, twins_rounds>;

/// All rounds in which some side has a quorum of members: in the others nobody can do anything but wait.
[[nodiscard]] const std::vector<TwinsRound>& twins_all_rounds();

/// Every scenario once: of those that differ only in the names of the twins, or of B, C and D, the first.
class TwinsScenarios {
  public:
    TwinsScenarios();
    [[nodiscard]] std::size_t size() const { return numbers_.size(); }
    [[nodiscard]] TwinsScenario at(std::size_t index) const;

  private:
    std::vector<std::uint32_t> numbers_;
};

}  // namespace rondo::sim
