#include <algorithm>
#include <thread>

#include "actors/da/verify/verify_store.hpp"
#include "actors/execution/core/executor.hpp"
#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/actor_file.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/config/genesis_file.hpp"

// The one place outside the actors' programs where two actors' libraries meet: the reader of what was posted feeds the executor.

namespace rondo::cli {
namespace {

struct Rebuilt {
    Height height;
    Digest block_digest{};
    Digest result_digest{};
    Hash256 state_root{};
};

/// Compares what was rebuilt with what each running node says, some blocks at a time.
class Comparison {
  public:
    explicit Comparison(const ClusterView* view) {
        if (view == nullptr) return;
        for (const NodeAddress& node : view->nodes) {
            Client execution = node.client(Actor::execution);
            if (ask_executed_head(execution)) nodes_.push_back({node.name, std::move(execution)});
        }
    }
    /// The first difference, as a sentence.
    [[nodiscard]] std::optional<std::string> add(const Rebuilt& block) {
        waiting_.push_back(block);
        return waiting_.size() < at_once ? std::nullopt : flush();
    }
    [[nodiscard]] std::optional<std::string> flush() {
        if (waiting_.empty()) return std::nullopt;
        for (Node& node : nodes_)
            if (auto wrong = compare(node)) return wrong;
        waiting_.clear();
        return std::nullopt;
    }
    [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }
    /// The node that could be compared at the fewest blocks: it may be behind, or keep fewer.
    [[nodiscard]] std::uint64_t least_compared() const {
        std::uint64_t least = nodes_.empty() ? 0 : nodes_.front().compared;
        for (const Node& node : nodes_) least = std::min(least, node.compared);
        return least;
    }

  private:
    static constexpr std::size_t at_once = 128;
    struct Node {
        std::string name;
        Client execution;
        std::uint64_t compared = 0;
    };

    std::optional<std::string> compare(Node& node) {
        for (std::size_t at = 0; at < waiting_.size();) {
            const GetResults request{waiting_[at].height, waiting_.back().height};
            const auto reply = ask<ResultsReply, ExecutionReply>(node.execution, ExecutionRequest(request), 5000);
            if (!reply || reply->results.empty()) return std::nullopt;  // not there (any more, or yet)
            std::size_t next = at;
            for (const ResultEntry& entry : reply->results) {
                while (next < waiting_.size() && waiting_[next].height < entry.height) ++next;
                if (next == waiting_.size()) break;
                const Rebuilt& ours = waiting_[next++];
                if (ours.height != entry.height) continue;
                ++node.compared;
                const std::string block = "block " + std::to_string(ours.height.value);
                if (ours.block_digest != entry.block_digest)
                    return block + " is " + to_hex_prefixed(ours.block_digest.view()) + " on the DA layer, but " +
                           to_hex_prefixed(entry.block_digest.view()) + " on " + node.name;
                if (ours.state_root != entry.result.state_root || ours.result_digest != entry.result_digest)
                    return block + ": the rebuilt state root is " + to_hex_prefixed(ours.state_root.view()) + ", " + node.name +
                           " has " + to_hex_prefixed(entry.result.state_root.view());
            }
            if (next == at) return std::nullopt;
            at = next;
        }
        return std::nullopt;
    }

    std::vector<Node> nodes_;
    std::vector<Rebuilt> waiting_;
};

std::vector<execution::LaneBatches> by_lane(const da::ChainBlock& block) {
    std::vector<execution::LaneBatches> lanes;
    for (const da::FrameBatch& batch : block.batches) {
        if (lanes.empty() || lanes.back().lane != batch.header.lane) lanes.push_back({batch.header.lane, {}});
        // The reader checked each payload against its header already.
        if (auto payload = decode<Payload>(batch.payload)) lanes.back().batches.push_back(std::move(*payload));
    }
    std::sort(lanes.begin(), lanes.end(), [](const auto& a, const auto& b) { return a.lane < b.lane; });
    return lanes;
}

class Rebuilding {
  public:
    Rebuilding(const Genesis& genesis, Comparison& comparison, bool quiet)
        : executor_(genesis, {.history = false, .archive = false}), comparison_(comparison), progress_("rebuilding", quiet) {
        executor_.open(store_);
    }

    tl::expected<std::vector<EpochContext>, std::string> on_block(const da::ChainBlock& block) {
        if (const auto wrong = executor_.check(store_, block.block)) return tl::make_unexpected(*wrong);
        const ExecutedBlock executed = executor_.execute(store_, block.block, by_lane(block));
        last_ = {executed.height, block.digest, executed.result_digest, executed.result.state_root};
        transactions_ += executed.outcomes.size();
        progress_.show(0, "block " + std::to_string(executed.height.value));
        if (difference_) return executed.contexts;
        difference_ = comparison_.add(last_);
        return executed.contexts;
    }

