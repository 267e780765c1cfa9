#include "cluster/launcher/launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "cluster/config/actor_file.hpp"
#include "cluster/launcher/process.hpp"
#include "cluster/launcher/restart_policy.hpp"

namespace rondo {
namespace {

constexpr DurationMs housekeeping_ms = 5000;
constexpr DurationMs room_look_ms = 1000;              // between two looks at a disk that was full
constexpr std::uint64_t room_bytes_min = 16ULL << 20;  // with less no actor that found its disk full is started again

Instant now() {
    using namespace std::chrono;
    return Instant(static_cast<std::uint64_t>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count()));
}

struct Child {
    std::string node;
    Actor actor;
    RestartPolicy policy;
    pid_t pid = 0;  ///< 0: none
    ProcessState state = ProcessState::waiting;
    Instant start_at;         ///< while waiting
    bool at_once = false;     ///< start again as soon as it has ended: a person asked for it
    bool needs_room = false;  ///< waiting: its disk was full when it ended
    std::uint64_t starts = 0;
    std::string last_end;
    [[nodiscard]] std::string name() const { return node + "/" + std::string(to_string(actor)); }
};

class Launcher {
  public:
    explicit Launcher(const LauncherOptions& options, ControlSocket control) : options_(options), control_(std::move(control)) {
        const ClusterFile& c = options_.cluster;
        const RestartPolicy::Limits limits{c.backoff_ms_min, c.backoff_ms_max, c.restarts_max, c.restart_window_s * 1000};
        for (const ClusterFile::Node& node : c.nodes)
            for (std::size_t a = 0; a < actor_count; ++a)
                children_.push_back(
                    {node.name, static_cast<Actor>(a), RestartPolicy(limits), 0, ProcessState::waiting, {}, false, false, 0, {}});
    }

    void run() {
        block_signals();
        while (!(stopping_ && all_ended())) {
            start_due();
            kill_overdue();
            wait_for_event();
        }
        control_.remove();
        std::error_code ignored;
        std::filesystem::remove_all(options_.home.run_folder(), ignored);  // holds sockets only
        say("all stopped");
    }

  private:
    void say(const std::string& text) {
        std::printf("%s\n", text.c_str());
        std::fflush(stdout);
    }

    void block_signals() {
        sigset_t set;
        ::sigemptyset(&set);
        for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
        ::sigprocmask(SIG_BLOCK, &set, nullptr);
        signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        ::signal(SIGPIPE, SIG_IGN);
    }

    [[nodiscard]] bool all_ended() const {
        return std::all_of(children_.begin(), children_.end(), [](const Child& c) { return c.pid == 0; });
    }

    void start_due() {
        if (stopping_) return;
        for (Child& child : children_) {
            if (child.state != ProcessState::waiting || child.start_at > now()) continue;
            if (child.needs_room && !has_room(child))
                child.start_at = now().plus(room_look_ms);
            else
                start(child);
        }
    }

    /// Enough to start with: whether there is enough to take something new, the intake decides.
    [[nodiscard]] bool has_room(const Child& child) const {
        const auto file = read_actor_file(options_.home.actor_file(child.node, child.actor));
        if (!file) return true;  // it says itself what is wrong with its file
        std::error_code error;
        const std::uintmax_t free = std::filesystem::space(file->store, error).available;
        return error || free >= room_bytes_min;
    }

    void start(Child& child) {
        const Home& home = options_.home;
        const auto log = home.log_file(child.node, child.actor);
        rotate_log(log, options_.cluster.log_mib_max << 20);
        child.pid = spawn(options_.programs / ("rondo-" + std::string(to_string(child.actor))),
                          {"--config", home.actor_file(child.node, child.actor).string()}, log);
        child.at_once = child.needs_room = false;
        if (child.pid > 0) {
            child.state = ProcessState::running;
            ++child.starts;
            return;
        }
        child.pid = 0;
        child.state = ProcessState::failed;
        child.last_end = std::string("cannot be started: ") + std::strerror(errno);
        say(child.name() + " " + child.last_end);
    }

    /// Sleeps until a signal, a request, the next start, or the next housekeeping.
    void wait_for_event() {
        DurationMs wait = housekeeping_ms;
        const Instant t = now();
        for (const Child& child : children_)
            if (child.pid > 0 ? child.state == ProcessState::stopping : child.state == ProcessState::waiting)
                wait = std::min(wait, child.start_at.minus_or_zero(t.value).value);
        pollfd events[2] = {{signals_, POLLIN, 0}, {control_.descriptor(), POLLIN, 0}};
        ::poll(events, 2, static_cast<int>(wait));
        if ((events[0].revents & POLLIN) != 0) take_signals();
        if ((events[1].revents & POLLIN) != 0) take_request();
        if (housekept_.plus(housekeeping_ms) <= t) {
            housekept_ = t;
            for (const Child& child : children_)
                rotate_log(options_.home.log_file(child.node, child.actor), options_.cluster.log_mib_max << 20);
        }
    }

