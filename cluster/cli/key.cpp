#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/config/genesis_file.hpp"

namespace rondo::cli {
namespace {

int show(const KeyCommand& command) {
    const Home home = Home::at(command.common.home);
    const std::filesystem::path folder = home.node(command.target) / "keys";
    std::error_code missing;
    if (!std::filesystem::is_directory(folder, missing))
        return fail(exit_usage, folder.string() + ": no such folder; NODE is the name of a node here, like node0");
    JsonArray list;
    Table table;
    table.header({"key", "kind", "public key or address", "sealed"});
    for (const char* name : {"signing", "signing.next", "transport", "transport.next", "watcher", "rewards", "fees"}) {
        const std::filesystem::path path = folder / (std::string(name) + ".key");
        const bool while_rotating = std::string_view(name).ends_with(".next");
        if (while_rotating && !std::filesystem::exists(path, missing)) continue;
        const auto header = read_key_header(path);
        if (!header) return fail(exit_usage, header.error().message);
        const std::string kind(to_string(header->kind)), shown = to_hex_prefixed(header->public_part);
        table.row({{name}, {kind}, {shown}, {header->sealed ? "yes" : "no"}});
        list.add(JsonObject().set("name", name).set("kind", kind).set("public", shown).set("sealed", header->sealed));
    }
    if (command.common.json)
        print_json(JsonObject().set("node", command.target).set("keys", list));
    else
        print_line(table.text());
    return exit_done;
}

int show_genesis(const KeyCommand& command) {
    const auto genesis = read_genesis(Home::at(command.common.home).genesis());
    if (!genesis) return fail(exit_usage, genesis.error().message);
    const std::string digest = to_hex_prefixed(digest_of(*genesis).view());
    if (command.common.json)
        print_json(JsonObject().set("chain_id", genesis->chain_id).set("genesis", digest));
    else
        print_line(digest);
    return exit_done;
}

int generate(const KeyCommand& command) {
    const Key key = generate_key(command.kind);
    std::string passphrase;
    if (command.passphrase.any()) {
        auto given = read_passphrase(command.passphrase, "new passphrase of " + command.target);
        if (!given) return fail(exit_usage, given.error().message);
        passphrase = std::move(*given);
    }
    const auto written = write_key(command.target, key, passphrase.empty() ? nullptr : &passphrase);
    if (!written) return fail(exit_usage, written.error().message);
    const std::string shown = to_hex_prefixed(key.public_part());
    if (command.common.json)
        print_json(JsonObject().set("file", command.target).set("kind", std::string(to_string(key.kind))).set("public", shown));
    else
        print_line(shown);
    return exit_done;
}

int reseal(const KeyCommand& command, bool seal) {
    const auto header = read_key_header(command.target);
    if (!header) return fail(exit_usage, header.error().message);
    if (header->sealed == seal) return fail(exit_no, command.target + (seal ? ": is sealed already" : ": is not sealed"));
    PassphraseSource source = command.passphrase;
    source.prompt = true;
    const auto key = read_key(command.target, header->kind, source);
    if (!key) return fail(exit_no, key.error().message);
    Configured<void> done;
    if (seal) {
        const auto passphrase = read_passphrase(source, "new passphrase of " + command.target);
        if (!passphrase) return fail(exit_usage, passphrase.error().message);
        done = replace_key(command.target, *key, &*passphrase);
    } else {
        done = replace_key(command.target, *key);
    }
    if (!done) return fail(exit_usage, done.error().message);
    if (command.common.json)
        print_json(JsonObject().set("file", command.target).set("sealed", seal));
    else
        print_line(command.target + (seal ? ": sealed" : ": unsealed"));
    return exit_done;
}

/// Asks one actor to lift its quarantine. A sentence with its answer; nothing if it is silent.
template <class Reply, class Accepted, class Request>
std::optional<std::string> lift(const NodeAddress& node, Actor actor, const Request& request, bool& lifted) {
    Client client = node.client(actor);
    const auto payload = client.ask(encode(request), answer_ms_max);
    const auto reply = payload ? decode<Reply>(*payload) : tl::unexpected(codec::DecodeError::truncated);
    if (!reply) return std::nullopt;
    if (const auto* refused = std::get_if<RequestError>(&*reply)) return refused->reason;
    const auto* accepted = std::get_if<Accepted>(&*reply);
    if (accepted == nullptr) return std::nullopt;
    lifted = true;
    if constexpr (std::is_same_v<Accepted, RiskAccepted>)
        return "votes again from view " + std::to_string(accepted->from_view.value) + " of epoch " +
               std::to_string(accepted->epoch.value) + " on";
    else
        return "acknowledges again; its own lane goes on after epoch " + std::to_string(accepted->epoch.value);
}

int accept_risk(const KeyCommand& command) {
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    const auto index = view->find(command.target);
    if (!index) return fail(exit_usage, command.target + ": no such node; NODE is the name of a node here, like node0");
    const NodeAddress& node = view->nodes[*index];
    bool lifted = false;
    const auto consensus = lift<ConsensusReply, RiskAccepted>(node, Actor::consensus,
                                                              ConsensusRequest(AcceptRisk{View(*command.from_view)}), lifted);
    const auto intake = lift<IntakeReply, LaneRiskAccepted>(node, Actor::intake, IntakeRequest(AcceptLaneRisk{}), lifted);
    if (!consensus && !intake) return fail(exit_unreachable, command.target + ": neither consensus nor intake answers");
    const std::string warning =
        "this key must run nowhere else, and must have signed nothing in these views: two signatures for one slot are slashed";
    if (command.common.json) {
        print_json(JsonObject()
                       .set("node", command.target)
                       .set("lifted", lifted)
                       .set("consensus", consensus)
                       .set("intake", intake)
                       .set("warning", warning));
    } else {
        print_line(command.target + "/consensus: " + consensus.value_or("does not answer"));
        print_line(command.target + "/intake: " + intake.value_or("does not answer"));
        if (lifted) print_line(warning);
    }
    return lifted ? exit_done : exit_no;
}

}  // namespace

int run_key(const KeyCommand& command) {
    if (command.verb == "show") return show(command);
    if (command.verb == "genesis") return show_genesis(command);
    if (command.verb == "accept-risk") return accept_risk(command);
    if (command.verb == "hand-over") return run_hand_over(command);
    if (command.verb == "take-over") return run_take_over(command);
    if (command.verb == "generate") return generate(command);
    return reseal(command, command.verb == "seal");
}

}  // namespace rondo::cli
