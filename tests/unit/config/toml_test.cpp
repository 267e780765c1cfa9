#include <gmock/gmock.h>

#include "cluster/config/actor_file.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/config/genesis_entry.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/nearest.hpp"
#include "cluster/config/toml_file.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Toml : public test::Scratch {};

TEST(Nearest, CountsInsertionsDeletionsAndSubstitutions) {
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("same", "same"), 0U);
}

TEST(Nearest, FindsTheNameThatWasMeant) {
    EXPECT_EQ(nearest_name("epoch_block", {"idle_ms", "epoch_blocks", "retry_ms"}), "epoch_blocks");
    EXPECT_EQ(nearest_name("anything", {}), "");
}

TEST_F(Toml, AnUnknownKeyIsAnErrorWithItsLineAndTheNearestKnownKey) {
    auto file = TomlFile::open(write("a.toml", "[store]\nfolder = \"x\"\nmap_gb = 3\n"));
    ASSERT_TRUE(file);
    TomlTable store = file->root().table("store");
    EXPECT_EQ(store.text("folder"), "x");
    EXPECT_EQ(store.number_or("map_gib", 64), 64U);
    const auto fault = file->finish();
    ASSERT_TRUE(fault);
    EXPECT_THAT(fault->message, AllOf(HasSubstr("a.toml:3"), HasSubstr("'map_gb'"), HasSubstr("did you mean 'map_gib'?")));
}

