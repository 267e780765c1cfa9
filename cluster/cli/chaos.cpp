#include <algorithm>

#include "cluster/chaos/outage.hpp"
#include "cluster/cli/commands.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/nearest.hpp"
#include "cluster/launcher/process.hpp"

namespace rondo::cli {
namespace {

using chaos::Finding;
using chaos::Outage;

std::string when(const Outage& outage) { return outage.replay == nullptr ? "not before settlement" : "now"; }

int list(const ChaosCommand& command) {
    JsonArray array;
    std::string text;
    for (const Outage& outage : chaos::outages()) {
        const std::string name(outage.name), happened(outage.happened), promise(outage.promise);
        array.add(JsonObject().set("name", name).set("when", when(outage)).set("happened", happened).set("promise", promise));
        text += name + (outage.replay == nullptr ? coloured(Colour::yellow, "  (not before settlement)") : "") + "\n  " +
                happened + "\n  Promise: " + promise + "\n\n";
    }
    if (command.json)
        print_json(JsonObject().set("outages", array));
    else
        print_line(text + "Replay one: rondo chaos NAME");
    return exit_done;
}

int report(const ChaosCommand& command, const Outage& outage, const chaos::Outcome& outcome) {
    if (command.json) {
        JsonArray findings;
        for (const Finding& f : outcome.findings)
            findings.add(JsonObject().set("promise", f.promise).set("measured", f.measured).set("kept", f.kept));
        print_json(JsonObject()
                       .set("name", std::string(outage.name))
                       .set("kept", outcome.kept())
                       .set("findings", findings)
                       .set("trouble", outcome.trouble));
    } else {
        Table table;
        table.header({"promise", "measured", ""});
        for (const Finding& f : outcome.findings)
            table.row({{f.promise}, {f.measured}, {f.kept ? "kept" : "BROKEN", f.kept ? Colour::green : Colour::red}});
        print_line(table.text());
    }
    if (!outcome.trouble.empty()) return fail(exit_timed_out, outcome.trouble);
    return outcome.kept() ? exit_done : exit_no;
}

}  // namespace

int run_chaos(const ChaosCommand& command) {
    if (command.list || command.name.empty()) return list(command);
    const auto& all = chaos::outages();
    const auto found = std::ranges::find(all, command.name, &Outage::name);
    if (found == all.end()) {
        std::vector<std::string> names;
        for (const Outage& outage : all) names.emplace_back(outage.name);
        return fail(exit_usage, "no such outage: " + command.name + "; did you mean '" + nearest_name(command.name, names) +
                                    "'? See 'rondo chaos --list'");
    }
    if (found->replay == nullptr)
        return fail(exit_not_yet, command.name + ": not before settlement. " + std::string(found->happened) + " " +
                                      std::string(found->promise));
    if (!command.json)
        print_line(std::string(found->happened) + "\n\nPromise: " + std::string(found->promise) +
                   "\n\nReplaying it on four nodes of this machine; that takes up to a minute.");
    return report(command, *found, chaos::replay(*found, program_folder()));
}

}  // namespace rondo::cli
