#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "tests/simulation/cores/cores.hpp"
#include "tests/simulation/recorded/recorded.hpp"
#include "tests/simulation/run/simulation.hpp"
#include "tests/simulation/twins/game.hpp"

namespace {

using namespace rondo::sim;

constexpr int exit_skipped = 77;  ///< as tests/results.sh has it

struct Arguments {
    std::uint64_t first = 1;
    std::uint64_t last = 20;
    std::size_t nodes = 0;
    std::string stakes;
    std::string latencies;
    bool trace = false;
    bool json = false;
    bool twice = false;
    bool twins = false;
    std::uint64_t every = 1;
};

constexpr const char* usage =
    "rondo-sim --seeds A..B [--nodes N] [--stakes NAME] [--latencies NAME] [--twice] [--trace] [--json]\n"
    "  Runs the six cores of N nodes in one thread on a virtual clock, once per seed, with the faults that the seed draws.\n"
    "  --seeds A..B  the seeds, both ends included; one number is one seed\n"
    "  --nodes N     instead of the number of nodes that the seed draws\n"
    "  --stakes      recorded ones instead: cosmos, solana or sui\n"
    "  --latencies   recorded ones instead: aws, cometbft or cities\n"
    "  --twice       runs every tenth seed again and compares the traces\n"
    "  --trace       prints everything that leaves an actor\n"
    "  --json        one JSON object per seed and one for the whole\n"
    "rondo-sim --twins A..B|all [--every K]\n"
    "  Plays the scenarios with these numbers of a member that runs twice with one key: all that differ in who leads and who "
    "hears\n"
    "  whom during four views, whatever the names.\n"
    "  --every K     only every K-th of them\n";

bool parse_range(const char* text, Arguments& out) {
    char* end = nullptr;
    out.first = out.last = std::strtoull(text, &end, 10);
    if (std::strncmp(end, "..", 2) == 0) out.last = std::strtoull(end + 2, &end, 10);
    return *end == 0 && out.first <= out.last;
}

bool parse(int argc, char** argv, Arguments& out) {
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const bool has_value = i + 1 < argc;
        if (name == "--seeds" && has_value) {
            if (!parse_range(argv[++i], out)) return false;
        } else if (name == "--twins" && has_value) {
            out.twins = true;
            const char* which = argv[++i];
            if (std::strcmp(which, "all") == 0) {
                out.first = 0;
                out.last = std::numeric_limits<std::uint64_t>::max();
            } else if (!parse_range(which, out)) {
                return false;
            }
        } else if (name == "--every" && has_value) {
            out.every = std::strtoull(argv[++i], nullptr, 10);
            if (out.every == 0) return false;
        } else if (name == "--nodes" && has_value) {
            out.nodes = std::strtoull(argv[++i], nullptr, 10);
            if (out.nodes < 4) return false;
        } else if (name == "--stakes" && has_value) {
            out.stakes = argv[++i];
        } else if (name == "--latencies" && has_value) {
            out.latencies = argv[++i];
        } else if (name == "--trace") {
            out.trace = true;
        } else if (name == "--json") {
            out.json = true;
        } else if (name == "--twice") {
            out.twice = true;
        } else {
            return false;
        }
    }
    return true;
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out + '"';
}

std::string setting_of(const Arguments& arguments) {
    std::string out;
    if (arguments.nodes != 0) out += " --nodes " + std::to_string(arguments.nodes);
    if (!arguments.stakes.empty()) out += " --stakes " + arguments.stakes;
    if (!arguments.latencies.empty()) out += " --latencies " + arguments.latencies;
    return out;
}

/// Nothing if a recording is wanted that is not there.
std::optional<Options> options_of(std::uint64_t seed, const Arguments& arguments) {
    if (arguments.nodes == 0 && arguments.stakes.empty() && arguments.latencies.empty()) return draw_options(seed);
    Setting setting;
    setting.nodes = arguments.nodes != 0 ? arguments.nodes : draw_options(seed).nodes;
    const auto stakes = recorded_stakes(arguments.stakes, setting.nodes);
    const auto latencies = recorded_latencies(arguments.latencies, setting.nodes);
    if (stakes.has_value() == arguments.stakes.empty() || latencies.has_value() == arguments.latencies.empty())
        return std::nullopt;
    setting.stakes = stakes.value_or(std::vector<std::uint64_t>{});
    setting.latencies = latencies.value_or(std::vector<Micros>{});
    return draw_options(seed, setting);
}

