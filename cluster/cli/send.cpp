#include <set>
#include <thread>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/nonce_watch.hpp"
#include "cluster/cli/pipeline.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/cli/stages.hpp"
#include "cluster/config/transaction_file.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::cli {
namespace {

constexpr std::size_t chunk_transactions_max = 256;
constexpr std::size_t chunk_bytes_max = 1U << 20;
constexpr std::size_t chunks_in_flight_max = 4;   ///< per node
constexpr DurationMs answer_age_max_ms = 10'000;  ///< then another node is tried
constexpr auto busy_pause = std::chrono::milliseconds(50);
constexpr auto look_interval = std::chrono::milliseconds(200);

struct Item {
    Bytes raw;
    Address sender{};
    std::uint64_t nonce = 0;
    bool sent_before = false;
};

/// Nonce and sender, from the bytes alone: what the file says of them may be wrong. A transaction that we cannot read is sent as
/// it is, to be refused by name.
void examine(Item& item) {
    const auto decoded = ethereum::decode_any(item.raw);
    if (!decoded) return;
    item.nonce = decoded->transaction.nonce;
    item.sender = ethereum::recover_sender(decoded->transaction).value_or(Address{});
}

Configured<std::vector<Item>> read_items(const SendCommand& command) {
    auto file = TransactionFile::open(command.file);
    if (!file) return tl::make_unexpected(file.error());
    Progress progress("reading", command.common.json);
    std::vector<Item> items;
    for (;;) {
        auto next = file->next();
        if (!next) return tl::make_unexpected(next.error());
        if (!next->has_value()) break;
        items.emplace_back().raw = std::move((*next)->raw);
        progress.show(file->progress(), std::to_string(items.size()) + " transactions");
    }
    const std::size_t parts = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (std::size_t part = 0; part < parts; ++part)
        threads.emplace_back([&items, part, parts] {
            for (std::size_t i = part; i < items.size(); i += parts) examine(items[i]);
        });
    for (std::thread& thread : threads) thread.join();
    return items;
}

class SendRun {
  public:
    SendRun(const SendCommand& command, const ClusterView& view, const Genesis& genesis, std::vector<Item> items)
        : command_(command),
          view_(view),
          items_(std::move(items)),
          pipeline_(view.nodes, [this](TxIndex tx) -> const Bytes& { return items_[tx].raw; }),
          placement_(genesis),
          queues_(view.nodes.size()),
          pause_until_(view.nodes.size()) {}

    int run() {
        if (!find_helper())
            return fail(exit_unreachable, view_.home.root.string() + ": no node answers; start it with 'rondo up'");
        tracker_.emplace(view_.nodes, helper_);
        const auto began = Clock::now();
        progressed_ = began;
        int result = submit_all(began);
        if (result == exit_done) result = await_stage();
        const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
        if (result == exit_done || result == exit_timed_out) print(seconds);
        if (result == exit_timed_out)
            return fail(exit_timed_out, "no progress for " + std::to_string(command_.timeout_s) + " s; see 'rondo status'");
        if (result == exit_unreachable) return fail(exit_unreachable, "no intake answers; see 'rondo status'");
        return result;
    }

  private:
    /// A node whose execution and streams this run watches.
    bool find_helper() {
        for (helper_ = 0; helper_ < view_.nodes.size(); ++helper_) {
            Client consensus = view_.nodes[helper_].client(Actor::consensus);
            const auto head = ask_head(consensus);
            execution_.emplace(view_.nodes[helper_].client(Actor::execution));
            if (!head || !execution_->status(answer_ms_max)) continue;
            placement_.set_epoch(head->epoch);
            return true;
        }
        return false;
    }

    [[nodiscard]] std::size_t node_of(const Item& item) const {
        if (!command_.node.empty()) return *view_.find(command_.node);
        return placement_.home_of(item.sender, view_.nodes);
    }

