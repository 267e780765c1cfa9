#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"
#include "vectors.hpp"

using namespace rondo;
using namespace rondo::test;
using namespace rondo::ethereum;
using nlohmann::json;

namespace {

constexpr std::size_t initcode_bytes_max = 49152;  // EIP-3860

/// What Ethereum charges before execution, creations included (EIP-2, EIP-3860).
std::uint64_t ethereums_intrinsic_gas(const DecodedTransaction& d) {
    const std::uint64_t gas = intrinsic_gas(d.transaction.data, d.transaction.access_list);
    return d.is_creation ? gas + 32000 + 2 * ((d.transaction.data.size() + 31) / 32) : gas;
}

/// Ethereum's own rules on chain 1 since Shanghai, written from decode_any: what the vectors judge.
std::optional<DecodedTransaction> valid_on_mainnet(const Bytes& raw) {
    const auto d = decode_any(raw);
    if (!d) return std::nullopt;
    const Transaction& t = d->transaction;
    const bool own_chain = !d->is_protected || t.chain_id == 1;
    const bool valid = own_chain && crypto::is_low_s(t.signature) && t.max_priority_fee <= t.max_fee &&
                       checked_mul(t.max_fee, t.gas_limit) && ethereums_intrinsic_gas(*d) <= t.gas_limit &&
                       t.nonce < std::numeric_limits<std::uint64_t>::max() &&
                       !(d->is_creation && t.data.size() > initcode_bytes_max) && recover_sender(t);
    return valid ? std::optional(*d) : std::nullopt;
}

Transaction from_json(const json& fields, std::uint8_t type) {
    const auto number = [&](const char* name) { return fields.contains(name) ? number_of(fields.at(name)) : uint256(0); };
    Transaction t;
    t.type = type;
    t.chain_id = static_cast<std::uint64_t>(number("chainId"));
    t.nonce = static_cast<std::uint64_t>(number("nonce"));
    t.max_fee = number(type == 2 ? "maxFeePerGas" : "gasPrice");
    t.max_priority_fee = type == 2 ? number("maxPriorityFeePerGas") : t.max_fee;
    t.gas_limit = static_cast<std::uint64_t>(number("gasLimit"));
    t.to = fixed<Address>(fields.at("to"));
    t.value = number("value");
    if (fields.contains("data")) t.data = unhex(fields.at("data"));
    if (!fields.contains("accessList")) return t;
    for (const json& entry : fields.at("accessList")) {
        AccessEntry& added = t.access_list.emplace_back();
        added.address = fixed<Address>(entry.at("address"));
        for (const json& key : entry.at("storageKeys")) added.keys.push_back(fixed<Word256>(key));
    }
    return t;
}

void expect_fields(const DecodedTransaction& d, const json& node) {
    const Transaction& t = d.transaction;
    EXPECT_EQ(t.type, node.at("type").get<std::uint8_t>());
    const bool bare_v = node.at("v") == "0x1b" || node.at("v") == "0x1c";
    EXPECT_EQ(d.is_protected, t.type != 0 || !bare_v);
    if (!node.at("chainId").is_null()) {  // some nodes leave it out of protected legacy ones too
        EXPECT_EQ(t.chain_id, static_cast<std::uint64_t>(number_of(node.at("chainId"))));
    }
    EXPECT_EQ(to_quantity(t.nonce), node.at("nonce"));
    EXPECT_EQ(to_quantity(t.gas_limit), node.at("gas"));
    EXPECT_EQ(to_quantity(t.value), node.at("value"));
    EXPECT_EQ(to_quantity(t.max_fee), node.at(t.type == 2 ? "maxFeePerGas" : "gasPrice"));
    if (t.type == 2) {
        EXPECT_EQ(to_quantity(t.max_priority_fee), node.at("maxPriorityFeePerGas"));
    }
    EXPECT_EQ(d.is_creation, node.at("to").is_null());
    if (!d.is_creation) {
        EXPECT_EQ(to_hex_prefixed(t.to.view()), node.at("to"));
    }
    EXPECT_EQ(t.data.size(), node.at("inputLen").get<std::size_t>());
    EXPECT_EQ(to_hex_prefixed(crypto::keccak256(t.data).view()), node.at("inputKeccak"));
    EXPECT_EQ(to_quantity(uint256_from_be(t.signature.r)), node.at("r"));
    EXPECT_EQ(to_quantity(uint256_from_be(t.signature.s)), node.at("s"));
    if (node.contains("yParity")) {
        EXPECT_EQ(to_quantity(t.signature.y_parity), node.at("yParity"));
    }
    json list = json::array();
    for (const AccessEntry& entry : t.access_list) {
        json keys = json::array();
        for (const Word256& key : entry.keys) keys.push_back(to_hex_prefixed(key.view()));
        list.push_back(json::array({to_hex_prefixed(entry.address.view()), keys}));
    }
    json reported = json::array();  // as objects or as pairs, by node
    for (const json& entry : node.value("accessList", json::array()))
        reported.push_back(entry.is_array() ? entry : json::array({entry.at("address"), entry.at("storageKeys")}));
    EXPECT_EQ(list, reported);
}

void expect_hash_and_sender(const Recorded& recorded) {
    const auto decoded = decode_any(recorded.raw);
    ASSERT_TRUE(decoded) << recorded.hash << ": " << to_string(decoded.error());
    ASSERT_EQ(to_hex_prefixed(decoded->transaction.hash.view()), recorded.hash);
    ASSERT_EQ(decoded->transaction.type, recorded.type);
    const auto sender = recover_sender(decoded->transaction);
    ASSERT_TRUE(sender) << recorded.hash;
    ASSERT_EQ(to_hex_prefixed(sender->view()), recorded.from);
    ASSERT_EQ(recover_sender(recorded.raw), sender);
}

}  // namespace

