#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/init.hpp"
#include "cluster/config/loader.hpp"
#include "cluster/config/node_folder.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HomeFolder : public test::Scratch {
  protected:
    InitOptions options(const std::string& name, std::uint64_t nodes = 4) const {
        InitOptions out;
        out.home = Home::at(path(name));
        out.nodes = nodes;
        out.load_accounts = 2;
        out.timestamp_ms = 1'700'000'000'000;
        return out;
    }
};

TEST_F(HomeFolder, AlwaysBeginsWithTheSamePortsAndOthersBeginElsewhere) {
    const Home home = Home::at("/somewhere/a");
    EXPECT_EQ(port_block(home, 16, 0), port_block(home, 16, 0));
    EXPECT_NE(port_block(home, 16, 0), port_block(Home::at("/somewhere/b"), 16, 0));
    for (std::uint32_t attempt = 0; attempt < 3000; ++attempt) {
        const std::uint16_t first = port_block(home, 16, attempt);
        ASSERT_GE(first, 10'000);
        ASSERT_LE(first + 15, 32'767) << "would collide with ports that the kernel hands out";
    }
}

TEST_F(HomeFolder, PassesOverPortsThatAreTaken) {
    const Home home = Home::at(path("a"));
    const auto first = find_free_ports(home, 4);
    ASSERT_TRUE(first);
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(*first + 2));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    const auto other = find_free_ports(home, 4);
    ::close(taken);
    ASSERT_TRUE(other);
    EXPECT_NE(*other, *first);
}

TEST_F(HomeFolder, PutsSocketsElsewhereWhenTheirPathsWouldBeTooLong) {
    EXPECT_EQ(Home::at("/short").run_folder(), "/short/run");
    const Home deep = Home::at("/" + std::string(90, 'd'));
    EXPECT_NE(deep.run_folder(), deep.root / "run");
    EXPECT_LE(deep.run_folder().string().size() + std::string("/node9999/consensus.req").size(), socket_path_bytes_max);
    EXPECT_NE(deep.run_folder(), Home::at("/" + std::string(90, 'e')).run_folder());
}

TEST_F(HomeFolder, OfANewClusterLoadsInEveryActorOfEveryNode) {
    const InitOptions o = options("a");
    const auto summary = init_cluster(o);
    ASSERT_TRUE(summary) << summary.error().message;
    for (int node = 0; node < 4; ++node) {
        for (std::size_t a = 0; a < actor_count; ++a) {
            const auto actor = static_cast<Actor>(a);
            const auto loaded = load_actor(actor, o.home.actor_file("node" + std::to_string(node), actor));
            ASSERT_TRUE(loaded) << loaded.error().message;
            EXPECT_EQ(loaded->shell.genesis, summary->genesis);
            EXPECT_EQ(loaded->signing_keys.size(), signs(actor) ? 1U : 0U);
            EXPECT_EQ(loaded->account_key.has_value(), has_account(actor));
            EXPECT_TRUE(loaded->shell.fixed_peers.empty()) << "peers come from the sets on the chain";
        }
    }
}

TEST_F(HomeFolder, FundsTheServicesAndTheLoadAccountsInGenesis) {
    InitOptions o = options("a", 1);
    o.funded = {"0x1111111111111111111111111111111111111111=12345"};
    o.stakes_ether = {40};
    o.settings = {"epoch_blocks=9"};
    ASSERT_TRUE(init_cluster(o));
    const auto genesis = read_genesis(o.home.genesis());
    ASSERT_TRUE(genesis) << genesis.error().message;
    EXPECT_EQ(genesis->accounts.size(), 2U + 3U + 1U);
    EXPECT_EQ(genesis->parameters.epoch_blocks, 9U);
    EXPECT_EQ(genesis->operators[0].self_stake, Wei(40) * 1'000'000'000'000'000'000ULL);
    const Address funded = *fixed_from_hex<Address>("0x1111111111111111111111111111111111111111");
    const auto is_funded = [&](const GenesisAccount& a) { return a.address == funded && a.balance == 12345; };
    EXPECT_TRUE(std::any_of(genesis->accounts.begin(), genesis->accounts.end(), is_funded));
}

TEST_F(HomeFolder, IsNotMadeForTwoOrThreeNodesAndTheReasonIsGiven) {
    for (const std::uint64_t nodes : {0U, 2U, 3U}) {
        const auto made = init_cluster(options("a", nodes));
        ASSERT_FALSE(made) << nodes;
        EXPECT_THAT(made.error().message, HasSubstr("at least 4"));
    }
    EXPECT_FALSE(std::filesystem::exists(path("a")));
}

TEST_F(HomeFolder, IsNotMadeWithMoreStakesThanNodes) {
    InitOptions o = options("h", 4);
    o.stakes_ether = {1, 2, 3, 4, 5};
    const auto made = init_cluster(o);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("5 stakes for 4 nodes"));
    EXPECT_FALSE(std::filesystem::exists(path("h")));
}

