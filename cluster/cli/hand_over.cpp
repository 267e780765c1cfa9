#include <ctime>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/node_bundle.hpp"
#include "cluster/config/node_folder.hpp"

/// An operator's node moves to another machine (README.md, Moving a node). The order is what makes it safe: the old home is
/// marked before anything leaves it, and the new one gets its stores last.
namespace rondo::cli {
namespace {

namespace fs = std::filesystem;

std::string today() {
    const std::time_t now = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
    return text;
}

Configured<BundledNode> node_of(const Home& home, const std::string& name, const ClusterFile& cluster) {
    for (const ClusterFile::Node& node : cluster.nodes) {
        if (node.name != name) continue;
        if (node.number == no_operator)
            return config_error(name + ": follows the network, and signs nothing that could be handed over");
        const auto genesis = read_genesis(home.genesis());
        if (!genesis) return tl::make_unexpected(genesis.error());
        return BundledNode{node.number, digest_of(*genesis)};
    }
    return config_error(name + ": no such node; NODE is the name of a node here, like node0");
}

/// Its actors end with their launcher.
std::optional<std::string> stop_node(const Home& home, const ClusterFile& cluster) {
    if (!ask_launcher(home, {})) return std::nullopt;
    if (cluster.nodes.size() > 1)
        return "other nodes of " + home.root.string() + " would stop with it: stop all with 'rondo down' first";
    if (!stop_launcher(home, cluster.stop_ms + 5000)) return "the launcher does not end; see 'rondo status'";
    return std::nullopt;
}

int print_done(const KeyCommand& command, const std::string& node, const BundledNode& moved, const std::string& file,
               const std::string& text) {
    if (command.common.json)
        print_json(JsonObject().set("node", node).set("operator", std::uint64_t{moved.number.value}).set("file", file));
    else
        print_line(text);
    return exit_done;
}

}  // namespace

int run_hand_over(const KeyCommand& command) {
    const Home home = Home::at(command.common.home);
    const auto cluster = read_cluster_file(home);
    if (!cluster) return fail(exit_usage, cluster.error().message);
    const auto node = node_of(home, command.target, *cluster);
    if (!node) return fail(exit_usage, node.error().message);
    if (cluster->nodes.size() > 1 && ask_launcher(home, {}))
        return fail(exit_usage, "other nodes of " + home.root.string() + " would stop with it: stop all with 'rondo down' first");
    PassphraseSource source = command.passphrase;
    source.prompt = true;
    const auto passphrase = read_passphrase(source, "new passphrase of " + command.to);
    if (!passphrase) return fail(exit_usage, passphrase.error().message);

    const fs::path folder = home.node(command.target);
    const std::string sentence = "handed over on " + today() + " to " + command.to + ": this home signs nothing any more";
    if (const auto marked = mark_handed_over(folder, sentence); !marked) return fail(exit_no, marked.error().message);
    if (const auto why = stop_node(home, *cluster)) return fail(exit_timed_out, *why);
    const auto locks = StoreLocks::take(folder);
    if (!locks) return fail(exit_no, locks.error().message);
    if (const auto written = write_bundle(folder, *node, command.to, *passphrase, *locks); !written)
        return fail(exit_no,
                    written.error().message + "; " + command.target + " is marked already: run this again when it is mended");
    return print_done(
        command, command.target, *node, command.to,
        command.target + ": stopped, and signs nothing here any more; keys and stores are in " + command.to +
            "\nOn the other machine: rondo join --home HOME --genesis genesis.json --host HOST, then rondo key take-over " +
            command.to + " --home HOME\nTake it over once: two machines with one key are slashed.");
}

int run_take_over(const KeyCommand& command) {
    const Home home = Home::at(command.common.home);
    const auto cluster = read_cluster_file(home);
    const auto genesis = read_genesis(home.genesis());
    if (!cluster || !genesis) return fail(exit_usage, cluster ? genesis.error().message : cluster.error().message);
    if (cluster->nodes.size() != 1)
        return fail(exit_usage, home.root.string() + ": has several nodes; make a home of one with 'rondo join'");
    const std::string& name = cluster->nodes.front().name;
    const fs::path folder = home.node(name), store = folder / "store", fresh = folder / "taking-over";
    std::error_code error;
    if (!fs::is_empty(store, error) && !error)
        return fail(exit_no, store.string() +
                                 ": has stores already. A node is taken over by a home that never ran; if this is the one that "
                                 "took it over, remove " +
                                 command.target);
    PassphraseSource source = command.passphrase;
    source.prompt = true;
    const auto passphrase = read_passphrase(source, "passphrase of " + command.target);
    if (!passphrase) return fail(exit_usage, passphrase.error().message);
    fs::remove_all(fresh, error);
    const auto moved = open_bundle(command.target, *passphrase, fresh);
    if (!moved) return fail(exit_no, moved.error().message);
    if (moved->genesis != digest_of(*genesis))
        return fail(exit_no, command.target + ": is of another network than " + home.genesis().string());

    for (const auto& key : fs::directory_iterator(fresh / "keys", error))
        if (const auto placed = rename_into_place(key.path(), folder / "keys" / key.path().filename()); !placed)
            return fail(exit_no, placed.error().message);
    if (const auto set = set_operator(home, name, moved->number); !set) return fail(exit_no, set.error().message);
    fs::remove(store, error);
    if (const auto placed = rename_into_place(fresh / "store", store); !placed) return fail(exit_no, placed.error().message);
    fs::remove_all(fresh, error);
    if (!fs::remove(command.target, error))
        return fail(exit_no,
                    "taken over, but " + command.target + " cannot be removed; remove it, so that nobody takes it over again");
    return print_done(command, name, *moved, command.target,
                      name + ": is operator " + std::to_string(moved->number.value) + " now\nNext: rondo up --home " +
                          home.root.string() + "\nWhere others reach it elsewhere than before: rondo stake endpoints --home " +
                          home.root.string());
}

}  // namespace rondo::cli
