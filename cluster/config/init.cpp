#include "cluster/config/init.hpp"

#include <array>

#include "cluster/config/actor_file.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/key_file.hpp"
#include "cluster/config/load_accounts.hpp"

namespace rondo {
namespace {

constexpr std::array<Actor, actor_count> all_actors{Actor::intake, Actor::consensus, Actor::execution,
                                                    Actor::da,     Actor::watcher,   Actor::rewards};
/// Of each node, in this order: lanes, votes, sync, JSON-RPC.
constexpr std::uint16_t ports_per_node = 4;
constexpr std::uint64_t default_stake_ether = 32;

const Wei ether{1'000'000'000'000'000'000ULL};
const Wei service_account_balance = ether * 100;     // watcher and rewards: fee-exempt, but they must exist
const Wei load_account_balance = ether * 1'000'000;  // ample for any load

struct NodeKeys {
    Key signing = generate_key(KeyKind::signing);
    Key transport = generate_key(KeyKind::transport);
    Key watcher = generate_key(KeyKind::account);
    Key rewards = generate_key(KeyKind::account);
    Key fees = generate_key(KeyKind::account);
};

std::string node_name(std::size_t index) { return "node" + std::to_string(index); }

/// Genesis accounts by address; what is funded twice gets both amounts.
class Funding {
  public:
    std::optional<ConfigError> add(const GenesisAccount& account) {
        GenesisAccount& entry = accounts_.try_emplace(account.address, GenesisAccount{account.address, 0, 0}).first->second;
        const auto sum = checked_add(entry.balance, account.balance);
        if (!sum) return ConfigError{to_hex_prefixed(account.address.view()) + " would have more than 2^256 wei"};
        entry.balance = *sum;
        entry.nonce = std::max(entry.nonce, account.nonce);
        return std::nullopt;
    }
    std::optional<ConfigError> add_text(const std::string& text) {
        const auto equals = text.find('=');
        const auto address = fixed_from_hex<Address>(text.substr(0, equals));
        const auto balance = equals == std::string::npos ? std::nullopt : from_decimal(text.substr(equals + 1));
        if (!address || !balance)
            return ConfigError{"--fund " + text + ": write it as 0x<40 hexadecimal digits>=<wei in decimal>"};
        return add({*address, *balance, 0});
    }
    [[nodiscard]] std::vector<GenesisAccount> sorted() const {
        std::vector<GenesisAccount> out;
        for (const auto& entry : accounts_) out.push_back(entry.second);
        return out;
    }

