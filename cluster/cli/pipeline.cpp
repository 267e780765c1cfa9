#include "cluster/cli/pipeline.hpp"

#include <poll.h>

#include <algorithm>

namespace rondo::cli {

Pipeline::Pipeline(const std::vector<NodeAddress>& nodes, RawOf raw_of) : raw_of_(std::move(raw_of)), open_(nodes.size()) {
    for (const NodeAddress& node : nodes) clients_.push_back(node.client(Actor::intake));
}

void Pipeline::send(std::size_t node, std::vector<TxIndex> transactions) {
    SubmitRequest request;
    for (const TxIndex tx : transactions) request.transactions.push_back(raw_of_(tx));
    const std::uint64_t id = clients_[node].send(encode(IntakeRequest(std::move(request))));
    open_[node][id] = {std::move(transactions), Clock::now()};
}

void Pipeline::poll(DurationMs wait_ms, const OnOutcome& on_outcome, const std::vector<int>& also) {
    bool any = false;
    for (int round = 0; round < 2; ++round) {
        for (std::size_t node = 0; node < clients_.size(); ++node) {
            while (const auto arrived = clients_[node].poll(0)) {
                any = true;
                const auto sent = open_[node].find(arrived->id);
                if (sent == open_[node].end()) continue;  // expired before
                const std::vector<TxIndex> transactions = std::move(sent->second.transactions);
                open_[node].erase(sent);
                const auto reply = decode<IntakeReply>(arrived->payload);
                const SubmitReply* outcomes = reply ? std::get_if<SubmitReply>(&*reply) : nullptr;
                // A request that the intake does not take at all is as good as busy.
                SubmitOutcome busy;
                busy.admission = Admission::busy;
                for (std::size_t i = 0; i < transactions.size(); ++i)
                    on_outcome(transactions[i],
                               outcomes != nullptr && i < outcomes->outcomes.size() ? outcomes->outcomes[i] : busy);
            }
        }
        if (any || round > 0 || wait_ms == 0) return;
        std::vector<pollfd> waiting;
        for (const Client& client : clients_) waiting.push_back({client.descriptor(), POLLIN, 0});
        for (const int descriptor : also) waiting.push_back({descriptor, POLLIN, 0});
        ::poll(waiting.data(), waiting.size(), static_cast<int>(wait_ms));
    }
}

void Pipeline::expire(DurationMs age_ms, const OnLost& on_lost) {
    const auto oldest = Clock::now() - std::chrono::milliseconds(age_ms);
    for (std::size_t node = 0; node < open_.size(); ++node) {
        std::vector<TxIndex> lost;
        std::erase_if(open_[node], [&](auto& entry) {
            if (entry.second.at > oldest) return false;
            lost.insert(lost.end(), entry.second.transactions.begin(), entry.second.transactions.end());
            return true;
        });
        for (const TxIndex tx : lost) on_lost(node, tx);
    }
}

bool Pipeline::idle() const {
    return std::all_of(open_.begin(), open_.end(), [](const auto& open) { return open.empty(); });
}

std::size_t Placement::home_of(const Address& sender, const std::vector<NodeAddress>& nodes) const {
    const LaneId home = home_lane(context_, sender);
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i].number == home) return i;
    return 0;
}

}  // namespace rondo::cli