    int submit_all(Clock::time_point began) {
        Progress progress("sending", command_.common.json);
        while (resolved_ < items_.size()) {
            release(began);
            send_chunks();
            pipeline_.poll(
                20, [this](TxIndex tx, const SubmitOutcome& outcome) { on_outcome(tx, outcome); }, tracker_->descriptors());
            tracker_->poll();
            if (tracker_->epoch()) placement_.set_epoch(*tracker_->epoch());
            pipeline_.expire(answer_age_max_ms, [this](std::size_t node, TxIndex tx) { on_lost(node, tx); });
            progress.show(static_cast<double>(resolved_) / static_cast<double>(items_.size()),
                          std::to_string(resolved_) + " of " + std::to_string(items_.size()) + ", " +
                              std::to_string(busy_retries_) + " busy");
            if (stuck()) return heard_ ? exit_timed_out : exit_unreachable;
        }
        return exit_done;
    }

    /// Gives the transactions whose time has come to their nodes, in the order of the file.
    void release(Clock::time_point began) {
        const double elapsed = std::chrono::duration<double>(Clock::now() - began).count();
        const double due =
            command_.rate == 0 ? static_cast<double>(items_.size()) : elapsed * static_cast<double>(command_.rate) + 1;
        while (released_ < items_.size() && static_cast<double>(released_) < due) {
            queues_[node_of(items_[released_])].insert(static_cast<TxIndex>(released_));
            ++released_;
        }
    }

    void send_chunks() {
        const auto now = Clock::now();
        for (std::size_t node = 0; node < queues_.size(); ++node) {
            std::set<TxIndex>& queue = queues_[node];
            while (!queue.empty() && pipeline_.in_flight(node) < chunks_in_flight_max && pause_until_[node] <= now) {
                std::vector<TxIndex> chunk;
                std::size_t bytes = 0;
                while (!queue.empty() && chunk.size() < chunk_transactions_max && (chunk.empty() || bytes < chunk_bytes_max)) {
                    const TxIndex tx = *queue.begin();
                    queue.erase(queue.begin());
                    bytes += items_[tx].raw.size();
                    if (!items_[tx].sent_before) tracker_->sent(tx, crypto::keccak256(items_[tx].raw));
                    chunk.push_back(tx);
                }
                pipeline_.send(node, std::move(chunk));
            }
        }
    }

    void on_outcome(TxIndex tx, const SubmitOutcome& outcome) {
        Item& item = items_[tx];
        heard_ = true;
        if (outcome.admission == Admission::busy) {
            ++busy_retries_;
            again(node_of(item), tx, Clock::now() + busy_pause);
            return;
        }
        ++resolved_;
        progressed_ = Clock::now();
        // Of one that was sent before, the first answer may have been lost: it is in, or was even executed meanwhile.
        const bool is_in = item.sent_before && (outcome.reason == ethereum::Refusal::already_known ||
                                                outcome.reason == ethereum::Refusal::nonce_too_low);
        if (outcome.admission == Admission::refused && !is_in) {
            ++refused_[std::string(ethereum::to_string(outcome.reason))];
            return;
        }
        ++(outcome.admission == Admission::held ? held_ : accepted_);
        tracker_->outcome(tx, outcome);
        watch_.admitted(item.sender, item.nonce);
    }

    void on_lost(std::size_t node, TxIndex tx) {
        const bool fixed = !command_.node.empty();
        again(fixed ? node : (node + 1) % queues_.size(), tx, Clock::now());
    }

    void again(std::size_t node, TxIndex tx, Clock::time_point when) {
        items_[tx].sent_before = true;
        queues_[node].insert(tx);
        pause_until_[node] = std::max(pause_until_[node], when);
    }

    [[nodiscard]] bool stuck() const { return Clock::now() - progressed_ > std::chrono::seconds(command_.timeout_s); }

    [[nodiscard]] bool reached(const NonceWatch::Count& now) const {
        const std::uint64_t admitted = accepted_ + held_;
        switch (command_.await.value_or(Stage::accepted)) {
            case Stage::accepted:
                return true;
            case Stage::certified:
                return now.open == 0 || tracker_->count(Stage::certified) + now.gapped >= admitted;
            case Stage::final:
                return now.open == 0 || tracker_->count(Stage::final) + now.gapped >= admitted;
            case Stage::executed:
                return now.open == 0;
            case Stage::posted:
                return now.open == 0 && posted();
        }
        return true;
    }