TEST_F(Toml, AMisspeltTableIsNamedBeforeTheKeysThatItHides) {
    auto file = TomlFile::open(write("a.toml", "[stor]\nfolder = \"x\"\n"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->root().table("store").text("folder"), "");
    ASSERT_TRUE(file->finish());
    EXPECT_THAT(file->finish()->message, AllOf(HasSubstr("unknown key 'stor'"), HasSubstr("'store'")));
}

TEST_F(Toml, AValueOfTheWrongKindOrOutOfRangeIsAnErrorWithItsLine) {
    auto file = TomlFile::open(write("a.toml", "port = 70000\n"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->root().number("port", {1, 65535}), 1U);
    ASSERT_TRUE(file->finish());
    EXPECT_THAT(file->finish()->message, AllOf(HasSubstr("a.toml:1"), HasSubstr("from 1 to 65535")));
}

TEST_F(Toml, ABrokenFileIsAnErrorWithItsLine) {
    const auto file = TomlFile::open(write("a.toml", "good = 1\nbad = = 2\n"));
    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message, HasSubstr("a.toml:2"));
}

TEST_F(Toml, AHeaderThatNamesNothingIsAnErrorToo) {
    for (const char* header : {"[=]\n", "[[=]]\n", "[a.=]\n", "[", "[["}) {
        const auto file = TomlFile::open(write("a.toml", header));
        ASSERT_FALSE(file) << header;
        EXPECT_THAT(file.error().message, HasSubstr("a.toml:1"));
    }
}

TEST_F(Toml, WhatItsParserCannotTakeIsRefusedBefore) {
    for (const char* bad : {"\n\xEF\xB8\xBF = 1\n", "a = \"\\\"\" # \n \xD1\x8A", "\nb = '\xC3\xA4'", "\nb = 50'\xEF\xBB\x8D'",
                            "\nb = \"\\\xC3\xA4\"", "\nb = \"\xC3\"", "\nb = \"\xED\xA0\x80\"", "\nb = \"\xC0\x80\"",
                            "\nb = \"\xF4\x90\x80\x80\"", "\n# \xFF"}) {
        const auto file = TomlFile::open(write("a.toml", bad));
        ASSERT_FALSE(file) << bad;
        EXPECT_THAT(file.error().message, AllOf(HasSubstr("a.toml:2"), HasSubstr("beyond ASCII")));
    }
    auto good = TomlFile::open(write("a.toml", "\xEF\xBB\xBFtext = \"\\\\\xC3\xA4 #\xF0\x9F\xA6\x89\"  # \xC3\xB6\n"));
    ASSERT_TRUE(good) << "a byte order mark, a text and a comment";
    EXPECT_EQ(good->root().text("text"), "\\\xC3\xA4 #\xF0\x9F\xA6\x89");
}

TEST_F(Toml, AQuotedTextReadsBackAsItWas) {
    const std::string text = "a \"quote\", a \\, a\ttab and a \x7f";
    auto file = TomlFile::open(write("a.toml", "text = " + toml_quoted(text) + "\n"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->root().text("text"), text);
}

TEST_F(Toml, AnActorsFileReadsBackAsItWasWritten) {
    ActorFile file;
    file.actor = Actor::intake;
    file.self = OperatorNumber(2);
    file.genesis = path("genesis.json");
    file.store = path("store");
    file.signing_key = path("signing.key");
    file.signing_next_key = path("next.key");
    file.transport_key = path("transport.key");
    for (std::size_t a = 0; a < actor_count; ++a) file.node[static_cast<Actor>(a)] = {"ipc:///run/a.req", "tcp://10.0.0.1:5"};
    file.listen[Channel::lanes] = "tcp://127.0.0.1:4000";
    file.listen[Channel::fetch] = "tcp://127.0.0.1:4005";
    TransportKey key;
    key.bytes.fill(7);
    file.fixed_peers.push_back({OperatorNumber(3), {key}, {"10.0.0.3", 1, 2, 3, 4, 5}});
    file.fixed_peers.push_back({OperatorNumber(1), {key}, {"2001:db8::1", 5, 6, 7, 8, 9}});
    file.rpc.port = 8545;
    file.rpc.batch_length_max = 7;
    const auto back = read_actor_file(write("intake.toml", format_actor_file(file, path(""))));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->self, file.self);
    EXPECT_EQ(back->genesis, file.genesis);
    EXPECT_EQ(back->signing_key, file.signing_key);
    EXPECT_EQ(back->node.at(Actor::da).publisher, "tcp://10.0.0.1:5");
    EXPECT_EQ(back->listen, file.listen);
    EXPECT_EQ(back->signing_next_key, file.signing_next_key);
    EXPECT_EQ(back->fixed_peers, file.fixed_peers);
    EXPECT_EQ(back->rpc.port, 8545);
    EXPECT_EQ(back->rpc.batch_length_max, 7U);
}

TEST_F(Toml, ANodeWithoutANumberFollowsTheNetwork) {
    ActorFile file;
    file.actor = Actor::rewards;
    file.self = no_operator;
    for (std::size_t a = 0; a < actor_count; ++a) file.node[static_cast<Actor>(a)] = {"ipc:///run/a.req", "ipc:///run/a.pub"};
    const std::string text = format_actor_file(file, path(""));
    const auto back = read_actor_file(write("rewards.toml", text));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->self, no_operator);
    for (const char* wrong : {"\"nobody\"", "4294967295", "2147483648", "-1", "true"}) {
        const auto bad = read_actor_file(write("rewards.toml", test::replaced(text, "\"none\"", wrong)));
        ASSERT_FALSE(bad) << wrong;
        EXPECT_THAT(bad.error().message, HasSubstr("'operator' in [actor] must be a whole number")) << wrong;
    }
    EXPECT_FALSE(read_actor_file(write("rewards.toml", test::replaced(text, "operator = \"none\"", "")))) << "nothing is guessed";
}

TEST_F(Toml, AFixedPeerIsWholeAndStandsOnce) {
    const std::string entry = "[[peers]]\noperator = 3\ntransport_key = \"0x" + std::string(64, '7') +
                              "\"\nhost = \"peer.example\"\nlanes = 1\nvotes = 2\nsync = 3\nfetch = 4\nstate = 5\n";
    const auto peers = read_peers_file(write("peers.toml", entry));
    ASSERT_TRUE(peers) << peers.error().message;
    EXPECT_EQ(parse_peer("3," + std::string(64, '7') + ",peer.example,1,2,3,4,5").value(), peers->front());
    const std::pair<const char*, const char*> wrong[] = {{"operator = 3", "operator = \"none\""},
                                                         {"state = 5", ""},
                                                         {"fetch = 4", "fetch = 0"},
                                                         {"peer.example", "tcp://peer"},
                                                         {"7777\"", "777\""}};
    for (const auto& [from, to] : wrong)
        EXPECT_FALSE(read_peers_file(write("peers.toml", test::replaced(entry, from, to)))) << from << " as " << to;
    const auto twice = read_peers_file(write("peers.toml", entry + entry));
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message, AllOf(HasSubstr("peers.toml:11"), HasSubstr("stands twice")));
    EXPECT_FALSE(read_peers_file(write("peers.toml", "")));
    for (const char* text : {"", "3,77,peer,1,2,3,4,5", "3,peer,1,2,3,4,5", ",,,,,,,", "3,77,peer,1,2,3,4,5,6"})
        EXPECT_FALSE(parse_peer(text)) << text;
}

