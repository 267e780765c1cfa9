#include "tests/simulation/run/simulation.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace rondo::sim {
namespace {

constexpr Micros liveness_bound_ordinary = 60 * second;
constexpr std::uint64_t liveness_blocks = 10;
constexpr std::size_t queue_bound = 5000;

std::set<OperatorNumber> byzantine_numbers(const World& world) {
    std::set<OperatorNumber> out;
    for (const ByzantineMember& m : world.options().byzantine) out.insert(world.number_of(m.node));
    return out;
}

std::set<OperatorNumber> bad_disk_numbers(const World& world) {
    std::set<OperatorNumber> out;
    for (const NodeIndex node : world.options().faults.bad_disks) out.insert(world.number_of(node));
    return out;
}

}  // namespace

struct Simulation::Parts {
    Parts(const Options& options, const Cores& cores)
        : world(options, cores),
          complain([this](std::string what) { world.fail(std::move(what)); }),
          members(world.genesis(), byzantine_numbers(world), bad_disk_numbers(world)),
          eavesdropper(members),
          agreement(world.genesis(), options.nodes, members, complain),
          certificates(complain),
          skips(members, complain),
          signatures(members, complain),
          receipts(members, complain),
          availability(members, complain),
          ledger(world.genesis(), options.nodes, members, complain),
          evidence(members, complain),
          workload(world),
          registrar(world) {
        eavesdropper.add(certificates);
        eavesdropper.add(skips);
        eavesdropper.add(signatures);
        eavesdropper.add(receipts);
        eavesdropper.add(availability);
        for (Observer* o : std::initializer_list<Observer*>{&ledger, &agreement, &eavesdropper, &availability, &skips, &evidence,
                                                            &workload, &registrar})
            world.add(*o);
        for (const SimShell* shell : world.shells()) present[static_cast<std::size_t>(shell->traits().actor)] = true;
    }
    [[nodiscard]] bool has(Actor actor) const { return present[static_cast<std::size_t>(actor)]; }

    World world;
    Complain complain;
    Members members;
    Eavesdropper eavesdropper;
    AgreementOracle agreement;
    CertificateOracle certificates;
    SkipOracle skips;
    SignatureOracle signatures;
    ReceiptOracle receipts;
    AvailabilityOracle availability;
    LedgerOracle ledger;
    EvidenceOracle evidence;
    Workload workload;
    Registrar registrar;
    std::array<bool, actor_count> present{};
};

Simulation::Simulation(Options options, Cores cores)
    : options_(std::move(options)), cores_(std::move(cores)), print_trace_(std::getenv("TRACE") != nullptr) {}

Simulation::Parts& Simulation::parts() {
    if (!parts_) {
        parts_ = std::make_shared<Parts>(options_, cores_);
        parts_->world.print_trace(print_trace_);
        parts_->world.start();
        if (!parts_->has(Actor::intake)) return *parts_;
        parts_->workload.start();
        parts_->registrar.start();
    }
    return *parts_;
}

Simulation& Simulation::byzantine(NodeIndex node, Misbehaviour misbehaviour) {
    options_.byzantine.push_back({node, misbehaviour});
    return *this;
}
Simulation& Simulation::faults(const FaultPlan& plan) {
    options_.faults = plan;
    return *this;
}
Simulation& Simulation::print_trace(bool on) {
    print_trace_ = print_trace_ || on;
    return *this;
}

Simulation& Simulation::run(std::chrono::milliseconds length) {
    parts().world.run(static_cast<Micros>(length.count()) * millisecond);
    return *this;
}
Simulation& Simulation::chaos() {
    parts().world.begin_chaos();
    parts().world.run(options_.chaos);
    check_quarantines();
    return *this;
}
Simulation& Simulation::partition(const std::vector<NodeIndex>& left, const std::vector<NodeIndex>& right) {
    parts().world.network().partition(left, right);
    return *this;
}
Simulation& Simulation::crash(NodeIndex node, std::chrono::milliseconds downtime) {
    parts().world.crash_node(node, static_cast<Micros>(downtime.count()) * millisecond, false);
    return *this;
}
Simulation& Simulation::crash(NodeIndex node, Actor actor, std::chrono::milliseconds downtime) {
    parts().world.crash_actor(node, actor, static_cast<Micros>(downtime.count()) * millisecond);
    return *this;
}
Simulation& Simulation::cut_power(NodeIndex node, std::chrono::milliseconds downtime) {
    parts().world.crash_node(node, static_cast<Micros>(downtime.count()) * millisecond, true);
    return *this;
}
Simulation& Simulation::bad_disk(NodeIndex node) {
    options_.faults.bad_disks.push_back(node);
    return *this;
}
Simulation& Simulation::spoil_disk(NodeIndex node, World::DiskFault fault, std::chrono::milliseconds age) {
    parts().world.spoil_disk(node, fault, static_cast<Micros>(age.count()) * millisecond, 100 * millisecond);
    return *this;
}
Simulation& Simulation::heal() {
    parts().world.calm();
    return *this;
}

