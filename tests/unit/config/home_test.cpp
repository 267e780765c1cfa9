#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/init.hpp"
#include "cluster/config/loader.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

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
            EXPECT_EQ(loaded->signing_key.has_value(), owns_channels(actor));
            EXPECT_EQ(loaded->account_key.has_value(), has_account(actor));
            EXPECT_EQ(loaded->shell.peers.size(), owns_channels(actor) ? 3U : 0U);
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
    EXPECT_EQ(genesis->accounts.size(), 2U + 2U + 1U);
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

TEST_F(HomeFolder, WithTheKeysOfAnotherNetworkIsRefused) {
    const InitOptions a = options("a", 1), b = options("b", 1);
    ASSERT_TRUE(init_cluster(a));
    ASSERT_TRUE(init_cluster(b));
    std::filesystem::copy_file(a.home.genesis(), b.home.genesis(), std::filesystem::copy_options::overwrite_existing);
    const auto loaded = load_actor(Actor::consensus, b.home.actor_file("node0", Actor::consensus));
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr("is not the one that"));
}

TEST_F(HomeFolder, RefusesAnActorsFileThatBelongsToAnotherActor) {
    const InitOptions o = options("a", 1);
    ASSERT_TRUE(init_cluster(o));
    EXPECT_FALSE(load_actor(Actor::watcher, o.home.actor_file("node0", Actor::rewards)));
}

}  // namespace
}  // namespace rondo
