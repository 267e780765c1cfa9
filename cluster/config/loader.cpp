#include "cluster/config/loader.hpp"

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <string_view>

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/node_bundle.hpp"
#include "cluster/config/node_folder.hpp"

namespace rondo {
namespace {

/// The operator of the genesis with the given key; nobody after a rotation.
template <class Key>
const GenesisOperator* find_by(Key GenesisOperator::*field, const Key& key, const Genesis& genesis) {
    for (const GenesisOperator& o : genesis.operators)
        if (o.*field == key) return &o;
    return nullptr;
}

/// Keys of operators that the genesis lists may have been rotated since, so that a key it does not know says nothing. But one of
/// somebody else in it is a mix-up of homes.
std::optional<ConfigError> mixed_up(const ActorFile& file, const std::filesystem::path& key, const GenesisOperator* owner) {
    if (owner == nullptr || owner->number == file.self) return std::nullopt;
    return ConfigError{key.string() + ": this is a key of operator " + std::to_string(owner->number.value) + " in " +
                       file.genesis.string() + ", but here 'operator' is " + operator_toml(file.self) +
                       "; use the files and the keys of one home"};
}

/// A node that was handed over has its keys for other things, but signs nothing here for ever.
std::optional<ConfigError> load_signing_keys(LoadedActor& out, const PassphraseSource& passphrase) {
    const ActorFile& file = out.file;
    if (!handed_over(file.folder).empty()) return std::nullopt;
    const auto signing = read_key(file.signing_key, KeyKind::signing, passphrase);
    if (!signing) return signing.error();
    out.signing_keys.push_back(signing->signing());
    std::error_code ignored;
    if (!file.signing_next_key.empty() && std::filesystem::exists(file.signing_next_key, ignored)) {
        const auto next = read_key(file.signing_next_key, KeyKind::signing, passphrase);
        if (!next) return next.error();
        out.signing_keys.push_back(next->signing());
    }
    const GenesisOperator* owner = find_by(&GenesisOperator::key, out.signing_keys.front().public_key(), out.genesis);
    return mixed_up(file, file.signing_key, owner);
}

std::optional<ConfigError> load_transport_key(LoadedActor& out, const PassphraseSource& passphrase) {
    const ActorFile& file = out.file;
    const auto transport = read_key(file.transport_key, KeyKind::transport, passphrase);
    if (!transport) return transport.error();
    out.shell.transport_secret = to_bytes(transport->secret.view());
    out.shell.transport_public = transport->transport_public();
    return mixed_up(file, file.transport_key, find_by(&GenesisOperator::transport_key, out.shell.transport_public, out.genesis));
}

/// The accounts of an operator never change, so that those of the genesis still hold.
std::optional<ConfigError> load_account(LoadedActor& out, const PassphraseSource& passphrase) {
    const ActorFile& file = out.file;
    const auto account = read_key(file.account_key, KeyKind::account, passphrase);
    if (!account) return account.error();
    out.account_key = account->account();
    const GenesisOperator* self = find_by(&GenesisOperator::number, file.self, out.genesis);
    if (self == nullptr) return std::nullopt;
    const Address& listed = file.actor == Actor::watcher ? self->watcher_account : self->rewards_account;
    if (out.account_key->address() == listed) return std::nullopt;
    return ConfigError{file.account_key.string() + ": this key is not the one that " + file.genesis.string() +
                       " lists for this operator; use the key and the genesis of one network"};
}

std::optional<ConfigError> load_keys(LoadedActor& out, const PassphraseSource& passphrase) {
    std::optional<ConfigError> wrong;
    if (signs(out.file.actor)) wrong = load_signing_keys(out, passphrase);
    if (!wrong && owns_channels(out.file.actor)) wrong = load_transport_key(out, passphrase);
    if (!wrong && has_account(out.file.actor)) wrong = load_account(out, passphrase);
    return wrong;
}

std::optional<ConfigError> load_peers(LoadedActor& out, const std::string& path) {
    out.shell.fixed_peers = out.file.fixed_peers;
    std::sort(out.shell.fixed_peers.begin(), out.shell.fixed_peers.end(),
              [](const Peer& a, const Peer& b) { return a.number < b.number; });
    for (const Peer& peer : out.shell.fixed_peers)
        if (peer.number == out.file.self)
            return ConfigError{path + ": peer " + std::to_string(peer.number.value) +
                               " is this node itself; remove it from [[peers]]"};
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

std::optional<ConfigError> load_retention(LoadedActor& out, const std::string& path) {
    const auto retention = retention_of({out.file.retention_blocks, out.file.archive}, out.genesis.parameters);
    if (!retention) return ConfigError{path + ": [retention]: " + retention.error().message};
    out.retention = *retention;
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
    LoadedActor out{std::move(*file), {}, std::move(*genesis), {}, std::nullopt, {}};
    out.shell.self = out.file.self;
    out.shell.store_folder = out.file.store;
    out.shell.map_bytes = out.file.map_gib << 30;
    if (actor == Actor::intake) out.shell.disk_reserve_bytes = out.file.disk_reserve_mib << 20;
    out.shell.node = out.file.node;
    out.shell.listen = out.file.listen;
    out.shell.genesis = digest_of(out.genesis);
    out.shell.worker_threads = static_cast<std::size_t>(out.file.worker_threads);
    PassphraseSource source = passphrase;
    if (!source.any()) source.file = out.file.passphrase_file;
    auto wrong = load_keys(out, source);
    if (!wrong) wrong = load_peers(out, path.string());
    if (!wrong) wrong = load_retention(out, path.string());
    if (!wrong) wrong = make_socket_folders(out.file);
    if (wrong) return tl::make_unexpected(*wrong);
    ::malloc_trim(0);  // a large genesis passes through memory once and should not stay there
    return out;
}

std::vector<OperatorNumber> sources_of(const LoadedActor& loaded) {
    std::vector<OperatorNumber> out;
    for (const Peer& peer : loaded.shell.fixed_peers) out.push_back(peer.number);
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