TEST_F(Toml, TheSeedsOfTheFuzzersAreFilesThatAreRead) {
    const std::filesystem::path seeds = RONDO_SOURCE_DIR "/tests/fuzz/seeds";
    for (const char* name : {"intake", "execution", "da", "watcher"}) {
        const auto file = read_actor_file(seeds / "actor_file" / (std::string(name) + ".toml"));
        EXPECT_TRUE(file) << file.error().message;
    }
    std::filesystem::copy(seeds / "cluster_file/local.toml", path("cluster.toml"));
    const auto cluster = read_cluster_file(Home::at(path("")));
    EXPECT_TRUE(cluster) << cluster.error().message;
    const auto genesis = read_genesis(seeds / "genesis_file/local.json");
    EXPECT_TRUE(genesis) << genesis.error().message;
    const auto entry = read_entry(seeds / "genesis_entry/entry.json");
    EXPECT_TRUE(entry) << entry.error().message;
}

TEST_F(Toml, ASocketPathThatTheKernelWouldCutIsRefused) {
    ActorFile file;
    file.actor = Actor::da;
    file.genesis = path("genesis.json");
    file.store = path("store");
    file.da_folder = path("da");
    for (std::size_t a = 0; a < actor_count; ++a) file.node[static_cast<Actor>(a)] = {"ipc:///run/a.req", "ipc:///run/a.pub"};
    file.node[Actor::da].router = "ipc:///" + std::string(120, 'x');
    const auto back = read_actor_file(write("da.toml", format_actor_file(file, path(""))));
    ASSERT_FALSE(back);
    EXPECT_THAT(back.error().message, HasSubstr("at most 107 bytes"));
}

TEST_F(Toml, AnEndpointWhosePortIsNoneIsRefusedBeforeASocketIsOpened) {
    ActorFile file;
    file.actor = Actor::consensus;
    for (std::size_t a = 0; a < actor_count; ++a) file.node[static_cast<Actor>(a)] = {"ipc:///run/a.req", "ipc:///run/a.pub"};
    file.listen = {{Channel::votes, "tcp://127.0.0.1:4000"}, {Channel::sync, "tcp://127.0.0.1:4001"}};
    const std::string good = format_actor_file(file, path(""));
    EXPECT_TRUE(read_actor_file(write("consensus.toml", good)));
    for (const char* port : {"99999", "0", "", "x", "-1", "40x"}) {
        const auto text = test::replaced(good, "tcp://127.0.0.1:4000", std::string("tcp://127.0.0.1:") + port);
        const auto bad = read_actor_file(write("consensus.toml", text));
        ASSERT_FALSE(bad) << port;
        EXPECT_THAT(bad.error().message, AllOf(HasSubstr("'votes' in [listen]"), HasSubstr("from 1 to 65535")));
    }
}

TEST_F(Toml, AClusterFileReadsBackAndRefusesANodeThatStandsTwice) {
    const Home home = Home::at(path(""));
    ClusterFile cluster;
    cluster.nodes = {{"node0", OperatorNumber(0), "seq.example"}, {"node1", no_operator}};
    cluster.restarts_max = 9;
    const std::string text = format_cluster_file(cluster);
    write("cluster.toml", text);
    const auto back = read_cluster_file(home);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(back->nodes.size(), 2U);
    EXPECT_EQ(back->nodes[0].host, "seq.example");
    EXPECT_EQ(back->nodes[1].number, no_operator);
    EXPECT_EQ(back->restarts_max, 9U);
    write("cluster.toml", test::replaced(text, "node1", "node0"));
    const auto twice = read_cluster_file(home);
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message, HasSubstr("stands twice"));
}

}  // namespace
}  // namespace rondo
