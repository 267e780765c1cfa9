#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cluster/config/cluster_file.hpp"
#include "cluster/config/error.hpp"
#include "cluster/config/home.hpp"
#include "cluster/config/key_file.hpp"
#include "cluster/runtime/retention.hpp"
#include "messages/base/endpoints.hpp"
#include "messages/wire/epoch.hpp"

/// The folder of one node: its keys and one file per actor. The only place that writes one, for a local cluster as for an
/// operator that has its node on a machine of its own.
namespace rondo {

/// All made anew.
struct NodeKeys {
    Key signing = generate_key(KeyKind::signing);
    Key transport = generate_key(KeyKind::transport);
    Key watcher = generate_key(KeyKind::account);
    Key rewards = generate_key(KeyKind::account);
    Key fees = generate_key(KeyKind::account);
};

/// Of each node, in this order: lanes, votes, sync, fetch, state, JSON-RPC.
inline constexpr std::uint16_t ports_per_node = channel_count + 1;

/// What it keeps (cluster/runtime/retention.hpp).
struct History {
    std::uint64_t blocks = 0;  ///< 0: the default
    bool archive = false;
};
/// What that means in a network with these parameters; an error if an actor could not come back with so little.
[[nodiscard]] Configured<Retention> retention_of(const History& history, const Parameters& parameters);

struct NodePlan {
    std::string name;  ///< "node0"
    OperatorNumber number = no_operator;
    Endpoints endpoints;         ///< where others reach it
    std::uint16_t rpc_port = 0;  ///< on loopback; 0: no JSON-RPC
    std::filesystem::path da_folder;
    std::vector<Peer> fixed_peers;
    History history;
};
/// With the ports from `first_port` on.
[[nodiscard]] NodePlan plan_node(const Home& home, const std::string& name, const std::string& host, std::uint16_t first_port);

[[nodiscard]] Configured<void> write_node(const Home& home, const NodePlan& plan, const NodeKeys& keys);

/// A home of one node, for an operator that has a machine of its own.
struct NodeOptions {
    Home home;
    std::string host;
    std::vector<std::uint16_t> ports;  ///< as many as ports_per_node, in their order; or none: free ones are chosen
    std::filesystem::path da_folder;   ///< empty: the home's own
    std::vector<Peer> fixed_peers;
    History history;
};
/// The plan of its only node, node0, that follows the network until it has a number.
[[nodiscard]] Configured<NodePlan> plan_only_node(const NodeOptions& options);
/// Everything but the genesis.
[[nodiscard]] Configured<void> write_only_node(const Home& home, const NodePlan& plan, const NodeKeys& keys);

/// Refuses a home where something is already, so that giving up half-way may remove all that is there.
[[nodiscard]] std::optional<ConfigError> check_new_home(const Home& home);

/// The node is this operator from its next start on. Changes the values of `operator` in its actors' files and in cluster.toml,
/// and nothing else in them.
[[nodiscard]] Configured<void> set_operator(const Home& home, const std::string& node, OperatorNumber number);

}  // namespace rondo
