#include "cluster/cli/nodes.hpp"

#include <algorithm>
#include <limits>

#include "cluster/config/actor_file.hpp"
#include "cluster/config/genesis_file.hpp"

namespace rondo::cli {

Configured<ClusterView> ClusterView::open(const std::string& folder) {
    ClusterView view;
    view.home = Home::at(folder);
    auto cluster = read_cluster_file(view.home);
    if (!cluster) return tl::make_unexpected(cluster.error());
    view.file = std::move(*cluster);
    for (const ClusterFile::Node& node : view.file.nodes) {
        // Every actor's file names the sockets of all six; intake's also has the JSON-RPC port.
        const auto intake = read_actor_file(view.home.actor_file(node.name, Actor::intake));
        if (!intake) return tl::make_unexpected(intake.error());
        const std::string rpc =
            intake->rpc.port == 0 ? "" : "http://" + intake->rpc.host + ":" + std::to_string(intake->rpc.port);
        view.nodes.push_back({node.name, node.number, intake->node, rpc});
    }
    std::stable_sort(view.nodes.begin(), view.nodes.end(),
                     [](const NodeAddress& a, const NodeAddress& b) { return a.number < b.number; });
    return view;
}

Configured<Genesis> ClusterView::genesis() const {
    std::error_code ignored;
    if (!std::filesystem::exists(home.genesis(), ignored) && std::filesystem::exists(home.entry(), ignored))
        return config_error(home.root.string() +
                            ": its genesis ceremony is not over; when all entries are collected: rondo genesis check --home " +
                            home.root.string() + " --genesis FILE");
    return read_genesis(home.genesis());
}

std::optional<std::size_t> ClusterView::find(const std::string& name) const {
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i].name == name) return i;
    return std::nullopt;
}

std::optional<HeadReply> ask_head(Client& consensus) {
    return ask<HeadReply, ConsensusReply>(consensus, ConsensusRequest(GetHead{}));
}

std::optional<BlockReply> ask_executed_head(Client& execution) {
    return ask<BlockReply, ExecutionReply>(execution, ExecutionRequest(GetBlock{}));
}

std::optional<AccountsReply> ask_accounts(Client& execution, const std::vector<Address>& addresses) {
    return ask<AccountsReply, ExecutionReply>(execution, ExecutionRequest(GetAccounts{addresses}), 5000);
}

std::optional<Height> ask_posted(Client& da) {
    const auto reply =
        ask<PostingsReply, DaReply>(da, DaRequest(GetPostings{Height(std::numeric_limits<std::uint64_t>::max() / 2)}));
    return reply ? std::optional<Height>(reply->posted) : std::nullopt;
}

}  // namespace rondo::cli
