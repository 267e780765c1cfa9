#include <gmock/gmock.h>

#include "cluster/config/genesis_file.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

using test::replaced;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <class Fixed>
Fixed filled(std::uint8_t byte) {
    Fixed out;
    out.bytes.fill(byte);
    return out;
}

Genesis sample(std::size_t operators = 4) {
    Genesis genesis;
    genesis.chain_id = 7357;
    genesis.timestamp_ms = 1'700'000'000'123;
    genesis.policy = Policy::stake;
    genesis.parameters.epoch_blocks = 77;
    for (std::size_t i = 0; i < operators; ++i) {
        const auto byte = static_cast<std::uint8_t>(i + 1);
        genesis.operators.push_back({OperatorNumber(byte), filled<PublicKey>(byte), filled<TransportKey>(byte),
                                     filled<Address>(byte), filled<Address>(byte), filled<Address>(byte),
                                     Wei(32) * 1'000'000'000'000'000'000ULL, "with \"quotes\"",
                                     Endpoints{"10.0.0." + std::to_string(byte), 4000, 4001, 4002, 4003, 4004}});
    }
    genesis.accounts = {{filled<Address>(3), Wei(1) << 200, 0}, {filled<Address>(9), Wei(5), 42}};
    return genesis;
}

void expect_refused(const std::string& text, const std::string& why) {
    const auto parsed = parse_genesis(text, "genesis.json");
    ASSERT_FALSE(parsed) << "accepted, although: " << why;
    EXPECT_THAT(parsed.error().message, AllOf(HasSubstr("genesis.json"), HasSubstr(why)));
}

TEST(GenesisFile, ReadsBackAsItWasWrittenWithTheSameDigest) {
    const Genesis genesis = sample();
    const auto back = parse_genesis(format_genesis(genesis), "genesis.json");
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, genesis);
    EXPECT_EQ(digest_of(*back), digest_of(genesis));
}

TEST(GenesisFile, TakesALongListOfAccounts) {
    Genesis genesis = sample();
    genesis.accounts.clear();
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        Bytes address(16);
        append_be32(address, i);
        genesis.accounts.push_back({*Address::from(address), Wei(i), i});
    }
    const auto back = parse_genesis(format_genesis(genesis), "genesis.json");
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->accounts, genesis.accounts);
}

TEST(GenesisFile, RefusesAnUnknownKeyAndNamesTheNearest) {
    const std::string text = format_genesis(sample());
    expect_refused(replaced(text, "\"chain_id\"", "\"chain_idd\""), "did you mean 'chain_id'?");
    expect_refused(replaced(text, "\"epoch_blocks\"", "\"epoch_block\""), "did you mean 'epoch_blocks'?");
    expect_refused(replaced(text, "\"balance\"", "\"balanse\""), "did you mean 'balance'?");
}

TEST(GenesisFile, RefusesAMissingKeyAndOneThatStandsTwice) {
    const std::string text = format_genesis(sample());
    expect_refused(replaced(text, "\"chain_id\": 7357,", ""), "'chain_id' is missing");
    expect_refused(replaced(text, "\"idle_ms\": 500,", ""), "'idle_ms' is missing");
    expect_refused(replaced(text, "\"chain_id\": 7357,", "\"chain_id\": 7357, \"chain_id\": 7358,"), "stands twice");
}

TEST(GenesisFile, RefusesValuesThatMeanNothing) {
    const std::string text = format_genesis(sample());
    expect_refused(replaced(text, "\"chain_id\": 7357", "\"chain_id\": -7357"), "whole number");
    expect_refused(replaced(text, "\"balance\": \"5\"", "\"balance\": \"5.0\""), "decimal digits");
    expect_refused(replaced(text, "\"balance\": \"5\"", "\"balance\": 5"), "must be a text");
    expect_refused(replaced(text, "\"policy\": \"stake\"", "\"policy\": \"steak\""), "round-robin");
    expect_refused(replaced(text, "\"version\": 1", "\"version\": 2"), "reads version 1");
    expect_refused(replaced(text, "0x0909", "0x09"), "20 bytes");
    expect_refused(replaced(text, "\"accounts\": [", "\"accounts\": [7, "), "list of accounts");
    expect_refused(text.substr(0, text.size() / 2), "not valid JSON");
    expect_refused("", "not valid JSON");
}