TEST_F(HomeFolder, WhoseParentIsAFileIsRefusedByTheReasonOfTheSystem) {
    write("file", "");
    const auto made = make_private_folder(path("file") / "a" / "b");
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("Not a directory"));
}

TEST_F(HomeFolder, IsNeverWrittenOver) {
    ASSERT_TRUE(init_cluster(options("a", 1)));
    const std::string key = content(path("a") / "node0" / "keys" / "signing.key");
    EXPECT_FALSE(init_cluster(options("a", 1)));
    EXPECT_EQ(content(path("a") / "node0" / "keys" / "signing.key"), key);
    std::filesystem::create_directories(path("b"));
    write("b/something", "of mine");
    EXPECT_FALSE(init_cluster(options("b", 1)));
    EXPECT_EQ(content(path("b") / "something"), "of mine");
}

TEST_F(HomeFolder, NamesInItsGenesisWhereEachNodeListens) {
    const InitOptions o = options("a");
    ASSERT_TRUE(init_cluster(o));
    const auto genesis = read_genesis(o.home.genesis());
    ASSERT_TRUE(genesis) << genesis.error().message;
    std::set<std::uint16_t> ports;
    for (std::size_t i = 0; i < 4; ++i) {
        const Endpoints& at = genesis->operators[i].endpoints;
        const std::string base = "tcp://" + at.host + ":", node = "node" + std::to_string(i);
        const auto intake = read_actor_file(o.home.actor_file(node, Actor::intake));
        const auto consensus = read_actor_file(o.home.actor_file(node, Actor::consensus));
        const auto execution = read_actor_file(o.home.actor_file(node, Actor::execution));
        ASSERT_TRUE(intake && consensus && execution);
        const std::map<Channel, std::string> lanes_and_fetch{{Channel::lanes, base + std::to_string(at.lanes)},
                                                             {Channel::fetch, base + std::to_string(at.fetch)}};
        const std::map<Channel, std::string> votes_and_sync{{Channel::votes, base + std::to_string(at.votes)},
                                                            {Channel::sync, base + std::to_string(at.sync)}};
        EXPECT_EQ(intake->listen, lanes_and_fetch);
        EXPECT_EQ(consensus->listen, votes_and_sync);
        EXPECT_EQ(execution->listen.at(Channel::state), base + std::to_string(at.state));
        ports.insert({at.lanes, at.votes, at.sync, at.fetch, at.state, intake->rpc.port});
    }
    EXPECT_EQ(ports.size(), 4U * 6U) << "a port is used twice";
}

TEST_F(HomeFolder, WithTheKeysOfAnotherNetworkIsRefused) {
    const InitOptions a = options("a", 1), b = options("b", 1);
    ASSERT_TRUE(init_cluster(a));
    ASSERT_TRUE(init_cluster(b));
    std::filesystem::copy_file(a.home.genesis(), b.home.genesis(), std::filesystem::copy_options::overwrite_existing);
    const auto loaded = load_actor(Actor::watcher, b.home.actor_file("node0", Actor::watcher));
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr("is not the one that"));
}