// ---------------------------------------------------------------------------------------------------- liveness

/// Under `single` three of four views are lost to a leader that does not propose: the same number of blocks takes longer.
Micros Simulation::liveness_bound() const {
    const bool leader_may_be_silent = options_.policy == Policy::single && options_.is_byzantine(0);
    return leader_may_be_silent ? 2 * liveness_bound_ordinary : liveness_bound_ordinary;
}

Simulation& Simulation::recover() {
    Parts& p = parts();
    heal();
    const std::uint64_t target = p.agreement.head() + liveness_blocks;
    // Users go on for a while, so that there is something to order, then leave the backlog to drain.
    p.world.run_until([&] { return is_recovered(target); }, liveness_bound() / 2);
    p.workload.stop();
    if (!p.world.run_until([&] { return is_recovered(target) && p.workload.backlog().empty(); }, liveness_bound()))
        p.world.fail("no recovery: " + what_is_missing(target));
    if (failure() && print_trace_) print_states();
    if (!failure()) p.agreement.check_complete();
    check_batches();
    check_queues();
    check_quarantines();
    return *this;
}

bool Simulation::is_recovered(std::uint64_t target) {
    Parts& p = parts();
    if (p.has(Actor::execution) && !p.registrar.is_done()) return false;
    for (NodeIndex i = 0; i < options_.nodes; ++i) {
        if (options_.is_byzantine(i)) continue;
        if (p.has(Actor::consensus) && p.agreement.final_height(i) < target) return false;
        if (p.has(Actor::execution) && p.ledger.executed_height(i) < target) return false;
        // Who was in quarantine votes again, in views of which some block is final already.
        if (!options_.has_bad_disk(i) || p.agreement.chain().empty()) continue;
        const Proposal& below = p.agreement.chain().lower_bound(target - liveness_blocks)->second;
        if (p.signatures.newest_view(p.world.number_of(i)) <= std::pair(below.epoch, below.view)) return false;
    }
    return true;
}

std::string Simulation::what_is_missing(std::uint64_t target) {
    Parts& p = parts();
    std::string out = "wanted height " + std::to_string(target) + "; final/executed";
    for (NodeIndex i = 0; i < options_.nodes; ++i)
        out += " " + std::to_string(p.agreement.final_height(i)) + "/" + std::to_string(p.ledger.executed_height(i));
    for (const NodeIndex i : options_.faults.bad_disks) {
        const auto [epoch, view] = p.signatures.newest_view(p.world.number_of(i));
        out += "; node " + std::to_string(i) + " signed last in epoch " + std::to_string(epoch.value) + " view " +
               std::to_string(view.value);
    }
    out += "; promised and not ordered: " + std::to_string(p.workload.backlog().size());
    for (const Hash256& hash : p.workload.backlog()) {
        const auto receipt = p.receipts.receipts().find(hash);
        if (receipt == p.receipts.receipts().end()) continue;
        const Receipt& r = receipt->second;
        out += ", first at epoch " + std::to_string(r.epoch.value) + " lane " + std::to_string(r.lane.value) + " height " +
               std::to_string(r.lane_height.value) + " index " + std::to_string(r.index);
        break;
    }
    return out;
}

void Simulation::print_states() {
    Parts& p = parts();
    for (SimShell* shell : p.world.shells()) {
        std::printf("node %zu %s:", shell->node(), std::string(to_string(shell->traits().actor)).c_str());
        if (!shell->is_up())
            std::printf(" down");
        else
            for (const StatusField& field : shell->status()) {
                const auto* number = std::get_if<std::uint64_t>(&field.value);
                std::printf(" %s=%s", field.name.c_str(),
                            number != nullptr ? std::to_string(*number).c_str() : std::get<std::string>(field.value).c_str());
            }
        std::printf(" queued=%zu\n", shell->queued());
    }
    for (auto it = p.agreement.chain().rbegin(); it != p.agreement.chain().rend() && it->first + 5 > p.agreement.head(); ++it)
        std::printf("block %llu: epoch %llu view %llu executed %llu cut_delta %zu\n", static_cast<unsigned long long>(it->first),
                    static_cast<unsigned long long>(it->second.epoch.value),
                    static_cast<unsigned long long>(it->second.view.value),
                    static_cast<unsigned long long>(it->second.executed.height.value), it->second.cut_delta.size());
}

