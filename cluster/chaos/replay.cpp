#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cluster/chaos/trial.hpp"
#include "messages/codec/codec.hpp"
#include "messages/codec/encode.hpp"

namespace rondo::chaos {
namespace {

constexpr std::uint64_t stop_ms_max = 15'000;

/// As it crosses from the process that measures to the one that tidies up.
struct Row {
    std::string promise, measured;
    std::uint8_t kept = 0;
    static auto fields(auto& v) { return std::tie(v.promise, v.measured, v.kept); }
};
struct Sheet {
    std::vector<Row> rows;
    std::string trouble;
    static auto fields(auto& v) { return std::tie(v.rows, v.trouble); }
};

[[noreturn]] void measure(const Outage& outage, const Home& home, const std::filesystem::path& programs, int out) {
    ::setpgid(0, 0);  // with what it starts; the cluster itself leaves it
    Trial trial(home, programs);
    trial.start();
    outage.replay(trial);
    const Outcome outcome = std::move(trial).outcome();
    Sheet sheet{{}, outcome.trouble};
    for (const Finding& f : outcome.findings)
        sheet.rows.push_back({f.promise, f.measured, f.kept ? std::uint8_t{1} : std::uint8_t{0}});
    const Bytes bytes = encode(sheet);
    const bool said = ::write(out, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    ::_exit(said ? 0 : 1);
}

/// All that is said until the other end is closed, or a signal asks to stop.
Bytes read_all(int in) {
    Bytes all;
    std::uint8_t buffer[4096];
    for (ssize_t got = 0; (got = ::read(in, buffer, sizeof buffer)) > 0;) all.insert(all.end(), buffer, buffer + got);
    return all;
}

volatile sig_atomic_t interrupted = 0;
extern "C" void on_interrupt(int) { interrupted = 1; }

/// Reading is broken off by them; nothing else is done in the handler.
void catch_interrupts() {
    struct sigaction action = {};
    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

Outcome outcome_from(const Bytes& bytes) {
    Outcome out;
    const auto sheet = decode<Sheet>(bytes);
    if (!sheet) {
        out.trouble = interrupted != 0 ? "interrupted" : "the measuring process ended before it had measured";
        return out;
    }
    for (const Row& row : sheet->rows) out.findings.push_back({row.promise, row.measured, row.kept != 0});
    out.trouble = sheet->trouble;
    return out;
}

}  // namespace

bool Outcome::kept() const {
    return trouble.empty() && !findings.empty() && std::ranges::all_of(findings, [](const Finding& f) { return f.kept; });
}

Outcome replay(const Outage& outage, const std::filesystem::path& programs) {
    std::string folder = (std::filesystem::temp_directory_path() / "rondo-chaos.XXXXXX").string();
    int pipe[2];
    if (::mkdtemp(folder.data()) == nullptr || ::pipe2(pipe, O_CLOEXEC) != 0) return {{}, "no temporary folder can be made"};
    const Home home = Home::at(std::filesystem::path(folder) / "home");
    catch_interrupts();
    const pid_t child = ::fork();
    if (child == 0) {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
        ::close(pipe[0]);
        measure(outage, home, programs, pipe[1]);
    }
    ::close(pipe[1]);
    Outcome outcome = outcome_from(child > 0 ? read_all(pipe[0]) : Bytes{});
    ::close(pipe[0]);
    if (child > 0) {
        ::kill(-child, SIGKILL);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    if (!stop_launcher(home, stop_ms_max)) outcome.trouble = "the cluster does not stop; its home is " + home.root.string();
    std::error_code ignored;
    if (outcome.trouble.empty() || interrupted != 0) std::filesystem::remove_all(folder, ignored);
    return outcome;
}

}  // namespace rondo::chaos