TEST(GenesisFile, RefusesAccountsOutOfOrder) {
    Genesis genesis = sample();
    std::swap(genesis.accounts[0], genesis.accounts[1]);
    expect_refused(format_genesis(genesis), "ascend by address");
}

TEST(GenesisFile, TakesOneOperatorOrAtLeastFourAndSaysWhy) {
    EXPECT_TRUE(parse_genesis(format_genesis(sample(1)), "g"));
    EXPECT_TRUE(parse_genesis(format_genesis(sample(5)), "g"));
    expect_refused(format_genesis(sample(2)), "one stop halts all");
    expect_refused(format_genesis(sample(3)), "one stop halts all");
}

TEST(GenesisFile, RefusesOperatorsThatNobodyCouldReachOrTellApart) {
    const std::string text = format_genesis(sample());
    expect_refused(replaced(text, "\"host\": \"10.0.0.1\"", "\"host\": \"\""), "operator 1: the host must have");
    expect_refused(replaced(text, "\"host\": \"10.0.0.1\"", "\"host\": \"a b\""), "DNS name or an IP address");
    expect_refused(replaced(text, "\"fetch\": 4003", "\"fetch\": 0"), "operator 1: every channel needs a port");
    expect_refused(replaced(text, "\"fetch\": 4003", "\"fetch\": 65536"), "at most 65535");
    expect_refused(replaced(text, "\"sync\": 4002, ", ""), "'sync' is missing");
    expect_refused(replaced(text, "\"number\": 1,", "\"number\": 4294967295,"), "at most 2147483647");
    expect_refused(replaced(text, "with \\\"quotes\\\"", ""), "moniker must have 1 to 64");
    Genesis genesis = sample();
    genesis.operators[2].key = genesis.operators[0].key;
    expect_refused(format_genesis(genesis), "operators 1 and 3 have the same consensus key");
    genesis = sample();
    genesis.operators[3].transport_key = genesis.operators[1].transport_key;
    expect_refused(format_genesis(genesis), "operators 2 and 4 have the same transport key");
}

TEST(GenesisFile, OfADraftListsNoOperators) {
    const std::string draft = format_genesis(sample(0));
    EXPECT_TRUE(parse_genesis(draft, "draft.json", Membership::open));
    expect_refused(draft, "0 operators");
    const auto listed = parse_genesis(format_genesis(sample()), "draft.json", Membership::open);
    ASSERT_FALSE(listed);
    EXPECT_THAT(listed.error().message, HasSubstr("a draft lists no operators"));
}

TEST(Parameters, AreSetByNameWithinTheirBounds) {
    Parameters parameters;
    EXPECT_TRUE(set_parameter(parameters, "epoch_blocks=16"));
    EXPECT_EQ(parameters.epoch_blocks, 16U);
    for (const char* wrong :
         {"epoch_blocks=0", "epoch_blocks=", "epoch_blocks=12x", "epoch_blocks", "epoch_blocks=99999999999999999999"})
        EXPECT_FALSE(set_parameter(parameters, wrong)) << wrong;
    const auto unknown = set_parameter(parameters, "epoch_bloks=16");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("did you mean 'epoch_blocks'?"));
}

TEST(Parameters, OfEveryProfileHoldTogether) {
    for (const char* name : {"local", "internet", "test"}) {
        Genesis genesis = sample();
        const auto parameters = profile_parameters(name);
        ASSERT_TRUE(parameters) << name;
        genesis.parameters = *parameters;
        const auto wrong = check_genesis(genesis);
        EXPECT_FALSE(wrong) << name << ": " << wrong->message;
    }
    EXPECT_FALSE(profile_parameters("locale"));
}

TEST(Parameters, LeaveAnHonestLeaderTimeBeforeItIsCalledACensor) {
    Genesis genesis = sample();
    genesis.parameters.censorship_ms = 4 * (genesis.parameters.retry_ms + genesis.parameters.delta_max_ms) - 2;
    ASSERT_TRUE(check_genesis(genesis));
    EXPECT_THAT(check_genesis(genesis)->message, HasSubstr("censorship_ms"));
}

}  // namespace
}  // namespace rondo
