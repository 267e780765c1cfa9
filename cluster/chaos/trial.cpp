#include "cluster/chaos/trial.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cluster/config/actor_file.hpp"
#include "cluster/launcher/process.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::chaos {
namespace {

using namespace std::chrono_literals;
constexpr DurationMs answer_ms = 300;  // a hung actor is asked and not waited for
constexpr auto deadline_max = 120s;    // of what comes about at all: nothing is measured by it
constexpr auto look_interval = 20ms;
constexpr std::uint64_t close_blocks = 4;

std::string node_name(std::size_t node) { return "node" + std::to_string(node); }

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f s", seconds);
    return text;
}

double since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

/// True if it ended by itself with 0.
bool ended_well(pid_t process) {
    int status = 0;
    return process > 0 && ::waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

template <class Wanted, class Reply, class Request>
std::optional<Wanted> ask(Client& client, const Request& request, DurationMs deadline_ms = answer_ms) {
    const auto payload = client.ask(encode(request), deadline_ms);
    auto reply = payload ? decode<Reply>(*payload) : tl::unexpected(codec::DecodeError::truncated);
    Wanted* wanted = reply ? std::get_if<Wanted>(&*reply) : nullptr;
    return wanted == nullptr ? std::nullopt : std::optional<Wanted>(std::move(*wanted));
}

}  // namespace

Trial::Trial(Home home, std::filesystem::path programs) : home_(std::move(home)), programs_(std::move(programs)) {}

void Trial::give_up(const std::string& why) {
    if (!is_over()) outcome_.trouble = why;
}

Outcome Trial::outcome() && { return std::move(outcome_); }

/// `rondo` itself, as people use it.
pid_t Trial::run(const std::vector<std::string>& arguments, const std::string& output) const {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--home", home_.root.string(), "--json"});
    return spawn(programs_ / "rondo", all, home_.root.parent_path() / output);
}

void Trial::start() {
    if (!ended_well(run({"init", "--nodes", std::to_string(nodes), "--set", "idle_ms=100"}, "init.log")))
        return give_up("no cluster can be made: " + last_line(home_.root.parent_path() / "init.log"));
    for (std::size_t node = 0; node < nodes; ++node) {
        const auto file = read_actor_file(home_.actor_file(node_name(node), Actor::intake));
        if (!file) return give_up(file.error().message);
        for (const auto& [actor, at] : file->node) routers_[{node, actor}] = at.router;
    }
    if (!ended_well(run({"up", "--detach"}, "up.log")))
        return give_up("the cluster does not start: " + last_line(home_.root.parent_path() / "up.log"));
    if (!watch_blocks(3, {0, 1, 2, 3}).reached) give_up("no block becomes final");
}

void Trial::begin_load(std::uint64_t rate, std::uint64_t seconds, const std::string& only_node) {
    if (is_over()) return;
    std::vector<std::string> arguments{"load", "--rate", std::to_string(rate), "--seconds", std::to_string(seconds)};
    if (!only_node.empty()) arguments.insert(arguments.end(), {"--node", only_node});
    load_ = run(arguments, "load.json");
}

void Trial::end_load(const std::string& promise) {
    if (is_over()) return;
    const bool ended = ended_well(std::exchange(load_, 0));
    std::ifstream file(home_.root.parent_path() / "load.json");
    const auto said = nlohmann::json::parse(file, nullptr, false);
    if (said.is_discarded() || !said.contains("executed")) return give_up("the load says nothing of what became of it");
    const auto sent = said["transactions"].get<std::uint64_t>(), executed = said["executed"].get<std::uint64_t>();
    expect(promise,
           std::to_string(executed) + " of " + std::to_string(sent) + " executed, " + said["refused"].dump() + " refused",
           ended && sent > 0 && executed == sent && said["refused"].empty());
}

void Trial::act(ControlAction action, const std::string& target) {
    if (is_over()) return;
    const auto slash = target.find('/');
    const std::string actor = slash == std::string::npos ? "" : target.substr(slash + 1);
    const auto reply = ask_launcher(home_, {action, target.substr(0, slash), actor});
    if (!reply || !reply->refused.empty()) give_up("the launcher does not do what it is asked");
}

/// Stopped first, so that nothing is written to what is taken away.
void Trial::lose_disk(const std::string& node) {
    act(ControlAction::pause, node);
    if (is_over()) return;
    const std::filesystem::path store = home_.node(node) / "store";
    std::error_code error;
    std::filesystem::rename(store, home_.root.parent_path() / "lost", error);
    if (!error) std::filesystem::create_directory(store, error);
    if (error) return give_up(store.string() + ": " + error.message());
    act(ControlAction::kill, node);
}

// ------------------------------------------------------------------------------------------------- asking

Client& Trial::client(std::size_t node, Actor actor) {
    const std::pair key{node, actor};
    return clients_.try_emplace(key, routers_.at(key)).first->second;
}

