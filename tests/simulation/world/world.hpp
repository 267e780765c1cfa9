#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/runtime/retention.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/secp256k1.hpp"
#include "messages/wire/epoch.hpp"
#include "tests/simulation/world/clock.hpp"
#include "tests/simulation/world/da_layer.hpp"
#include "tests/simulation/world/network.hpp"
#include "tests/simulation/world/observer.hpp"
#include "tests/simulation/world/options.hpp"
#include "tests/simulation/world/random.hpp"
#include "tests/simulation/world/shell.hpp"

namespace rondo::sim {

/// What require() does in the simulator, where the process that should end is one of many in the thread.
struct InvariantBroken : std::runtime_error {
    explicit InvariantBroken(std::string_view text) : std::runtime_error(std::string(text)), line(text) {}
    std::string line;
};

/// All that the making of a node's cores needs.
struct NodeSetup {
    Genesis genesis;
    NodeIndex node;
    OperatorNumber self;
    crypto::SecretKey key;
    crypto::SecretKey next_key;  ///< which it rotates to, if it does
    crypto::AccountKey watcher_key;
    crypto::AccountKey rewards_key;
    std::optional<Misbehaviour> misbehaviour;
    Retention retention{};
};

/// One of the actors that every node runs. Only those given run: a part can be simulated alone.
struct ActorKind {
    ActorTraits traits;
    std::function<std::unique_ptr<Core>(const StoreView& view, const NodeSetup& setup)> make;
};
using Cores = std::vector<ActorKind>;

/// What the operator of a node says of itself, in genesis or when it registers.
[[nodiscard]] GenesisOperator operator_of(const Options& options, NodeIndex node);
/// The account that owns its registration.
[[nodiscard]] crypto::AccountKey owner_key(NodeIndex node);
/// Those that it rotates to.
[[nodiscard]] crypto::SecretKey next_operator_key(NodeIndex node);

/// N nodes with their actors, disks, links and clocks; everything that happens in it is an event of one queue.
class World {
  public:
    World(const Options& options, const Cores& cores);
    ~World();

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] Clock& clock() { return clock_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] DaLayer& da_layer() { return da_layer_; }
    [[nodiscard]] const Genesis& genesis() const { return genesis_; }
    [[nodiscard]] const NodeSetup& setup(NodeIndex node) const { return nodes_[node]->setup; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] OperatorNumber number_of(NodeIndex node) const { return nodes_[node]->setup.self; }
    [[nodiscard]] std::optional<NodeIndex> node_of(OperatorNumber number) const;
    /// The actor, dead or alive; null if this world runs without it.
    [[nodiscard]] SimShell* sibling(NodeIndex node, Actor actor);
    [[nodiscard]] std::vector<SimShell*> shells();

    void add(Observer& observer) { observers_.push_back(&observer); }
    template <class F>
    void observe(F&& tell) {
        for (Observer* o : observers_) tell(*o);
    }

    void start();
    /// Runs for so long; stops early at the first broken invariant.
    void run(Micros length);
    /// Runs until `done` holds, asked every 20 ms, or for at most `length`; tells whether it holds.
    bool run_until(const std::function<bool()>& done, Micros length);

    // Faults.
    void begin_chaos();  ///< as options().faults say
    void calm();         ///< all faults end, all links heal, everything dead is started
    void crash_actor(NodeIndex node, Actor actor, Micros downtime);
    void crash_node(NodeIndex node, Micros downtime, bool power);
    /// The stores that fence this node's key go back by so much (one of them, or both), or are gone.
    enum class DiskFault : std::uint8_t {
        intake_rolled_back,
        consensus_rolled_back,
        both_rolled_back,
        intake_lost,
        consensus_lost,
        both_lost
    };
    static constexpr std::uint64_t disk_fault_count = 6;
    void spoil_disk(NodeIndex node, DiskFault fault, Micros age, Micros downtime);
    void rot_disk(NodeIndex node, Actor actor);
    /// For so long nothing more can be stored there.
    void fill_disk(NodeIndex node, Micros length);
    /// From now on, against the time of the world.
    void set_clock(NodeIndex node, std::int64_t ahead_ms) { nodes_[node]->ahead_ms = ahead_ms; }
    [[nodiscard]] std::uint64_t exits(Exit why) const { return exits_[static_cast<std::size_t>(why)]; }

    // Verdicts. The first failure is the one reported.
    void fail(std::string what);
    [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

    // The trace: a running hash of everything that left an actor, and lines when asked for.
    void trace(NodeIndex node, Actor actor, std::string_view what, std::uint64_t number, ByteView payload = {});
    [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
    void print_trace(bool on) { print_trace_ = on; }
    void log(NodeIndex node, Actor actor, const Log& line);

    // For shells.
    [[nodiscard]] Instant now_at(NodeIndex node) const;
    [[nodiscard]] std::size_t turn_inputs_max() const { return options_.turn_inputs_max; }
    [[nodiscard]] Boundary draw_boundary();
    [[nodiscard]] bool draw_sync_failure();
    [[nodiscard]] bool disk_is_full(NodeIndex node) const { return clock_.now() < nodes_[node]->disk_full_until; }
    [[nodiscard]] bool is_absent(NodeIndex node) const { return options_.is_late(node) && clock_.now() < options_.late_at; }
    void kill(SimShell& shell);
    void start_soon(SimShell& shell);
    void on_exit(SimShell& shell, Exit why);
    void local_link(NodeIndex node, std::function<void()> deliver);
    void publish(NodeIndex node, Stream stream, std::uint64_t sequence, const SharedBytes& payload);
    void announce(NodeIndex node, Stream stream, std::uint64_t incarnation, std::uint64_t head);
    void send(NodeIndex node, const Send& message);
    void request(NodeIndex node, Actor whom, Bytes payload, std::function<void(SharedBytes)> reply);
    void ask_backend(NodeIndex node, const Bytes& payload, std::function<void(SharedBytes)> reply);
    [[nodiscard]] std::optional<Address> recover_sender(const Bytes& raw);

  private:
    struct Node {
        NodeSetup setup;
        std::array<std::unique_ptr<SimShell>, actor_count> shells;
        std::int64_t skew_ms = 0;   ///< of its clock as long as nothing makes it jump
        std::int64_t ahead_ms = 0;  ///< of its clock now
        Micros disk_full_until = 0;
        Micros link_free = 0;  ///< ordered delivery inside the node
    };
    void schedule(Micros interval, std::function<void()> fault);
    void add_node(NodeIndex index, const Cores& cores);
    void schedule_crashes();
    void schedule_partitions();
    void schedule_disk_faults();
    void cut_links();

    Options options_;
    Random random_;
    Clock clock_;
    Genesis genesis_;
    Network network_;
    DaLayer da_layer_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Observer*> observers_;
    bool chaos_ = false;
    std::array<std::uint64_t, 3> exits_{};
    std::optional<std::string> failure_;
    std::uint64_t trace_hash_ = 0x243f6a8885a308d3ULL;
    bool print_trace_ = false;
};

/// The deterministic genesis of a run; keys depend on the node alone.
[[nodiscard]] Genesis make_genesis(const Options& options);
[[nodiscard]] crypto::SecretKey operator_key(NodeIndex node);
[[nodiscard]] crypto::AccountKey user_key(std::size_t account);
inline constexpr std::uint64_t chain_id = 5201;
inline constexpr std::uint64_t genesis_ms = 1'700'000'000'000;

}  // namespace rondo::sim
