#include <unistd.h>

#include <charconv>

#include "cluster/cli/print.hpp"
#include "cluster/cli/program.hpp"
#include "cluster/config/nearest.hpp"

namespace rondo::cli {
namespace {

void add_init(Program& p, InitCommand& c, std::string& policy) {
    CLI::App* sub = p.add("init", "Make keys, genesis and configuration of a local cluster",
                          "  rondo init --home /tmp/four --nodes 4\n"
                          "  rondo init --home /tmp/real --alloc-from transactions.jsonl.gz\n"
                          "  rondo init --home /tmp/quick --profile test --set epoch_blocks=16 --fund "
                          "0x1111111111111111111111111111111111111111=1000000000000000000",
                          c.common);
    sub->add_option("--nodes", c.options.nodes, "1, or at least 4")->capture_default_str();
    add_genesis_options(sub, c.options, policy);
    sub->add_option("--stakes", c.options.stakes_ether, "Ether per node, separated by commas; default 32 each")->delimiter(',');
    sub->add_option("--load-accounts", c.options.load_accounts, "Funded senders for 'rondo load'")
        ->capture_default_str()
        ->check(CLI::Range(0, 1'000'000));
    add_history(sub, c.options.history);
    p.runs(sub, [&c, &policy] {
        c.options.policy = *policy_from_string(policy);
        return run_init(c);
    });
}

void add_up_down(Program& p, UpCommand& up, Common& down) {
    CLI::App* sub = p.add("up", "Start and supervise all actors",
                          "  rondo up --home /tmp/four\n  rondo up --home /tmp/four --detach", up.common);
    sub->add_flag("--detach", up.detach, "Return when all actors answer, and leave them running");
    sub->add_option("--wait", up.wait_s, "Seconds to wait for them")->capture_default_str();
    p.runs(sub, [&up] { return run_up(up); });
    p.runs(p.add("down", "Stop all actors", "  rondo down --home /tmp/four", down), [&down] { return run_down(down); });
}

void add_status(Program& p, StatusCommand& c) {
    CLI::App* sub = p.add("status", "One table: nodes and actors, heights, lag, restarts",
                          "  rondo status\n  rondo status --watch\n  rondo status --json | jq .nodes[0].final_height", c.common);
    sub->add_flag("--watch", c.watch, "Again every second");
    p.runs(sub, [&c] { return run_status(c); });
}

void add_act(Program& p, const std::string& name, const std::string& what, ControlAction action, ActCommand& c) {
    c.action = action;
    CLI::App* sub = p.add(name, what, "  rondo " + name + " node0/consensus\n  rondo " + name + " node1", c.common);
    sub->add_option("target", c.target, "NODE or NODE/ACTOR")->required();
    p.runs(sub, [&c] { return run_act(c); });
}

void add_logs(Program& p, LogsCommand& c) {
    CLI::App* sub = p.add("logs", "Show the log of one actor",
                          "  rondo logs node0/intake\n  rondo logs node2/consensus -f\n  rondo logs launcher", c.common);
    sub->add_option("target", c.target, "NODE/ACTOR, or launcher")->required();
    sub->add_flag("-f,--follow", c.follow, "Go on with what is written from now on");
    sub->add_option("-n,--lines", c.lines, "The last lines")->capture_default_str();
    p.runs(sub, [&c] { return run_logs(c); });
}

void add_send(Program& p, SendCommand& c, std::string& stage) {
    CLI::App* sub =
        p.add("send", "Send signed raw transactions from a file",
              "  rondo send transactions.jsonl.gz --await executed\n  rondo send sample.jsonl --rate 500 --await posted --json",
              c.common);
    sub->add_option("file", c.file, "One JSON object with `raw` per line; .jsonl or .jsonl.gz")->required();
    sub->add_option("--rate", c.rate, "Transactions per second; 0: as fast as they are taken")->capture_default_str();
    sub->add_option("--await", stage, "Wait until all admitted ones are there")
        ->check(CLI::IsMember({"accepted", "certified", "final", "executed", "posted"}));
    sub->add_option("--node", c.node, "Send all to this node, instead of each sender's home lane");
    sub->add_option("--timeout", c.timeout_s, "Seconds without any progress")->capture_default_str();
    p.runs(sub, [&c, &stage] {
        for (int i = 0; i <= static_cast<int>(Stage::posted); ++i)
            if (to_string(static_cast<Stage>(i)) == stage) c.await = static_cast<Stage>(i);
        return run_send(c);
    });
}

void add_load(Program& p, LoadCommand& c, std::string& rate, std::string& placement) {
    CLI::App* sub = p.add("load", "Generate transfers at a rate, and measure",
                          "  rondo load --rate 1000 --seconds 10\n  rondo load --rate max --seconds 20 --json\n"
                          "  rondo load --rate 200 --seconds 30 --payload 512",
                          c.common);
    const CLI::Validator number_or_max(
        [](const std::string& text) {
            const bool digits =
                !text.empty() && text.size() < 9 && text.find_first_not_of("0123456789") == std::string::npos && text[0] != '0';
            return text == "max" || digits ? std::string() : "a number from 1, or max";
        },
        "N|max");
    sub->add_option("--rate", rate, "Transactions per second; max: as many as are taken")
        ->capture_default_str()
        ->check(number_or_max);
    sub->add_option("--seconds", c.seconds, "How long")->capture_default_str()->check(CLI::Range(1, 86'400));
    sub->add_option("--accounts", c.accounts, "Each transfer goes to the next of so many accounts")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000'000));
    sub->add_option("--payload", c.payload_bytes, "Bytes of data in each")->capture_default_str()->check(CLI::Range(0, 120'000));
    sub->add_option("--placement", placement, "home: each sender's home lane; random: any node")
        ->check(CLI::IsMember({"home", "random"}))
        ->capture_default_str();
    sub->add_option("--node", c.node, "Send all to this node");
    sub->add_flag("--give-up", c.give_up, "Drop what was not taken when the time is over, as overload needs it");
    sub->add_option("--timeout", c.timeout_s, "Seconds without any progress after the last was sent")->capture_default_str();
    p.runs(sub, [&c, &rate, &placement] {
        if (rate != "max") c.rate = std::stoull(rate);
        c.random_placement = placement == "random";
        return run_load(c);
    });
}

void add_trace(Program& p, TraceCommand& c) {
    CLI::App* sub = p.add("trace", "A transaction's stages with times, or why it stopped", "  rondo trace 0x5f1a…", c.common);
    sub->add_option("hash", c.hash, "The transaction's hash")->required();
    p.runs(sub, [&c] { return run_trace(c); });
}

void add_verify(Program& p, VerifyCommand& c) {
    CLI::App* sub =
        p.add("verify", "Rebuild the state from the DA layer and the genesis alone, and compare",
              "  rondo verify --from-da\n  rondo verify --from-da --offline --da /mnt/copy --genesis genesis.json", c.common);
    sub->add_flag("--from-da", c.from_da, "From the posted data (the only source there is)");
    sub->add_option("--da", c.da_folder, "The DA store; default: the home's");
    sub->add_option("--genesis", c.genesis, "The genesis; default: the home's");
    sub->add_flag("--offline", c.offline, "Ask no running node: compare with the results cited in the blocks only");
    p.runs(sub, [&c] { return run_verify(c); });
}

void add_key(Program& p, KeyCommand& c, std::string& kind) {
    CLI::App* sub =
        p.add("key", "Show, make, seal and unseal key files; lift a quarantine; move a node to another machine",
              "  rondo key show node0\n  rondo key genesis\n  rondo key generate my.key --kind account\n  rondo key seal my.key\n"
              "  rondo key accept-risk node0 --from-view 5200\n  rondo key hand-over node0 --home /srv/old --to node.bundle\n"
              "  rondo key take-over node.bundle --home /srv/new",
              c.common);
    sub->add_option(
           "verb", c.verb,
           "show NODE | genesis | generate FILE | seal FILE | unseal FILE | accept-risk NODE | hand-over NODE | take-over FILE")
        ->required()
        ->check(CLI::IsMember({"show", "genesis", "generate", "seal", "unseal", "accept-risk", "hand-over", "take-over"}));
    sub->add_option("target", c.target, "NODE or FILE");
    sub->add_option("--kind", kind, "Of a new key")
        ->check(CLI::IsMember({"signing", "transport", "account"}))
        ->capture_default_str();
    sub->add_option("--passphrase-fd", c.passphrase.descriptor, "Read the passphrase from this file descriptor");
    sub->add_option("--passphrase-file", c.passphrase.file, "Read the passphrase from this file (mode 0600)");
    sub->add_option("--from-view", c.from_view,
                    "accept-risk: the first view of the current epoch that this key has surely signed nothing in");
    sub->add_option("--to", c.to, "hand-over: the file that keys and stores go into, sealed with the passphrase");
    p.runs(sub, [&c, &kind] {
        c.kind = *key_kind_from_string(kind);
        if (c.target.empty() && c.verb != "genesis")
            return fail(exit_usage, "key " + c.verb + " needs a target; see 'rondo key --help'");
        if (c.from_view.has_value() != (c.verb == "accept-risk"))
            return fail(exit_usage, "--from-view goes with accept-risk, and accept-risk needs it");
        if (c.to.empty() == (c.verb == "hand-over")) return fail(exit_usage, "--to goes with hand-over, and hand-over needs it");
        return run_key(c);
    });
}

void add_rewards(Program& p, RewardsCommand& c) {
    CLI::App* sub = p.add("rewards", "Who earned what, with proofs; claim it",
                          "  rondo rewards\n  rondo rewards --account 0x1111111111111111111111111111111111111111 --json\n"
                          "  rondo rewards --account 0x1111111111111111111111111111111111111111 --claim --key-file my.key",
                          c.common);
    sub->add_option("--account", c.account, "Of this account; default: where the operators' rewards go");
    sub->add_flag("--claim", c.claim, "Have it paid out to the account");
    sub->add_option("--key-file", c.key_file, "Key of the account that sends the claim and pays its fee; any funded one");
    sub->add_option("--passphrase-fd", c.passphrase.descriptor, "Read the key's passphrase from this file descriptor");
    sub->add_option("--passphrase-file", c.passphrase.file, "Read the key's passphrase from this file (mode 0600)");
    sub->add_option("--timeout", c.timeout_s, "Seconds to wait for the claim's execution")->capture_default_str();
    p.runs(sub, [&c] { return run_rewards(c); });
}

void add_chaos(Program& p, ChaosCommand& c) {
    CLI::App* sub =
        p.add_to(p.app, "chaos", "Replay an outage that a network had, and measure what was promised",
                 "  rondo chaos --list\n  rondo chaos leader-not-ready\n  rondo chaos upgrade --json\n\n"
                 "It starts a cluster of its own, and keeps its folder only after exit code 4. Exit codes: 0 the promise was\n"
                 "kept, 1 it was broken, 4 it could not be measured to its end, 5 it cannot be measured before there is\n"
                 "settlement.",
                 c.json);
    sub->add_option("name", c.name, "Of the outage");
    sub->add_flag("--list", c.list, "All of them, with what happened in the world and what Rondo promises");
    p.runs(sub, [&c] { return run_chaos(c); });
}

/// CLI11 reads -1 as 2^64 - 1, and what is larger than that as if it were that.
void refuse_odd_numbers(CLI::App& app) {
    const CLI::Validator whole(
        [](const std::string& text) {
            std::uint64_t value = 0;
            const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool fits = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
            return fits ? std::string() : "'" + text + "' is not a whole number from 0 to 2^64 - 1";
        },
        "");
    for (CLI::App* sub : subcommands_of(app)) {
        for (CLI::Option* option : sub->get_options([](const CLI::Option* o) { return o->get_type_name().starts_with("UINT"); }))
            option->check(whole);
        refuse_odd_numbers(*sub);
    }
}

std::string options_of(CLI::App& app) {
    std::string out;
    for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return !o->get_lnames().empty(); }))
        out += " --" + option->get_lnames().front();
    return out;
}

std::string names_of(const std::vector<CLI::App*>& commands) {
    std::string out;
    for (const CLI::App* command : commands) out += " " + command->get_name();
    return out;
}

/// Words for bash to complete: the commands, those within them, and each one's options; file names otherwise.
int print_completion(CLI::App& app) {
    std::string cases;
    const auto add = [&](const std::string& pattern, const std::string& words) {
        cases += "        " + pattern + ") words=\"" + words + "\" ;;\n";
    };
    for (CLI::App* sub : subcommands_of(app)) {
        const std::vector<CLI::App*> within = subcommands_of(*sub);
        for (CLI::App* inner : within)
            // The second word itself is still being written.
            add("\"" + sub->get_name() + " " + inner->get_name() + " \"*", options_of(*inner));
        add("\"" + sub->get_name() + " \"*", within.empty() ? options_of(*sub) : names_of(within));
    }
    print_line(
        "# source <(rondo completion)\n_rondo() {\n    local words=\"\"\n    case \"${COMP_WORDS[*]:1:COMP_CWORD}\" in\n" +
        cases + "    esac\n    [ \"$COMP_CWORD\" -eq 1 ] && words=\"" + names_of(subcommands_of(app)) +
        "\"\n    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _rondo rondo");
    return exit_done;
}

/// Empty, or what to say of a first word that is no command.
std::string unknown_command(CLI::App& app, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return {};
    std::vector<std::string> known;
    for (const CLI::App* sub : subcommands_of(app)) known.push_back(sub->get_name());
    if (std::find(known.begin(), known.end(), argv[1]) != known.end()) return {};
    const std::string best = nearest_name(argv[1], known);
    const bool alike = 2 * edit_distance(argv[1], best) <= best.size();
    return "unknown command '" + std::string(argv[1]) + (alike ? "'; did you mean '" + best + "'? See" : "'; see") +
           " 'rondo --help'";
}

}  // namespace

std::string to_string(Stage stage) {
    constexpr const char* names[] = {"accepted", "certified", "final", "executed", "posted"};
    return names[static_cast<std::size_t>(stage)];
}

int run_command_line(int argc, char** argv) {
    Program program;
    program.app.set_version_flag("--version", "rondo 0.1.0");
    program.app.require_subcommand(1);
    program.app.name("rondo");
    InitCommand init;
    UpCommand up;
    Common down;
    StatusCommand status;
    ActCommand restart, kill, pause, resume;
    LogsCommand logs;
    SendCommand send;
    LoadCommand load;
    TraceCommand trace;
    VerifyCommand verify;
    KeyCommand key;
    RewardsCommand rewards;
    ChaosCommand chaos;
    OperatorCommands operators;
    std::string policy = "round-robin", stage, rate = "100", placement = "home", kind = "signing";
    add_init(program, init, policy);
    operators.add_to(program);
    add_up_down(program, up, down);
    add_status(program, status);
    add_act(program, "restart", "Stop an actor or a node, and start it again", ControlAction::restart, restart);
    add_act(program, "kill", "Kill it without warning; the launcher starts it again", ControlAction::kill, kill);
    add_act(program, "pause", "Stop it from running, without ending it", ControlAction::pause, pause);
    add_act(program, "resume", "Let a paused one go on", ControlAction::resume, resume);
    add_logs(program, logs);
    add_send(program, send, stage);
    add_load(program, load, rate, placement);
    add_trace(program, trace);
    add_verify(program, verify);
    add_key(program, key, kind);
    add_rewards(program, rewards);
    add_chaos(program, chaos);
    CLI::App* completion = program.app.add_subcommand("completion", "Print the completion script for bash");
    program.runs(completion, [&program] { return print_completion(program.app); });
    if (const std::string unknown = unknown_command(program.app, argc, argv); !unknown.empty()) return fail(exit_usage, unknown);
    refuse_odd_numbers(program.app);
    try {
        program.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.app.exit(error) == 0 ? exit_done : exit_usage;
    }
    return program.chosen();
}

}  // namespace rondo::cli
