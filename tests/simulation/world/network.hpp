#pragma once
#include <functional>
#include <span>
#include <vector>

#include "tests/simulation/world/clock.hpp"
#include "tests/simulation/world/observer.hpp"
#include "tests/simulation/world/random.hpp"

namespace rondo::sim {

/// What the links between nodes do to messages. All zero: each link keeps its latency and nothing else happens.
struct LinkFaults {
    std::uint64_t drop_permille = 0;
    std::uint64_t duplicate_permille = 0;
    Micros jitter = 0;  ///< added to each message by itself: this is what reorders
};

/// The links between nodes. Hostile beyond TCP: a message may be lost, doubled or overtaken alone.
class Network {
  public:
    Network(Clock& clock, Random random, std::size_t nodes, Micros latency_min, Micros latency_max);

    /// One-way, from each node to each.
    void set_latencies(std::span<const Micros> latencies);
    /// Of each link; what is sent meanwhile waits its turn. 0: no limit.
    void set_bandwidth(std::uint64_t bytes_per_second) { bytes_per_second_ = bytes_per_second; }

    void set(LinkFaults faults) { faults_ = faults; }
    /// Nothing passes from one side to the other; with `one_way`, only from `left` to `right` nothing passes.
    void partition(const std::vector<NodeIndex>& left, const std::vector<NodeIndex>& right, bool one_way = false);
    /// Holds everything on the link back until then.
    void clog(NodeIndex from, NodeIndex to, Micros until) { link(from, to).clogged_until = until; }
    void heal();

    void send(NodeIndex from, NodeIndex to, std::size_t bytes, const std::function<void()>& deliver);

  private:
    struct Link {
        Micros latency = 0;
        Micros clogged_until = 0;
        Micros free_at = 0;  ///< what was sent before has left by then
        bool cut = false;
    };
    Link& link(NodeIndex from, NodeIndex to) { return links_[from * nodes_ + to]; }

    Clock& clock_;
    Random random_;
    std::size_t nodes_;
    std::uint64_t bytes_per_second_ = 0;
    std::vector<Link> links_;
    LinkFaults faults_;
};

}  // namespace rondo::sim
