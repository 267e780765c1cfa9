#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/actor_file.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/launcher/launcher.hpp"
#include "cluster/launcher/process.hpp"

namespace rondo::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::optional<std::string> missing_program(const std::filesystem::path& folder) {
    for (std::size_t a = 0; a < actor_count; ++a) {
        const auto program = folder / ("rondo-" + std::string(to_string(static_cast<Actor>(a))));
        if (::access(program.c_str(), X_OK) != 0)
            return program.string() + ": missing; build it, or run the `rondo` that lies beside it";
    }
    return std::nullopt;
}

/// What is wrong with the files, before anything is started: all of one kind of mistake is found in one reading.
std::optional<ConfigError> check_files(const ClusterView& view) {
    if (const auto genesis = view.genesis(); !genesis) return genesis.error();
    for (const NodeAddress& node : view.nodes)
        for (std::size_t a = 0; a < actor_count; ++a) {
            const auto file = read_actor_file(view.home.actor_file(node.name, static_cast<Actor>(a)));
            if (!file) return file.error();
            std::vector<std::filesystem::path> keys{file->signing_key, file->transport_key, file->account_key};
            std::error_code ignored;
            if (std::filesystem::exists(file->signing_next_key, ignored)) keys.push_back(file->signing_next_key);
            for (const std::filesystem::path& key : keys)
                if (!key.empty())
                    if (const auto header = read_key_header(key); !header) return header.error();
        }
    return std::nullopt;
}

/// In the child of a detached start: leaves the terminal, writes into the launcher's log.
void become_daemon(const Home& home) {
    ::setsid();
    const int log = ::open(home.launcher_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(log, 1);
    ::dup2(log, 2);
}

/// Which actors do not answer; of those that will never by themselves, why.
struct Waiting {
    std::string silent;
    std::string failed;
};

Waiting look(const ClusterView& view, std::vector<std::pair<std::string, Client>>& open) {
    Waiting out;
    if (const auto reply = ask_launcher(view.home, {}))
        for (const ProcessReport& p : reply->processes)
            if (p.state == ProcessState::failed) out.failed += "\n  " + p.node + "/" + p.actor + ": " + p.last_end;
    std::erase_if(open, [](auto& entry) { return entry.second.status(300).has_value(); });
    for (const auto& [name, client] : open) out.silent += (out.silent.empty() ? "" : ", ") + name;
    return out;
}

/// `alive` reaches its end when the launcher does.
int wait_for_actors(const ClusterView& view, const UpCommand& command, int alive) {
    std::vector<std::pair<std::string, Client>> open;
    for (const NodeAddress& node : view.nodes)
        for (const auto& [actor, at] : node.endpoints)
            open.emplace_back(node.name + "/" + std::string(to_string(actor)), Client(at.router));
    const std::size_t all = open.size();
    const auto deadline = Clock::now() + std::chrono::seconds(command.wait_s);
    Progress progress("starting", command.common.json);
    for (;;) {
        pollfd ended{alive, POLLIN, 0};
        if (::poll(&ended, 1, 50) == 1) return fail(exit_no, "the launcher ended; see " + view.home.launcher_log().string());
        const Waiting waiting = look(view, open);
        if (!waiting.failed.empty()) {
            static_cast<void>(stop_launcher(view.home, view.file.stop_ms + 3000));
            return fail(exit_no,
                        "stopped again, because actors do not start:" + waiting.failed + "\n  see 'rondo logs NODE/ACTOR'");
        }
        if (open.empty()) break;
        progress.show(static_cast<double>(all - open.size()) / static_cast<double>(all), waiting.silent.substr(0, 60));
        if (Clock::now() > deadline) return fail(exit_timed_out, "started, but no answer yet from " + waiting.silent);
    }
    return exit_done;
}

void print_up(const ClusterView& view, const UpCommand& command) {
    if (command.common.json) {
        JsonArray rpc;
        for (const NodeAddress& node : view.nodes) rpc.add(node.rpc);
        print_json(JsonObject()
                       .set("home", view.home.root.string())
                       .set("nodes", static_cast<std::uint64_t>(view.nodes.size()))
                       .set("rpc", rpc));
        return;
    }
    print_line(std::to_string(view.nodes.size()) + " nodes, " + std::to_string(view.nodes.size() * actor_count) +
               " actors up in " + view.home.root.string());
    for (const NodeAddress& node : view.nodes) print_line("  " + node.name + "  " + node.rpc);
}

int detach(const ClusterView& view, const UpCommand& command, const LauncherOptions& options, LauncherLock lock,
           ControlSocket control) {
    int alive[2];
    if (::pipe2(alive, O_CLOEXEC) != 0) return fail(exit_no, std::string("cannot start: ") + std::strerror(errno));
    const pid_t child = ::fork();
    if (child < 0) return fail(exit_no, std::string("cannot start: ") + std::strerror(errno));
    if (child == 0) {
        ::close(alive[0]);
        become_daemon(view.home);
        run_launcher(options, std::move(lock), std::move(control));
        ::_exit(0);
    }
    ::close(alive[1]);
    const int result = wait_for_actors(view, command, alive[0]);
    if (result == exit_done) print_up(view, command);
    return result;
}

}  // namespace

int run_up(const UpCommand& command) {
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    const LauncherOptions options{view->home, view->file, program_folder()};
    if (const auto missing = missing_program(options.programs)) return fail(exit_usage, *missing);
    if (const auto wrong = check_files(*view)) return fail(exit_usage, wrong->message);
    auto lock = LauncherLock::take(view->home);
    if (!lock) return fail(exit_no, lock.error().message);
    auto control = ControlSocket::listen(view->home);
    if (!control) return fail(exit_usage, control.error().message);
    if (command.detach) return detach(*view, command, options, std::move(*lock), std::move(*control));
    if (!command.common.json)
        print_line("starting " + std::to_string(view->nodes.size() * actor_count) + " actors of " + view->home.root.string() +
                   "; Ctrl-C stops them, 'rondo status' in another terminal shows them");
    run_launcher(options, std::move(*lock), std::move(*control));
    return exit_done;
}

int run_down(const Common& common) {
    const Home home = Home::at(common.home);
    const bool was_up = ask_launcher(home, {}).has_value();
    // What runs can be stopped whatever has become of its files meanwhile.
    const auto file = read_cluster_file(home);
    if (!file && !was_up) return fail(exit_usage, file.error().message);
    if (!stop_launcher(home, (file ? file->stop_ms : ClusterFile{}.stop_ms) + 5000))
        return fail(exit_timed_out, "the launcher does not end; see 'rondo status'");
    if (common.json)
        print_json(JsonObject().set("home", home.root.string()).set("was_up", was_up));
    else
        print_line(home.root.string() + (was_up ? ": all stopped" : ": nothing was running"));
    return exit_done;
}

}  // namespace rondo::cli
