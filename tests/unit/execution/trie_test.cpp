#include "actors/execution/core/trie.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "actors/execution/core/ordered_trie.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

using Json = nlohmann::ordered_json;
using Steps = std::vector<std::pair<Bytes, Bytes>>;  ///< key and value; an empty value deletes

Bytes text_or_hex(const Json& value) {
    if (value.is_null()) return {};
    const std::string text = value.get<std::string>();
    return text.starts_with("0x") ? *from_hex(text) : to_bytes(as_bytes(text));
}

struct Vector {
    std::string name;
    Steps steps;
    Hash256 root{};
};

std::vector<Vector> vectors(const std::string& file) {
    const std::filesystem::path path = std::filesystem::path(RONDO_DATA_DIR) / "ethereum" / "TrieTests" / file;
    std::vector<Vector> out;
    if (!std::filesystem::exists(path)) return out;
    std::ifstream in(path);
    const Json tests = Json::parse(in);
    for (const auto& [name, test] : tests.items()) {
        Vector v{name, {}, *fixed_from_hex<Hash256>(test["root"].get<std::string>())};
        if (test["in"].is_array()) {
            for (const auto& step : test["in"]) v.steps.emplace_back(text_or_hex(step[0]), text_or_hex(step[1]));
        } else {
            for (const auto& [key, value] : test["in"].items()) v.steps.emplace_back(text_or_hex(key), text_or_hex(value));
        }
        out.push_back(std::move(v));
    }
    return out;
}

std::map<Bytes, Bytes> end_state(const Steps& steps) {
    std::map<Bytes, Bytes> state;
    for (const auto& [key, value] : steps) {
        if (value.empty())
            state.erase(key);
        else
            state[key] = value;
    }
    return state;
}

Hash256 naive_root(const std::map<Bytes, Bytes>& state) { return plain_root({state.begin(), state.end()}); }

std::map<Bytes, Bytes> hashed_keys(const std::map<Bytes, Bytes>& state) {
    std::map<Bytes, Bytes> out;
    for (const auto& [key, value] : state) out[to_bytes(crypto::keccak256(key).view())] = value;
    return out;
}

/// Writes flat values and updates the trie, as the ledger does.
Hash256 update(MemoryStore& store, Trie& trie, TrieId id, const std::map<Hash256, Bytes>& changes) {
    std::vector<TrieChange> list;
    for (const auto& [key, value] : changes) {
        if (value.empty())
            store.erase(flat_table(id), flat_key(id, key));
        else
            store.put(flat_table(id), flat_key(id, key), value);
        list.push_back({key, value});
    }
    return trie.update(store, list);
}

TEST(PlainTrie, GivesTheRootsOfEthereumsVectors) {
    const auto all = {vectors("trietest.json"), vectors("trieanyorder.json")};
    std::size_t checked = 0;
    for (const auto& file : all)
        for (const Vector& v : file) {
            EXPECT_EQ(naive_root(end_state(v.steps)), v.root) << v.name;
            ++checked;
        }
    if (checked == 0) GTEST_SKIP() << "no outside vectors";
    EXPECT_GE(checked, 10U);
}

std::vector<Vector> secure_vectors() {
    std::vector<Vector> out;
    for (const char* file : {"trietest_secureTrie.json", "trieanyorder_secureTrie.json", "hex_encoded_securetrie_test.json"})
        for (Vector& v : vectors(file)) out.push_back(std::move(v));
    return out;
}

TEST(SecureTrie, GivesTheRootsOfEthereumsVectorsStepByStep) {
    const auto all = secure_vectors();
    if (all.empty()) GTEST_SKIP() << "no outside vectors";
    for (const Vector& v : all) {
        MemoryStore store;
        Trie trie(account_trie, true);
        Hash256 root = empty_root();
        for (const auto& [key, value] : v.steps) root = update(store, trie, account_trie, {{crypto::keccak256(key), value}});
        EXPECT_EQ(root, v.root) << v.name;
        EXPECT_EQ(Trie(account_trie).root(store), v.root) << v.name;
    }
}

TEST(SecureTrie, GivesTheRootsOfEthereumsVectorsInOneBatch) {
    const auto all = secure_vectors();
    if (all.empty()) GTEST_SKIP() << "no outside vectors";
    for (const Vector& v : all) {
        MemoryStore store;
        Trie trie(account_trie);
        std::map<Hash256, Bytes> batch;
        for (const auto& [key, value] : v.steps) batch[crypto::keccak256(key)] = value;
        EXPECT_EQ(update(store, trie, account_trie, batch), v.root) << v.name;
        EXPECT_EQ(naive_root(hashed_keys(end_state(v.steps))), v.root) << v.name;
    }
}

TEST(OrderedTrie, EqualsThePlainTrieOverEncodedIndices) {
    std::vector<Bytes> values;
    for (std::size_t n = 0; n <= 700; ++n) {
        if (n < 140 || n % 50 == 0) {
            std::map<Bytes, Bytes> state;
            for (std::size_t i = 0; i < values.size(); ++i) {
                Bytes key;
                const std::array<std::uint8_t, 2> wide{static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
                append_rlp_string(key, i == 0 ? ByteView{} : i < 256 ? ByteView(wide).subspan(1) : ByteView(wide));
                state[key] = values[i];
            }
            ASSERT_EQ(ordered_root(std::vector<ByteView>(values.begin(), values.end())), naive_root(state)) << n;
        }
        values.push_back(Bytes(1 + n % 90, static_cast<std::uint8_t>(n)));
    }
}

/// Keys that share long prefixes, so that extensions, splits and collapses happen often.
Hash256 crowded_key(unsigned seed) {
    Hash256 key = crypto::keccak256(Bytes{static_cast<std::uint8_t>(seed % 7)});
    key.bytes[1 + seed % 5] = static_cast<std::uint8_t>(seed * 37);
    key.bytes[31] = static_cast<std::uint8_t>(seed % 3);
    return key;
}

RC_GTEST_PROP(SecureTrie, EqualsANaiveRebuildAfterAnySequenceOfBatches, ()) {
    const bool cached = *rc::gen::arbitrary<bool>();
    const TrieId id = cached ? account_trie : TrieId{3};
    MemoryStore store;
    Trie trie(id, cached);
    std::map<Bytes, Bytes> state;
    const auto rounds = *rc::gen::inRange(1, 12);
    for (int round = 0; round < rounds; ++round) {
        std::map<Hash256, Bytes> batch;
        for (int i = *rc::gen::inRange(1, 30); i > 0; --i) {
            const Hash256 key = crowded_key(*rc::gen::inRange(0U, 200U));
            batch[key] = *rc::gen::inRange(0, 3) == 0 ? Bytes{} : Bytes(*rc::gen::inRange<std::size_t>(1, 60), 0x41);
        }
        const Hash256 root = update(store, trie, id, batch);
        for (const auto& [key, value] : batch) {
            if (value.empty())
                state.erase(to_bytes(key.view()));
            else
                state[to_bytes(key.view())] = value;
        }
        RC_ASSERT(root == naive_root(state));
    }
}

}  // namespace
}  // namespace rondo::execution
