#include "cluster/config/ceremony.hpp"

#include <gmock/gmock.h>

#include "cluster/config/actor_file.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/genesis_maker.hpp"
#include "cluster/config/loader.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

using test::replaced;
using ::testing::AllOf;
using ::testing::HasSubstr;

const Wei ether{1'000'000'000'000'000'000ULL};

class Ceremony : public test::Scratch {
  protected:
    std::filesystem::path draft(std::uint64_t timestamp_ms = 1'700'000'000'000) const {
        GenesisOptions options;
        options.timestamp_ms = timestamp_ms;
        options.funded = {"0x1111111111111111111111111111111111111111=12345"};
        return write("draft.json", format_genesis(draft_genesis(options)->genesis));
    }
    Home home(const std::string& name) const { return Home::at(path(name)); }
    std::filesystem::path entry(const std::string& name) const { return path(name + ".entry.json"); }
    TakingPart part(const std::string& name) const {
        TakingPart out;
        out.home = home(name);
        out.host = name + ".example";
        out.ports = {7100, 7101, 7102, 7103, 7104, 8545};
        out.draft = path("draft.json");
        out.moniker = name;
        out.self_stake = ether * 32;
        out.out = entry(name);
        return out;
    }
    /// Alice, bob, carol and dave.
    std::vector<std::filesystem::path> four() const {
        std::vector<std::filesystem::path> out;
        for (const char* name : {"alice", "bob", "carol", "dave"}) {
            const auto made = take_part(part(name));
            EXPECT_TRUE(made) << made.error().message;
            out.push_back(entry(name));
        }
        return out;
    }
    std::filesystem::path genesis_of(const std::vector<std::filesystem::path>& entries) const {
        const auto genesis = collect(path("draft.json"), entries);
        EXPECT_TRUE(genesis) << genesis.error().message;
        return write("genesis.json", format_genesis(*genesis));
    }
};

TEST_F(Ceremony, GivesEverybodyOneGenesisWhoeverCollects) {
    draft();
    auto entries = four();
    const auto genesis = collect(path("draft.json"), entries);
    ASSERT_TRUE(genesis) << genesis.error().message;
    std::reverse(entries.begin(), entries.end());
    EXPECT_EQ(collect(path("draft.json"), entries).value(), *genesis);
    EXPECT_EQ(genesis->operators.size(), 4U);
    EXPECT_EQ(genesis->accounts.size(), 1U + 3U * 4U) << "each watcher, rewards and owner account must exist";
    const auto file = genesis_of(entries);
    std::set<OperatorNumber> numbers;
    for (const char* name : {"alice", "bob", "carol", "dave"}) {
        const auto installed = install_genesis(home(name), file);
        ASSERT_TRUE(installed) << installed.error().message;
        EXPECT_EQ(installed->genesis, digest_of(*genesis));
        numbers.insert(installed->number);
        for (std::size_t a = 0; a < actor_count; ++a) {
            const auto loaded = load_actor(static_cast<Actor>(a), home(name).actor_file("node0", static_cast<Actor>(a)));
            ASSERT_TRUE(loaded) << loaded.error().message;
            EXPECT_EQ(loaded->shell.self, installed->number);
            EXPECT_EQ(loaded->shell.genesis, digest_of(*genesis));
        }
        const auto cluster = read_cluster_file(home(name));
        ASSERT_TRUE(cluster) << cluster.error().message;
        EXPECT_EQ(cluster->nodes[0].number, installed->number);
        EXPECT_EQ(cluster->nodes[0].host, std::string(name) + ".example");
    }
    EXPECT_EQ(numbers.size(), 4U);
}

TEST_F(Ceremony, ListensOnEveryInterfaceWhereTheHostIsNotThisMachineAlone) {
    draft();
    ASSERT_TRUE(take_part(part("alice")));
    TakingPart six = part("six"), local = part("local");
    six.host = "2001:db8::1";
    local.host = "127.0.0.1";
    ASSERT_TRUE(take_part(six));
    ASSERT_TRUE(take_part(local));
    const auto listens = [&](const char* name) {
        return read_actor_file(home(name).actor_file("node0", Actor::intake))->listen.at(Channel::fetch);
    };
    EXPECT_EQ(listens("alice"), "tcp://0.0.0.0:7103");
    EXPECT_EQ(listens("six"), "tcp://[::]:7103");
    EXPECT_EQ(listens("local"), "tcp://127.0.0.1:7103");
}

