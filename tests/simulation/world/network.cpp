#include "tests/simulation/world/network.hpp"

#include <algorithm>

namespace rondo::sim {

Network::Network(Clock& clock, Random random, std::size_t nodes, Micros latency_min, Micros latency_max)
    : clock_(clock), random_(random), nodes_(nodes), links_(nodes * nodes) {
    for (NodeIndex a = 0; a < nodes; ++a)
        for (NodeIndex b = a; b < nodes; ++b) {
            const Micros latency = random_.between(latency_min, latency_max);
            link(a, b).latency = latency;
            link(b, a).latency = latency;
        }
}

void Network::set_latencies(std::span<const Micros> latencies) {
    for (std::size_t i = 0; i < links_.size(); ++i) links_[i].latency = latencies[i];
}

void Network::partition(const std::vector<NodeIndex>& left, const std::vector<NodeIndex>& right, bool one_way) {
    for (const NodeIndex a : left)
        for (const NodeIndex b : right) {
            link(a, b).cut = true;
            if (!one_way) link(b, a).cut = true;
        }
}

void Network::heal() {
    for (Link& l : links_) {
        l.cut = false;
        l.clogged_until = 0;
    }
}

void Network::send(NodeIndex from, NodeIndex to, std::size_t bytes, const std::function<void()>& deliver) {
    Link& l = link(from, to);
    if (l.cut || random_.permille(faults_.drop_permille)) return;
    l.free_at = std::max(l.free_at, clock_.now());
    if (bytes_per_second_ != 0) l.free_at += bytes * second / bytes_per_second_;
    const std::size_t copies = random_.permille(faults_.duplicate_permille) ? 2 : 1;
    for (std::size_t i = 0; i < copies; ++i) {
        const Micros travel = l.latency + random_.below(l.latency / 8 + 1) + random_.below(faults_.jitter + 1);
        const Micros arrival = std::max(l.free_at + travel, l.clogged_until);
        clock_.at(arrival, deliver);
    }
}

}  // namespace rondo::sim
