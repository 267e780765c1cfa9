#include "tests/simulation/world/options.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <sstream>

namespace rondo::sim {
namespace {

constexpr std::array<std::string_view, 3> stakes_names{"equal", "skewed", "near-a-third"};
constexpr std::array<std::string_view, 4> set_change_names{"join", "leave", "rotate", "move"};
constexpr std::array<std::string_view, 3> partition_names{"whole", "one-way", "partial"};
constexpr std::array<std::string_view, misbehaviour_count> misbehaviour_names{"equivocating-leader",
                                                                              "double-voter",
                                                                              "nullify-and-finalize",
                                                                              "silent-leader",
                                                                              "lane-fork",
                                                                              "withholder",
                                                                              "selective-acks",
                                                                              "bogus-certificates",
                                                                              "wrong-results",
                                                                              "stale-peer",
                                                                              "amplifying-peer",
                                                                              "censoring-leader",
                                                                              "twins",
                                                                              "lying-snapshots",
                                                                              "repeated-contexts",
                                                                              "withheld-snapshots"};

FaultPlan draw_faults(Random& random) {
    FaultPlan plan;
    if (random.one_in(2)) plan.links.drop_permille = random.between(5, 150);
    if (random.one_in(3)) plan.links.duplicate_permille = random.between(10, 200);
    if (random.one_in(2)) plan.links.jitter = random.between(1, 120) * millisecond;
    if (random.one_in(3)) {
        plan.partition_interval = random.between(1500, 4000) * millisecond;
        plan.partition_length = random.between(300, 3000) * millisecond;
        plan.partitions = static_cast<PartitionKind>(random.below(3));
    }
    if (random.one_in(4)) plan.clog_interval = random.between(500, 2000) * millisecond;
    if (random.one_in(2)) plan.actor_crash_interval = random.between(400, 3000) * millisecond;
    if (random.one_in(3)) plan.node_crash_interval = random.between(1500, 5000) * millisecond;
    if (random.one_in(3)) plan.power_cut_interval = random.between(1500, 5000) * millisecond;
    if (random.one_in(8)) plan.cluster_power_cut_at = random.between(1500, 6000) * millisecond;
    if (random.one_in(3)) plan.pause_interval = random.between(500, 3000) * millisecond;
    if (random.one_in(2)) plan.boundary_crash_ppm = random.between(50, 1500);
    if (random.one_in(3)) plan.publish_loss_permille = random.between(5, 200);
    if (random.one_in(3)) plan.ask_loss_permille = random.between(5, 200);
    if (random.one_in(3)) plan.backend_failure_permille = random.between(20, 400);
    if (random.one_in(4)) plan.skew_ms_max = random.between(5, 150);
    if (random.one_in(5)) {
        plan.clock_jump_interval = random.between(700, 4000) * millisecond;
        plan.clock_jump_ms_max = random.between(20, 2500);
    }
    if (random.one_in(6)) plan.sync_failure_ppm = random.between(20, 500);
    if (random.one_in(6)) plan.disk_full_interval = random.between(1500, 5000) * millisecond;
    return plan;
}

/// Members drawn at random as long as their stake together stays within F.
std::vector<ByzantineMember> draw_byzantine(const Options& options, Random& random) {
    std::vector<ByzantineMember> out;
    const std::vector<std::uint64_t> stakes = options.stake_ethers();
    const std::uint64_t total = std::accumulate(stakes.begin(), stakes.end(), std::uint64_t{0});
    std::uint64_t left = (total - 1) / 3;
    const auto misbehaviour = static_cast<Misbehaviour>(random.below(misbehaviours_drawn));
    const NodeIndex start = random.below(options.nodes);
    for (std::size_t i = 0; i < options.nodes; ++i) {
        const NodeIndex node = (start + i) % options.nodes;
        if (stakes[node] > left) continue;
        left -= stakes[node];
        out.push_back({node, random.one_in(4) ? static_cast<Misbehaviour>(random.below(misbehaviours_drawn)) : misbehaviour});
    }
    return out;
}

/// Operators that come, go, rotate their keys and move, so that at least four well-behaved ones of genesis stay, and that whoever
/// is faulty stays within F of those alone: then it does in every set that can come about. Has its own source, so that seeds
/// without changes are what they were.
void draw_set_changes(Options& options, Random random) {
    if (!random.one_in(3)) return;
    const std::size_t members = options.nodes;
    options.candidates = random.below(4);
    options.nodes += options.candidates;
    options.parameters.epoch_blocks = random.between(10, 40);
    const std::vector<std::uint64_t> stakes = options.stake_ethers();
    std::uint64_t faulty = 0, staying = std::accumulate(stakes.begin(), stakes.begin() + static_cast<std::ptrdiff_t>(members),
                                                        std::uint64_t{0});
    for (NodeIndex i = 0; i < members; ++i)
        if (options.is_byzantine(i) || options.has_bad_disk(i)) faulty += stakes[i];
    std::size_t left = members, joined = 0;
    std::vector<bool> gone(options.nodes);
    Micros at = random.between(100, 1500) * millisecond;
    for (std::uint64_t i = random.between(1, 6); i > 0; --i, at += random.between(100, 1500) * millisecond) {
        const NodeIndex node = random.below(members + joined);
        const bool is_well = !options.is_byzantine(node) && !options.has_bad_disk(node) && !gone[node];
        const bool may_go = is_well && node < members && left > 4 && 3 * faulty < staying - stakes[node];
        if (joined < options.candidates && random.one_in(2)) {
            options.set_changes.push_back({at, members + joined++, SetChangeKind::join});
        } else if (may_go && random.one_in(2)) {
            gone[node] = true;
            staying -= stakes[node];
            --left;
            options.set_changes.push_back({at, node, SetChangeKind::leave});
        } else if (is_well) {
            options.set_changes.push_back({at, node, random.one_in(2) ? SetChangeKind::rotate_keys : SetChangeKind::move});
        }
    }
}

/// One more node, that comes when the chain is some snapshots long. Has its own source, too.
void draw_late_node(Options& options, Random random) {
    if (options.candidates != 0 || !random.one_in(4)) return;
    options.candidates = 1;
    ++options.nodes;
    options.parameters.snapshot_blocks = random.between(8, 24);
    options.parameters.epoch_blocks = random.between(10, 60);
    options.late_at = random.between(3000, 6000) * millisecond;
    // By so much and more the chain grows while a snapshot is taken over a bad network; what is kept must reach further.
    if (options.retention_blocks != 0) options.retention_blocks = 4096;
    if (random.one_in(2))
        for (ByzantineMember& m : options.byzantine)
            m.misbehaviour =
                static_cast<Misbehaviour>(misbehaviours_drawn + random.below(misbehaviour_count - misbehaviours_drawn));
}

/// Honest members, as many as F still allows beside the Byzantine ones.
std::vector<NodeIndex> draw_bad_disks(const Options& options, Random& random) {
    const std::vector<std::uint64_t> stakes = options.stake_ethers();
    std::uint64_t left = (std::accumulate(stakes.begin(), stakes.end(), std::uint64_t{0}) - 1) / 3;
    for (const ByzantineMember& m : options.byzantine) left -= stakes[m.node];
    std::vector<NodeIndex> out;
    const NodeIndex start = random.below(options.nodes);
    for (std::size_t i = 0; i < options.nodes; ++i) {
        const NodeIndex node = (start + i) % options.nodes;
        if (options.is_byzantine(node) || stakes[node] > left) continue;
        left -= stakes[node];
        out.push_back(node);
    }
    return out;
}

}  // namespace

std::string_view to_string(SetChangeKind kind) { return set_change_names[static_cast<std::size_t>(kind)]; }
std::string_view to_string(Stakes stakes) { return stakes_names[static_cast<std::size_t>(stakes)]; }
std::string_view to_string(Misbehaviour m) { return misbehaviour_names[static_cast<std::size_t>(m)]; }

Parameters Options::fast_parameters() {
    Parameters p;
    p.epoch_blocks = 1024;
    p.delta_ms = 150;
    p.delta_max_ms = 1000;
    p.retry_ms = 300;
    p.censorship_ms = 6000;
    p.posting_turn_ms = 1000;
    p.gas_target_per_second = 50'000'000;
    p.self_stake_min_gwei = 1'000'000'000;
    p.snapshot_blocks = 64;
    return p;
}

bool Options::is_byzantine(NodeIndex node) const {
    return std::any_of(byzantine.begin(), byzantine.end(), [&](const ByzantineMember& m) { return m.node == node; });
}

bool Options::has_bad_disk(NodeIndex node) const {
    return std::find(faults.bad_disks.begin(), faults.bad_disks.end(), node) != faults.bad_disks.end();
}

std::vector<std::uint64_t> Options::stake_ethers() const {
    if (!recorded_stakes.empty()) return recorded_stakes;
    std::vector<std::uint64_t> out(nodes, 32);
    if (stakes == Stakes::skewed)
        for (std::size_t i = 0; i < genesis_members(); ++i) out[i] = 32 + 12 * (genesis_members() - 1 - i);
    if (stakes == Stakes::near_a_third) {
        // x = F of (x + 32 (n - 1)) means 3x <= W - 1: x just below 16 (n - 1).
        out[0] = 16 * (genesis_members() - 1) - 1;
    }
    return out;
}

Options draw_options(std::uint64_t seed, const Setting& setting) {
    Random random(seed * 0x2545f4914f6cdd1dULL + 1);
    Options options;
    options.seed = seed;
    constexpr std::array<std::size_t, 8> sizes{4, 4, 4, 4, 4, 5, 6, 7};
    const std::size_t drawn = sizes[random.below(sizes.size())];
    options.nodes = setting.nodes == 0 ? drawn : setting.nodes;
    options.recorded_stakes = setting.stakes;
    options.latencies = setting.latencies;
    options.stakes = static_cast<Stakes>(random.below(3));
    options.policy = static_cast<Policy>(random.below(3));
    options.parameters.epoch_blocks = random.one_in(2) ? random.between(12, 60) : 1024;
    options.parameters.lane_window = random.one_in(3) ? random.between(4, 16) : 64;
    options.parameters.execution_lag_max = random.one_in(4) ? random.between(16, 64) : 256;
    options.latency_min = random.between(1, 30) * millisecond;
    options.latency_max = options.latency_min + random.between(1, 50) * millisecond;
    options.transfers_per_second = random.one_in(5) ? random.between(40, 80) : random.between(2, 30);
    options.turn_inputs_max = random.one_in(3) ? 1 : random.between(2, 64);
    options.chaos = random.between(4, 9) * second;
    if (random.one_in(6)) options.link_bytes_per_second = random.between(60, 2000) * 1000;
    options.faults = draw_faults(random);
    if (random.one_in(2)) options.byzantine = draw_byzantine(options, random);
    if (random.one_in(4)) {
        options.faults.bad_disks = draw_bad_disks(options, random);
        if (!random.one_in(3)) options.faults.bad_disk_interval = random.between(1000, 4000) * millisecond;
        if (random.one_in(2)) options.faults.rot_interval = random.between(200, 2000) * millisecond;
    }
    Random intervals(seed * 0xd1342543de82ef95ULL + 3);
    if (intervals.one_in(2)) options.parameters.snapshot_blocks = intervals.between(4, 40);
    if (intervals.one_in(2) && options.faults.bad_disks.empty()) options.retention_blocks = intervals.between(40, 60);
    if (setting.nodes == 0) draw_set_changes(options, Random(seed * 0x9e3779b97f4a7c15ULL + 2));
    if (setting.nodes == 0) draw_late_node(options, Random(seed * 0xbf58476d1ce4e5b9ULL + 4));
    return options;
}

std::string describe(const Options& o) {
    std::ostringstream out;
    const FaultPlan& f = o.faults;
    out << "seed=" << o.seed << " nodes=" << o.nodes << " stakes=" << to_string(o.stakes) << " policy=" << to_string(o.policy)
        << " epoch_blocks=" << o.parameters.epoch_blocks << " lane_window=" << o.parameters.lane_window
        << " execution_lag_max=" << o.parameters.execution_lag_max << " snapshot_blocks=" << o.parameters.snapshot_blocks
        << " latency_us=" << o.latency_min << ".." << o.latency_max << " transfers_per_second=" << o.transfers_per_second
        << " turn_inputs_max=" << o.turn_inputs_max << " chaos_ms=" << o.chaos / millisecond;
    for (const ByzantineMember& m : o.byzantine) out << " byzantine=" << m.node << ":" << to_string(m.misbehaviour);
    if (o.candidates != 0) out << " candidates=" << o.candidates;
    if (o.late_at != 0) out << " late_at_ms=" << o.late_at / millisecond;
    for (const SetChange& c : o.set_changes)
        out << ' ' << to_string(c.kind) << '=' << c.node << '@' << c.at / millisecond << "ms";
    const auto fault = [&](std::string_view name, std::uint64_t value) {
        if (value != 0) out << ' ' << name << '=' << value;
    };
    fault("link_bytes_per_second", o.link_bytes_per_second);
    fault("drop_permille", f.links.drop_permille);
    fault("duplicate_permille", f.links.duplicate_permille);
    fault("jitter_us", f.links.jitter);
    fault("partition_interval_us", f.partition_interval);
    fault("partition_length_us", f.partition_length);
    if (f.partition_interval != 0) out << " partitions=" << partition_names[static_cast<std::size_t>(f.partitions)];
    fault("clog_interval_us", f.clog_interval);
    fault("actor_crash_interval_us", f.actor_crash_interval);
    fault("node_crash_interval_us", f.node_crash_interval);
    fault("power_cut_interval_us", f.power_cut_interval);
    fault("cluster_power_cut_at_us", f.cluster_power_cut_at);
    fault("pause_interval_us", f.pause_interval);
    fault("boundary_crash_ppm", f.boundary_crash_ppm);
    fault("publish_loss_permille", f.publish_loss_permille);
    fault("ask_loss_permille", f.ask_loss_permille);
    fault("backend_failure_permille", f.backend_failure_permille);
    fault("skew_ms_max", f.skew_ms_max);
    fault("clock_jump_interval_us", f.clock_jump_interval);
    fault("clock_jump_ms_max", f.clock_jump_ms_max);
    fault("sync_failure_ppm", f.sync_failure_ppm);
    fault("disk_full_interval_us", f.disk_full_interval);
    for (const NodeIndex node : f.bad_disks) out << " bad_disk=" << node;
    fault("bad_disk_interval_us", f.bad_disk_interval);
    fault("rot_interval_us", f.rot_interval);
    fault("retention_blocks", o.retention_blocks);
    fault("shell_mutant", static_cast<std::uint64_t>(o.shell_mutant));
    return out.str();
}

}  // namespace rondo::sim