TEST_F(HomeFolder, WithTheKeysOfAnotherOperatorIsRefused) {
    const InitOptions o = options("a");
    ASSERT_TRUE(init_cluster(o));
    for (const char* key : {"signing.key", "transport.key"}) {
        const auto mine = o.home.node("node0") / "keys" / key;
        const std::string before = content(mine);
        std::filesystem::copy_file(o.home.node("node1") / "keys" / key, mine, std::filesystem::copy_options::overwrite_existing);
        const auto loaded = load_actor(Actor::consensus, o.home.actor_file("node0", Actor::consensus));
        ASSERT_FALSE(loaded) << key;
        EXPECT_THAT(loaded.error().message,
                    AllOf(HasSubstr(key), HasSubstr("a key of operator 1"), HasSubstr("'operator' is 0")));
        std::ofstream(mine) << before;
    }
}

TEST_F(HomeFolder, TakesBothSigningKeysWhileTheyAreRotatedAndTheNewOneAfterwards) {
    const InitOptions o = options("a");
    ASSERT_TRUE(init_cluster(o));
    const auto keys = o.home.node("node2") / "keys";
    const auto file = o.home.actor_file("node2", Actor::intake);
    const Key next = generate_key(KeyKind::signing);
    ASSERT_TRUE(write_key(keys / "signing.next.key", next));
    const auto both = load_actor(Actor::intake, file);
    ASSERT_TRUE(both) << both.error().message;
    ASSERT_EQ(both->signing_keys.size(), 2U);
    EXPECT_EQ(both->signing_keys[1].public_key(), next.signing().public_key());
    std::filesystem::rename(keys / "signing.next.key", keys / "signing.key");
    const auto after = load_actor(Actor::intake, file);
    ASSERT_TRUE(after) << "the genesis does not list the rotated key: " << after.error().message;
    ASSERT_EQ(after->signing_keys.size(), 1U);
}

TEST_F(HomeFolder, NamesItsFixedPeersAsSourcesInOrderAndNotItself) {
    const InitOptions o = options("a");
    ASSERT_TRUE(init_cluster(o));
    const auto path = o.home.actor_file("node1", Actor::consensus);
    const std::string text = content(path);
    const auto with_peers = [&](std::initializer_list<int> numbers) {
        std::ofstream out(path);
        out << text;
        for (const int n : numbers)
            out << "[[peers]]\noperator = " << n << "\ntransport_key = \"" << std::string(64, '7')
                << "\"\nhost = \"peer\"\nlanes = 1\nvotes = 2\nsync = 3\nfetch = 4\nstate = 5\n";
        out.close();
        return load_actor(Actor::consensus, path);
    };
    const auto loaded = with_peers({9, 3});
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(sources_of(*loaded), (std::vector<OperatorNumber>{OperatorNumber(3), OperatorNumber(9)}));
    const auto itself = with_peers({9, 1});
    ASSERT_FALSE(itself);
    EXPECT_THAT(itself.error().message, HasSubstr("peer 1 is this node itself"));
}

TEST_F(HomeFolder, BecomesAnotherOperatorsWithNothingElseChangedInItsFiles) {
    const InitOptions o = options("a");
    ASSERT_TRUE(init_cluster(o));
    const auto intake = o.home.actor_file("node1", Actor::intake);
    const std::string before = test::replaced(content(intake), "operator = 1 ", "operator = 1   # mine: ");
    std::ofstream(intake) << before;
    const std::string cluster = content(o.home.cluster_file());
    const auto done = set_operator(o.home, "node1", OperatorNumber(17));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(content(intake), test::replaced(before, "operator = 1 ", "operator = 17 "));
    EXPECT_EQ(content(o.home.cluster_file()), test::replaced(cluster, "operator = 1\n", "operator = 17\n"));
    for (std::size_t a = 0; a < actor_count; ++a)
        EXPECT_EQ(read_actor_file(o.home.actor_file("node1", static_cast<Actor>(a)))->self, OperatorNumber(17));
    write("a/node1/da.toml", test::replaced(content(o.home.actor_file("node1", Actor::da)), "operator = 17", ""));
    const auto refused = set_operator(o.home, "node1", OperatorNumber(18));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("da.toml"), HasSubstr("operator = 18")));
}

TEST_F(HomeFolder, RefusesAnActorsFileThatBelongsToAnotherActor) {
    const InitOptions o = options("a", 1);
    ASSERT_TRUE(init_cluster(o));
    EXPECT_FALSE(load_actor(Actor::watcher, o.home.actor_file("node0", Actor::rewards)));
}

}  // namespace
}  // namespace rondo
