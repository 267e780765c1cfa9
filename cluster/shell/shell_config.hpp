#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"

namespace rondo {

/// Where one actor of this node can be reached by its siblings and by tools.
struct ActorEndpoints {
    std::string router;     ///< requests, replays, status: "ipc:///…/run/intake.req" or "tcp://host:port"
    std::string publisher;  ///< its streams: "ipc:///…/run/intake.pub"
};

/// All that a shell needs to host one actor; made from the actor's TOML file and the genesis.
struct ShellConfig {
    OperatorNumber self;
    std::filesystem::path store_folder;  ///< created if missing; exclusive lock inside
    std::uint64_t map_bytes = 64ULL << 30;
    std::map<Actor, ActorEndpoints> node;   ///< all six actors of this node, this one included
    std::map<Channel, std::string> listen;  ///< tcp://127.0.0.1:port for the channels this actor owns
    /// Beside those that the sets name, or in their place: where a node that is far behind finds somebody, and ways around the
    /// registered endpoints.
    std::vector<Peer> fixed_peers;
    Bytes transport_secret;  ///< 32 bytes, CURVE; empty only for actors without channels
    TransportKey transport_public{};
    Digest genesis{};
    std::size_t worker_threads = 1;
    /// With less than this free where the store lies the core is told (DiskRoom); 0: it is not.
    std::uint64_t disk_reserve_bytes = 0;
    /// What runs beside the core in this process adds to its status; may be empty.
    std::function<std::vector<StatusField>()> beside;
};

/// The adapter behind Askable::backend. Called on a worker thread, one call at a time; may block on I/O.
class Backend {
  public:
    virtual ~Backend() = default;
    [[nodiscard]] virtual Bytes handle(ByteView request) = 0;
};

/// Process exit codes with a meaning for the launcher.
enum ExitCode : int {
    exit_ok = 0,
    exit_invariant = 70,  ///< our fault: an invariant broke; restart with back-off
    exit_store = 74,      ///< failed sync, checksum or I/O: do not restart blindly
    exit_disk_full = 75,
    exit_config = 78,        ///< bad configuration, foreign or newer store, port in use: do not restart
    exit_store_locked = 79,  ///< another process owns this store: do not restart
};

/// Hosts a core until SIGTERM or SIGINT (drains, exits 0) or a fault. `make` is called once the store is open, with the StoreView
/// the core reads. Returns the exit code. `backend` may be null.
using CoreFactory = std::function<std::unique_ptr<Core>(const StoreView& view)>;
int run_actor(const ActorTraits& traits, const ShellConfig& config, const CoreFactory& make, Backend* backend);

}  // namespace rondo