TEST(TransactionVectors, AgreeWithEthereumsOwnTests) {
    NEEDS_DATA("ethereum/transaction_tests.json");
    const json cases = read_json("ethereum/transaction_tests.json").at("cases");
    ASSERT_GT(cases.size(), 100U);
    for (const json& c : cases) {
        const json& forks = c.at("expected");
        const json& expected = forks.at(forks.contains("Shanghai") ? "Shanghai" : "London");
        const auto valid = valid_on_mainnet(unhex(c.at("txbytes")));
        EXPECT_EQ(valid.has_value(), !expected.contains("exception")) << c.at("name");
        if (!valid || expected.contains("exception")) continue;
        EXPECT_EQ(to_hex_prefixed(valid->transaction.hash.view()), expected.at("hash")) << c.at("name");
        EXPECT_EQ(to_hex_prefixed(recover_sender(valid->transaction)->view()), expected.at("sender")) << c.at("name");
        EXPECT_EQ(to_quantity(ethereums_intrinsic_gas(*valid)), expected.at("intrinsicGas")) << c.at("name");
    }
}

TEST(TransactionVectors, WhatWeAcceptEthereumAcceptsAndWeAreStricterOnlyByName) {
    NEEDS_DATA("ethereum/transaction_tests.json");
    const json suite = read_json("ethereum/transaction_tests.json");
    for (const json& c : suite.at("cases")) {
        const Bytes raw = unhex(c.at("txbytes"));
        const bool valid = valid_on_mainnet(raw).has_value();
        const auto ours = decode_transaction(raw, 1, 0);
        if (ours && ours->cost_max() && recover_sender(*ours)) {
            EXPECT_TRUE(valid) << c.at("name");
        }
        if (ours || !valid) continue;
        const bool stricter = ours.error() == Refusal::unprotected_legacy || ours.error() == Refusal::contract_creation ||
                              ours.error() == Refusal::gas_limit_too_high;
        EXPECT_TRUE(stricter) << c.at("name") << ": " << to_string(ours.error());
    }
}

