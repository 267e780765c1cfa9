#include <iostream>

#include "actors/intake/core/core.hpp"
#include "actors/intake/rpc/server.hpp"
#include "cluster/config/loader.hpp"

namespace {

rondo::rpc::RpcConfig rpc_config(const rondo::LoadedActor& loaded) {
    const rondo::RpcSettings& from = loaded.file.rpc;
    rondo::rpc::RpcConfig config;
    config.address = from.host;
    config.port = from.port;
    config.chain_id = loaded.genesis.chain_id;
    config.client_version = "rondo/0.1.0";
    config.node = loaded.shell.node;
    config.limits.connections_max = from.connections_max;
    config.limits.connections_per_address_max = from.connections_per_address_max;
    config.limits.body_bytes_max = from.body_bytes_max;
    config.limits.batch_length_max = from.batch_length_max;
    config.limits.requests_per_second_per_address = from.requests_per_second_per_address;
    config.limits.header_timeout_ms = from.header_timeout_ms;
    config.limits.idle_timeout_ms = from.idle_timeout_ms;
    return config;
}

}  // namespace

int main(int argc, char** argv) {
    const auto loaded = rondo::load_actor_or_explain(rondo::Actor::intake, argc, argv);
    if (!loaded) return loaded.error();
    // JSON-RPC runs on a thread of its own and talks to the actors like any other client: it lives as long as they do.
    std::optional<rondo::rpc::RpcServer> rpc;
    if (loaded->file.rpc.port != 0) {
        rpc.emplace(rpc_config(*loaded));
        if (const std::string wrong = rpc->start(); !wrong.empty()) {
            std::cerr << "rondo-intake: " << wrong << "\n";
            return rondo::exit_config;
        }
    }
    const rondo::IntakeConfig config{loaded->shell.self, loaded->signing_keys, loaded->genesis, sources_of(*loaded),
                                     loaded->retention};
    rondo::ShellConfig shell = loaded->shell;
    if (rpc) shell.beside = [&] { return rpc->status(); };
    return rondo::run_actor(
        rondo::intake_traits(), shell,
        [&](const rondo::StoreView& view) { return std::make_unique<rondo::IntakeCore>(config, view); }, nullptr);
}
