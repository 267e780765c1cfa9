#include "actors/execution/core/parts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "actors/execution/core/assembly.hpp"
#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/modules/module.hpp"
#include "actors/execution/core/tables.hpp"
#include "memory_view.hpp"

namespace rondo::execution::test {
namespace {

/// Keys as hashes are, and some that share long prefixes: those make extensions, and splits at any depth.
class Keys {
  public:
    explicit Keys(std::uint64_t seed) : random_(seed) {}
    Hash256 next() {
        Hash256 key;
        for (std::uint8_t& byte : key.bytes) byte = static_cast<std::uint8_t>(random_());
        if (random_() % 3 == 0) std::copy_n(last_.bytes.begin(), random_() % 30, key.bytes.begin());
        return last_ = key;
    }
    std::uint64_t number() { return random_(); }

  private:
    std::mt19937_64 random_;
    Hash256 last_{};
};

/// A state of its own: so many accounts, and some words in the storage of one module.
struct State {
    State(std::uint64_t seed, std::size_t accounts, std::size_t words) {
        Keys keys(seed);
        std::map<Hash256, Bytes> storage, leaves;
        while (storage.size() < words) storage.emplace(keys.next(), encode_storage_word(to_word(keys.number())));
        Account module;
        module.nonce = 1;
        if (words != 0) module.storage_root = put(storage_trie(modules::rewards), storage);
        leaves.emplace(crypto_key(modules::rewards), encode_account(module));
        while (leaves.size() < accounts) {
            Account account;
            account.nonce = keys.number() % 7;
            account.balance = 1 + keys.number() % 1000;
            supply += account.balance;
            leaves.emplace(keys.next(), encode_account(account));
        }
        root = put(account_trie, leaves);
    }

    Hash256 put(TrieId id, const std::map<Hash256, Bytes>& leaves) {
        std::vector<TrieChange> changes;
        for (const auto& [key, value] : leaves) {
            view.rows.put(flat_table(id), flat_key(id, key), value);
            changes.push_back({key, value});
        }
        return Trie(id).update(view.rows, changes);
    }
    static Hash256 crypto_key(const Address& address);

    MemoryView view;
    Hash256 root{};
    Wei supply;
};

Hash256 State::crypto_key(const Address& address) {
    // Where the ledger looks for the account.
    MemoryStore store;
    Ledger ledger(store);
    ledger.install_module(address);
    Trie trie(account_trie);
    ledger.commit(store, trie, std::nullopt);
    Hash256 key;
    store.each(tables::accounts, [&](const Bytes& at, const Bytes&) { key = *Hash256::from(at); });
    return key;
}

/// What an assembly writes, step by step as a shell commits it.
struct Taker {
    MemoryView view;
    ViewReader committed{view};
    Overlay store{committed};

