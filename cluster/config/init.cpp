#include "cluster/config/init.hpp"

#include "cluster/config/cluster_file.hpp"
#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/load_accounts.hpp"

namespace rondo {
namespace {

constexpr std::uint64_t default_stake_ether = 32;
constexpr const char* local_host = "127.0.0.1";

const Wei ether{1'000'000'000'000'000'000ULL};
const Wei load_account_balance = ether * 1'000'000;  // ample for any load

std::string node_name(std::size_t index) { return "node" + std::to_string(index); }

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
    return check_new_home(options.home);
}

Wei stake_of(const InitOptions& options, std::size_t index) {
    if (options.stakes_ether.empty()) return ether * default_stake_ether;
    return ether * options.stakes_ether[std::min(index, options.stakes_ether.size() - 1)];
}

/// One node of the cluster.
struct Member {
    NodeKeys keys;
    NodePlan plan;
};

std::vector<Member> plan_members(const InitOptions& options, std::uint16_t first_port) {
    std::vector<Member> out(static_cast<std::size_t>(options.nodes));
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i].plan =
            plan_node(options.home, node_name(i), local_host, static_cast<std::uint16_t>(first_port + i * ports_per_node));
        out[i].plan.number = OperatorNumber(static_cast<std::uint32_t>(i));
        out[i].plan.history = options.history;
    }
    return out;
}

Configured<Genesis> make_genesis(const InitOptions& options, const GenesisDraft& draft, const std::vector<Member>& members,
                                 const Secret& load_seed) {
    Genesis base = draft.genesis;
    std::vector<GenesisAccount> senders;
    for (std::uint64_t i = 0; i < options.load_accounts; ++i)
        senders.push_back({load_sender(load_seed, i).address(), load_account_balance, 0});
    if (const auto wrong = fund(base, senders)) return tl::make_unexpected(*wrong);
    std::vector<GenesisOperator> operators;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& [k, plan] = members[i];
        operators.push_back({plan.number, k.signing.signing().public_key(), k.transport.transport_public(),
                             k.fees.account().address(), k.watcher.account().address(), k.rewards.account().address(),
                             stake_of(options, i), plan.name, plan.endpoints});
    }
    return with_operators(base, operators);
}

Configured<void> write_home(const InitOptions& options, const Genesis& genesis, const std::vector<Member>& members,
                            const Secret& load_seed) {
    const Home& home = options.home;
    if (auto made = make_private_folder(home.da_folder()); !made) return made;
    if (options.load_accounts > 0)
        if (auto done = write_load_seed(home.load_seed(), load_seed, options.load_accounts); !done) return done;
    ClusterFile cluster;
    for (const Member& member : members) {
        if (auto done = write_node(home, member.plan, member.keys); !done) return done;
        cluster.nodes.push_back({member.plan.name, member.plan.number, member.plan.endpoints.host});
    }
    if (auto done = write_file(home.genesis(), format_genesis(genesis)); !done) return done;
    // Last: a home with this file is complete.
    return write_file(home.cluster_file(), format_cluster_file(cluster));
}

}  // namespace

Configured<InitSummary> init_cluster(const InitOptions& options) {
    if (const auto wrong = check(options)) return tl::make_unexpected(*wrong);
    auto draft = draft_genesis(options);
    if (!draft) return tl::make_unexpected(draft.error());
    const auto kept = retention_of(options.history, draft->genesis.parameters);
    if (!kept) return tl::make_unexpected(kept.error());
    const auto first_port = find_free_ports(options.home, static_cast<std::uint16_t>(options.nodes * ports_per_node));
    if (!first_port) return tl::make_unexpected(first_port.error());
    const std::vector<Member> members = plan_members(options, *first_port);
    const Secret load_seed = generate_key(KeyKind::transport).secret;
    const auto genesis = make_genesis(options, *draft, members, load_seed);
    if (!genesis) return tl::make_unexpected(genesis.error());
    if (const auto written = write_home(options, *genesis, members, load_seed); !written) {
        std::error_code ignored;
        std::filesystem::remove_all(options.home.root, ignored);  // it was empty before
        return tl::make_unexpected(written.error());
    }
    InitSummary summary;
    summary.genesis = digest_of(*genesis);
    summary.chain_id = genesis->chain_id;
    summary.accounts = genesis->accounts.size();
    summary.first_port = *first_port;
    for (const Member& member : members) summary.rpc.push_back("http://127.0.0.1:" + std::to_string(member.plan.rpc_port));
    summary.allocation = std::move(draft->allocation);
    return summary;
}

}  // namespace rondo