TEST_F(Ceremony, AnEntryReadsBackAndAnyChangeOfItIsFound) {
    const auto base = read_genesis(draft(), Membership::open);
    ASSERT_TRUE(base);
    const auto made = take_part(part("alice"));
    ASSERT_TRUE(made) << made.error().message;
    const std::string text = content(entry("alice"));
    EXPECT_EQ(parse_entry(text, "entry.json").value(), *made);
    EXPECT_EQ(format_entry(*made), text);
    EXPECT_FALSE(check_entry(*made, digest_of(*base)));
    const std::pair<std::string, std::string> changes[] = {
        {"\"host\": \"alice.example\"", "\"host\": \"mallory.example\""},
        {"\"moniker\": \"alice\"", "\"moniker\": \"alicf\""},
        {"\"self_stake\": \"32", "\"self_stake\": \"33"},
        {"\"lanes\": 7100", "\"lanes\": 7109"},
        {"\"fetch\": 7103", "\"fetch\": 7109"},
        {"\"state\": 7104", "\"state\": 7109"},
        {to_hex(made->self.fee_address.view()), std::string(40, '1')},
        {to_hex(made->self.watcher_account.view()), std::string(40, '1')},
        {to_hex(made->self.rewards_account.view()), std::string(40, '1')},
        {to_hex(made->self.transport_key.view()), std::string(64, '1')},
        {to_hex(made->self.key.view()), to_hex(generate_key(KeyKind::signing).public_part())},
    };
    for (const auto& [from, to] : changes) {
        const auto changed = parse_entry(replaced(text, from, to), "entry.json");
        ASSERT_TRUE(changed) << changed.error().message;
        const auto wrong = check_entry(*changed, digest_of(*base));
        ASSERT_TRUE(wrong) << to;
        EXPECT_THAT(wrong->message, HasSubstr("not signed by the key that it names")) << to;
    }
}

TEST_F(Ceremony, AnEntryIsReadStrictly) {
    draft();
    ASSERT_TRUE(take_part(part("alice")));
    const std::string text = content(entry("alice"));
    const std::pair<const char*, const char*> changes[] = {
        {"\"version\": 1", "\"version\": 2"},
        {"\"host\"", "\"hosts\""},
        {"\"votes\": 7101, ", ""},
        {"\"votes\": 7101", "\"votes\": 0"},
        {"\"sync\": 7102", "\"sync\": -1"},
        {"\"moniker\"", "\"host\""},
        {"\"self_stake\": \"32", "\"self_stake\": \"x"},
        {"\"signature\": \"0x", "\"signature\": \"0x00"},
        {"{", "[{"},
    };
    for (const auto& [from, to] : changes) {
        const auto parsed = parse_entry(replaced(text, from, to), "entry.json");
        ASSERT_FALSE(parsed) << to;
        EXPECT_THAT(parsed.error().message, HasSubstr("entry.json: ")) << to;
    }
    write("long.json", text + std::string(20'000, ' '));
    EXPECT_FALSE(read_entry(path("long.json")));
}

TEST_F(Ceremony, RefusesAnEntryForAnotherDraftAndOneThatStandsTwice) {
    draft();
    auto entries = four();
    draft(1'700'000'000'001);
    const auto other = collect(path("draft.json"), entries);
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, AllOf(HasSubstr("alice.entry.json"), HasSubstr("another draft")));
    draft();
    entries.push_back(entries.front());
    const auto twice = collect(path("draft.json"), entries);
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message, HasSubstr("the same consensus key"));
}

TEST_F(Ceremony, RefusesTwoOrThreeOperatorsAndSaysWhy) {
    draft();
    auto entries = four();
    for (entries.pop_back(); entries.size() > 1; entries.pop_back()) {
        const auto few = collect(path("draft.json"), entries);
        ASSERT_FALSE(few) << entries.size();
        EXPECT_THAT(few.error().message, HasSubstr("one stop halts all"));
    }
    EXPECT_TRUE(collect(path("draft.json"), entries)) << "one alone is a network";
    EXPECT_FALSE(collect(path("draft.json"), {}));
}

