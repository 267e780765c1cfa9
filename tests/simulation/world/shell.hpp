#pragma once
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "tests/simulation/world/clock.hpp"
#include "tests/simulation/world/observer.hpp"
#include "tests/simulation/world/random.hpp"
#include "tests/simulation/world/store.hpp"

namespace rondo::sim {

class World;

/// Where a process can die around its commit.
enum class Boundary : std::uint8_t { none, before_commit, during_commit, between_sends };

/// Why a process ended by itself, as cluster/shell counts them.
enum class Exit : std::uint8_t {
    checksum,   ///< a record was read that nobody wrote: the store is replaced before the actor starts again
    sync,       ///< nobody knows whether the last commit is on the disk: whoever starts it again has looked
    disk_full,  ///< it starts again when there is room
};

/// Ways to host an actor wrongly, for the test of the tests: each breaks one sentence of the shell's contract.
enum class ShellMutant : std::uint8_t {
    none,
    send_before_sync,            ///< speaks first, then commits
    cursor_outside_transaction,  ///< the cursor's commit is not the one of the effects
    lost_outbox_row,             ///< publishes without writing the row down
    cursor_of_held_back,         ///< commits the cursors of a turn that said nothing, and its records with the next one
    signed_before_durable,       ///< takes a turn that signed something for one that explains itself
    torn_write_believed,         ///< opens a store without a look at the checksum of its journal's end, or at its marker
    rot_believed,                ///< does not check the checksums of records
    sync_failure_ignored,        ///< goes on and speaks when a sync fails
    checkpoint_reported_early,   ///< reports the cursors of a checkpoint that is still being made
};

inline constexpr Micros beat_interval = 100 * millisecond;

using SharedBytes = std::shared_ptr<const Bytes>;
using MakeCore = std::function<std::unique_ptr<Core>(const StoreView& view)>;

/// The shell of cluster/shell, on virtual time and a simulated disk: the same turn (inputs, steps, one commit, then speak; a turn
/// that says only what explains itself leaves its records and cursors to the next commit), the same outbox, cursors, replays,
/// requests, deadlines and timers, and the chance to die at each boundary between them.
class SimShell {
  public:
    SimShell(World& world, NodeIndex node, ActorTraits traits, MakeCore make, Random random, ShellMutant mutant);

    void start();
    void crash();      ///< the process dies; what it committed stays
    void power_cut();  ///< the machine dies; of what was not synced a part is on the disk
    void take_backup() { backup_ = std::make_unique<SimStore>(store_.backup()); }
    void restore_backup();  ///< the process dies, and comes back with the disk as it was then
    void lose_disk();       ///< the process dies, and comes back with nothing
    void rot_disk() { store_.rot(random_); }
    void heal_rot() { store_.heal_rot(); }
    /// It read a record that failed its checksum: it does not start before its disk was replaced.
    [[nodiscard]] bool awaits_disk() const { return awaits_disk_; }
    void pause(Micros until) { paused_until_ = until; }
    [[nodiscard]] bool is_up() const { return core_ != nullptr; }
    /// Counts lives: what was under way for an earlier one is void.
    [[nodiscard]] std::uint64_t life() const { return life_; }
    [[nodiscard]] const ActorTraits& traits() const { return traits_; }
    [[nodiscard]] NodeIndex node() const { return node_; }
    /// What the core says of itself; nothing of a dead one.
    [[nodiscard]] std::vector<StatusField> status();
    [[nodiscard]] std::size_t queued() const { return inbox_.size(); }
    [[nodiscard]] std::size_t queued_max() const { return queued_max_; }

    // What arrives. All of it is ignored by a dead actor.
    void on_peer(Channel channel, OperatorNumber from, const SharedBytes& payload);
    void on_request(ByteView payload, std::function<void(SharedBytes)> reply);
    void on_answer(AskId id, std::uint64_t generation, const SharedBytes& payload);
    void on_stream(Stream stream, std::uint64_t sequence, const SharedBytes& payload);
    void on_best_effort(Stream stream, const SharedBytes& payload);
    void on_head(Stream stream, std::uint64_t incarnation, std::uint64_t head);
    /// How far a hearer of the stream has it behind it for good.
    void on_cursor(Actor hearer, Stream stream, std::uint64_t next);
    void release(Actor hearer, Stream stream, std::uint64_t next);

