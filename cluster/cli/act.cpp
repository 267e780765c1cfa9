#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <iostream>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/cluster_file.hpp"

namespace rondo::cli {
namespace {

struct Target {
    std::string node;
    std::string actor;
};

/// Nothing when a part is empty: "node0/" must not come to mean all of node0, nor "" all nodes.
std::optional<Target> split(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == 0 || slash + 1 == text.size() || text.empty()) return std::nullopt;
    if (slash == std::string::npos) return Target{text, ""};
    return Target{text.substr(0, slash), text.substr(slash + 1)};
}

int no_target(const std::string& text) {
    return fail(exit_usage, "'" + text + "' names nothing; write it as NODE or NODE/ACTOR, like node0 or node0/consensus");
}

std::string past_tense(ControlAction action) {
    switch (action) {
        case ControlAction::restart:
            return "restarting";
        case ControlAction::kill:
            return "killed";
        case ControlAction::pause:
            return "paused";
        default:
            return "resumed";
    }
}

}  // namespace

int run_act(const ActCommand& command) {
    const Home home = Home::at(command.common.home);
    if (const auto cluster = read_cluster_file(home); !cluster) return fail(exit_usage, cluster.error().message);
    const auto target = split(command.target);
    if (!target) return no_target(command.target);
    if (!target->actor.empty() && !actor_from_string(target->actor))
        return fail(exit_usage,
                    "no such actor: " + target->actor + "; it is one of intake, consensus, execution, da, watcher, rewards");
    const auto reply = ask_launcher(home, {command.action, target->node, target->actor});
    if (!reply) return fail(exit_unreachable, home.root.string() + ": no launcher runs there; start it with 'rondo up'");
    if (!reply->refused.empty()) return fail(exit_usage, reply->refused);
    if (command.common.json)
        print_json(JsonObject().set("target", command.target).set("done", true));
    else
        print_line(command.target + ": " + past_tense(command.action));
    return exit_done;
}

int run_logs(const LogsCommand& command) {
    const Home home = Home::at(command.common.home);
    if (const auto cluster = read_cluster_file(home); !cluster) return fail(exit_usage, cluster.error().message);
    if (command.common.json && command.follow) return fail(exit_usage, "--json prints one value: leave out --json or --follow");
    const auto target = split(command.target);
    if (!target) return no_target(command.target);
    const auto actor = actor_from_string(target->actor);
    if (target->node != "launcher" && !actor) return fail(exit_usage, "name one actor, like node0/consensus, or launcher");
    const auto path = target->node == "launcher" ? home.launcher_log() : home.log_file(target->node, *actor);
    std::ifstream file(path);
    if (!file) return fail(exit_no, path.string() + ": no such log; did it ever run?");
    std::deque<std::string> last;
    for (std::string line; std::getline(file, line);) {
        last.push_back(line);
        if (last.size() > command.lines) last.pop_front();
    }
    if (command.common.json) {
        JsonArray lines;
        for (const std::string& line : last) lines.add(line);
        print_json(JsonObject().set("target", command.target).set("lines", lines));
        return exit_done;
    }
    for (const std::string& line : last) std::cout << line << '\n';
    std::cout.flush();
    if (!command.follow) return exit_done;
    const int watch = ::inotify_init1(IN_CLOEXEC);
    if (watch < 0 || ::inotify_add_watch(watch, path.c_str(), IN_MODIFY) < 0)
        return fail(exit_no, path.string() + ": cannot be watched");
    for (char events[4096]; ::read(watch, events, sizeof events) > 0;) {
        file.clear();
        std::error_code error;
        // The launcher empties a log that grew too large; begin again at its start.
        if (static_cast<std::streamoff>(std::filesystem::file_size(path, error)) < file.tellg()) file.seekg(0);
        for (std::string line; std::getline(file, line);) std::cout << line << '\n';
        std::cout.flush();
    }
    return exit_done;
}

}  // namespace rondo::cli