    void commit() { view.apply(store.take_records()); }
    std::map<Bytes, Bytes> rows(Table table) const {
        std::map<Bytes, Bytes> out;
        view.rows.each(table, [&](const Bytes& key, const Bytes& value) { out.emplace(key, value); });
        return out;
    }
};

std::map<Bytes, Bytes> rows_of(const MemoryView& view, Table table) {
    std::map<Bytes, Bytes> out;
    view.rows.each(table, [&](const Bytes& key, const Bytes& value) { out.emplace(key, value); });
    return out;
}

bool give(Assembly& assembly, const StateMessage& answer) {
    if (const auto* leaves = std::get_if<PartLeaves>(&answer)) return assembly.accept(*leaves);
    if (const auto* branch = std::get_if<PartBranch>(&answer)) return assembly.accept(*branch);
    return false;
}

void expect_same(const State& state, const Taker& taker, const Assembly& assembly, std::size_t accounts) {
    for (const Table& table : {tables::accounts, tables::storage, tables::nodes})
        EXPECT_TRUE(rows_of(state.view, table) == taker.rows(table)) << table.name;
    EXPECT_EQ(assembly.progress().accounts, accounts);
    EXPECT_EQ(assembly.progress().supply, state.supply);
}

RC_GTEST_PROP(Parts, ComeTogetherToTheStateTheyWereTakenFromWhateverTheirOrder, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto accounts = *rc::gen::weightedElement<std::size_t>(
        {{4, 1}, {4, 2}, {4, 17}, {1, part_leaves_max}, {1, part_leaves_max + 1}, {1, 3 * part_leaves_max}});
    const auto words = *rc::gen::weightedElement<std::size_t>({{2, 0}, {2, 1}, {2, 2}, {2, 40}, {1, part_leaves_max + 100}});
    const State state(seed, accounts, words);
    Taker taker;
    Assembly assembly = Assembly::begin(taker.store, Height(8), state.root);
    std::mt19937_64 random(seed);
    std::vector<PartRequest> open;
    while (!assembly.is_complete()) {
        while (const auto part = assembly.take_wanted()) open.push_back(*part);
        RC_ASSERT(!open.empty());
        std::swap(open[random() % open.size()], open.back());
        RC_ASSERT(give(assembly, part_of(state.view, open.back())));
        open.pop_back();
        taker.commit();
    }
    expect_same(state, taker, assembly, accounts);
}

TEST(Parts, ARestartAfterAnyOfThemLosesNothing) {
    const State state(7, 3 * part_leaves_max, part_leaves_max + 1);
    Taker taker;
    std::optional<Assembly> assembly = Assembly::begin(taker.store, Height(8), state.root);
    std::size_t steps = 0;
    while (!assembly->is_complete()) {
        taker.commit();
        assembly = Assembly::recover(taker.store, taker.view);
        ASSERT_TRUE(assembly);
        const auto part = assembly->take_wanted();
        if (!part) break;
        ASSERT_TRUE(give(*assembly, part_of(state.view, *part)));
        ++steps;
    }
    taker.commit();
    EXPECT_GT(steps, 32U) << "both tries were split";
    expect_same(state, taker, *assembly, 3 * part_leaves_max);
    assembly->forget();
    taker.commit();
    EXPECT_TRUE(taker.rows(tables::joining).empty());
    EXPECT_FALSE(Assembly::recover(taker.store, taker.view));
}

TEST(Parts, ThatWereAlteredAreRefusedAndChangeNothing) {
    const State state(3, 300, 0);
    Taker taker;
    Assembly assembly = Assembly::begin(taker.store, Height(8), state.root);
    const PartRequest part = *assembly.take_wanted();
    const auto right = std::get<PartLeaves>(part_of(state.view, part));
    const auto refused = [&](const std::function<void(PartLeaves&)>& alter) {
        PartLeaves altered = right;
        alter(altered);
        return !assembly.accept(altered);
    };
    EXPECT_TRUE(refused([](PartLeaves& p) { p.leaves[5].value.back() ^= 1; })) << "a leaf altered";
    EXPECT_TRUE(refused([](PartLeaves& p) { p.leaves.erase(p.leaves.begin() + 9); })) << "one left out";
    EXPECT_TRUE(refused([](PartLeaves& p) {
        p.leaves.push_back({Hash256::from(Bytes(32, 0xff)).value(), Bytes{1}});
    })) << "one added";
    EXPECT_TRUE(refused([](PartLeaves& p) { p.leaves.push_back(p.leaves.back()); })) << "one twice";
    EXPECT_TRUE(refused([](PartLeaves& p) { std::swap(p.leaves[0], p.leaves[1]); })) << "out of order";
    EXPECT_TRUE(refused([](PartLeaves& p) { p.leaves[0].value.clear(); })) << "an empty value";
    EXPECT_TRUE(refused([](PartLeaves& p) { p.leaves[0].value.resize(leaf_value_bytes_max + 1); })) << "a long value";
    EXPECT_TRUE(refused([](PartLeaves& p) { p.leaves.clear(); })) << "nothing at all";
    taker.commit();
    EXPECT_TRUE(taker.rows(tables::accounts).empty());
    EXPECT_TRUE(assembly.accept(right));
    EXPECT_TRUE(assembly.is_complete());
}

TEST(Parts, BranchesThatWereAlteredAreRefused) {
    const State state(4, 2 * part_leaves_max, 0);
    Taker taker;
    Assembly assembly = Assembly::begin(taker.store, Height(8), state.root);
    const PartRequest part = *assembly.take_wanted();
    const auto right = std::get<PartBranch>(part_of(state.view, part));
    const auto refused = [&](const std::function<void(PartBranch&)>& alter) {
        PartBranch altered = right;
        alter(altered);
        return !assembly.accept(altered);
    };
    EXPECT_TRUE(refused([](PartBranch& p) { p.children[3][0] ^= 1; })) << "a child altered";
    EXPECT_TRUE(refused([](PartBranch& p) { p.children[3].clear(); })) << "a child left out";
    EXPECT_TRUE(refused([](PartBranch& p) { std::swap(p.children[3], p.children[4]); })) << "two exchanged";
    EXPECT_TRUE(refused([](PartBranch& p) { p.children.pop_back(); })) << "fifteen";
    EXPECT_TRUE(refused([](PartBranch& p) { p.children[3].push_back(0); })) << "longer than a hash";
    EXPECT_TRUE(refused([](PartBranch& p) { p.depth = 2; })) << "an extension that is not there";
    EXPECT_TRUE(refused([](PartBranch& p) { p.path.bytes[9] = 1; })) << "a path beyond its depth";
    EXPECT_TRUE(refused([](PartBranch& p) { p.depth = 64; })) << "no branch lies so deep";
    EXPECT_TRUE(assembly.accept(right));
}

TEST(Parts, OfTriesThatAreNoneAreNotHandedOut) {
    const State state(5, 10, 0);
    const auto is_gone = [&](const PartRequest& part) { return std::holds_alternative<PartGone>(part_of(state.view, part)); };
    EXPECT_TRUE(is_gone({Height(8), 77, 0, {}})) << "no module has that storage";
    EXPECT_TRUE(is_gone({Height(8), 0, 64, {}}));
    EXPECT_TRUE(is_gone({Height(8), 0, 1, *Hash256::from(Bytes(32, 0x11))})) << "says more than its depth";
    EXPECT_FALSE(is_gone({Height(8), 0, 0, {}}));
}

}  // namespace
}  // namespace rondo::execution::test