    void take_signals() {
        signalfd_siginfo info{};
        while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
            if (info.ssi_signo != SIGCHLD) begin_stop();
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;)
            for (Child& child : children_)
                if (child.pid == pid) on_change(child, status);
    }

    void on_change(Child& child, int status) {
        if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
            if (child.state != ProcessState::stopping)
                child.state = WIFSTOPPED(status) ? ProcessState::paused : ProcessState::running;
            return;
        }
        child.pid = 0;
        const ProcessEnd end = describe_end(status);
        child.last_end = end.text;
        // Of one that stays down the reader wants the reason here, and the reason is the last that it said.
        if (const std::string said = end.may_restart ? "" : last_line(options_.home.log_file(child.node, child.actor));
            !said.empty())
            child.last_end += "\n    " + said;
        if (stopping_) {
            child.state = ProcessState::stopping;
            return;
        }
        child.needs_room = end.when_there_is_room;
        const auto delay = child.at_once      ? std::optional<DurationMs>(0)
                           : child.needs_room ? std::optional<DurationMs>(room_look_ms)
                           : end.may_restart  ? child.policy.after_end(now())
                                              : std::nullopt;
        child.state = delay ? ProcessState::waiting : ProcessState::failed;
        if (delay) child.start_at = now().plus(*delay);
        say(child.name() + " " + end.text +
            (child.needs_room ? ""
             : delay          ? "; starts again in " + std::to_string(*delay) + " ms"
                              : "; stays down until 'rondo restart'"));
    }

    void take_request() {
        const auto incoming = control_.accept();
        if (!incoming) return;
        const ControlRequest& request = incoming->request;
        ControlReply reply;
        reply.launcher_pid = static_cast<std::uint64_t>(::getpid());
        bool found = false;
        for (Child& child : children_) {
            if (!request.node.empty() && request.node != child.node) continue;
            if (!request.actor.empty() && request.actor != to_string(child.actor)) continue;
            found = true;
            if (stopping_ && request.action != ControlAction::status) continue;
            apply(request.action, child);
        }
        if (!found) reply.refused = "no such node or actor: " + request.node + (request.actor.empty() ? "" : "/" + request.actor);
        for (const Child& child : children_) reply.processes.push_back(report(child));
        const bool stop = request.action == ControlAction::stop;
        control_.reply(*incoming, reply, stop);
        if (stop) begin_stop();
    }

    [[nodiscard]] static ProcessReport report(const Child& child) {
        return {child.node,  std::string(to_string(child.actor)),      static_cast<std::uint64_t>(child.pid),
                child.state, child.starts == 0 ? 0 : child.starts - 1, child.last_end};
    }

    void apply(ControlAction action, Child& child) {
        switch (action) {
            case ControlAction::restart:
                child.policy.forget();
                child.at_once = true;
                child.needs_room = false;
                if (child.pid == 0)
                    child.state = ProcessState::waiting, child.start_at = now();
                else
                    ask_to_end(child);
                break;
            case ControlAction::kill:
                send(child, SIGKILL);
                break;
            case ControlAction::pause:
                send(child, SIGSTOP);
                break;
            case ControlAction::resume:
                send(child, SIGCONT);
                break;
            case ControlAction::status:
            case ControlAction::stop:
                break;
        }
    }

    void send(const Child& child, int signal) {
        if (child.pid > 0) ::kill(child.pid, signal);
    }

    void ask_to_end(Child& child) {
        child.state = ProcessState::stopping;
        child.start_at = now().plus(options_.cluster.stop_ms);  // from then on it is killed
        send(child, SIGTERM);
        send(child, SIGCONT);  // a paused process hears of it only when it goes on
    }

    void begin_stop() {
        if (stopping_) return;
        stopping_ = true;
        say("stopping");
        for (Child& child : children_) {
            if (child.pid > 0)
                ask_to_end(child);
            else
                child.state = ProcessState::stopping;
        }
    }

    void kill_overdue() {
        for (const Child& child : children_)
            if (child.state == ProcessState::stopping && child.pid > 0 && child.start_at <= now()) send(child, SIGKILL);
    }

    const LauncherOptions& options_;
    ControlSocket control_;
    std::vector<Child> children_;
    int signals_ = -1;
    bool stopping_ = false;
    Instant housekept_;
};

}  // namespace

Configured<LauncherLock> LauncherLock::take(const Home& home) {
    const int fd = ::open(home.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return config_error(home.lock().string() + ": cannot be opened: " + std::strerror(errno) +
                            "; the launcher and the actors write into the home, so it must be writable");
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return LauncherLock(fd);
    ::close(fd);
    return config_error(home.root.string() +
                        ": a launcher runs this cluster already; see 'rondo status', stop it with 'rondo down'");
}

LauncherLock::LauncherLock(LauncherLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
LauncherLock::~LauncherLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void run_launcher(const LauncherOptions& options, LauncherLock lock, ControlSocket control) {
    Launcher(options, std::move(control)).run();
    // `lock` ends here, after the last actor.
    static_cast<void>(lock);
}

}  // namespace rondo
