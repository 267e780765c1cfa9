#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/execution/core/modules/moniker.hpp"
#include "messages/crypto/hash.hpp"
#include "registry_world.hpp"

namespace rondo::execution::test {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t epoch_blocks = 4;
constexpr std::uint32_t fresh = 5;  ///< the number that the first newcomer gets
const Wei bond = 20 * ether;

/// One long epoch: whoever registers and leaves in it is in no set.
WorldOptions options() { return {.unbonding_ms = 1000}; }
WorldOptions five_in_short_epochs() { return {.operators = 5, .epoch_blocks = epoch_blocks, .unbonding_ms = 1000}; }
Bytes stake_call(std::uint32_t number) { return abi::Encoder().number(number).call(modules::stake_of); }
Bytes jailed_call(std::uint32_t number) { return abi::Encoder().number(number).call(modules::is_jailed); }

/// One that has registered a fifth operator, by account 0.
struct OneMore : RegistryWorld {
    explicit OneMore(const WorldOptions& o = options()) : RegistryWorld(o) { EXPECT_TRUE(call(0, register_call({}), bond)); }
};

TEST(Registry, HoldsTheOperatorsOfGenesis) {
    RegistryWorld w;
    EXPECT_EQ(w.registry().operators.size(), 4U);
    const RegisteredOperator second = w.registry().operators.at(1);
    EXPECT_EQ(second,
              (RegisteredOperator{OperatorNumber(2), 32 * ether, false, false, operator_key(2).public_key(), transport_key(2),
                                  address(owner_of(2)), address(watcher_of(2)), address(rewards_of(2)), endpoints(2)}));
    EXPECT_EQ(w.user_of(2), OperatorNumber(2));
    EXPECT_EQ(w.user_of(50), std::nullopt);
}

TEST(Registry, TakesANewOperatorWithItsBond) {
    RegistryWorld w;
    const Wei before = w.account(modules::staking).balance;
    ASSERT_TRUE(w.call(0, w.register_call({}), bond));
    EXPECT_EQ(w.number(modules::staking, stake_call(fresh)), bond);
    EXPECT_EQ(w.account(modules::staking).balance, before + bond);
    EXPECT_EQ(w.registry().operators.at(4),
              (RegisteredOperator{OperatorNumber(fresh), bond, false, false, operator_key(50).public_key(), transport_key(50),
                                  address(0), address(watcher_of(50)), address(rewards_of(50)), endpoints(50)}));
    EXPECT_EQ(w.user_of(50), OperatorNumber(fresh));
    const ethereum::LogEntry log = w.last_log();
    EXPECT_EQ(log.address, modules::staking);
    EXPECT_EQ(log.topics, (std::vector<Hash256>{abi::event_topic(modules::registered_event), topic_of(to_word(fresh)),
                                                topic_of(word_of(address(0)))}));
    EXPECT_EQ(log.data, abi::Encoder().word(*Word256::from(operator_key(50).public_key().view())).number(bond).arguments());
}

TEST(Registry, CountsOnFromTheHighestNumberOfGenesis) {
    Genesis genesis = make_genesis({});
    genesis.operators.back().number = OperatorNumber(40);
    MemoryStore store;
    BlockExecutor executor(genesis, {});
    executor.open(store);
    Ledger ledger(store);
    EXPECT_EQ(Staking(ledger).next_number(), 41U);
    EXPECT_FALSE(Staking(ledger).is_known(OperatorNumber(39)));
}

TEST(Registry, AnswersWhoseAKeyIs) {
    OneMore w;
    const auto ask = [](std::uint32_t key) {
        return abi::Encoder().word(*Word256::from(operator_key(key).public_key().view())).call(modules::operator_of);
    };
    EXPECT_EQ(w.number(modules::staking, ask(50)), 1);
    EXPECT_EQ(w.number(modules::staking, ask(51)), 0);
}

TEST(Registry, RefusesARegistrationThatIsNotInOrder) {
    OneMore w;
    const Newcomer good{.account = 1, .key = 51, .transport = 51};
    const auto with = [&](auto change) {
        Newcomer n = good;
        change(n);
        return w.refusal(1, w.register_call(n), bond);
    };
    EXPECT_EQ(w.refusal(1, w.register_call(good), bond), "");
    EXPECT_THAT(w.refusal(1, w.register_call(good), 16 * ether - 1), HasSubstr("at least 16000000000000000000 wei"));
    EXPECT_EQ(w.refusal(1, w.register_call(good), 16 * ether), "");
    EXPECT_EQ(with([](Newcomer& n) { n.key = 50; }), "the consensus key was used before");
    EXPECT_EQ(with([](Newcomer& n) { n.key = 1; }), "the consensus key was used before");
    EXPECT_EQ(with([](Newcomer& n) { n.transport = 50; }), "the transport key was used before");
    EXPECT_EQ(with([](Newcomer& n) { n.transport = 0; }), "the transport key is missing");
    EXPECT_THAT(with([](Newcomer& n) { n.account = 2; }), HasSubstr("not a signature of this registration"));
    EXPECT_EQ(with([](Newcomer& n) { n.moniker = std::string(65, 'a'); }), "the moniker must have at most 64 bytes");
    EXPECT_EQ(with([](Newcomer& n) { n.moniker = "\x1b[2J"; }), "the moniker must be printable UTF-8");
    EXPECT_THAT(with([](Newcomer& n) { n.at.host = ""; }), HasSubstr("host"));
    EXPECT_THAT(with([](Newcomer& n) { n.at.host = "a b"; }), HasSubstr("host"));
    EXPECT_THAT(with([](Newcomer& n) { n.at.fetch = 0; }), HasSubstr("port"));
}

TEST(Registry, RefusesWhatItCannotRead) {
    RegistryWorld w;
    Bytes wide_port = w.register_call({});
    wide_port[4 + 32 * 7 + 29] = 1;  // lanes: the eighth word
    EXPECT_EQ(w.refusal(0, wide_port, bond), "malformed arguments");
    Bytes cut = w.register_call({});
    cut.resize(cut.size() - 32);
    EXPECT_EQ(w.refusal(0, cut, bond), "malformed arguments");
    const Bytes short_proof = abi::Encoder()
                                  .word(*Word256::from(operator_key(50).public_key().view()))
                                  .bytes(Bytes(63, 1))
                                  .word(*Word256::from(transport_key(50).view()))
                                  .address({})
                                  .address({})
                                  .string("")
                                  .string("host")
                                  .number(1)
                                  .number(1)
                                  .number(1)
                                  .number(1)
                                  .call(modules::register_operator);
    EXPECT_EQ(w.refusal(0, short_proof, bond), "the proof must be a signature of 64 bytes");
    EXPECT_EQ(w.refusal(0, abi::Encoder().call(modules::leave)), "malformed arguments");
    EXPECT_EQ(w.refusal(0, abi::Encoder().call(modules::withdraw)), "malformed arguments");
    EXPECT_EQ(w.refusal(owner_of(1), abi::Encoder().number(1U).call(modules::rotate_keys)), "malformed arguments");
    EXPECT_EQ(w.refusal(owner_of(1), abi::Encoder().number(1U).call(modules::set_endpoints)), "malformed arguments");
}

TEST(Registry, HoldsSoManyThatNobodyFillsItAndMakesRoomAgain) {
    WorldOptions o = options();
    o.operators_max = 1;
    RegistryWorld w(o);
    for (std::uint32_t n = 0; n < 6; ++n) {
        const Newcomer newcomer{.account = n, .key = 50 + n, .transport = 50 + n};
        ASSERT_TRUE(w.call(n, w.register_call(newcomer), bond));
    }
    const Bytes one_too_many = w.register_call({.account = 0, .key = 60, .transport = 60});
    EXPECT_EQ(w.refusal(0, one_too_many, bond), "the registry is full");
    ASSERT_TRUE(w.call(2, RegistryWorld::leave_call(7)));
    EXPECT_EQ(w.refusal(0, one_too_many, bond), "the registry is full");
    w.run({}, 1000);
    ASSERT_TRUE(w.call(2, RegistryWorld::withdraw_call(7)));
    ASSERT_TRUE(w.call(0, one_too_many, bond));
    EXPECT_EQ(w.registry().operators.back().number, OperatorNumber(11)) << "numbers are never given twice";
}

TEST(Registry, RefusesBondsWhoseSumWouldNotFit) {
    RegistryWorld w;
    const Wei room = bonds_end - 4 * 32 * ether;
    EXPECT_EQ(w.refusal(0, w.register_call({}), room - 1), "");
    EXPECT_EQ(w.refusal(0, w.register_call({}), room), "the bonds would add up to 2^63 gwei");
}

TEST(Registry, LetsOnlyTheOwnerChangeAnOperator) {
    OneMore w;
    const std::string only = "only the account that registered the operator may do this";
    EXPECT_EQ(w.refusal(1, RegistryWorld::leave_call(fresh)), only);
    EXPECT_EQ(w.refusal(1, RegistryWorld::withdraw_call(fresh)), only);
    EXPECT_EQ(w.refusal(1, w.rotate_call(fresh, 51, 51, 1)), only);
    EXPECT_EQ(w.refusal(1, RegistryWorld::endpoints_call(fresh, endpoints(1))), only);
    EXPECT_EQ(w.refusal(owner_of(2), RegistryWorld::leave_call(1)), only);
    EXPECT_EQ(w.refusal(owner_of(1), RegistryWorld::leave_call(1)), "");
    EXPECT_EQ(w.refusal(0, RegistryWorld::leave_call(99)), "unknown operator");
    EXPECT_EQ(w.refusal(0, abi::Encoder().number(Wei(1) << 32).call(modules::leave)), "unknown operator");
}

TEST(Registry, PaysTheBondBackOnceAfterUnbonding) {
    OneMore w;
    EXPECT_EQ(w.refusal(0, RegistryWorld::withdraw_call(fresh)), "the operator must leave first");
    ASSERT_TRUE(w.call(0, RegistryWorld::leave_call(fresh)));
    EXPECT_EQ(w.last_log().topics.at(0), abi::event_topic(modules::left_event));
    EXPECT_EQ(w.refusal(0, RegistryWorld::leave_call(fresh)), "the operator has left already");
    w.run({}, 999);
    EXPECT_EQ(w.refusal(0, RegistryWorld::withdraw_call(fresh)), "the bond is still unbonding");
    w.run({}, 1);
    const Wei before = w.account(address(0)).balance;
    const Wei held = w.account(modules::staking).balance;
    ASSERT_TRUE(w.call(0, RegistryWorld::withdraw_call(fresh)));
    EXPECT_GT(w.account(address(0)).balance, before + bond - ether);
    EXPECT_EQ(w.account(modules::staking).balance, held - bond);
    const ethereum::LogEntry log = w.last_log();
    EXPECT_EQ(log.topics, (std::vector<Hash256>{abi::event_topic(modules::withdrawn_event), topic_of(to_word(fresh))}));
    EXPECT_EQ(log.data, abi::Encoder().number(bond).arguments());
    EXPECT_EQ(w.registry().operators.size(), 4U);
}

TEST(Registry, KeepsTheRecordOfWhoWithdrew) {
    OneMore w;
    ASSERT_TRUE(w.call(0, RegistryWorld::leave_call(fresh)));
    w.run({}, 1000);
    ASSERT_TRUE(w.call(0, RegistryWorld::withdraw_call(fresh)));
    EXPECT_EQ(w.number(modules::staking, stake_call(fresh)), 0);
    EXPECT_EQ(w.user_of(50), OperatorNumber(fresh));
    EXPECT_EQ(w.refusal(0, w.register_call({.transport = 51}), bond), "the consensus key was used before");
    for (const Bytes& call : {RegistryWorld::withdraw_call(fresh), RegistryWorld::leave_call(fresh),
                              w.rotate_call(fresh, 51, 51, 0), RegistryWorld::endpoints_call(fresh, endpoints(1))})
        EXPECT_EQ(w.refusal(0, call), "the operator has withdrawn");
}

TEST(Registry, KeepsTheBondOfAMemberOfASetToCome) {
    RegistryWorld w(five_in_short_epochs());
    ASSERT_TRUE(w.call(owner_of(5), RegistryWorld::leave_call(5)));
    w.run({}, 1000);
    const std::string member = "the operator is still a member of this epoch's set or the next one's";
    EXPECT_EQ(w.refusal(owner_of(5), RegistryWorld::withdraw_call(5)), member);
    w.run_until(Height(epoch_blocks));
    EXPECT_EQ(w.refusal(owner_of(5), RegistryWorld::withdraw_call(5)), member) << "epoch 2 has it, epoch 3 has not";
    w.run_until(Height(2 * epoch_blocks - 1));
    EXPECT_EQ(w.refusal(owner_of(5), RegistryWorld::withdraw_call(5)), member);
    w.run_until(Height(2 * epoch_blocks));
    EXPECT_EQ(w.refusal(owner_of(5), RegistryWorld::withdraw_call(5)), "the bond is still unbonding")
        << "it may have signed until now, however long ago it left";
    w.run({}, 999);
    EXPECT_EQ(w.refusal(owner_of(5), RegistryWorld::withdraw_call(5)), "the bond is still unbonding");
    w.run({}, 1);
    EXPECT_EQ(w.refusal(owner_of(5), RegistryWorld::withdraw_call(5)), "");
}

TEST(Registry, SlashesWhoLeftAndPaysItTheRest) {
    RegistryWorld w(five_in_short_epochs());
    ASSERT_TRUE(w.call(owner_of(5), RegistryWorld::leave_call(5)));
    ASSERT_TRUE(w.call(watcher_of(1), w.evidence_call(Epoch(1), 5, 5, 3), 0, modules::slashing));
    const Wei rest = 32 * ether - 32 * ether * 30 / 1000;
    EXPECT_EQ(w.number(modules::staking, stake_call(5)), rest);
    w.run_until(Height(2 * epoch_blocks));
    w.run({}, 1000);
    ASSERT_TRUE(w.call(owner_of(5), RegistryWorld::withdraw_call(5)));
    EXPECT_EQ(w.last_log().data, abi::Encoder().number(rest).arguments());
    ASSERT_TRUE(w.call(watcher_of(1), w.evidence_call(Epoch(1), 5, 5, 4), 0, modules::slashing)) << "too late to take anything";
    EXPECT_EQ(w.number(modules::staking, stake_call(5)), 0);
    EXPECT_EQ(w.account(modules::staking).balance, 4 * 32 * ether);
}

TEST(Registry, LetsTheJailedLeave) {
    RegistryWorld w(options());
    ASSERT_TRUE(w.call(watcher_of(1), w.evidence_call(Epoch(1), 2, 2, 3), 0, modules::slashing));
    EXPECT_EQ(w.number(modules::staking, jailed_call(2)), 1);
    EXPECT_TRUE(w.call(owner_of(2), RegistryWorld::leave_call(2)));
}

TEST(Registry, RotatesKeysThatWereNeverUsed) {
    OneMore w;
    const auto refusal = [&](std::uint32_t key, std::uint32_t transport) {
        return w.refusal(0, w.rotate_call(fresh, key, transport, 0));
    };
    EXPECT_EQ(refusal(50, 50), "these are the operator's keys already");
    EXPECT_EQ(refusal(1, 51), "the consensus key was used before");
    EXPECT_EQ(refusal(51, 1), "the transport key was used before");
    EXPECT_EQ(refusal(51, 0), "the transport key is missing");
    EXPECT_THAT(w.refusal(0, w.rotate_call(fresh, 51, 51, 1)), HasSubstr("not a signature of this registration"));
    ASSERT_TRUE(w.call(0, w.rotate_call(fresh, 51, 51, 0)));
    EXPECT_EQ(w.last_log().topics,
              (std::vector<Hash256>{abi::event_topic(modules::keys_rotated_event), topic_of(to_word(fresh))}));
    EXPECT_EQ(w.registry().operators.at(4).key, operator_key(51).public_key());
    EXPECT_EQ(w.registry().operators.at(4).transport_key, transport_key(51));
    EXPECT_EQ(refusal(50, 52), "the consensus key was used before") << "not even by the same operator";
    EXPECT_EQ(refusal(52, 50), "the transport key was used before");
    EXPECT_EQ(w.user_of(50), OperatorNumber(fresh));
    EXPECT_EQ(refusal(51, 52), "") << "one of the two may stay";
    EXPECT_EQ(refusal(52, 51), "");
}

TEST(Registry, SlashesTheOperatorWhoseKeySignedHoweverOftenItRotated) {
    RegistryWorld w(options());
    ASSERT_TRUE(w.call(owner_of(2), w.rotate_call(2, 60, 60, owner_of(2))));
    ASSERT_TRUE(w.call(watcher_of(1), w.evidence_call(Epoch(1), 2, 2, 3), 0, modules::slashing));
    EXPECT_EQ(w.number(modules::staking, jailed_call(2)), 1);
    for (const std::uint32_t other : {1U, 3U, 4U}) EXPECT_EQ(w.number(modules::staking, stake_call(other)), 32 * ether);
}

TEST(Registry, MovesAnOperator) {
    OneMore w;
    Endpoints nowhere = endpoints(9);
    nowhere.votes = 0;
    EXPECT_THAT(w.refusal(0, RegistryWorld::endpoints_call(fresh, nowhere)), HasSubstr("port"));
    ASSERT_TRUE(w.call(0, RegistryWorld::endpoints_call(fresh, endpoints(9))));
    EXPECT_EQ(w.registry().operators.at(4).endpoints, endpoints(9));
    EXPECT_EQ(w.last_log().topics.at(0), abi::event_topic(modules::endpoints_changed_event));
}

TEST(Registry, TakesValueForABondOnly) {
    OneMore w;
    EXPECT_EQ(w.refusal(0, RegistryWorld::leave_call(fresh), 1), "module is not payable");
    EXPECT_EQ(w.refusal(0, {}, 1), "module is not payable");
    const Wei before = w.account(modules::staking).balance;
    const Wei own = w.account(address(1)).balance;
    EXPECT_FALSE(w.call(1, w.register_call({.account = 1}), bond)) << "used keys";
    EXPECT_EQ(w.account(modules::staking).balance, before);
    EXPECT_GT(w.account(address(1)).balance, own - ether) << "the bond came back";
}

TEST(Registry, ReturnsTheBondWhenTheGasRunsOut) {
    RegistryWorld w;
    const Wei own = w.account(address(0)).balance;
    const auto block =
        w.run({signed_by({.from = 0, .to = modules::staking, .value = bond, .data = w.register_call({}), .gas_limit = 100'000})});
    EXPECT_EQ(block.outcomes.at(0).status, TxStatus::reverted);
    EXPECT_EQ(block.result.gas_used, 100'000U);
    EXPECT_GT(w.account(address(0)).balance, own - ether);
    EXPECT_EQ(w.user_of(50), std::nullopt);
}

// ---------------------------------------------------------------------------------------------- layout

/// keccak256(abi.encode(key, slot)) + field, as Solidity's documentation has it.
Word256 solidity_slot(const uint256& key, std::uint64_t slot, std::uint64_t field = 0) {
    const Bytes both = abi::Encoder().number(key).number(slot).arguments();
    return to_word(uint256_from_be(crypto::keccak256(both).view()) + field);
}
Word256 solidity_content(const Word256& slot, std::uint64_t word) {
    return to_word(uint256_from_be(crypto::keccak256(slot.view()).view()) + word);
}

struct Layout : testing::Test {
    OneMore w;
    [[nodiscard]] Word256 at(const Word256& slot) {
        Ledger ledger(w.store);
        return ledger.load(modules::staking, slot);
    }
    [[nodiscard]] Word256 field(std::uint64_t n) { return at(solidity_slot(fresh, 0, n)); }
    [[nodiscard]] static Word256 text(const std::string& bytes, std::uint8_t last = 0) {
        Word256 word;
        std::copy(bytes.begin(), bytes.end(), word.bytes.begin());
        if (last != 0) word.bytes[31] = last;
        return word;
    }
};

TEST_F(Layout, OfAnOperatorIsThatOfASolidityStruct) {
    EXPECT_EQ(field(0), to_word(bond));
    EXPECT_EQ(field(1), to_word(0));
    EXPECT_EQ(field(2).view()[0], operator_key(50).public_key().view()[0]);
    EXPECT_EQ(field(3), *Word256::from(transport_key(50).view()));
    EXPECT_EQ(field(4), to_word(uint256_from_be(address(0).view())));
    EXPECT_EQ(field(5), to_word(uint256_from_be(address(watcher_of(50)).view())));
    EXPECT_EQ(field(6), to_word(uint256_from_be(address(rewards_of(50)).view())));
    EXPECT_EQ(field(7), text("newcomer", 16));
    EXPECT_EQ(field(8), text("node50.example", 28));
    EXPECT_EQ(field(9), to_word(uint256(7001 + (7002ULL << 16) + (7003ULL << 32) + (7004ULL << 48)) + (uint256(7005) << 64)));
    EXPECT_EQ(field(10), to_word(0));
    EXPECT_EQ(field(11), to_word(0));
    EXPECT_EQ(field(12), to_word(5));
    EXPECT_EQ(at(to_word(2)), to_word(fresh + 1));
    EXPECT_EQ(at(to_word(3)), to_word(5));
    EXPECT_EQ(at(solidity_content(to_word(3), 4)), to_word(fresh));
    EXPECT_EQ(at(to_word(4)), to_word(4 * 32 * ether + bond));
    EXPECT_EQ(at(solidity_slot(uint256_from_be(operator_key(50).public_key().view()), 5)), to_word(fresh + 1));
    EXPECT_EQ(at(solidity_slot(uint256_from_be(transport_key(50).view()), 6)), to_word(fresh + 1));
}

TEST_F(Layout, OfWhoLeftAndWithdrewTellsWhen) {
    ASSERT_TRUE(w.call(0, RegistryWorld::leave_call(fresh)));
    EXPECT_EQ(field(10), to_word(w.executor.head().timestamp_ms));
    w.run({}, 1000);
    ASSERT_TRUE(w.call(0, RegistryWorld::withdraw_call(fresh)));
    EXPECT_EQ(field(0), to_word(0));
    EXPECT_EQ(field(11), to_word(1));
    EXPECT_EQ(field(12), to_word(0));
    EXPECT_EQ(at(to_word(3)), to_word(4));
    EXPECT_EQ(at(solidity_content(to_word(3), 4)), to_word(0));
    EXPECT_EQ(at(to_word(4)), to_word(4 * 32 * ether));
}

TEST_F(Layout, OfALongStringLiesBehindItsSlotAndGoesWithIt) {
    const std::string host = std::string(70, 'h');
    Endpoints far = endpoints(50);
    far.host = host;
    const Word256 slot = solidity_slot(fresh, 0, 8);
    ASSERT_TRUE(w.call(0, RegistryWorld::endpoints_call(fresh, far)));
    EXPECT_EQ(at(slot), to_word(2 * 70 + 1));
    EXPECT_EQ(at(solidity_content(slot, 0)), text(host.substr(0, 32)));
    EXPECT_EQ(at(solidity_content(slot, 1)), text(host.substr(32, 32)));
    EXPECT_EQ(at(solidity_content(slot, 2)), text(host.substr(64)));
    EXPECT_EQ(w.registry().operators.at(4).endpoints.host, host);
    for (const std::size_t size : {32U, 31U}) {
        far.host = std::string(size, 'i');
        ASSERT_TRUE(w.call(0, RegistryWorld::endpoints_call(fresh, far)));
        EXPECT_EQ(w.registry().operators.at(4).endpoints.host, far.host);
        for (std::uint64_t word = size / 32; word < 3; ++word) EXPECT_EQ(at(solidity_content(slot, word)), to_word(0));
    }
    EXPECT_EQ(at(slot), text(std::string(31, 'i'), 62));
}

TEST_F(Layout, OfTheListGivesTheFreePlaceToTheLast) {
    ASSERT_TRUE(w.call(1, w.register_call({.account = 1, .key = 51, .transport = 51}), bond));
    ASSERT_TRUE(w.call(0, RegistryWorld::leave_call(fresh)));
    w.run({}, 1000);
    ASSERT_TRUE(w.call(0, RegistryWorld::withdraw_call(fresh)));
    EXPECT_EQ(at(solidity_content(to_word(3), 4)), to_word(6));
    EXPECT_EQ(at(solidity_slot(6, 0, 12)), to_word(5));
    std::vector<std::uint32_t> numbers;
    for (const RegisteredOperator& o : w.registry().operators) numbers.push_back(o.number.value);
    EXPECT_THAT(numbers, testing::ElementsAre(1, 2, 3, 4, 6));
}

// ---------------------------------------------------------------------------------------------- monikers

TEST(Moniker, IsPrintableUtf8) {
    for (const char* good : {"", "a", "Café du Nord", "東京ノード", "node \xf0\x9f\x9a\x80"})
        EXPECT_EQ(fault_of_moniker(good), "") << good;
    for (const char* bad : {"\x01", "a\nb", "\x7f", "\xc2\x85", "\xe2\x80\xae", "\xe2\x80\x8b", "\xc0\xaf", "\xe0\x80\xaf",
                            "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "\xc3", "\xe2\x82", "\xc3\x28"})
        EXPECT_NE(fault_of_moniker(bad), "") << bad;
    EXPECT_EQ(fault_of_moniker(std::string(64, 'm')), "");
    EXPECT_NE(fault_of_moniker(std::string(65, 'm')), "");
}

}  // namespace
}  // namespace rondo::execution::test