std::optional<Height> Trial::final_height(std::size_t node) {
    const auto head = ask<HeadReply, ConsensusReply>(client(node, Actor::consensus), ConsensusRequest(GetHead{}));
    return head ? std::optional(head->final_height) : std::nullopt;
}

std::optional<Height> Trial::executed_height(std::size_t node) {
    const auto block = ask<BlockReply, ExecutionReply>(client(node, Actor::execution), ExecutionRequest(GetBlock{}));
    return block ? std::optional(block->height) : std::nullopt;
}

std::optional<ActorStatus> Trial::status(std::size_t node, Actor actor) { return client(node, actor).status(answer_ms); }

std::uint64_t Trial::highest() {
    std::uint64_t height = 0;
    for (std::size_t node = 0; node < nodes; ++node) height = std::max(height, final_height(node).value_or(Height(0)).value);
    return height;
}

// ----------------------------------------------------------------------------------------------- watching

/// Asks the nodes in turn for their head, the one that answered last first: a hung one delays a look by its deadline.
template <class Until>
Watched Trial::watch(std::chrono::milliseconds deadline, Until until) {
    Watched out;
    if (is_over()) return out;
    const auto began = Clock::now();
    auto grew = began;
    std::size_t source = 0;
    std::uint64_t first = 0, last = 0;
    while (Clock::now() - began < deadline) {
        const auto height = final_height(source);
        if (!height) source = (source + 1) % nodes;
        if (height && first == 0) first = last = height->value;
        if (height && height->value > last) {
            out.longest_gap_s = std::max(out.longest_gap_s, since(grew));
            grew = Clock::now();
            last = height->value;
        }
        out.reached = until();
        if (out.reached) break;
        std::this_thread::sleep_for(look_interval);
    }
    out.seconds = since(began);
    out.longest_gap_s = std::max(out.longest_gap_s, since(grew));
    out.blocks = last - first;
    return out;
}

Watched Trial::watch_blocks(std::uint64_t blocks, const std::vector<std::size_t>& which) {
    if (is_over()) return {};
    const std::uint64_t goal = highest() + blocks;
    return watch(deadline_max, [&] {
        return std::ranges::all_of(which, [&](std::size_t node) { return final_height(node).value_or(Height(0)).value >= goal; });
    });
}

Watched Trial::watch_for(std::chrono::milliseconds time) {
    return watch(time, [] { return false; });
}

Watched Trial::watch_until_at_head(std::size_t node) {
    return watch(deadline_max, [&] {
        const auto executed = executed_height(node);
        return executed && executed->value + close_blocks >= highest();
    });
}

Watched Trial::watch_until_signing(std::size_t node) {
    return watch(deadline_max, [&] {
        return std::ranges::all_of(std::array{Actor::consensus, Actor::intake}, [&](Actor actor) {
            const auto said = status(node, actor);
            return said && std::ranges::none_of(said->facts, [](const StatusEntry& fact) {
                       return fact.name == "quarantined" || fact.name == "waits_for_status_of_peers";
                   });
        });
    });
}

// ----------------------------------------------------------------------------------------------- judging

void Trial::expect(std::string promise, std::string measured, bool kept) {
    if (!is_over()) outcome_.findings.push_back({std::move(promise), std::move(measured), kept});
}

void Trial::expect_gap(const Watched& watched, double seconds_max) {
    expect("never longer than " + seconds_text(seconds_max) + " without a final block",
           "longest " + seconds_text(watched.longest_gap_s) + ", " + std::to_string(watched.blocks) + " blocks in " +
               seconds_text(watched.seconds),
           watched.longest_gap_s <= seconds_max);
}

std::vector<Digest> Trial::chain_of(std::size_t node, Height last) {
    std::vector<Digest> out;
    while (out.size() < last.value) {
        const auto reply = ask<FinalBlocksReply, ConsensusReply>(
            client(node, Actor::consensus), ConsensusRequest(GetFinalBlocks{Height(out.size() + 1), last}), 5000);
        if (!reply || reply->blocks.empty()) break;
        for (const FinalBlock& block : reply->blocks) out.push_back(digest_of(block.block));
    }
    return out;
}

void Trial::expect_one_chain() {
    if (is_over()) return;
    std::uint64_t common = ~0ULL;
    for (std::size_t node = 0; node < nodes; ++node) common = std::min(common, final_height(node).value_or(Height(0)).value);
    const std::vector<Digest> chain = chain_of(0, Height(common));
    bool equal = common > 0 && chain.size() == common;
    for (std::size_t node = 1; node < nodes; ++node) equal = equal && chain_of(node, Height(common)) == chain;
    expect("no final block is ever replaced: one chain on all nodes", std::to_string(common) + " blocks compared on 4 nodes",
           equal);
}

}  // namespace rondo::chaos