void report(const Verdict& v, const Options& options, const Arguments& arguments) {
    if (arguments.json) {
        std::printf(
            "{\"seed\":%llu,\"ok\":%s,\"trace\":\"%016llx\",\"final_height\":%llu,\"executed\":%zu,\"simulated_ms\":%llu,"
            "\"failure\":%s,\"options\":%s}\n",
            static_cast<unsigned long long>(v.seed), v.ok() ? "true" : "false", static_cast<unsigned long long>(v.trace_hash),
            static_cast<unsigned long long>(v.final_height), v.executed,
            static_cast<unsigned long long>(v.simulated / millisecond), v.ok() ? "null" : quoted(*v.failure).c_str(),
            quoted(describe(options)).c_str());
    } else if (v.ok()) {
        std::printf("seed %-8llu ok      %4llu blocks %5zu executed %6.1f s  %016llx\n", static_cast<unsigned long long>(v.seed),
                    static_cast<unsigned long long>(v.final_height), v.executed, static_cast<double>(v.simulated) / second,
                    static_cast<unsigned long long>(v.trace_hash));
    } else {
        std::printf("seed %-8llu BROKEN  %s\n  options: %s\n  users: %s\n  replay: rondo-sim --seeds %llu%s --trace\n",
                    static_cast<unsigned long long>(v.seed), v.failure->c_str(), describe(options).c_str(), v.summary.c_str(),
                    static_cast<unsigned long long>(v.seed), setting_of(arguments).c_str());
    }
    std::fflush(stdout);
}

int run_seeds(const Arguments& arguments) {
    const Cores cores = real_cores();
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t runs = 0, broken = 0, simulated = 0;
    for (std::uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
        const auto options = options_of(seed, arguments);
        if (!options) {
            std::fputs("no such recording in the folder that the build knows as RONDO_DATA_DIR\n", stderr);
            return exit_skipped;
        }
        Verdict verdict = run_once(*options, cores, arguments.trace);
        if (arguments.twice && seed % 10 == 0 && run_once(*options, cores).trace_hash != verdict.trace_hash && verdict.ok())
            verdict.failure = "two runs of one seed left different traces";
        report(verdict, *options, arguments);
        ++runs;
        broken += verdict.ok() ? 0 : 1;
        simulated += verdict.simulated;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const char* format = arguments.json
                             ? "{\"runs\":%llu,\"broken\":%llu,\"seeds_per_minute\":%.1f,\"simulated_per_wall\":%.1f}\n"
                             : "%llu runs, %llu broken, %.1f seeds/min, %.1f simulated seconds per wall second\n";
    std::printf(format, static_cast<unsigned long long>(runs), static_cast<unsigned long long>(broken),
                static_cast<double>(runs) * 60 / seconds, static_cast<double>(simulated) / second / seconds);
    return broken == 0 ? 0 : 1;
}

int play_twins(const Arguments& arguments) {
    const TwinsScenarios all;
    TwinsTable table;
    std::uint64_t played = 0, broken = 0;
    for (std::uint64_t i = arguments.first; i <= arguments.last && i < all.size(); i += arguments.every) {
        const TwinsOutcome outcome = table.play(all.at(i));
        ++played;
        if (!outcome.failure) continue;
        ++broken;
        std::printf("scenario %llu BROKEN  %s\n  %s\n", static_cast<unsigned long long>(i), outcome.failure->c_str(),
                    describe(all.at(i)).c_str());
        std::fflush(stdout);
    }
    std::printf("%llu of %zu scenarios, %llu broken\n", static_cast<unsigned long long>(played), all.size(),
                static_cast<unsigned long long>(broken));
    return broken == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fputs(usage, stderr);
        return 64;
    }
    return arguments.twins ? play_twins(arguments) : run_seeds(arguments);
}
