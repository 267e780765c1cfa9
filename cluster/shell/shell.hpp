#pragma once
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cluster/bus/node_bus.hpp"
#include "cluster/bus/peer_bus.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/runtime/limits.hpp"
#include "cluster/runtime/shares.hpp"
#include "cluster/shell/outbox.hpp"
#include "cluster/shell/peer_queue.hpp"
#include "cluster/shell/shell_config.hpp"
#include "cluster/shell/subscription.hpp"
#include "cluster/shell/tables.hpp"
#include "cluster/shell/timers.hpp"
#include "cluster/shell/workers.hpp"
#include "cluster/store/store.hpp"

namespace rondo::shell {

/// What the core sees of its store: the transaction that is open now. Outside of turns it opens a short one itself.
class CurrentView final : public StoreView {
  public:
    explicit CurrentView(store::Store& store) : store_(store) {}
    [[nodiscard]] std::optional<ByteView> get(Table table, ByteView key) const override { return current().get(table, key); }
    void scan(Table t, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        current().scan(t, from, to, visit);
    }
    void scan_reverse(Table t, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const override {
        current().scan_reverse(t, from, to, visit);
    }
    [[nodiscard]] const Checkpoints& checkpoints() const override { return store_.checkpoints(); }
    /// Sees `txn` from now on, until close().
    void open(const StoreView& txn) { txn_ = &txn; }
    void close() {
        txn_ = nullptr;
        snapshot_.reset();
    }

  private:
    const StoreView& current() const {
        if (txn_ != nullptr) return *txn_;
        if (!snapshot_) snapshot_.emplace(store_.read());
        return *snapshot_;
    }
    store::Store& store_;
    const StoreView* txn_ = nullptr;
    mutable std::optional<store::ReadTxn> snapshot_;
};

struct Counters {
    std::uint64_t turns = 0, inputs = 0, commits = 0, journal_entries = 0, dropped_requests = 0, late_answers = 0,
                  unsent_asks = 0, dropped_peer_messages = 0, checkpoints = 0, checkpoints_skipped = 0, checkpoints_failed = 0;
};

/// Hosts one core: turn after turn in one thread.
class Shell {
  public:
    Shell(const ActorTraits& traits, const ShellConfig& config, store::Store& store, bus::NodeBus& node, bus::PeerBus& peers,
          Backend* backend);
    /// Until `stop_descriptor` becomes readable or the core stops. Returns the exit code.
    [[nodiscard]] int run(const CoreFactory& make, int stop_descriptor);

  private:
    /// What a turn says, beside its streams.
    struct Speech {
        std::vector<Send> sends;
        std::vector<Ask> asks;
        std::vector<Reply> replies;
        std::vector<std::pair<Stream, Bytes>> best_effort;
        bool needs_commit = false;  ///< something of it is explained only by the turn's records, which must be on the disk first
    };
    struct OpenRequest {
        bus::NodeBus::Route route;
        Tick forget_at;
        ClientId client;
    };
    struct OpenAsk {
        AskId id;
        std::optional<Ask> unsent;  ///< waits for its sibling to be connected
    };

    /// Inputs in the order in which they came.
    struct Queue {
        std::deque<Input> inputs;
        std::size_t bytes = 0;
        [[nodiscard]] bool has_room() const;
        void push(Input input, std::size_t size);
        [[nodiscard]] std::optional<Input> take();
    };
    /// Of one channel. Guests have a room and a turn of their own: keys cost nothing, so that each of them having one would be
    /// much for who has many.
    struct FromPeers {
        PeerQueue operators{operators_room};
        PeerQueue guests{guests_room};
    };

    // receiving.cpp: from the sockets to the inputs
    void receive();
    void receive_requests();
    void receive_published();
    void receive_lingering();
    void on_published(bus::NodeBus::FromPublisher published);
    void receive_answers();
    void receive_peers();
    void receive_peers(Channel channel, FromPeers& queues);
    void receive_completions();
    void expire_asks();
    void on_asker(bus::NodeBus::FromAsker message);
    void on_request(bus::NodeBus::FromAsker message);
    void on_live(bus::StreamChunk chunk);
    void on_replayed(std::uint64_t wire_id, bus::StreamChunk chunk);
    void fail(int exit_code, std::string reason);

