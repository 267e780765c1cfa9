#include <chrono>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/actor_file.hpp"
#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"

/// `rondo genesis …` and `rondo join`: cluster/config/ceremony.hpp, from the command line.
namespace rondo::cli {
namespace {

Configured<void> write_new_file(const std::filesystem::path& path, const std::string& content) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return config_error(path.string() + ": exists already; name another file");
    return write_file(path, content);
}

Configured<std::vector<Peer>> peers_from(const std::vector<std::string>& sources) {
    std::vector<Peer> out;
    for (const std::string& source : sources) {
        Configured<std::vector<Peer>> found = std::vector<Peer>();
        if (source.find(',') == std::string::npos)
            found = read_peers_file(source);
        else if (auto peer = parse_peer(source))
            found->push_back(*std::move(peer));
        else
            found = tl::make_unexpected(peer.error());
        if (!found) return found;
        out.insert(out.end(), found->begin(), found->end());
    }
    return out;
}

int print_genesis(bool json, const std::string& file, const Genesis& genesis, const char* digest_name, const std::string& next) {
    const std::string digest = to_hex_prefixed(digest_of(genesis).view());
    if (json) {
        print_json(JsonObject()
                       .set("file", file)
                       .set(digest_name, digest)
                       .set("chain_id", genesis.chain_id)
                       .set("operators", static_cast<std::uint64_t>(genesis.operators.size())));
        return exit_done;
    }
    print_line(file + "\n" + digest_name + "  " + digest + "\n\n" + next);
    return exit_done;
}

}  // namespace

std::uint64_t now_ms() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

int run_genesis_new(GenesisNewCommand command) {
    if (command.options.timestamp_ms == 0) command.options.timestamp_ms = now_ms();
    const auto draft = draft_genesis(command.options);
    if (!draft) return fail(exit_usage, draft.error().message);
    if (const auto done = write_new_file(command.out, format_genesis(draft->genesis)); !done)
        return fail(exit_usage, done.error().message);
    return print_genesis(command.json, command.out, draft->genesis, "draft",
                         "Hand it to the operators. Each, on its own machine: rondo genesis join --draft " + command.out +
                             " --home HOME --moniker NAME --host HOST --stake ETHER --out NAME.entry.json");
}

int run_genesis_join(GenesisJoinCommand command) {
    const auto stake = wei_from_ether(command.stake_ether);
    if (!stake) return fail(exit_usage, "--stake: " + stake.error().message);
    command.options.self_stake = *stake;
    command.options.home = Home::at(command.common.home);
    const auto entry = take_part(command.options);
    if (!entry) return fail(exit_usage, entry.error().message);
    const std::string home = command.options.home.root.string(), out = command.options.out.string();
    if (command.common.json) {
        print_json(JsonObject()
                       .set("home", home)
                       .set("entry", out)
                       .set("draft", to_hex_prefixed(entry->draft.view()))
                       .set("key", to_hex_prefixed(entry->self.key.view()))
                       .set("owner", to_hex_prefixed(entry->self.fee_address.view())));
        return exit_done;
    }
    print_line("keys and configuration in " + home + "; back up " + home + "/node0/keys, and let nobody have them\nentry  " +
               out + "\ndraft  " + to_hex_prefixed(entry->draft.view()) +
               "  (all operators must see the same)\n\nHand the entry over. When " +
               "the genesis is collected: rondo genesis check --home " + home + " --genesis FILE");
    return exit_done;
}

int run_genesis_collect(const GenesisCollectCommand& command) {
    const auto genesis = collect(command.draft, {command.entries.begin(), command.entries.end()});
    if (!genesis) return fail(exit_usage, genesis.error().message);
    if (const auto done = write_new_file(command.out, format_genesis(*genesis)); !done)
        return fail(exit_usage, done.error().message);
    return print_genesis(command.json, command.out, *genesis, "genesis",
                         "Hand it to all operators. Each: rondo genesis check --home HOME --genesis " + command.out);
}

int run_genesis_check(const GenesisCheckCommand& command) {
    const Home home = Home::at(command.common.home);
    const auto installed = install_genesis(home, command.genesis);
    if (!installed) return fail(exit_no, installed.error().message);
    const std::string digest = to_hex_prefixed(installed->genesis.view());
    if (command.common.json) {
        print_json(JsonObject()
                       .set("home", home.root.string())
                       .set("genesis", digest)
                       .set("operator", std::uint64_t{installed->number.value})
                       .set("operators", static_cast<std::uint64_t>(installed->operators)));
        return exit_done;
    }
    print_line("in order, and installed: you are operator " + std::to_string(installed->number.value) + " of " +
               std::to_string(installed->operators) + "\ngenesis  " + digest +
               "  (compare it with the other operators, by another way than the file came)\n\nNext: rondo up --home " +
               home.root.string());
    return exit_done;
}

int run_join(JoinCommand command) {
    command.options.home = Home::at(command.common.home);
    auto peers = peers_from(command.sync_from);
    if (!peers) return fail(exit_usage, "--sync-from: " + peers.error().message);
    command.options.fixed_peers = std::move(*peers);
    const auto joined = join_network(command.options, command.genesis);
    if (!joined) return fail(exit_usage, joined.error().message);
    const std::string home = command.options.home.root.string(), owner = to_hex_prefixed(joined->owner.view());
    const std::string genesis = to_hex_prefixed(joined->genesis.view());
    const std::string rpc = joined->plan.rpc_port == 0 ? "" : "http://127.0.0.1:" + std::to_string(joined->plan.rpc_port);
    if (command.common.json) {
        print_json(JsonObject().set("home", home).set("genesis", genesis).set("owner", owner).set("rpc", rpc));
        return exit_done;
    }
    print_line("a node that follows the network, in " + home + "; back up " + home + "/node0/keys\ngenesis  " + genesis +
               "  (compare it with an operator)\nowner    " + owner +
               "  (to become an operator it needs the bond, and a little for fees)" + (rpc.empty() ? "" : "\nJSON-RPC " + rpc) +
               "\n\nNext: rondo up --home " + home + "\nThen: rondo stake register --home " + home +
               " --moniker NAME --stake ETHER --rpc URL, with the JSON-RPC of an operator's node");
    return exit_done;
}

}  // namespace rondo::cli
