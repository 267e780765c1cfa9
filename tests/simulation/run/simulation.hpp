#pragma once
#include <chrono>
#include <memory>

#include "tests/simulation/oracles/oracles.hpp"
#include "tests/simulation/world/registrar.hpp"
#include "tests/simulation/world/workload.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// What came of a run.
struct Verdict {
    std::uint64_t seed = 0;
    std::optional<std::string> failure;
    std::uint64_t trace_hash = 0;
    Micros simulated = 0;
    std::uint64_t final_height = 0;
    std::size_t executed = 0;
    std::set<OperatorNumber> offenders;  ///< two signatures for one slot were seen from outside
    std::set<OperatorNumber> accused;    ///< named by evidence
    std::string summary;
    [[nodiscard]] bool ok() const { return !failure; }
};

/// A world with its users and its judges, told what to do in sentences:
///   Simulation sim{{.seed = 7, .nodes = 4}, cores};
/// With TRACE in the environment everything that leaves an actor is printed.
///   sim.byzantine(0, Misbehaviour::equivocating_leader).partition({0, 1}, {2, 3}).run(10s).heal().run(10s);
class Simulation {
  public:
    Simulation(Options options, Cores cores);

    // Before the first run.
    Simulation& byzantine(NodeIndex node, Misbehaviour misbehaviour);
    Simulation& faults(const FaultPlan& plan);
    Simulation& print_trace(bool on);

    Simulation& run(std::chrono::milliseconds length);
    Simulation& chaos();  ///< what the fault plan says, for as long as the options say
    Simulation& partition(const std::vector<NodeIndex>& left, const std::vector<NodeIndex>& right);
    Simulation& crash(NodeIndex node, std::chrono::milliseconds downtime);
    Simulation& crash(NodeIndex node, Actor actor, std::chrono::milliseconds downtime);
    Simulation& cut_power(NodeIndex node, std::chrono::milliseconds downtime);
    /// The node is expected to have its disk fail: what it promised from it may be late.
    Simulation& bad_disk(NodeIndex node);
    Simulation& spoil_disk(NodeIndex node, World::DiskFault fault, std::chrono::milliseconds age);
    Simulation& heal();  ///< all faults end
    /// The liveness phase: within a bound of simulated time ten more blocks are final and executed at every honest node, every
    /// promise is ordered and executed, and every final batch is to be had.
    Simulation& recover();

    [[nodiscard]] bool agreement() const { return !failure(); }
    [[nodiscard]] const std::optional<std::string>& failure() const;
    [[nodiscard]] std::uint64_t seed() const { return options_.seed; }
    [[nodiscard]] std::uint64_t final_height(NodeIndex node) const;
    [[nodiscard]] const std::set<OperatorNumber>& offenders() const;
    [[nodiscard]] const std::set<OperatorNumber>& accused() const;
    [[nodiscard]] std::size_t late_promises() const;
    /// How many members each epoch's set has, from the first on, as far as execution announced them.
    /// How often a node began with a state that it took from others.
    [[nodiscard]] std::size_t snapshots_taken() const;
    [[nodiscard]] std::vector<std::size_t> set_sizes() const;
    [[nodiscard]] const EpochContext& newest_set() const;
    [[nodiscard]] Verdict verdict();
    [[nodiscard]] World& world();

  private:
    struct Parts;
    Parts& parts();
    [[nodiscard]] Micros liveness_bound() const;
    [[nodiscard]] bool is_recovered(std::uint64_t target);
    [[nodiscard]] std::string what_is_missing(std::uint64_t target);
    void print_states();
    void check_batches();
    void check_queues();
    /// A node whose disk is well never takes its own store for an older one.
    void check_quarantines();

    Options options_;
    Cores cores_;
    bool print_trace_ = false;
    std::shared_ptr<Parts> parts_;
};

/// A whole run of these options: faults, healing, liveness.
[[nodiscard]] Verdict run_once(const Options& options, const Cores& cores, bool print_trace = false);

}  // namespace rondo::sim