    // shell.cpp: the turn
    void first_turn();
    void turn();
    [[nodiscard]] std::optional<Input> next_input();
    [[nodiscard]] std::optional<Input> next_input_of(std::size_t source);
    [[nodiscard]] bool has_input() const;
    [[nodiscard]] bool has_stream_message() const;
    [[nodiscard]] std::size_t peer_messages_waiting() const;
    [[nodiscard]] bool lingers() const { return tick() < linger_until_; }
    void apply(Effects effects, Speech& speech);
    void set_peers(std::vector<Peer> named);
    void make_durable();
    void on_durable();
    void commit();
    void begin_checkpoint(Height height);
    void on_checkpoint(const CheckpointDone& done);
    void note_checkpoints();

    // speaking.cpp: what follows the commit, and what the clock asks for
    void speak(Speech speech);
    void open_ask(Ask ask);
    void send_ask(std::uint64_t wire_id, Ask ask);
    void retry_unsent_asks();
    void answer_replays();
    void ask_replays();
    void announce();
    void report_cursors();
    void housekeeping();
    void watch_disk();
    void wait(int stop_descriptor);
    [[nodiscard]] Tick next_wake() const;
    [[nodiscard]] Bytes status() const;
    void add_counters(ActorStatus& status) const;

    [[nodiscard]] Tick tick() const;
    [[nodiscard]] Instant now();

    const ActorTraits& traits_;
    const ShellConfig& config_;
    store::Store& store_;
    bus::NodeBus& node_;
    bus::PeerBus& peers_;
    ShellTables tables_;
    /// Open from the first step that follows a commit to the next commit.
    std::optional<store::WriteTxn> txn_;
    std::size_t open_writes_ = 0;  ///< records in it
    CurrentView view_;
    Outbox outbox_;
    Workers workers_;
    std::unique_ptr<Core> core_;

    std::map<Stream, Subscription> subscriptions_;
    Queue inbox_;                              ///< from this node: requests, answers, completions
    std::map<Channel, FromPeers> from_peers_;  ///< each channel for itself: an answer does not wait behind a thousand votes
    std::size_t next_source_ = 0;              ///< whose turn it is in next_input()
    Deadlines timers_;                         ///< the core's
    std::map<RequestId, OpenRequest> requests_;
    Shares<ClientId> request_shares_;  ///< of requests_
    RequestId last_request_ = 0;
    std::map<std::uint64_t, OpenAsk> asks_;                     ///< by id on the wire
    std::map<std::uint64_t, bus::ReplayRequest> open_replays_;  ///< by id on the wire
    Deadlines ask_deadlines_;                                   ///< by id on the wire
    std::size_t unsent_asks_ = 0;
    std::uint64_t last_wire_id_ = 0;
    std::size_t jobs_open_ = 0;
    std::vector<std::pair<bus::NodeBus::Route, bus::ReplayRequest>> replays_wanted_;
    std::vector<bus::NodeBus::Route> statuses_wanted_;

    std::chrono::steady_clock::time_point started_;
    Instant last_instant_;
    Tick announce_at_ = 0, announce_interval_ = limits::announce_ms_min;
    Tick report_at_ = 0, report_idle_at_ = 0, commit_due_at_ = never, linger_until_ = 0, sync_at_ = 0, sweep_at_ = 0,
         trim_at_ = 0, retry_asks_at_ = never, look_at_disk_at_ = 0;
    bool cursors_moved_ = false;
    std::optional<Height> checkpoint_;  ///< asked for by the turn under way
    bool disk_is_short_ = false;        ///< as the core was told
    Counters counters_;
    std::optional<Stop> stop_;
};

}  // namespace rondo::shell
