#pragma once
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/bus/client.hpp"
#include "cluster/chaos/outage.hpp"
#include "cluster/config/home.hpp"
#include "cluster/launcher/control.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::chaos {

using Clock = std::chrono::steady_clock;

/// How finality went while somebody watched.
struct Watched {
    bool reached = false;      ///< what was awaited came about
    double seconds = 0;        ///< until then, or until the deadline
    double longest_gap_s = 0;  ///< without a further final block anywhere
    std::uint64_t blocks = 0;  ///< that became final meanwhile
};

/// A cluster of four nodes under observation, in a home that the caller made and takes away. What goes wrong with it by itself is
/// noted once, and ends the trial: everything after that does nothing.
class Trial {
  public:
    Trial(Home home, std::filesystem::path programs);

    /// Makes the cluster and waits until blocks become final on all nodes.
    void start();
    /// Transfers at this rate for so long, in the background.
    void begin_load(std::uint64_t rate, std::uint64_t seconds, const std::string& only_node = "");
    /// Waits for its end: every transfer was taken and executed. What was found is noted.
    void end_load(const std::string& promise);

    /// `target` is NODE or NODE/ACTOR.
    void act(ControlAction action, const std::string& target);
    /// Its disk is lost: all stores of the node, and the processes that used them.
    void lose_disk(const std::string& node);

    /// Watches finality until all these nodes have finalized (or executed) so many blocks more than any had at the beginning.
    Watched watch_blocks(std::uint64_t blocks, const std::vector<std::size_t>& nodes);
    /// Watches for so long.
    Watched watch_for(std::chrono::milliseconds time);
    /// Until the node has executed what the others have final when it is asked, but for a few blocks.
    Watched watch_until_at_head(std::size_t node);
    /// Until what the actors of the node say of themselves fits: none is in quarantine, and none waits for its peers.
    Watched watch_until_signing(std::size_t node);

    [[nodiscard]] std::optional<Height> final_height(std::size_t node);
    [[nodiscard]] std::optional<Height> executed_height(std::size_t node);
    [[nodiscard]] std::optional<ActorStatus> status(std::size_t node, Actor actor);

    /// Compares the whole chain of all nodes, block by block.
    void expect_one_chain();
    void expect(std::string promise, std::string measured, bool kept);
    void expect_gap(const Watched& watched, double seconds_max);

    [[nodiscard]] Outcome outcome() &&;
    static constexpr std::size_t nodes = 4;

  private:
    void give_up(const std::string& why);
    [[nodiscard]] bool is_over() const { return !outcome_.trouble.empty(); }
    [[nodiscard]] pid_t run(const std::vector<std::string>& arguments, const std::string& output) const;
    template <class Until>
    Watched watch(std::chrono::milliseconds deadline, Until until);
    [[nodiscard]] Client& client(std::size_t node, Actor actor);
    [[nodiscard]] std::vector<Digest> chain_of(std::size_t node, Height last);
    [[nodiscard]] std::uint64_t highest();

    Home home_;
    std::filesystem::path programs_;
    std::map<std::pair<std::size_t, Actor>, Client> clients_;
    std::map<std::pair<std::size_t, Actor>, std::string> routers_;
    pid_t load_ = 0;
    Outcome outcome_;
};

}  // namespace rondo::chaos
