#include "cluster/config/loader.hpp"

#include <malloc.h>

#include <charconv>
#include <iostream>
#include <string_view>

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"

namespace rondo {
namespace {

const GenesisOperator* find_operator(const Genesis& genesis, OperatorNumber number) {
    for (const GenesisOperator& o : genesis.operators)
        if (o.number == number) return &o;
    return nullptr;
}

ConfigError foreign_key(const std::filesystem::path& key, const std::filesystem::path& genesis) {
    return {key.string() + ": this key is not the one that " + genesis.string() +
            " lists for this operator; use the key and the genesis of one network"};
}

std::optional<ConfigError> load_keys(LoadedActor& out, const GenesisOperator& self, const PassphraseSource& passphrase) {
    const ActorFile& file = out.file;
    if (owns_channels(file.actor)) {
        const auto signing = read_key(file.signing_key, KeyKind::signing, passphrase);
        if (!signing) return signing.error();
        const auto transport = read_key(file.transport_key, KeyKind::transport, passphrase);
        if (!transport) return transport.error();
        out.signing_key = signing->signing();
        out.shell.transport_secret = to_bytes(transport->secret.view());
        out.shell.transport_public = transport->transport_public();
        if (out.signing_key->public_key() != self.key) return foreign_key(file.signing_key, file.genesis);
        if (out.shell.transport_public != self.transport_key) return foreign_key(file.transport_key, file.genesis);
    }
    if (has_account(file.actor)) {
        const auto account = read_key(file.account_key, KeyKind::account, passphrase);
        if (!account) return account.error();
        out.account_key = account->account();
        const Address& listed = file.actor == Actor::watcher ? self.watcher_account : self.rewards_account;
        if (out.account_key->address() != listed) return foreign_key(file.account_key, file.genesis);
    }
    return std::nullopt;
}

std::optional<ConfigError> load_peers(LoadedActor& out, const std::string& path) {
    const auto wrong = [&](const PeerEntry& entry, const char* what) {
        return ConfigError{path + ": peer " + std::to_string(entry.number.value) + what};
    };
    for (const PeerEntry& entry : out.file.peers) {
        const GenesisOperator* peer = find_operator(out.genesis, entry.number);
        if (peer == nullptr) return wrong(entry, " is no operator of the genesis; remove it");
        if (entry.number == out.file.self) return wrong(entry, " is this node itself; remove it from [[peers]]");
        for (const Peer& other : out.shell.peers)
            if (other.number == entry.number) return wrong(entry, " stands twice");
        out.shell.peers.push_back({entry.number, peer->transport_key, entry.endpoints});
    }
    if (owns_channels(out.file.actor) && out.shell.peers.size() + 1 != out.genesis.operators.size())
        return ConfigError{path + ": " + std::to_string(out.shell.peers.size()) + " peers, but the genesis has " +
                           std::to_string(out.genesis.operators.size() - 1) + " other operators; add the missing [[peers]]"};
    return std::nullopt;
}

/// The folders of this actor's own sockets: on /tmp and XDG_RUNTIME_DIR they may be gone after a boot.
std::optional<ConfigError> make_socket_folders(const ActorFile& file) {
    const ActorEndpoints& own = file.node.at(file.actor);
    for (const std::string& endpoint : {own.router, own.publisher}) {
        if (!endpoint.starts_with("ipc://")) continue;
        const std::filesystem::path folder = std::filesystem::path(endpoint.substr(6)).parent_path();
        // Of a local cluster the folder above is the cluster's own, and as private.
        std::error_code ignored;
        if (!std::filesystem::exists(folder.parent_path(), ignored))
            if (const auto made = make_private_folder(folder.parent_path()); !made) return made.error();
        if (const auto made = make_private_folder(folder); !made) return made.error();
    }
    return std::nullopt;
}

}  // namespace

Configured<LoadedActor> load_actor(Actor actor, const std::filesystem::path& path, const PassphraseSource& passphrase) {
    auto file = read_actor_file(path);
    if (!file) return tl::make_unexpected(file.error());
    if (file->actor != actor)
        return config_error(path.string() + ": this is the file of the " + std::string(to_string(file->actor)) +
                            " actor, not of " + std::string(to_string(actor)));
    auto genesis = read_genesis(file->genesis);
    if (!genesis) return tl::make_unexpected(genesis.error());
    LoadedActor out{std::move(*file), {}, std::move(*genesis), std::nullopt, std::nullopt};
    const GenesisOperator* self = find_operator(out.genesis, out.file.self);
    if (self == nullptr)
        return config_error(path.string() + ": operator " + std::to_string(out.file.self.value) + " is not in " +
                            out.file.genesis.string());
    out.shell.self = out.file.self;
    out.shell.store_folder = out.file.store;
    out.shell.map_bytes = out.file.map_gib << 30;
    out.shell.node = out.file.node;
    out.shell.listen = out.file.listen;
    out.shell.genesis = digest_of(out.genesis);
    out.shell.worker_threads = static_cast<std::size_t>(out.file.worker_threads);
    PassphraseSource source = passphrase;
    if (!source.any()) source.file = out.file.passphrase_file;
    auto wrong = load_keys(out, *self, source);
    if (!wrong) wrong = load_peers(out, path.string());
    if (!wrong) wrong = make_socket_folders(out.file);
    if (wrong) return tl::make_unexpected(*wrong);
    ::malloc_trim(0);  // a large genesis passes through memory once and should not stay there
    return out;
}

tl::expected<LoadedActor, int> load_actor_or_explain(Actor actor, int argc, char** argv) {
    const std::string program = "rondo-" + std::string(to_string(actor));
    const std::string usage = "usage: " + program +
                              " --config FILE [--passphrase-fd N | --passphrase-file FILE]\n"
                              "The " +
                              std::string(to_string(actor)) + " actor of one node. Stop it with SIGTERM.\n";
    std::filesystem::path config;
    PassphraseSource passphrase;
    const auto refuse = [&](const std::string& why) {
        std::cerr << program << ": " << why << "\n" << usage;
        return tl::make_unexpected(static_cast<int>(exit_config));
    };
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--help" || option == "--version") {
            std::cout << (option == "--help" ? usage : program + " 0.1.0\n");
            return tl::make_unexpected(static_cast<int>(exit_ok));
        }
        if (i + 1 == argc) return refuse("unknown option or missing value: " + std::string(option));
        const std::string_view value = argv[++i];
        if (option == "--config") {
            config = value;
        } else if (option == "--passphrase-file") {
            passphrase.file = value;
        } else if (option == "--passphrase-fd") {
            int descriptor = 0;
            const auto parsed = std::from_chars(value.data(), value.data() + value.size(), descriptor);
            if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size())
                return refuse("--passphrase-fd needs a number");
            passphrase.descriptor = descriptor;
        } else {
            return refuse("unknown option " + std::string(option));
        }
    }
    if (config.empty()) return refuse("--config is missing");
    auto loaded = load_actor(actor, config, passphrase);
    if (loaded) return std::move(*loaded);
    std::cerr << program << ": " << loaded.error().message << "\n";
    return tl::make_unexpected(static_cast<int>(exit_config));
}

}  // namespace rondo
