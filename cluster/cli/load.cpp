#include <set>

#include "cluster/bus/context.hpp"
#include "cluster/cli/commands.hpp"
#include "cluster/cli/load_signing.hpp"
#include "cluster/cli/nonce_watch.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/cli/stages.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::cli {
namespace {

constexpr std::size_t chunk_transactions_max = 256;
constexpr std::size_t chunk_bytes_max = 1U << 20;
constexpr std::size_t chunks_in_flight_max = 8;   ///< per node, at --rate max
constexpr std::uint64_t open_max_per_s = 10'000;  ///< signed ahead at most: more than two cores can take
constexpr std::uint64_t open_max = 8192;          ///< not executed yet, at --rate max: saturates without a growing backlog
constexpr DurationMs answer_age_max_ms = 10'000;
constexpr auto busy_pause = std::chrono::milliseconds(20);
constexpr auto look_interval = std::chrono::milliseconds(300);

class LoadRun {
  public:
    LoadRun(const LoadCommand& command, const ClusterView& view, const Genesis& genesis, LoadSenders senders, std::size_t helper)
        : command_(command),
          view_(view),
          senders_(std::move(senders)),
          pipeline_(view.nodes, [this](TxIndex tx) -> const Bytes& { return transfers_[tx].raw; }),
          placement_(genesis),
          tracker_(view.nodes, helper),
          execution_(view.nodes[helper].client(Actor::execution)),
          queues_(view.nodes.size()),
          pause_until_(view.nodes.size()) {
        Client consensus = view.nodes[helper].client(Actor::consensus);
        if (const auto head = ask_head(consensus))
            place(head->epoch);
        else
            place(Epoch(1));
        const std::uint64_t count = std::min(command.rate.value_or(open_max_per_s), open_max_per_s) * command.seconds;
        if (!command.common.json)
            print_line("signing " + std::to_string(count) + " transfers of " + std::to_string(senders_.keys.size()) + " senders");
        transfers_ = sign_transfers(senders_, 0, count, command.accounts, command.payload_bytes, genesis.chain_id);
    }

    int run() {
        began_ = progressed_ = Clock::now();
        Progress progress("load", command_.common.json);
        auto next_look = began_ + look_interval;
        for (;;) {
            release();
            if (command_.give_up && !is_sending()) give_up();
            send_chunks();
            pipeline_.poll(
                wait_ms(), [this](TxIndex tx, const SubmitOutcome& outcome) { on_outcome(tx, outcome); }, tracker_.descriptors());
            tracker_.poll();
            if (tracker_.epoch() && *tracker_.epoch() != placement_.epoch()) place(*tracker_.epoch());
            pipeline_.expire(answer_age_max_ms, [this](std::size_t node, TxIndex tx) { again(node, tx); });
            progress.show(
                static_cast<double>(released_) / static_cast<double>(transfers_.size()),
                std::to_string(tracker_.count(Stage::executed)) + " executed, " + std::to_string(busy_retries_) + " busy");
            if ((!is_sending() || !command_.rate) && Clock::now() >= next_look) {
                next_look = Clock::now() + look_interval;
                if (ended() && !is_sending()) break;
            }
            if (Clock::now() - progressed_ > std::chrono::seconds(command_.timeout_s)) {
                print();
                return fail(exit_timed_out, "no progress for " + std::to_string(command_.timeout_s) + " s; see 'rondo status'");
            }
        }
        print();
        return exit_done;
    }

  private:
    [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }
    [[nodiscard]] bool is_sending() const {
        return !given_up_at_ && released_ < transfers_.size() && elapsed() < static_cast<double>(command_.seconds);
    }

    void place(Epoch epoch) {
        placement_.set_epoch(epoch);
        homes_.clear();
        for (const crypto::AccountKey& key : senders_.keys) homes_.push_back(placement_.home_of(key.address(), view_.nodes));
    }

    [[nodiscard]] std::size_t node_of(TxIndex tx) const {
        if (!command_.node.empty()) return *view_.find(command_.node);
        const SignedTransfer& transfer = transfers_[tx];
        // Another node for each sender, not for each transfer: its transfers have an order.
        return command_.random_placement ? transfer.sender % view_.nodes.size() : homes_[transfer.sender];
    }

    /// At a rate: what may be sent by now, for the first time or again.
    [[nodiscard]] std::uint64_t sends_due() const {
        const auto due = static_cast<std::uint64_t>(elapsed() * static_cast<double>(*command_.rate)) + 1;
        return due - std::min(due, sends_);
    }

