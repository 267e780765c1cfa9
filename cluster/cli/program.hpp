#pragma once
#include <CLI/CLI.hpp>
#include <functional>

#include "cluster/cli/commands.hpp"

/// The command line while it is put together. Only for the arguments*.cpp.
namespace rondo::cli {

struct Program {
    CLI::App app{"Rondo: a decentralised sequencer network. One tool to start, watch and use it."};
    std::function<int()> chosen;

    /// A subcommand with the options that all have.
    CLI::App* add(const std::string& name, const std::string& what, const std::string& examples, Common& common) {
        return add_to(app, name, what, examples, common);
    }
    CLI::App* add_to(CLI::App& parent, const std::string& name, const std::string& what, const std::string& examples,
                     Common& common) {
        CLI::App* sub = add_to(parent, name, what, examples, common.json);
        sub->add_option("--home", common.home, "The cluster's folder")->capture_default_str();
        return sub;
    }
    /// One that works on no home.
    CLI::App* add_to(CLI::App& parent, const std::string& name, const std::string& what, const std::string& examples,
                     bool& json) {
        CLI::App* sub = parent.add_subcommand(name, what);
        sub->footer("\nExamples:\n" + examples);
        sub->add_flag("--json", json, "Print one JSON value");
        return sub;
    }
    template <class Run>
    void runs(CLI::App* sub, Run run) {
        sub->callback([this, run] { chosen = run; });
    }
};

inline std::vector<CLI::App*> subcommands_of(CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

/// What a network is, for `init` and `genesis new`. `policy` becomes one of its options when the command runs.
void add_history(CLI::App* sub, History& history);
void add_genesis_options(CLI::App* sub, GenesisOptions& options, std::string& policy);

/// The commands of operators that share no machine: `genesis`, `join`, `stake`. They stay where they are while the program runs.
struct OperatorCommands {
    std::string policy = "round-robin";
    GenesisNewCommand draft;
    GenesisJoinCommand take_part;
    GenesisCollectCommand collect;
    GenesisCheckCommand check;
    JoinCommand join;
    StakeCommand registration, leaving, withdrawal, rotation, endpoints, list;

    void add_to(Program& program);
};

}  // namespace rondo::cli
