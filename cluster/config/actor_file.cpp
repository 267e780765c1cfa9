#include "cluster/config/actor_file.hpp"

#include <array>
#include <charconv>

namespace rondo {
namespace {

constexpr std::array<Actor, actor_count> all_actors{Actor::intake, Actor::consensus, Actor::execution,
                                                    Actor::da,     Actor::watcher,   Actor::rewards};
constexpr std::array<Channel, channel_count> all_channels{Channel::lanes, Channel::votes, Channel::sync, Channel::fetch,
                                                          Channel::state};

std::string key_of(auto name) { return std::string(to_string(name)); }

bool is_endpoint(const std::string& text) {
    if (text.starts_with("tcp://")) {
        const auto colon = text.rfind(':');
        std::uint16_t port = 0;
        const auto parsed = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
        return colon > 6 && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port != 0;
    }
    return text.starts_with("ipc://") && text.size() > 6 && text.size() - 6 <= 107;
}

constexpr std::string_view endpoint_advice =
    "must be tcp://host:port with a port from 1 to 65535, or ipc:///path with a path of at most 107 bytes";

std::string read_endpoint(TomlTable& table, std::string_view key) {
    std::string text = table.text(key);
    if (!text.empty() && !is_endpoint(text)) table.refuse(key, std::string(endpoint_advice));
    return text;
}

void read_node(TomlTable table, ActorFile& out) {
    for (const Actor actor : all_actors) {
        TomlTable entry = table.table(to_string(actor));
        out.node[actor] = {read_endpoint(entry, "requests"), read_endpoint(entry, "streams")};
    }
}

constexpr NumberRange registered{0, first_guest.value - 1};

std::vector<Peer> read_peers(TomlTable root) {
    std::vector<Peer> out;
    for (TomlTable& entry : root.tables("peers")) {
        const auto port = [&](std::string_view key) { return static_cast<std::uint16_t>(entry.number(key, {1, 65'535})); };
        Peer peer;
        peer.number = OperatorNumber(static_cast<std::uint32_t>(entry.number("operator", registered)));
        for (const Peer& other : out)
            if (other.number == peer.number) entry.refuse("operator", "stands twice: one entry for each operator");
        const auto key = fixed_from_hex<TransportKey>(entry.text("transport_key"));
        if (!key) entry.refuse("transport_key", "must be 32 bytes in hexadecimal");
        peer.transport_keys.push_back(key.value_or(TransportKey{}));
        peer.endpoints = {entry.text("host"), port("lanes"), port("votes"), port("sync"), port("fetch"), port("state")};
        if (const std::string_view fault = fault_of(peer.endpoints); !fault.empty())
            entry.refuse("host", "is unfit: " + std::string(fault));
        out.push_back(std::move(peer));
    }
    return out;
}

void read_rpc(TomlTable table, RpcSettings& rpc) {
    const RpcSettings defaults;
    rpc.host = table.text_or("host", defaults.host);
    rpc.port = static_cast<std::uint16_t>(table.number_or("port", defaults.port, {0, 65535}));
    const auto read = [&](std::string_view key, std::uint64_t fallback, NumberRange range) {
        return table.number_or(key, fallback, range);
    };
    rpc.connections_max = read("connections_max", defaults.connections_max, {1, 100'000});
    rpc.connections_per_address_max = read("connections_per_address_max", defaults.connections_per_address_max, {1, 100'000});
    rpc.body_bytes_max = read("body_bytes_max", defaults.body_bytes_max, {1024, 64 << 20});
    rpc.batch_length_max = read("batch_length_max", defaults.batch_length_max, {1, 10'000});
    rpc.requests_per_second_per_address =
        read("requests_per_second_per_address", defaults.requests_per_second_per_address, {1, 10'000'000});
    rpc.header_timeout_ms = read("header_timeout_ms", defaults.header_timeout_ms, {100, 600'000});
    rpc.idle_timeout_ms = read("idle_timeout_ms", defaults.idle_timeout_ms, {100, 86'400'000});
}

void read_sync(TomlTable table, ActorFile& out) {
    const std::string from = table.text_or("from", "snapshot");
    if (from != "snapshot" && from != "genesis") table.refuse("from", "must be \"snapshot\" or \"genesis\"");
    out.takes_snapshots = from == "snapshot";
}

std::string line(std::string_view key, const std::string& value, std::string_view comment = "") {
    std::string out = std::string(key) + " = " + value;
    if (!comment.empty()) out += std::string(out.size() < 48 ? 48 - out.size() : 1, ' ') + "# " + std::string(comment);
    return out + "\n";
}

std::string format_rpc(const RpcSettings& rpc) {
    return "\n[rpc]  # JSON-RPC for wallets and libraries, over HTTP\n" +
           line("host", toml_quoted(rpc.host), "0.0.0.0 opens it to other machines") +
           line("port", std::to_string(rpc.port), "0: no JSON-RPC") +
           line("connections_max", std::to_string(rpc.connections_max), "open at the same time") +
           line("connections_per_address_max", std::to_string(rpc.connections_per_address_max), "of one client") +
           line("body_bytes_max", std::to_string(rpc.body_bytes_max), "of one request") +
           line("batch_length_max", std::to_string(rpc.batch_length_max), "calls in one batch") +
           line("requests_per_second_per_address", std::to_string(rpc.requests_per_second_per_address)) +
           line("header_timeout_ms", std::to_string(rpc.header_timeout_ms), "a client that sends slower is cut off") +
           line("idle_timeout_ms", std::to_string(rpc.idle_timeout_ms), "a connection that says nothing is closed");
}

std::string format_keys(const ActorFile& file, const auto& path) {
    std::string out = "\n[keys]\n";
    if (signs(file.actor)) {
        out += line("signing", path(file.signing_key), "Ed25519: what this operator signs");
        out += line("signing_next", path(file.signing_next_key), "the one it rotates to, beside it; absent: it does not rotate");
    }
    if (owns_channels(file.actor)) out += line("transport", path(file.transport_key), "Curve25519: the sockets between nodes");
    if (has_account(file.actor)) out += line("account", path(file.account_key), "secp256k1: sends this actor's transactions");
    return out + line("passphrase_file", path(file.passphrase_file), "for sealed keys; empty: they are not sealed");
}

std::string format_channels(const ActorFile& file) {
    std::string out = "\n[listen]  # for the other operators, always encrypted\n";
    for (const auto& [channel, endpoint] : file.listen) out += line(to_string(channel), toml_quoted(endpoint));
    out +=
        "\n# Peers come from the operators' sets on the chain. Fixed ones, in [[peers]], are where a node that is far behind "
        "finds\n"
        "# somebody, and ways around registered endpoints.\n";
    for (const Peer& peer : file.fixed_peers) {
        out += "\n[[peers]]\n" + line("operator", std::to_string(peer.number.value));
        out += line("transport_key", toml_quoted(to_hex_prefixed(peer.transport_keys.front().view())));
        out += line("host", toml_quoted(peer.endpoints.host));
        out += line("lanes", std::to_string(peer.endpoints.lanes)) + line("votes", std::to_string(peer.endpoints.votes));
        out += line("sync", std::to_string(peer.endpoints.sync)) + line("fetch", std::to_string(peer.endpoints.fetch));
        out += line("state", std::to_string(peer.endpoints.state));
    }
    return out;
}

}  // namespace

bool signs(Actor actor) { return actor == Actor::intake || actor == Actor::consensus; }
bool owns_channels(Actor actor) { return signs(actor) || actor == Actor::execution; }
bool has_account(Actor actor) { return actor == Actor::watcher || actor == Actor::rewards; }
bool keeps_history(Actor actor) { return owns_channels(actor) || actor == Actor::execution; }

std::string format_actor_file(const ActorFile& file, const std::filesystem::path& folder) {
    const auto path = [&](const std::filesystem::path& p) {
        return toml_quoted(p.empty() ? "" : p.lexically_proximate(folder).string());
    };
    std::string out = "# Rondo: the " + key_of(file.actor) +
                      " actor of one node.\n# Paths count from this file's folder. Settings that are left out have the defaults "
                      "shown here.\n\n[actor]\n";
    out += line("name", toml_quoted(to_string(file.actor)));
    out += line("operator", operator_toml(file.self), "its registration number; \"none\": follows the network, unregistered");
    out += line("genesis", path(file.genesis), "must be the same everywhere: rondo key genesis");
    out += line("store", path(file.store), "its own folder; one process at a time");
    out += line("map_gib", std::to_string(file.map_gib), "upper bound of the store; sparse, costs nothing");
    out += line("worker_threads", std::to_string(file.worker_threads), "for signatures and hashes");
    if (file.actor == Actor::intake)
        out += line("disk_reserve_mib", std::to_string(file.disk_reserve_mib),
                    "with less free it answers BUSY; 0: until nothing is free");
    if (owns_channels(file.actor) || has_account(file.actor)) out += format_keys(file, path);
    out += "\n[node]  # where the six actors of this node answer requests and publish their streams\n";
    for (const auto& [actor, at] : file.node)
        out +=
            line(to_string(actor), "{ requests = " + toml_quoted(at.router) + ", streams = " + toml_quoted(at.publisher) + " }");
    if (owns_channels(file.actor)) out += format_channels(file);
    if (file.actor == Actor::intake) out += format_rpc(file.rpc);
    if (file.actor == Actor::da)
        out += "\n[layer]  # the data-availability layer: here a folder that all nodes share\n" +
               line("folder", path(file.da_folder));
    if (file.actor == Actor::execution)
        out += "\n[sync]  # how a new node catches up with a chain that is far ahead\n" +
               line("from", toml_quoted(file.takes_snapshots ? "snapshot" : "genesis"),
                    "\"snapshot\": takes the state from others, proven; \"genesis\": executes all blocks");
    if (keeps_history(file.actor))
        out += "\n[retention]  # the same in intake, consensus and execution\n" +
               line("blocks", std::to_string(file.retention_blocks),
                    "of history; at least snapshot_blocks + 2 execution_lag_max; 0: 4 snapshot_blocks") +
               line("archive", file.archive ? "true" : "false", "keep all blocks and diffs of states; needs ever more disk");
    return out;
}

Configured<ActorFile> read_actor_file(const std::filesystem::path& path) {
    auto opened = TomlFile::open(path);
    if (!opened) return tl::make_unexpected(opened.error());
    const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    const auto resolved = [&](const std::string& text) {
        return text.empty() ? std::filesystem::path() : (folder / text).lexically_normal();
    };
    TomlTable root = opened->root();
    TomlTable actor = root.table("actor");
    ActorFile out;
    out.folder = folder;
    if (const auto name = actor_from_string(actor.text("name")))
        out.actor = *name;
    else
        actor.refuse("name", "must be intake, consensus, execution, da, watcher or rewards");
    out.self = read_operator(actor);
    out.genesis = resolved(actor.text("genesis"));
    out.store = resolved(actor.text("store"));
    out.map_gib = actor.number_or("map_gib", out.map_gib, {1, 16 * 1024});
    out.worker_threads = actor.number_or("worker_threads", out.worker_threads, {1, 256});
    if (out.actor == Actor::intake)
        out.disk_reserve_mib = actor.number_or("disk_reserve_mib", out.disk_reserve_mib, {0, 1 << 20});
    TomlTable keys = root.table("keys");
    if (signs(out.actor)) {
        out.signing_key = resolved(keys.text("signing"));
        out.signing_next_key = resolved(keys.text_or("signing_next", "keys/signing.next.key"));
    }
    if (owns_channels(out.actor)) out.transport_key = resolved(keys.text("transport"));
    if (has_account(out.actor)) out.account_key = resolved(keys.text("account"));
    out.passphrase_file = resolved(keys.text_or("passphrase_file", ""));
    read_node(root.table("node"), out);
    if (owns_channels(out.actor)) {
        TomlTable listen = root.table("listen");
        for (const Channel channel : all_channels)
            if (owner_of(channel) == out.actor) out.listen[channel] = read_endpoint(listen, to_string(channel));
        out.fixed_peers = read_peers(root);
    }
    if (out.actor == Actor::intake) read_rpc(root.table("rpc"), out.rpc);
    if (out.actor == Actor::da) out.da_folder = resolved(root.table("layer").text("folder"));
    if (out.actor == Actor::execution) read_sync(root.table("sync"), out);
    if (keeps_history(out.actor)) {
        TomlTable retention = root.table("retention");
        out.retention_blocks = retention.number_or("blocks", out.retention_blocks, {0, 1ULL << 40});
        out.archive = retention.flag_or("archive", out.archive);
    }
    if (const auto fault = opened->finish()) return tl::make_unexpected(*fault);
    return out;
}

std::string operator_toml(OperatorNumber number) { return number == no_operator ? "\"none\"" : std::to_string(number.value); }

OperatorNumber read_operator(TomlTable& table) {
    const auto number = table.number_or_none("operator", registered);
    return number ? OperatorNumber(static_cast<std::uint32_t>(*number)) : no_operator;
}

Configured<std::vector<Peer>> read_peers_file(const std::filesystem::path& path) {
    auto opened = TomlFile::open(path);
    if (!opened) return tl::make_unexpected(opened.error());
    auto peers = read_peers(opened->root());
    if (const auto fault = opened->finish()) return tl::make_unexpected(*fault);
    if (peers.empty()) return config_error(path.string() + ": names no peer; add [[peers]]");
    return peers;
}

Configured<Peer> parse_peer(std::string_view text) {
    const std::string whole(text);
    std::vector<std::string> parts;
    for (auto comma = text.find(','); comma != std::string_view::npos; comma = text.find(',')) {
        parts.emplace_back(text.substr(0, comma));
        text.remove_prefix(comma + 1);
    }
    parts.emplace_back(text);
    bool fits = parts.size() == 8;
    const auto number = [&](std::size_t i, std::uint64_t max) {
        std::uint64_t value = 0;
        const char* end = parts[i].data() + parts[i].size();
        const auto parsed = std::from_chars(parts[i].data(), end, value);
        fits = fits && parsed.ec == std::errc() && parsed.ptr == end && value <= max;
        return value;
    };
    Peer peer;
    if (fits) {
        const auto port = [&](std::size_t i) { return static_cast<std::uint16_t>(number(i, 65'535)); };
        peer.number = OperatorNumber(static_cast<std::uint32_t>(number(0, registered.max)));
        const auto key = fixed_from_hex<TransportKey>(parts[1]);
        fits = fits && key.has_value();
        peer.transport_keys.push_back(key.value_or(TransportKey{}));
        peer.endpoints = {parts[2], port(3), port(4), port(5), port(6), port(7)};
    }
    if (!fits)
        return config_error("'" + whole +
                            "': write a peer as OPERATOR,TRANSPORT_KEY,HOST,LANES,VOTES,SYNC,FETCH,STATE, the last five ports");
    if (const std::string_view fault = fault_of(peer.endpoints); !fault.empty())
        return config_error("'" + whole + "': " + std::string(fault));
    return peer;
}

}  // namespace rondo