    // What siblings read of it.
    struct Row {
        std::uint64_t sequence;
        SharedBytes payload;
    };
    [[nodiscard]] std::vector<Row> rows(Stream stream, std::uint64_t from);
    [[nodiscard]] std::uint64_t head(Stream stream) const;
    [[nodiscard]] std::uint64_t incarnation() const;
    [[nodiscard]] std::uint64_t next_of(Stream stream) const;

  private:
    struct Item {
        Input input;
        std::uint64_t timer_generation = 0;
    };
    struct Numbered {
        Stream stream;
        std::uint64_t sequence;
        SharedBytes payload;
        Digest identity;
    };
    using Action = std::variant<Numbered, Send, Ask, Reply, SetTimer, CancelTimer, RecoverSenders>;

    void enqueue(Input input, std::uint64_t timer_generation = 0);
    void schedule_turn();
    void turn();
    void take(Effects effects);
    void number(Publish publish);
    void finish_turn(bool commit_anyway);
    void hold_back(std::vector<Action> actions, Boundary boundary);
    [[nodiscard]] bool commit();
    void begin_checkpoint(Height height);
    void report_cursors();
    [[nodiscard]] std::uint64_t durable_next_of(Stream stream) const;
    void trim();
    [[nodiscard]] Instant now();
    void settle();
    [[nodiscard]] bool may_say_now(const Action& action) const;
    [[nodiscard]] bool needs_commit(const Action& action) const;
    void speak(std::vector<Action> actions, std::size_t limit);
    void say(Action& action);
    [[nodiscard]] bool is_connected(Channel channel, OperatorNumber peer) const;
    void ask(Ask ask);
    void arm(const SetTimer& timer);
    void recover(RecoverSenders job);
    void beat();
    void beat_after(Micros delay);
    void hear_head(Stream stream, std::uint64_t incarnation, std::uint64_t head);
    [[nodiscard]] std::vector<Row> read_rows(Stream stream, std::uint64_t from);
    void request_replay(Stream stream);
    void hear_from_the_start(Stream stream);
    void write_cursor(Stream stream, std::uint64_t next);
    void guarded(const std::function<void()>& body);
    void exit(Exit why);
    void die();

    World& world_;
    NodeIndex node_;
    ActorTraits traits_;
    Table own_;  ///< the shell's table, after the core's
    MakeCore make_;
    Random random_;
    ShellMutant mutant_;
    SimStore store_;
    std::unique_ptr<SimStore> backup_;

    std::uint64_t life_ = 0;
    std::unique_ptr<Core> core_;
    std::deque<Item> inbox_;
    std::size_t queued_max_ = 0;
    bool turn_scheduled_ = false;
    bool busy_ = false;
    bool awaits_disk_ = false;
    std::optional<Micros> commit_due_;  ///< records are held back until then at most
    Micros paused_until_ = 0;
    std::vector<Action> actions_;       ///< of the turn under way
    bool signed_ = false;               ///< by the turn under way
    std::optional<Height> checkpoint_;  ///< asked for by it
    std::vector<Action> unsaid_;        ///< messages of streams that wait for the commit of their rows
    std::map<Stream, std::uint64_t> durable_heads_;
    std::map<Stream, std::uint64_t> durable_next_;                 ///< of the streams heard; Durable stores only
    std::map<Stream, std::map<Actor, std::uint64_t>> cursors_of_;  ///< of the streams said, as the hearers report them
    std::map<Stream, std::uint64_t> released_;
    std::optional<std::set<OperatorNumber>> peers_;  ///< as the core named them; nothing if it named none
    Instant step_time_;                              ///< never goes back while the process lives, whatever its clock does

    struct Subscription {
        std::uint64_t expected = 1;  ///< next to put in the inbox; the store's cursor follows when it is processed
        std::uint64_t head = 0;
        Micros asked_at = 0;
        bool asking = false;
    };
    std::map<Stream, Subscription> subscriptions_;
    std::map<AskId, std::uint64_t> open_asks_;  ///< to its generation: an id may be used again once answered
    std::uint64_t ask_generation_ = 0;
    std::map<RequestId, std::function<void(SharedBytes)>> open_requests_;
    RequestId next_request_ = 1;
    std::map<TimerId, std::uint64_t> timers_;
    std::uint64_t timer_generation_ = 0;
};

}  // namespace rondo::sim
