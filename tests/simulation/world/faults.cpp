#include <algorithm>

#include "tests/simulation/world/world.hpp"

// What goes wrong, and the end of it.
namespace rondo::sim {

void World::schedule(Micros interval, std::function<void()> fault) {
    if (interval == 0) return;
    clock_.after(random_.gap(interval), [this, interval, fault = std::move(fault)] {
        if (!chaos_) return;
        fault();
        schedule(interval, fault);
    });
}

void World::begin_chaos() {
    chaos_ = true;
    network_.set(options_.faults.links);
    schedule_partitions();
    schedule_crashes();
    schedule_disk_faults();
    schedule(options_.faults.clock_jump_interval, [this] {
        const auto max = static_cast<std::int64_t>(options_.faults.clock_jump_ms_max);
        set_clock(random_.below(nodes_.size()),
                  static_cast<std::int64_t>(random_.below(2 * options_.faults.clock_jump_ms_max + 1)) - max);
    });
}

void World::calm() {
    chaos_ = false;
    network_.set({});
    network_.heal();
    for (const auto& node : nodes_) {
        node->disk_full_until = 0;
        node->ahead_ms = node->skew_ms;
    }
    for (SimShell* shell : shells()) {
        shell->pause(0);
        shell->heal_rot();
        if (shell->awaits_disk()) shell->lose_disk();
        shell->start();
    }
}

// --------------------------------------------------------------------------------------------------------- links

void World::schedule_partitions() {
    schedule(options_.faults.partition_interval, [this] {
        cut_links();
        clock_.after(random_.gap(options_.faults.partition_length), [this] { network_.heal(); });
    });
    schedule(options_.faults.clog_interval, [this] {
        const NodeIndex from = random_.below(nodes_.size());
        const NodeIndex to = random_.below(nodes_.size());
        network_.clog(from, to, clock_.now() + random_.between(100, 1500) * millisecond);
    });
}

void World::cut_links() {
    if (options_.faults.partitions == PartitionKind::partial) {
        for (NodeIndex a = 0; a < nodes_.size(); ++a)
            for (NodeIndex b = 0; b < a; ++b)
                if (random_.one_in(3)) network_.partition({a}, {b}, random_.one_in(3));
        return;
    }
    std::vector<NodeIndex> left, right;
    for (NodeIndex i = 0; i < nodes_.size(); ++i) (random_.one_in(2) ? left : right).push_back(i);
    network_.partition(left, right, options_.faults.partitions == PartitionKind::one_way);
}

// ----------------------------------------------------------------------------------------------------- processes

void World::schedule_crashes() {
    const FaultPlan& f = options_.faults;
    const auto any_node = [this] { return static_cast<NodeIndex>(random_.below(nodes_.size())); };
    schedule(f.actor_crash_interval, [this, any_node] {
        const NodeIndex node = any_node();
        const auto actor = static_cast<Actor>(random_.below(actor_count));
        crash_actor(node, actor, random_.between(10, 1500) * millisecond);
    });
    schedule(f.node_crash_interval, [this, any_node] {
        const NodeIndex node = any_node();
        crash_node(node, random_.between(50, 3000) * millisecond, false);
    });
    schedule(f.power_cut_interval, [this, any_node] {
        const NodeIndex node = any_node();
        crash_node(node, random_.between(50, 3000) * millisecond, true);
    });
    schedule(f.pause_interval, [this, any_node] {
        const NodeIndex node = any_node();
        const Micros until = clock_.now() + random_.between(20, 2000) * millisecond;
        SimShell* one = sibling(node, static_cast<Actor>(random_.below(actor_count)));
        for (const auto& shell : nodes_[node]->shells)
            if (shell && (one == nullptr || shell.get() == one)) shell->pause(until);
    });
    if (f.cluster_power_cut_at != 0)
        clock_.after(f.cluster_power_cut_at, [this] {
            if (!chaos_) return;
            for (NodeIndex i = 0; i < nodes_.size(); ++i) crash_node(i, random_.between(50, 1000) * millisecond, true);
        });
}

void World::crash_actor(NodeIndex node, Actor actor, Micros downtime) {
    SimShell* shell = sibling(node, actor);
    if (shell == nullptr) return;
    shell->crash();
    clock_.after(downtime, [shell] { shell->start(); });
}

void World::crash_node(NodeIndex node, Micros downtime, bool power) {
    for (const auto& shell : nodes_[node]->shells) {
        if (!shell) continue;
        if (power)
            shell->power_cut();
        else
            shell->crash();
        clock_.after(downtime + random_.below(100 * millisecond), [s = shell.get()] { s->start(); });
    }
}

Boundary World::draw_boundary() {
    if (!chaos_ || options_.faults.boundary_crash_ppm == 0) return Boundary::none;
    if (random_.below(1'000'000) >= options_.faults.boundary_crash_ppm) return Boundary::none;
    return static_cast<Boundary>(1 + random_.below(3));
}

void World::kill(SimShell& shell) {
    shell.crash();
    start_soon(shell);
}

void World::start_soon(SimShell& shell) {
    clock_.after(random_.between(10, 800) * millisecond, [s = &shell] { s->start(); });
}

/// What the launcher does not start again, an operator does, who has put right what was wrong.
void World::on_exit(SimShell& shell, Exit why) {
    ++exits_[static_cast<std::size_t>(why)];
    Micros when = clock_.now() + random_.between(100, 2500) * millisecond;
    if (why == Exit::disk_full) when = std::max(when, nodes_[shell.node()]->disk_full_until);
    clock_.at(when, [s = &shell] {
        if (s->awaits_disk()) s->lose_disk();
        s->start();
    });
}

// --------------------------------------------------------------------------------------------------------- disks

void World::schedule_disk_faults() {
    const FaultPlan& f = options_.faults;
    schedule(f.disk_full_interval, [this] { fill_disk(random_.below(nodes_.size()), random_.between(50, 2500) * millisecond); });
    if (f.bad_disks.empty()) return;
    const auto bad_node = [this] { return options_.faults.bad_disks[random_.below(options_.faults.bad_disks.size())]; };
    schedule(f.bad_disk_interval, [this, bad_node] {
        const auto fault = static_cast<DiskFault>(random_.below(disk_fault_count));
        const NodeIndex node = bad_node();
        const Micros age = random_.between(100, 2500) * millisecond;
        spoil_disk(node, fault, age, random_.between(10, 1500) * millisecond);
    });
    schedule(f.rot_interval, [this, bad_node] {
        const NodeIndex node = bad_node();
        rot_disk(node, static_cast<Actor>(random_.below(actor_count)));
    });
}

void World::spoil_disk(NodeIndex node, DiskFault fault, Micros age, Micros downtime) {
    using enum DiskFault;
    std::vector<SimShell*> spoiled;
    const auto add = [&](Actor actor) {
        if (SimShell* shell = sibling(node, actor)) spoiled.push_back(shell);
    };
    if (fault != consensus_rolled_back && fault != consensus_lost) add(Actor::intake);
    if (fault != intake_rolled_back && fault != intake_lost) add(Actor::consensus);
    const bool lost = fault == intake_lost || fault == consensus_lost || fault == both_lost;
    for (SimShell* shell : spoiled)
        if (!lost) shell->take_backup();
    clock_.after(lost ? 0 : age, [this, spoiled, lost, downtime] {
        for (SimShell* shell : spoiled) {
            lost ? shell->lose_disk() : shell->restore_backup();
            clock_.after(downtime, [shell] { shell->start(); });
        }
    });
}

void World::rot_disk(NodeIndex node, Actor actor) {
    if (SimShell* shell = sibling(node, actor)) shell->rot_disk();
}

void World::fill_disk(NodeIndex node, Micros length) {
    Micros& until = nodes_[node]->disk_full_until;
    until = std::max(until, clock_.now() + length);
}

bool World::draw_sync_failure() {
    return chaos_ && options_.faults.sync_failure_ppm != 0 && random_.below(1'000'000) < options_.faults.sync_failure_ppm;
}

}  // namespace rondo::sim
