#pragma once
#include <string>
#include <vector>

#include "messages/wire/epoch.hpp"
#include "tests/simulation/world/network.hpp"
#include "tests/simulation/world/shell.hpp"

namespace rondo::sim {

enum class Stakes : std::uint8_t {
    equal,
    skewed,        ///< falling from the first to the last
    near_a_third,  ///< one member holds just F
};
[[nodiscard]] std::string_view to_string(Stakes stakes);

/// How a member breaks the rules, by name. Each is a wrapper around the real cores that tampers with what they say.
enum class Misbehaviour : std::uint8_t {
    equivocating_leader,   ///< two proposals per view, one to each half, and votes for both
    double_voter,          ///< two notarizations, of different digests
    nullify_and_finalize,  ///< both in one view
    silent_leader,         ///< never proposes
    lane_fork,             ///< two headers per lane height, and acks of both
    withholder,            ///< offers its batches to a bare quorum and answers no fetch
    selective_acks,        ///< acknowledges the batches of one half only
    bogus_certificates,    ///< certificates that no quorum signed: of batches that nobody has, cited in its cuts, and of votes
    wrong_results,         ///< cites results that nobody computed
    stale_peer,            ///< says old things again beside each new one
    amplifying_peer,       ///< says everything eight times
    censoring_leader,      ///< neither proposes nor notarizes what one lane holds
    twins,                 ///< the node twice, with one key: each half of the peers has its own
    lying_snapshots,       ///< hands over parts of a state that nobody computed
    repeated_contexts,     ///< hands over the right parts, and then always the context of one epoch
    withheld_snapshots,    ///< offers a snapshot, and hands over nothing of it
};
inline constexpr std::size_t misbehaviour_count = 16;
inline constexpr std::size_t misbehaviours_drawn = 13;  ///< by any seed; the last ones only where somebody joins
[[nodiscard]] std::string_view to_string(Misbehaviour misbehaviour);

struct ByzantineMember {
    NodeIndex node;
    Misbehaviour misbehaviour;
};

enum class PartitionKind : std::uint8_t {
    whole,    ///< two sides that hear nothing of each other
    one_way,  ///< one side does not hear the other
    partial,  ///< single links: some pairs do not hear each other, and others hear both
};

/// What the registry of operators is asked for, by the operator's own transaction.
enum class SetChangeKind : std::uint8_t { join, leave, rotate_keys, move };
[[nodiscard]] std::string_view to_string(SetChangeKind kind);
struct SetChange {
    Micros at = 0;  ///< not before, nor before the change above it was executed
    NodeIndex node = 0;
    SetChangeKind kind = SetChangeKind::join;
};

/// What goes wrong during the first phase of a run. A zero means: not at all. Intervals are means.
struct FaultPlan {
    LinkFaults links;
    Micros partition_interval = 0;
    Micros partition_length = 0;
    PartitionKind partitions = PartitionKind::whole;
    Micros clog_interval = 0;
    Micros actor_crash_interval = 0;
    Micros node_crash_interval = 0;
    Micros power_cut_interval = 0;    ///< one machine
    Micros cluster_power_cut_at = 0;  ///< all machines at once
    Micros pause_interval = 0;
    std::uint64_t boundary_crash_ppm = 0;  ///< per turn, at a random boundary of it
    std::uint64_t publish_loss_permille = 0;
    std::uint64_t ask_loss_permille = 0;
    std::uint64_t backend_failure_permille = 0;
    std::uint64_t skew_ms_max = 0;   ///< of each node's clock, as long as it does not jump
    Micros clock_jump_interval = 0;  ///< a node's clock jumps forward or back
    std::uint64_t clock_jump_ms_max = 0;
    std::uint64_t sync_failure_ppm = 0;  ///< per synced commit: the process ends, and the commit is there whole or not at all
    Micros disk_full_interval = 0;       ///< a node's: what would commit ends, and starts when there is room
    /// Nodes whose disks fail: their stores of intake and consensus go back to a backup, or are gone. Their stake and that of the
    /// Byzantine members together stay within F.
    std::vector<NodeIndex> bad_disks;
    Micros bad_disk_interval = 0;
    Micros rot_interval = 0;  ///< a few records of one of their actors rot; it ends when it reads one, and its disk is replaced
};

struct Options {
    std::uint64_t seed = 1;
    std::size_t nodes = 4;
    std::size_t candidates = 0;  ///< the last of the nodes: not in genesis, they join in their order if `set_changes` say so
    std::vector<SetChange> set_changes;
    Micros late_at = 0;  ///< the last node is there from then on only, and begins with a snapshot; 0: from the start
    Stakes stakes = Stakes::equal;
    Policy policy = Policy::round_robin;
    Parameters parameters = fast_parameters();
    Micros latency_min = 10 * millisecond;
    Micros latency_max = 40 * millisecond;
    std::vector<Micros> latencies;               ///< instead: one-way, from each node to each, as recorded somewhere
    std::uint64_t link_bytes_per_second = 0;     ///< 0: as many as there are
    std::vector<std::uint64_t> recorded_stakes;  ///< instead of `stakes`
    std::size_t accounts = 16;
    std::uint64_t transfers_per_second = 20;
    Micros chaos = 8 * second;  ///< how long the faults last
    std::size_t turn_inputs_max = 16;
    std::vector<ByzantineMember> byzantine;
    FaultPlan faults;
    /// What well-behaved nodes keep (cluster/runtime/retention.hpp); 0: everything. Below it nobody can be helped yet: only for
    /// runs in which nobody is away for longer, or loses a disk.
    std::uint64_t retention_blocks = 0;
    ShellMutant shell_mutant = ShellMutant::none;

    static Parameters fast_parameters();
    [[nodiscard]] std::size_t genesis_members() const { return nodes - candidates; }
    [[nodiscard]] bool is_byzantine(NodeIndex node) const;
    [[nodiscard]] bool is_late(NodeIndex node) const { return late_at != 0 && node + 1 == nodes; }
    [[nodiscard]] bool has_bad_disk(NodeIndex node) const;
    [[nodiscard]] std::vector<std::uint64_t> stake_ethers() const;
};

/// The options of a seed: a random subset of the faults at random intensities ("swarm testing", Groce et al., 2012), so that
/// runs differ in kind and not only in luck. What the setting says is not drawn.
struct Setting {
    std::size_t nodes = 0;
    std::vector<std::uint64_t> stakes;
    std::vector<Micros> latencies;
};
[[nodiscard]] Options draw_options(std::uint64_t seed, const Setting& setting = {});
[[nodiscard]] std::string describe(const Options& options);

}  // namespace rondo::sim