TEST(TransactionVectors, SigningMakesTheBytesThatALibraryMakes) {
    NEEDS_DATA("ethereum/transactions.json.gz");
    std::size_t compared = 0;
    for (const json& c : read_json("ethereum/transactions.json.gz")) {
        const json& fields = c.at("transaction");
        const auto decoded = decode_any(unhex(c.at("signedLondon")));
        ASSERT_TRUE(decoded) << c.at("name");
        const Bytes blob = unhex(c.at("signedCancun"));  // empty where the library could not make one
        EXPECT_EQ(decode_any(blob).error(), blob.empty() ? Refusal::malformed : Refusal::blob_transaction) << c.at("name");
        EXPECT_EQ(decoded->is_creation, !fields.contains("to")) << c.at("name");
        if (decoded->is_creation) continue;
        const auto key = crypto::AccountKey::from_secret(unhex(c.at("privateKey")));
        ASSERT_TRUE(key);
        Transaction legacy = from_json(fields, 0);
        if (legacy.chain_id != 0) {
            EXPECT_EQ(to_hex_prefixed(sign_transaction(legacy, *key)), c.at("signedEip155")) << c.at("name");
        }
        legacy.chain_id = 0;
        EXPECT_EQ(to_hex_prefixed(sign_transaction(legacy, *key)), c.at("signedLegacy")) << c.at("name");
        EXPECT_EQ(to_hex_prefixed(sign_transaction(from_json(fields, 1), *key)), c.at("signedBerlin")) << c.at("name");
        EXPECT_EQ(to_hex_prefixed(sign_transaction(from_json(fields, 2), *key)), c.at("signedLondon")) << c.at("name");
        EXPECT_EQ(recover_sender(decoded->transaction), key->address()) << c.at("name");
        ++compared;
    }
    EXPECT_GT(compared, 1000U);
}

TEST(TransactionVectors, EveryFixtureOfMainnetHasItsHashAndSender) {
    NEEDS_DATA("transactions/mainnet-core-small.jsonl");
    const auto all = recorded_transactions("transactions/mainnet-core-small.jsonl");
    ASSERT_EQ(all.size(), 788U);
    for (const Recorded& recorded : all) expect_hash_and_sender(recorded);
}

TEST(TransactionVectors, EveryTenthTransactionOfThreeChainsHasItsHashAndSender) {
    NEEDS_DATA("transactions/base.jsonl.gz");
    for (const char* file : {"transactions/base.jsonl.gz", "transactions/mainnet.jsonl.gz", "transactions/optimism.jsonl.gz"}) {
        const auto all = recorded_transactions(file);
        ASSERT_GT(all.size(), 1900U);
        for (std::size_t i = 0; i < all.size(); i += 10) expect_hash_and_sender(all[i]);
    }
}

TEST(TransactionVectors, BlobAndSetCodeTransactionsAreRefusedByName) {
    NEEDS_DATA("transactions/mainnet-blob-and-setcode.jsonl");
    const auto all = recorded_transactions("transactions/mainnet-blob-and-setcode.jsonl");
    ASSERT_EQ(all.size(), 47U);
    for (const Recorded& recorded : all) {
        const Refusal expected = recorded.type == 3 ? Refusal::blob_transaction : Refusal::set_code_transaction;
        EXPECT_EQ(decode_transaction(recorded.raw, 1, 7).error(), expected);
        EXPECT_EQ(decode_any(recorded.raw).error(), expected);
    }
}

TEST(TransactionVectors, FieldsAreThoseThatANodeReports) {
    NEEDS_DATA("transactions/mainnet-decoded-fields.jsonl");
    std::unordered_map<std::string, json> nodes;
    std::istringstream lines(read_text("transactions/mainnet-decoded-fields.jsonl"));
    for (std::string line; std::getline(lines, line);) {
        json node = json::parse(line);
        const std::string hash = node.at("hash");
        nodes.emplace(hash, std::move(node));
    }
    std::size_t compared = 0;
    for (const Recorded& recorded : recorded_transactions("transactions/mainnet.jsonl.gz")) {
        const auto node = nodes.find(recorded.hash);
        if (node == nodes.end()) continue;
        const auto decoded = decode_any(recorded.raw);
        ASSERT_TRUE(decoded) << recorded.hash;
        expect_fields(*decoded, node->second);
        ++compared;
    }
    EXPECT_EQ(compared, nodes.size());
}

TEST(TransactionVectors, RecordedTrafficIsRefusedExactlyAsExpected) {
    NEEDS_DATA("transactions/base.expected.json");
    for (const std::string chain : {"base", "mainnet", "optimism"}) {
        const json expected = read_json("transactions/" + chain + ".expected.json");
        std::map<std::string, std::uint64_t> refused;
        const auto all = recorded_transactions("transactions/" + chain + ".jsonl.gz");
        for (const Recorded& recorded : all)
            if (const auto t = decode_transaction(recorded.raw, expected.at("chain_id"), 7); !t)
                ++refused[std::string(to_string(t.error()))];
        EXPECT_EQ(json(refused), expected.at("refused")) << chain;
        EXPECT_EQ(all.size(), expected.at("transactions").get<std::size_t>()) << chain;
    }
}
