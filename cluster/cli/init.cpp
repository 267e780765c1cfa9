#include "cluster/cli/commands.hpp"
#include "cluster/cli/print.hpp"

namespace rondo::cli {
namespace {

JsonValue as_json(const InitSummary& summary, const InitCommand& command) {
    JsonArray rpc;
    for (const std::string& url : summary.rpc) rpc.add(url);
    JsonObject out;
    out.set("home", command.options.home.root.string()).set("nodes", command.options.nodes).set("chain_id", summary.chain_id);
    out.set("genesis", to_hex_prefixed(summary.genesis.view())).set("accounts", summary.accounts).set("rpc", rpc);
    if (summary.allocation) {
        JsonObject refused;
        for (const auto& [reason, count] : summary.allocation->refused) refused.set(reason, count);
        out.set("allocated", JsonObject()
                                 .set("transactions", summary.allocation->transactions)
                                 .set("senders", static_cast<std::uint64_t>(summary.allocation->accounts.size()))
                                 .set("refused", refused));
    }
    return out;
}

void print_summary(const InitSummary& summary, const InitCommand& command) {
    const std::string home = command.options.home.root.string();
    Table table;
    table.row(
        {{"cluster"},
         {std::to_string(command.options.nodes) + " nodes, " + std::to_string(command.options.nodes * actor_count) + " actors"}});
    table.row({{"home"}, {home}});
    table.row({{"chain id"}, {std::to_string(summary.chain_id)}});
    table.row({{"genesis"}, {to_hex_prefixed(summary.genesis.view())}});
    table.row({{"accounts"}, {std::to_string(summary.accounts) + " funded"}});
    if (summary.allocation)
        table.row({{"allocated"},
                   {std::to_string(summary.allocation->accounts.size()) + " senders of " +
                    std::to_string(summary.allocation->transactions) + " recorded transactions"}});
    for (std::size_t i = 0; i < summary.rpc.size() && i < 4; ++i) table.row({{i == 0 ? "JSON-RPC" : ""}, {summary.rpc[i]}});
    print_line(table.text() +
               "\nA local cluster: here one party holds the keys of every operator. For a network of independent operators each\n"
               "makes its keys at home: rondo genesis --help.\n\nNext: rondo up --home " +
               home);
}

}  // namespace

int run_init(InitCommand command) {
    command.options.home = Home::at(command.common.home);
    if (command.options.timestamp_ms == 0) command.options.timestamp_ms = now_ms();
    const auto summary = init_cluster(command.options);
    if (!summary) return fail(exit_usage, summary.error().message);
    if (command.common.json)
        print_json(as_json(*summary, command));
    else
        print_summary(*summary, command);
    return exit_done;
}

}  // namespace rondo::cli