  private:
    std::map<Address, GenesisAccount> accounts_;
};

std::optional<ConfigError> check(const InitOptions& options) {
    const std::uint64_t n = options.nodes;
    if (n == 0) return ConfigError{"--nodes 0: a network has 1 node, or at least 4"};
    if (n == 2 || n == 3)
        return ConfigError{
            "--nodes " + std::to_string(n) + ": take 1, or at least 4. With " + std::to_string(n) +
            " nodes no failure is tolerated: agreement needs more than two thirds, so that one stopped node halts all, "
            "and there are only more nodes that can stop"};
    if (n > nodes_max)
        return ConfigError{"--nodes " + std::to_string(n) + ": at most " + std::to_string(nodes_max) + " on one machine"};
    if (options.stakes_ether.size() > n)
        return ConfigError{"--stakes: " + std::to_string(options.stakes_ether.size()) + " stakes for " + std::to_string(n) +
                           " nodes; give one for each, or fewer: the last one counts for all that follow"};
    std::error_code error;
    const std::filesystem::path& root = options.home.root;
    if (std::filesystem::exists(options.home.cluster_file(), error))
        return ConfigError{root.string() +
                           ": there is a cluster here already; stop it with 'rondo down' and remove the folder, "
                           "or choose another --home"};
    // So that giving up half-way may remove all that is there.
    if (std::filesystem::exists(root, error) && !std::filesystem::is_empty(root, error))
        return ConfigError{root.string() + ": is not an empty folder; choose another --home"};
    return std::nullopt;
}

Wei stake_of(const InitOptions& options, std::size_t index) {
    if (options.stakes_ether.empty()) return ether * default_stake_ether;
    return ether * options.stakes_ether[std::min(index, options.stakes_ether.size() - 1)];
}

Configured<Genesis> make_genesis(const InitOptions& options, const std::vector<NodeKeys>& keys, const Secret& load_seed,
                                 InitSummary& summary) {
    Genesis genesis;
    const auto parameters = profile_parameters(options.profile);
    if (!parameters) return tl::make_unexpected(parameters.error());
    genesis.parameters = *parameters;
    for (const std::string& setting : options.settings)
        if (const auto set = set_parameter(genesis.parameters, setting); !set) return tl::make_unexpected(set.error());
    genesis.chain_id = options.chain_id.value_or(default_chain_id);
    genesis.policy = options.policy;
    genesis.timestamp_ms = options.timestamp_ms;
    Funding funding;
    std::optional<ConfigError> wrong;
    if (!options.alloc_from.empty()) {
        auto allocation = allocation_from(options.alloc_from, options.chain_id, genesis.parameters.base_fee_min_wei);
        if (!allocation) return tl::make_unexpected(allocation.error());
        genesis.chain_id = allocation->chain_id;
        for (const GenesisAccount& account : allocation->accounts) wrong = wrong ? wrong : funding.add(account);
        summary.allocation = std::move(*allocation);
    }
    for (const std::string& text : options.funded) wrong = wrong ? wrong : funding.add_text(text);
    for (std::uint64_t i = 0; i < options.load_accounts; ++i)
        wrong = wrong ? wrong : funding.add({load_sender(load_seed, i).address(), load_account_balance, 0});
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const NodeKeys& k = keys[i];
        const Address watcher = k.watcher.account().address(), rewards = k.rewards.account().address();
        genesis.operators.push_back({OperatorNumber(static_cast<std::uint32_t>(i)), k.signing.signing().public_key(),
                                     k.transport.transport_public(), k.fees.account().address(), watcher, rewards,
                                     stake_of(options, i), node_name(i)});
        wrong = wrong ? wrong : funding.add({watcher, service_account_balance, 0});
        wrong = wrong ? wrong : funding.add({rewards, service_account_balance, 0});
    }
    genesis.accounts = funding.sorted();
    if (!wrong) wrong = check_genesis(genesis);
    if (wrong) return tl::make_unexpected(*wrong);
    return genesis;
}

std::string tcp(std::uint16_t first, std::size_t node, std::size_t offset) {
    return "tcp://127.0.0.1:" + std::to_string(first + node * ports_per_node + offset);
}

ActorFile actor_file(const Home& home, Actor actor, std::size_t index, std::size_t nodes, std::uint16_t first_port) {
    const std::filesystem::path folder = home.node(node_name(index));
    ActorFile file;
    file.actor = actor;
    file.self = OperatorNumber(static_cast<std::uint32_t>(index));
    file.genesis = home.genesis();
    file.store = folder / "store" / std::string(to_string(actor));
    if (owns_channels(actor)) {
        file.signing_key = folder / "keys" / "signing.key";
        file.transport_key = folder / "keys" / "transport.key";
    }
    if (has_account(actor)) file.account_key = folder / "keys" / (std::string(to_string(actor)) + ".key");
    for (const Actor sibling : all_actors) {
        const std::string base = "ipc://" + (home.run_folder() / node_name(index) / std::string(to_string(sibling))).string();
        file.node[sibling] = {base + ".req", base + ".pub"};
    }
    for (std::size_t c = 0; c < channel_count; ++c) {
        const auto channel = static_cast<Channel>(c);
        if (owner_of(channel) == actor) file.listen[channel] = tcp(first_port, index, c);
    }
    for (std::size_t other = 0; other < nodes && owns_channels(actor); ++other) {
        if (other == index) continue;
        PeerEntry peer{OperatorNumber(static_cast<std::uint32_t>(other)), {}};
        for (const auto& entry : file.listen)
            peer.endpoints[entry.first] = tcp(first_port, other, static_cast<std::size_t>(entry.first));
        file.peers.push_back(std::move(peer));
    }
    file.rpc.port = static_cast<std::uint16_t>(first_port + index * ports_per_node + channel_count);
    file.da_folder = home.da_folder();
    return file;
}

Configured<void> write_node(const Home& home, std::size_t index, const NodeKeys& keys, std::size_t nodes,
                            std::uint16_t first_port) {
    const std::filesystem::path folder = home.node(node_name(index));
    for (const char* part : {"", "keys", "store", "log"})
        if (auto made = make_private_folder(*part == '\0' ? folder : folder / part); !made) return made;
    const std::pair<const char*, const Key*> files[] = {{"signing.key", &keys.signing},
                                                        {"transport.key", &keys.transport},
                                                        {"watcher.key", &keys.watcher},
                                                        {"rewards.key", &keys.rewards},
                                                        {"fees.key", &keys.fees}};
    for (const auto& [name, key] : files)
        if (auto done = write_key(folder / "keys" / name, *key); !done) return done;
    for (const Actor actor : all_actors) {
        const std::filesystem::path path = home.actor_file(node_name(index), actor);
        if (auto done =
                write_file(path, format_actor_file(actor_file(home, actor, index, nodes, first_port), path.parent_path()));
            !done)
            return done;
    }
    return {};
}

Configured<void> write_home(const InitOptions& options, const Genesis& genesis, const std::vector<NodeKeys>& keys,
                            const Secret& load_seed, std::uint16_t first_port) {
    const Home& home = options.home;
    if (auto made = make_private_folder(home.da_folder()); !made) return made;
    if (options.load_accounts > 0)
        if (auto done = write_load_seed(home.load_seed(), load_seed, options.load_accounts); !done) return done;
    ClusterFile cluster;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (auto done = write_node(home, i, keys[i], keys.size(), first_port); !done) return done;
        cluster.nodes.push_back({node_name(i), OperatorNumber(static_cast<std::uint32_t>(i))});
    }
    if (auto done = write_file(home.genesis(), format_genesis(genesis)); !done) return done;
    // Last: a home with this file is complete.
    return write_file(home.cluster_file(), format_cluster_file(cluster));
}

}  // namespace