    [[nodiscard]] const Rebuilt& last() const { return last_; }
    [[nodiscard]] std::uint64_t transactions() const { return transactions_; }
    [[nodiscard]] const std::optional<std::string>& difference() const { return difference_; }

  private:
    execution::MemoryStore store_;
    execution::BlockExecutor executor_;
    Comparison& comparison_;
    Progress progress_;
    Rebuilt last_;
    std::uint64_t transactions_ = 0;
    std::optional<std::string> difference_;
};

void print_result(const VerifyCommand& command, const Rebuilding& rebuilding, const Comparison& comparison, bool equal,
                  const std::string& why) {
    const std::string root = to_hex_prefixed(rebuilding.last().state_root.view());
    if (command.common.json) {
        print_json(JsonObject()
                       .set("from", "da")
                       .set("height", rebuilding.last().height.value)
                       .set("state_root", root)
                       .set("equal", equal)
                       .set("transactions", rebuilding.transactions())
                       .set("nodes", static_cast<std::uint64_t>(comparison.nodes()))
                       .set("blocks_compared", comparison.least_compared())
                       .set("reason", why.empty() ? std::optional<std::string>() : why));
        return;
    }
    Table table;
    table.row({{"rebuilt from"}, {"the DA layer and the genesis alone"}});
    table.row({{"height"}, {std::to_string(rebuilding.last().height.value)}});
    table.row({{"transactions"}, {std::to_string(rebuilding.transactions())}});
    table.row({{"state root"}, {root}});
    table.row({{"compared with"},
               {std::to_string(comparison.nodes()) + " nodes, " + std::to_string(comparison.least_compared()) +
                " blocks on each or more"}});
    table.row({{"equal"}, {equal ? "yes" : "no", equal ? Colour::green : Colour::red}});
    print_line(table.text() + why);
}

/// Where the home's nodes post to: the first one's file tells.
std::filesystem::path da_folder_of(const Home& home) {
    const auto cluster = read_cluster_file(home);
    if (!cluster) return home.da_folder();
    const auto da = read_actor_file(home.actor_file(cluster->nodes.front().name, Actor::da));
    return da ? da->da_folder : home.da_folder();
}

}  // namespace

int run_verify(const VerifyCommand& command) {
    const Home home = Home::at(command.common.home);
    if (command.genesis.empty())
        if (const auto cluster = read_cluster_file(home); !cluster) return fail(exit_usage, cluster.error().message);
    const auto genesis = read_genesis(command.genesis.empty() ? home.genesis() : std::filesystem::path(command.genesis));
    if (!genesis) return fail(exit_usage, genesis.error().message);
    std::optional<ClusterView> view;
    if (!command.offline) {
        auto opened = ClusterView::open(command.common.home);
        if (!opened) return fail(exit_usage, opened.error().message);
        view = std::move(*opened);
    }
    Comparison comparison(view ? &*view : nullptr);
    if (view && comparison.nodes() == 0)
        return fail(exit_unreachable, "no execution actor answers; start them with 'rondo up', or use --offline");
    const std::filesystem::path folder =
        command.da_folder.empty() ? da_folder_of(home) : std::filesystem::path(command.da_folder);
    std::error_code unreadable;
    if (!std::filesystem::is_directory(folder, unreadable))
        return fail(exit_usage, folder.string() + ": no such folder; --da names the folder that the blocks were posted to");
    Rebuilding rebuilding(*genesis, comparison, command.common.json);
    const da::VerifyOptions options{.check_senders = true, .threads = std::max(1U, std::thread::hardware_concurrency())};
    const auto summary = da::verify_store(
        folder, *genesis, [&](const da::ChainBlock& block) { return rebuilding.on_block(block); }, options);
    std::string why;
    if (!summary)
        why = "block " + std::to_string(summary.error().height.value) + ": " + summary.error().reason;
    else if (rebuilding.difference())
        why = *rebuilding.difference();
    else if (const auto last = comparison.flush())
        why = *last;
    else if (rebuilding.last().height == Height(0))
        why = "nothing is posted yet";
    else if (view && comparison.least_compared() == 0)
        why = "no node could be compared";
    const bool equal = why.empty();
    print_result(command, rebuilding, comparison, equal, why);
    return equal ? exit_done : exit_no;
}

}  // namespace rondo::cli
