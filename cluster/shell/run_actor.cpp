#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "cluster/shell/log.hpp"
#include "cluster/shell/shell.hpp"
#include "cluster/shell/shell_config.hpp"
#include "messages/base/require.hpp"

namespace rondo {
namespace {

static_assert(exit_store == store::exit_code_failed && exit_disk_full == store::exit_code_disk_full &&
              exit_config == store::exit_code_refused && exit_store_locked == store::exit_code_locked);

int stop_descriptor = -1;

extern "C" void on_stop_signal(int) {
    const std::uint64_t one = 1;
    (void)!::write(stop_descriptor, &one, sizeof one);
}

/// Readable from the first SIGTERM or SIGINT on.
void catch_stop_signals() {
    stop_descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    require(stop_descriptor >= 0, "no event descriptor");
    struct sigaction action = {};
    action.sa_handler = on_stop_signal;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

/// Each other operator takes several descriptors, and guests take some: as many as the system lets this process have.
void take_descriptors() {
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // refused: as if it had not been asked
}

store::Options store_options(const ActorTraits& traits, const ShellConfig& config) {
    const shell::ShellTables own(traits.tables.size());
    store::Options options{config.store_folder, traits.durability,     config.map_bytes,
                           traits.tables,       traits.schema_version, {config.genesis, traits.actor, config.self}};
    options.tables.push_back(own.cursors);
    options.tables.push_back(own.outbox);
    return options;
}

bus::NodeOptions node_options(const ActorTraits& traits, const ShellConfig& config) {
    bus::NodeOptions options{traits.actor, {}, traits.subscriptions, traits.lingering};
    for (const auto& [actor, endpoints] : config.node) options.actors[actor] = {endpoints.router, endpoints.publisher};
    return options;
}

bus::PeerOptions peer_options(const ActorTraits& traits, const ShellConfig& config) {
    bus::PeerOptions options{traits.channels, {}, config.transport_secret, config.transport_public, config.genesis};
    for (const Channel channel : traits.channels)
        if (const auto found = config.listen.find(channel); found != config.listen.end()) options.listen.insert(*found);
    return options;
}

int refuse(int exit_code, const std::string& reason) {
    shell::log(Level::error, reason);
    return exit_code;
}

int run(const ActorTraits& traits, const ShellConfig& config, const CoreFactory& make, Backend* backend) {
    auto store = store::Store::open(store_options(traits, config));
    if (!store) return refuse(store.error().exit_code, store.error().reason);
    if (store->was_discarded())
        shell::log(Level::warn,
                   "this store was not synced when the machine went down, or is of an older schema: it is discarded");
    if (const auto height = store->restored_from())
        shell::log(Level::warn,
                   "restored from the checkpoint of block " + std::to_string(height->value) + "; what followed is replayed");
    else if (store->was_discarded())
        shell::log(Level::warn, "there is no checkpoint: everything is replayed");
    bus::Context context;
    auto node = bus::NodeBus::open(context, node_options(traits, config));
    if (!node) return refuse(exit_config, node.error());
    auto peers = bus::PeerBus::open(context, peer_options(traits, config));
    if (!peers) return refuse(exit_config, peers.error());
    shell::Shell shell(traits, config, *store, *node, *peers, backend);
    shell::log(Level::info, "started");
    return shell.run(make, stop_descriptor);
}

}  // namespace

int run_actor(const ActorTraits& traits, const ShellConfig& config, const CoreFactory& make, Backend* backend) {
    shell::open_log(traits.actor);
    catch_stop_signals();
    if (!traits.channels.empty()) {
        take_descriptors();
        // Users and other operators wait for who talks with members; what is asked for on open channels has time.
        if (std::ranges::any_of(traits.channels, [](Channel c) { return !is_open(c); })) bus::ask_to_be_prompt();
    }
    try {
        return run(traits, config, make, backend);
    } catch (const std::exception& error) {
        return refuse(exit_invariant, std::string("unexpected: ") + error.what());
    }
}

}  // namespace rondo