Configured<InitSummary> init_cluster(const InitOptions& options) {
    if (const auto wrong = check(options)) return tl::make_unexpected(*wrong);
    InitSummary summary;
    const auto nodes = static_cast<std::size_t>(options.nodes);
    const std::vector<NodeKeys> keys(nodes);
    const Secret load_seed = generate_key(KeyKind::transport).secret;
    const auto genesis = make_genesis(options, keys, load_seed, summary);
    if (!genesis) return tl::make_unexpected(genesis.error());
    const auto first_port = find_free_ports(options.home, static_cast<std::uint16_t>(nodes * ports_per_node));
    if (!first_port) return tl::make_unexpected(first_port.error());
    if (const auto written = write_home(options, *genesis, keys, load_seed, *first_port); !written) {
        std::error_code ignored;
        std::filesystem::remove_all(options.home.root, ignored);  // it was empty before
        return tl::make_unexpected(written.error());
    }
    summary.genesis = digest_of(*genesis);
    summary.chain_id = genesis->chain_id;
    summary.accounts = genesis->accounts.size();
    summary.first_port = *first_port;
    for (std::size_t i = 0; i < nodes; ++i)
        summary.rpc.push_back("http://127.0.0.1:" + std::to_string(*first_port + i * ports_per_node + channel_count));
    return summary;
}

}  // namespace rondo
