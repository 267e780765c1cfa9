#include "cluster/config/node_folder.hpp"

#include <array>

#include "cluster/config/actor_file.hpp"
#include "cluster/config/file_io.hpp"

namespace rondo {
namespace {

constexpr std::array<Actor, actor_count> all_actors{Actor::intake, Actor::consensus, Actor::execution,
                                                    Actor::da,     Actor::watcher,   Actor::rewards};
constexpr std::size_t file_bytes_max = 1U << 20;

/// What is reached by loopback listens there only; anything else on every interface of its kind: the host may be a name, or the
/// address of a router before it.
std::string listening(const Endpoints& at, Channel channel) {
    const bool is_six = at.host.find(':') != std::string::npos;
    const bool is_local = at.host == "localhost" || at.host == "::1" || at.host.starts_with("127.");
    const std::string here = is_six ? (is_local ? "[::1]" : "[::]") : is_local ? "127.0.0.1" : "0.0.0.0";
    return "tcp://" + here + ":" + std::to_string(port_of(at, channel));
}

ActorFile actor_file(const Home& home, Actor actor, const NodePlan& plan) {
    const std::filesystem::path folder = home.node(plan.name);
    ActorFile file;
    file.actor = actor;
    file.self = plan.number;
    file.genesis = home.genesis();
    file.store = folder / "store" / std::string(to_string(actor));
    if (signs(actor)) {
        file.signing_key = folder / "keys" / "signing.key";
        file.signing_next_key = folder / "keys" / "signing.next.key";
    }
    if (owns_channels(actor)) {
        file.transport_key = folder / "keys" / "transport.key";
        file.fixed_peers = plan.fixed_peers;
    }
    if (has_account(actor)) file.account_key = folder / "keys" / (std::string(to_string(actor)) + ".key");
    for (const Actor sibling : all_actors) {
        const std::string base = "ipc://" + (home.run_folder() / plan.name / std::string(to_string(sibling))).string();
        file.node[sibling] = {base + ".req", base + ".pub"};
    }
    for (std::size_t c = 0; c < channel_count; ++c) {
        const auto channel = static_cast<Channel>(c);
        if (owner_of(channel) == actor) file.listen[channel] = listening(plan.endpoints, channel);
    }
    file.rpc.port = plan.rpc_port;
    file.da_folder = plan.da_folder;
    file.retention_blocks = plan.history.blocks;
    file.archive = plan.history.archive;
    return file;
}

/// `text` with the value of `operator` replaced in the first table `header` that holds the line `marker`; nothing if there is
/// none.
std::optional<std::string> with_operator(const std::string& text, std::string_view header, const std::string& marker,
                                         OperatorNumber number) {
    for (auto begin = text.find(header); begin != std::string::npos; begin = text.find(header, begin + 1)) {
        const auto end = std::min(text.find("\n[", begin), text.size());
        const std::string table = text.substr(begin, end - begin);
        const auto line = table.find("\noperator");
        if (line == std::string::npos || table.find(marker) == std::string::npos) continue;
        const auto value = table.find_first_not_of(" \t", table.find('=', line) + 1);
        const auto after = std::min(table.find_first_of(" \t#\r\n", value), table.size());
        if (value == std::string::npos) continue;
        return text.substr(0, begin + value) + operator_toml(number) + text.substr(begin + after);
    }
    return std::nullopt;
}

Configured<void> set_operator_in(const std::filesystem::path& path, std::string_view header, const std::string& marker,
                                 OperatorNumber number) {
    const auto text = read_file(path, file_bytes_max);
    if (!text) return tl::make_unexpected(text.error());
    const auto changed = with_operator(*text, header, marker, number);
    if (!changed)
        return config_error(path.string() + ": has no line 'operator = …' in " + std::string(header) +
                            "; write it there: operator = " + operator_toml(number));
    return write_file(path, *changed);
}

}  // namespace

NodePlan plan_node(const Home& home, const std::string& name, const std::string& host, std::uint16_t first_port) {
    const auto port = [&](std::uint16_t offset) { return static_cast<std::uint16_t>(first_port + offset); };
    return {name, no_operator, {host, port(0), port(1), port(2), port(3), port(4)}, port(5), home.da_folder(), {}, {}};
}

Configured<void> write_node(const Home& home, const NodePlan& plan, const NodeKeys& keys) {
    const std::filesystem::path folder = home.node(plan.name);
    for (const char* part : {"", "keys", "store", "log"})
        if (auto made = make_private_folder(*part == '\0' ? folder : folder / part); !made) return made;
    const std::pair<const char*, const Key*> files[] = {{"signing.key", &keys.signing},
                                                        {"transport.key", &keys.transport},
                                                        {"watcher.key", &keys.watcher},
                                                        {"rewards.key", &keys.rewards},
                                                        {"fees.key", &keys.fees}};
    for (const auto& [name, key] : files)
        if (auto done = write_key(folder / "keys" / name, *key); !done) return done;
    for (const Actor actor : all_actors) {
        const std::filesystem::path path = home.actor_file(plan.name, actor);
        if (auto done = write_file(path, format_actor_file(actor_file(home, actor, plan), path.parent_path())); !done)
            return done;
    }
    return {};
}

Configured<Retention> retention_of(const History& history, const Parameters& parameters) {
    const std::uint64_t least = parameters.snapshot_blocks + 2 * parameters.execution_lag_max;
    if (history.blocks == 0) return Retention{std::max(4 * parameters.snapshot_blocks, least), history.archive};
    if (history.archive || history.blocks >= least) return Retention{history.blocks, history.archive};
    return config_error("retention of " + std::to_string(history.blocks) + " blocks is too little: at least " +
                        std::to_string(least) + " (snapshot_blocks + 2 execution_lag_max), or an actor could not come back");
}

Configured<NodePlan> plan_only_node(const NodeOptions& options) {
    if (!options.ports.empty() && options.ports.size() != ports_per_node)
        return config_error("--ports: give six, of lanes, votes, sync, fetch, state and JSON-RPC (0: none), separated by commas");
    std::uint16_t first_port = 0;
    if (options.ports.empty()) {
        const auto found = find_free_ports(options.home, ports_per_node);
        if (!found) return tl::make_unexpected(found.error());
        first_port = *found;
    }
    NodePlan plan = plan_node(options.home, "node0", options.host, first_port);
    if (const auto& given = options.ports; !given.empty()) {
        plan.endpoints = {options.host, given[0], given[1], given[2], given[3], given[4]};
        plan.rpc_port = given[5];
    }
    if (const std::string_view fault = fault_of(plan.endpoints); !fault.empty())
        return config_error("--host and --ports: " + std::string(fault));
    if (!options.da_folder.empty()) plan.da_folder = std::filesystem::absolute(options.da_folder).lexically_normal();
    plan.fixed_peers = options.fixed_peers;
    plan.history = options.history;
    return plan;
}

Configured<void> write_only_node(const Home& home, const NodePlan& plan, const NodeKeys& keys) {
    if (plan.da_folder == home.da_folder())
        if (auto made = make_private_folder(home.da_folder()); !made) return made;
    if (auto done = write_node(home, plan, keys); !done) return done;
    ClusterFile cluster;
    cluster.nodes.push_back({plan.name, plan.number, plan.endpoints.host});
    // Last: a home with this file is complete.
    return write_file(home.cluster_file(), format_cluster_file(cluster));
}

std::optional<ConfigError> check_new_home(const Home& home) {
    std::error_code error;
    if (std::filesystem::exists(home.cluster_file(), error))
        return ConfigError{home.root.string() +
                           ": there is a cluster here already; stop it with 'rondo down' and remove the folder, "
                           "or choose another --home"};
    if (std::filesystem::exists(home.root, error) && !std::filesystem::is_empty(home.root, error))
        return ConfigError{home.root.string() + ": is not an empty folder; choose another --home"};
    return std::nullopt;
}

Configured<void> set_operator(const Home& home, const std::string& node, OperatorNumber number) {
    for (const Actor actor : all_actors)
        if (auto done = set_operator_in(home.actor_file(node, actor), "[actor]", "", number); !done) return done;
    return set_operator_in(home.cluster_file(), "[[nodes]]", "name = " + toml_quoted(node), number);
}

}  // namespace rondo