TEST_F(Ceremony, AGenesisThatIsNotWhatOneSignedIsNotInstalled) {
    draft();
    const auto entries = four();
    const std::string text = content(genesis_of(entries));
    const auto refusal = [&](const std::string& changed) {
        const auto installed = install_genesis(home("alice"), write("genesis.json", changed));
        return installed ? std::string("installed") : installed.error().message;
    };
    EXPECT_THAT(refusal(replaced(text, "alice.example", "mallory.example")), HasSubstr("that you did not sign"));
    EXPECT_THAT(refusal(replaced(text, "\"chain_id\": 7357", "\"chain_id\": 7358")), HasSubstr("is not the draft"));
    EXPECT_THAT(refusal(replaced(text, "\"epoch_blocks\": 1024", "\"epoch_blocks\": 1023")), HasSubstr("is not the draft"));
    EXPECT_THAT(refusal(replaced(text, "\"balance\": \"12345\"", "\"balance\": \"12346\"")), HasSubstr("is not the draft"));
    const auto without = collect(path("draft.json"), {entries[1]});
    ASSERT_TRUE(without);
    EXPECT_THAT(refusal(format_genesis(*without)), HasSubstr("your entry is not in it"));
    EXPECT_FALSE(std::filesystem::exists(home("alice").genesis()));
    const auto key = home("alice").node("node0") / "keys" / "transport.key";
    std::filesystem::remove(key);
    ASSERT_TRUE(write_key(key, generate_key(KeyKind::transport)));
    EXPECT_THAT(refusal(text), AllOf(HasSubstr("transport.key"), HasSubstr("backup")));
}

TEST_F(Ceremony, NeverWritesOverAHomeOrAnEntry) {
    draft();
    ASSERT_TRUE(take_part(part("alice")));
    const std::string key = content(home("alice").node("node0") / "keys" / "signing.key");
    TakingPart again = part("alice");
    again.out = path("other.json");
    EXPECT_FALSE(take_part(again));
    EXPECT_EQ(content(home("alice").node("node0") / "keys" / "signing.key"), key);
    TakingPart same_file = part("bob");
    same_file.out = entry("alice");
    const auto refused = take_part(same_file);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("exists already"));
    EXPECT_FALSE(std::filesystem::exists(path("bob")));
    EXPECT_FALSE(install_genesis(home("bob"), path("draft.json")));
}

TEST_F(Ceremony, LeavesNothingBehindWhenItsEntryCannotBeWritten) {
    draft();
    TakingPart nowhere = part("alice");
    nowhere.out = path("no/such/folder/entry.json");
    EXPECT_FALSE(take_part(nowhere));
    EXPECT_FALSE(std::filesystem::exists(path("alice")));
}

TEST_F(Ceremony, ANodeThatJoinsLaterFollowsWithoutANumber) {
    draft();
    const auto genesis = genesis_of(four());
    NodeOptions options;
    options.home = home("erin");
    options.host = "127.0.0.1";
    options.da_folder = path("da");
    options.fixed_peers = {{OperatorNumber(2), {TransportKey{}}, {"bob.example", 1, 2, 3, 4, 5}}};
    const auto joined = join_network(options, genesis);
    ASSERT_TRUE(joined) << joined.error().message;
    for (std::size_t a = 0; a < actor_count; ++a) {
        const auto actor = static_cast<Actor>(a);
        const auto loaded = load_actor(actor, options.home.actor_file("node0", actor));
        ASSERT_TRUE(loaded) << loaded.error().message;
        EXPECT_EQ(loaded->shell.self, no_operator);
        EXPECT_EQ(loaded->shell.fixed_peers, owns_channels(actor) ? options.fixed_peers : std::vector<Peer>{});
        EXPECT_EQ(loaded->file.da_folder, actor == Actor::da ? path("da") : std::filesystem::path());
    }
    EXPECT_EQ(read_cluster_file(options.home)->nodes[0].number, no_operator);
    EXPECT_FALSE(join_network(options, genesis)) << "the home is taken";
}

TEST(Ether, IsReadAndWrittenAsPeopleDo) {
    EXPECT_EQ(wei_from_ether("32").value(), ether * 32);
    EXPECT_EQ(wei_from_ether("0.5").value(), ether / 2);
    EXPECT_EQ(wei_from_ether("0.000000000000000001").value(), Wei(1));
    for (const char* wrong : {"", ".", "1.", ".5", "1.0000000000000000001", "-1", "1e3", "1,5", "0x10"})
        EXPECT_FALSE(wei_from_ether(wrong)) << wrong;
    for (const char* text : {"0", "1", "0.5", "32.000000000000000001", "1000000"}) {
        const auto wei = wei_from_ether(text);
        ASSERT_TRUE(wei) << text;
        EXPECT_EQ(ether_from_wei(*wei), text);
    }
}

}  // namespace
}  // namespace rondo