    /// At a rate: what is due by now. At most: as many as keep every node's window full.
    void release() {
        if (!is_sending()) return;
        constexpr std::uint64_t ready_max = 8 * chunk_transactions_max;
        std::uint64_t waiting = 0;
        for (const auto& queue : queues_) waiting += queue.size();
        const std::uint64_t wanted = command_.rate ? sends_due() : ready_max * queues_.size();
        while (released_ < transfers_.size() && waiting < wanted && (command_.rate || not_executed() < open_max)) {
            queues_[node_of(static_cast<TxIndex>(released_))].insert(static_cast<TxIndex>(released_));
            ++released_;
            ++waiting;
        }
    }

    [[nodiscard]] std::uint64_t not_executed() const {
        return released_ - std::max<std::uint64_t>(tracker_.count(Stage::executed), executed_);
    }

    void send_chunks() {
        const auto now = Clock::now();
        for (std::size_t node = 0; node < queues_.size(); ++node) {
            std::set<TxIndex>& queue = queues_[node];
            while (!queue.empty() && pause_until_[node] <= now &&
                   (command_.rate ? sends_due() > 0 : pipeline_.in_flight(node) < chunks_in_flight_max)) {
                std::vector<TxIndex> chunk;
                std::size_t bytes = 0;
                const std::size_t most =
                    command_.rate ? std::min<std::size_t>(chunk_transactions_max, sends_due()) : chunk_transactions_max;
                while (!queue.empty() && chunk.size() < most && (chunk.empty() || bytes < chunk_bytes_max)) {
                    const TxIndex tx = *queue.begin();
                    queue.erase(queue.begin());
                    bytes += transfers_[tx].raw.size();
                    if (!was_sent_.contains(tx)) tracker_.sent(tx, transfers_[tx].hash);
                    chunk.push_back(tx);
                }
                sends_ += chunk.size();
                pipeline_.send(node, std::move(chunk));
            }
        }
    }

    /// The time is over: what is in no lane is not sent any more.
    void give_up() {
        if (given_up_at_) return;
        given_up_at_ = Clock::now();
        executed_in_time_ = tracker_.count(Stage::executed);
        for (auto& queue : queues_) {
            given_up_ += queue.size();
            queue.clear();
        }
    }

    /// Until the next transfer is due.
    [[nodiscard]] DurationMs wait_ms() const { return command_.rate && is_sending() ? 1 : 5; }

    void on_outcome(TxIndex tx, const SubmitOutcome& outcome) {
        if (outcome.admission == Admission::busy) {
            ++busy_retries_;
            again(node_of(tx), tx);
            return;
        }
        progressed_ = Clock::now();
        ++resolved_;
        const bool is_in = was_sent_.contains(tx) && (outcome.reason == ethereum::Refusal::already_known ||
                                                      outcome.reason == ethereum::Refusal::nonce_too_low);
        if (outcome.admission == Admission::refused && !is_in) {
            ++refused_[std::string(ethereum::to_string(outcome.reason))];
            return;
        }
        ++(outcome.admission == Admission::held ? held_ : accepted_);
        tracker_.outcome(tx, outcome);
        watch_.admitted(senders_.keys[transfers_[tx].sender].address(), transfers_[tx].nonce);
    }

    void again(std::size_t node, TxIndex tx) {
        if (given_up_at_) {
            ++given_up_;
            return;
        }
        was_sent_.insert(tx);
        queues_[node].insert(tx);
        pause_until_[node] = Clock::now() + busy_pause;
    }

    /// All that was sent is answered and executed, or can't be any more.
    bool ended() {
        if (!watch_.look(execution_)) return false;
        const NonceWatch::Count now = watch_.count();
        if (now.executed != executed_) progressed_ = last_executed_ = Clock::now();
        executed_ = now.executed;
        return now.open == 0 && resolved_ + given_up_ == released_;
    }

