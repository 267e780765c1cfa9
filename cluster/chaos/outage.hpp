#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Outages that networks in the world had, each replayed on a cluster of this machine.
namespace rondo::chaos {

class Trial;

/// One thing that was promised, and what was measured of it.
struct Finding {
    std::string promise;
    std::string measured;
    bool kept = false;
};

struct Outage {
    std::string_view name;
    std::string_view happened;  ///< in the world: which network, when, what
    std::string_view promise;   ///< what Rondo promises where that happens
    /// Null: it cannot happen before settlement exists, and so cannot be measured.
    void (*replay)(Trial& trial) = nullptr;
};
[[nodiscard]] const std::vector<Outage>& outages();

struct Outcome {
    std::vector<Finding> findings;
    std::string trouble;  ///< why it could not be measured to its end; empty: it was
    [[nodiscard]] bool kept() const;
};

/// Replays it on a cluster of its own, in a temporary home of which nothing is left, whatever happens and whoever interrupts it.
/// `programs` is the folder of `rondo` and the actors. Call it before anything in this process uses sockets or threads.
[[nodiscard]] Outcome replay(const Outage& outage, const std::filesystem::path& programs);

}  // namespace rondo::chaos