    /// Everything up to the head at which all had been executed lies on the DA layer.
    [[nodiscard]] bool posted() const {
        if (!posted_from_) {
            const auto head = ask_executed_head(*execution_);
            if (!head) return false;
            posted_from_ = head->height;
        }
        Client da = view_.nodes[helper_].client(Actor::da);
        const auto posted = ask_posted(da);
        return posted && *posted >= *posted_from_;
    }

    int await_stage() {
        Progress progress("awaiting", command_.common.json);
        auto next_look = Clock::now();
        NonceWatch::Count before;
        for (;;) {
            pipeline_.poll(
                20, [](TxIndex, const SubmitOutcome&) {}, tracker_->descriptors());
            tracker_->poll();
            if (Clock::now() < next_look) continue;
            if (!watch_.look(*execution_) && !find_helper()) continue;
            next_look = Clock::now() + look_interval;
            const NonceWatch::Count now = watch_.count();
            if (reached(now)) return exit_done;
            if (now.executed != before.executed) progressed_ = Clock::now();
            before = now;
            progress.show(static_cast<double>(now.executed) / static_cast<double>(accepted_ + held_),
                          std::to_string(now.executed) + " executed, " + std::to_string(now.gapped) + " gapped");
            if (stuck()) return exit_timed_out;
        }
    }

    void print(double seconds) {
        const NonceWatch::Count now = watch_.count();
        if (command_.common.json) {
            JsonObject refused;
            for (const auto& [reason, count] : refused_) refused.set(reason, count);
            print_json(JsonObject()
                           .set("transactions", static_cast<std::uint64_t>(items_.size()))
                           .set("refused", refused)
                           .set("executed", now.executed)
                           .set("gapped", now.gapped)
                           .set("seconds", seconds)
                           .set("latency_ms", tracker_->json())
                           .set("accepted", accepted_)
                           .set("held", held_)
                           .set("busy_retries", busy_retries_));
            return;
        }
        Table table;
        table.row({{"transactions"}, number_cell(items_.size())});
        for (const auto& [reason, count] : refused_) table.row({{"refused: " + reason}, number_cell(count)});
        table.row({{"accepted at once"}, number_cell(accepted_)});
        table.row({{"held at first"}, number_cell(held_)});
        table.row({{"executed"}, number_cell(now.executed)});
        table.row({{"gapped"}, number_cell(now.gapped)});
        table.row({{"busy, sent again"}, number_cell(busy_retries_)});
        table.row({{"seconds"}, {JsonValue(seconds).text, Colour::plain, true}});
        print_line(table.text() + "\n" + tracker_->table());
    }

    const SendCommand& command_;
    const ClusterView& view_;
    std::vector<Item> items_;
    Pipeline pipeline_;
    Placement placement_;
    std::vector<std::set<TxIndex>> queues_;  ///< per node; ordered, so that a sender's transactions stay in the file's order
    std::vector<Clock::time_point> pause_until_;
    std::size_t helper_ = 0;
    mutable std::optional<Client> execution_;
    std::optional<StageTracker> tracker_;
    NonceWatch watch_;
    std::size_t released_ = 0;
    std::size_t resolved_ = 0;
    bool heard_ = false;
    std::uint64_t accepted_ = 0, held_ = 0, busy_retries_ = 0;
    std::map<std::string, std::uint64_t> refused_;
    Clock::time_point progressed_;
    mutable std::optional<Height> posted_from_;
};

}  // namespace

int run_send(const SendCommand& command) {
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    if (!command.node.empty() && !view->find(command.node)) return fail(exit_usage, "no such node: " + command.node);
    const auto genesis = view->genesis();
    if (!genesis) return fail(exit_usage, genesis.error().message);
    auto items = read_items(command);
    if (!items) return fail(exit_usage, items.error().message);
    if (items->empty()) return fail(exit_usage, command.file + ": holds no transaction; each line is an object with 'raw'");
    return SendRun(command, *view, *genesis, std::move(*items)).run();
}

}  // namespace rondo::cli