    void print() {
        const NonceWatch::Count now = watch_.count();
        const auto end = tracker_.last_executed().value_or(last_executed_);
        const double seconds = std::max(0.001, std::chrono::duration<double>(end - began_).count());
        const double per_s = static_cast<double>(now.executed) / seconds;
        if (command_.common.json) {
            JsonObject refused;
            for (const auto& [reason, count] : refused_) refused.set(reason, count);
            JsonObject out;
            if (given_up_at_)
                out.set("given_up", given_up_)
                    .set("executed_in_time", executed_in_time_)
                    .set("drained_s", std::max(0.0, std::chrono::duration<double>(end - *given_up_at_).count()));
            print_json(out.set("transactions", released_)
                           .set("refused", refused)
                           .set("executed", now.executed)
                           .set("gapped", now.gapped)
                           .set("seconds", seconds)
                           .set("latency_ms", tracker_.json())
                           .set("executed_per_s", per_s)
                           .set("accepted", accepted_)
                           .set("held", held_)
                           .set("busy_retries", busy_retries_));
            return;
        }
        Table table;
        table.row({{"transfers"}, number_cell(released_)});
        for (const auto& [reason, count] : refused_) table.row({{"refused: " + reason}, number_cell(count)});
        table.row({{"executed"}, number_cell(now.executed)});
        table.row({{"executed per second"}, {JsonValue(per_s).text, Colour::plain, true}});
        table.row({{"gapped"}, number_cell(now.gapped)});
        table.row({{"busy, sent again"}, number_cell(busy_retries_)});
        table.row({{"seconds"}, {JsonValue(seconds).text, Colour::plain, true}});
        print_line(table.text() + "\n" + tracker_.table());
    }

    const LoadCommand& command_;
    const ClusterView& view_;
    LoadSenders senders_;
    std::vector<SignedTransfer> transfers_;
    Pipeline pipeline_;
    Placement placement_;
    StageTracker tracker_;
    Client execution_;
    std::vector<std::size_t> homes_;         ///< per sender
    std::vector<std::set<TxIndex>> queues_;  ///< per node, in order
    std::vector<Clock::time_point> pause_until_;
    std::set<TxIndex> was_sent_;  ///< those that are sent again
    NonceWatch watch_;
    std::optional<Clock::time_point> given_up_at_;
    std::uint64_t sends_ = 0, given_up_ = 0, executed_in_time_ = 0;
    std::uint64_t released_ = 0, resolved_ = 0, accepted_ = 0, held_ = 0, busy_retries_ = 0, executed_ = 0;
    std::map<std::string, std::uint64_t> refused_;
    Clock::time_point began_, progressed_, last_executed_;
};

/// The senders with their next nonces, and the node that told them; nothing when no node answers.
std::optional<std::size_t> find_nonces(const ClusterView& view, LoadSenders& senders) {
    constexpr std::size_t addresses_max = 4096;
    std::vector<Address> addresses;
    for (const crypto::AccountKey& key : senders.keys) addresses.push_back(key.address());
    for (std::size_t node = 0; node < view.nodes.size(); ++node) {
        Client execution = view.nodes[node].client(Actor::execution);
        senders.nonces.clear();
        for (std::size_t at = 0; at < addresses.size(); at += addresses_max) {
            const std::size_t end = std::min(addresses.size(), at + addresses_max);
            const auto reply = ask_accounts(execution, {addresses.begin() + static_cast<std::ptrdiff_t>(at),
                                                        addresses.begin() + static_cast<std::ptrdiff_t>(end)});
            if (!reply) break;
            for (const AccountState& account : reply->accounts) senders.nonces.push_back(account.nonce);
        }
        if (senders.nonces.size() == addresses.size()) return node;
    }
    return std::nullopt;
}

}  // namespace

int run_load(const LoadCommand& command) {
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    if (!command.node.empty() && !view->find(command.node)) return fail(exit_usage, "no such node: " + command.node);
    const auto genesis = view->genesis();
    if (!genesis) return fail(exit_usage, genesis.error().message);
    const auto seed = read_load_seed(view->home.load_seed());
    if (!seed) return fail(exit_usage, seed.error().message);
    LoadSenders senders;
    const std::uint64_t count = std::min(seed->accounts, command.accounts);
    for (std::uint64_t i = 0; i < count; ++i) senders.keys.push_back(load_sender(seed->seed, i));
    const auto helper = find_nonces(*view, senders);
    if (!helper)
        return fail(exit_unreachable, view->home.root.string() + ": no execution actor answers; start it with 'rondo up'");
    bus::ask_to_be_prompt();  // what it measures is the cluster: users have machines of their own
    return LoadRun(command, *view, *genesis, std::move(senders), *helper).run();
}

}  // namespace rondo::cli