/// Every batch that a final cut reaches can be fetched from an honest intake: the tips, and back by parent to the cut before.
void Simulation::check_batches() {
    Parts& p = parts();
    if (!p.has(Actor::intake) || !p.has(Actor::consensus) || failure()) return;
    struct Wanted {
        BatchRef batch;
        LaneHeight floor;
    };
    std::vector<Wanted> wanted;
    std::map<LaneId, LaneHeight> reached;
    // Of what retention lets go, nothing is asked; the chain grows meanwhile.
    const std::uint64_t newest = p.agreement.chain().empty() ? 0 : p.agreement.chain().rbegin()->first;
    const std::uint64_t kept = options_.retention_blocks == 0 ? newest : std::min(newest, options_.retention_blocks / 2);
    for (const auto& [height, block] : p.agreement.chain())
        for (const CutEntry& tip : block.cut_delta) {
            if (height > newest - kept) wanted.push_back({tip, reached[tip.lane]});
            reached[tip.lane] = tip.height;
        }
    constexpr std::size_t fetch_max = 32;
    for (int round = 0; round < 200 && !wanted.empty(); ++round) {
        std::map<Digest, BatchHeader> found;
        const std::size_t count = std::min(fetch_max, wanted.size());
        FetchBatches request;
        for (std::size_t i = 0; i < count; ++i) request.batches.push_back(wanted[i].batch);
        for (NodeIndex node = 0; node < options_.nodes; ++node) {
            if (options_.is_byzantine(node)) continue;
            p.world.request(node, Actor::intake, encode(IntakeRequest{request}), [&](const SharedBytes& payload) {
                const auto reply = decode<IntakeReply>(*payload);
                const auto* batches = reply ? std::get_if<FoundBatches>(&*reply) : nullptr;
                if (batches == nullptr) return;
                for (const BatchRecord& b : batches->batches) found.emplace(digest_of(b.header), b.header);
            });
        }
        p.world.run(60 * millisecond);
        std::vector<Wanted> next(wanted.begin() + static_cast<std::ptrdiff_t>(count), wanted.end());
        for (std::size_t i = 0; i < count; ++i) {
            const auto header = found.find(wanted[i].batch.digest);
            if (header == found.end())
                return p.world.fail("a final batch is to be had from no honest node: " + to_hex(wanted[i].batch.digest.view()));
            if (header->second.height.value > wanted[i].floor.value + 1)
                next.push_back({parent_of(header->second), wanted[i].floor});
        }
        wanted = std::move(next);
    }
    if (!wanted.empty()) p.world.fail("the batches of the final cuts do not end");
}

void Simulation::check_quarantines() {
    for (SimShell* shell : parts().world.shells()) {
        if (!shell->is_up() || options_.is_byzantine(shell->node()) || options_.has_bad_disk(shell->node())) continue;
        for (const StatusField& field : shell->status())
            if (field.name == "quarantined")
                parts().world.fail("node " + std::to_string(shell->node()) +
                                   " is in quarantine with a good disk: " + std::get<std::string>(field.value));
    }
}

void Simulation::check_queues() {
    for (const SimShell* shell : parts().world.shells())
        if (shell->queued_max() > queue_bound)
            parts().world.fail("the queue of " + std::string(to_string(shell->traits().actor)) + " grew to " +
                               std::to_string(shell->queued_max()));
}

// ----------------------------------------------------------------------------------------------------- verdict

const std::optional<std::string>& Simulation::failure() const { return parts_->world.failure(); }
std::uint64_t Simulation::final_height(NodeIndex node) const { return parts_->agreement.final_height(node); }
const std::set<OperatorNumber>& Simulation::offenders() const { return parts_->signatures.offenders(); }
const std::set<OperatorNumber>& Simulation::accused() const { return parts_->evidence.accused(); }
std::size_t Simulation::late_promises() const { return parts_->receipts.late(parts_->agreement.chain()).size(); }
std::vector<std::size_t> Simulation::set_sizes() const {
    std::vector<std::size_t> out;
    for (const auto& [epoch, context] : parts_->members.contexts()) out.push_back(context.operators.size());
    return out;
}
std::size_t Simulation::snapshots_taken() const { return parts_->ledger.bases(); }
const EpochContext& Simulation::newest_set() const { return parts_->members.contexts().rbegin()->second; }
World& Simulation::world() { return parts().world; }

Verdict Simulation::verdict() {
    Parts& p = parts();
    return {options_.seed, failure(), p.world.trace_hash(), p.world.clock().now(), p.agreement.head(), p.workload.executed(),
            offenders(),   accused(), p.workload.summary()};
}

Verdict run_once(const Options& options, const Cores& cores, bool print_trace) {
    return Simulation(options, cores).print_trace(print_trace).chaos().recover().verdict();
}

}  // namespace rondo::sim
