#include "actors/execution/core/ledger.hpp"

#include <algorithm>

#include "actors/execution/core/records.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

Hash256 hash_of(const Address& address) { return crypto::keccak256(address.view()); }
Hash256 hash_of(const Word256& slot) { return crypto::keccak256(slot.view()); }

Account account_at(const StateReader& store, const Hash256& key) {
    const auto record = store.get(tables::accounts, key.view());
    return record ? decode_account(*record) : Account{};
}

/// Writes a flat value, or erases it when it is empty.
void write_flat(StateStore& store, TrieId trie, const TrieChange& change) {
    if (change.value.empty())
        store.erase(flat_table(trie), flat_key(trie, change.key));
    else
        store.put(flat_table(trie), flat_key(trie, change.key), change.value);
}

// A reverse diff is a list of trie ‖ key ‖ length of the old value (2 bytes) ‖ old value; storage before accounts.

void append_diff(Bytes& diff, TrieId trie, const Hash256& key, ByteView old_value) {
    diff.push_back(trie);
    append(diff, key.view());
    diff.push_back(static_cast<std::uint8_t>(old_value.size() >> 8));
    diff.push_back(static_cast<std::uint8_t>(old_value.size()));
    append(diff, old_value);
}

std::map<TrieId, std::vector<TrieChange>> read_diff(ByteView diff) {
    std::map<TrieId, std::vector<TrieChange>> out;
    while (!diff.empty()) {
        require(diff.size() >= 35, "a reverse diff is damaged");
        const std::size_t size = static_cast<std::size_t>(diff[33]) << 8 | diff[34];
        require(diff.size() >= 35 + size, "a reverse diff is damaged");
        out[diff[0]].push_back({*Hash256::from(diff.subspan(1, 32)), to_bytes(diff.subspan(35, size))});
        diff = diff.subspan(35 + size);
    }
    return out;
}

bool by_key(const TrieChange& a, const TrieChange& b) { return a.key < b.key; }

Bytes leaf_of(const Account& account) { return account.is_empty() ? Bytes{} : encode_account(account); }

}  // namespace

Ledger::Entry& Ledger::entry(const Address& address) {
    const auto [it, fresh] = accounts_.try_emplace(address, nullptr);
    if (fresh) {
        const Hash256 key = hash_of(address);
        const Account stored = account_at(store_, key);
        it->second = &entries_.emplace_back(Entry{address, key, stored, stored});
    }
    return *it->second;
}

const Account& Ledger::account(const Address& address) { return entry(address).now; }

Account& Ledger::change(const Address& address) {
    Entry& e = entry(address);
    journal_.push_back({&e, nullptr, e.now, {}, burnt_});
    return e.now;
}

void Ledger::set_nonce(const Address& address, std::uint64_t nonce) { change(address).nonce = nonce; }

bool Ledger::debit(const Address& from, const Wei& amount) {
    if (entry(from).now.balance < amount) return false;
    change(from).balance -= amount;
    return true;
}

void Ledger::credit(const Address& to, const Wei& amount) {
    if (amount == 0) return;
    Account& account = change(to);
    const auto sum = checked_add(account.balance, amount);
    require(sum.has_value(), "a balance overflowed");
    account.balance = *sum;
}

bool Ledger::move(const Address& from, const Address& to, const Wei& amount) {
    if (!debit(from, amount)) return false;
    credit(to, amount);
    return true;
}

bool Ledger::burn(const Address& from, const Wei& amount) {
    if (!debit(from, amount)) return false;
    note_burnt(amount);
    return true;
}

void Ledger::note_burnt(const Wei& amount) {
    journal_.push_back({nullptr, nullptr, {}, {}, burnt_});
    const auto sum = checked_add(burnt_, amount);
    require(sum.has_value(), "the burn overflowed");
    burnt_ = *sum;
}

Ledger::Slot& Ledger::slot(const Address& module, const Word256& at) {
    const auto [it, fresh] = slots_.try_emplace({module, at});
    Slot& s = it->second;
    if (fresh) {
        const auto record = store_.get(tables::storage, flat_key(storage_trie(module), hash_of(at)));
        s.module = module;
        s.slot = at;
        s.before = record ? decode_storage_word(*record) : Word256{};
        s.now = s.before;
    }
    return s;
}

Word256 Ledger::load(const Address& module, const Word256& at) { return slot(module, at).now; }

void Ledger::store(const Address& module, const Word256& at, const Word256& value) {
    Slot& s = slot(module, at);
    journal_.push_back({nullptr, &s, {}, s.now, burnt_});
    s.now = value;
}

void Ledger::install_module(const Address& module) {
    Account& account = change(module);
    account.nonce = 1;
    account.code_hash = crypto::keccak256(Bytes{module_code});
}

void Ledger::roll_back(Checkpoint to) {
    while (journal_.size() > to) {
        const Undo& undo = journal_.back();
        if (undo.entry != nullptr) undo.entry->now = undo.account;
        if (undo.slot != nullptr) undo.slot->now = undo.word;
        burnt_ = undo.burnt;
        journal_.pop_back();
    }
}

Ledger::Sums Ledger::balance_sums() const {
    Sums sums;
    for (const Entry& e : entries_) {
        const auto before = checked_add(sums.before, e.before.balance);
        const auto now = checked_add(sums.now, e.now.balance);
        require(before && now, "a sum of balances overflowed");
        sums = {*before, *now};
    }
    return sums;
}

void Ledger::commit_storage(StateStore& store, Bytes& diff) {
    std::map<Address, std::vector<TrieChange>> changes;
    for (const auto& [place, s] : slots_) {
        if (s.now == s.before) continue;
        const TrieId trie = storage_trie(s.module);
        TrieChange change{hash_of(s.slot), encode_storage_word(s.now)};
        append_diff(diff, trie, change.key, encode_storage_word(s.before));
        write_flat(store, trie, change);
        changes[s.module].push_back(std::move(change));
    }
    for (auto& [module, of_module] : changes) {
        std::sort(of_module.begin(), of_module.end(), by_key);
        change(module).storage_root = Trie(storage_trie(module)).update(store, of_module);
    }
}

Ledger::Committed Ledger::commit(StateStore& store, Trie& trie_of_accounts, std::optional<Height> diff_of) {
    Bytes diff;
    commit_storage(store, diff);
    Committed out;
    std::vector<TrieChange> changes;
    for (const Entry& e : entries_) {
        if (e.now == e.before) continue;
        out.touched.push_back({e.address, e.now.nonce, e.now.balance});
        out.accounts_added += (e.now.is_empty() ? 0 : 1) - (e.before.is_empty() ? 0 : 1);
        TrieChange change{e.key, leaf_of(e.now)};
        append_diff(diff, account_trie, e.key, leaf_of(e.before));
        write_flat(store, account_trie, change);
        changes.push_back(std::move(change));
    }
    std::sort(out.touched.begin(), out.touched.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
    std::sort(changes.begin(), changes.end(), by_key);
    out.state_root = trie_of_accounts.update(store, changes);
    if (diff_of) store.put(tables::diffs, height_key(*diff_of), std::move(diff));
    return out;
}

std::optional<Hash256> undo_block(StateStore& store, Height height) {
    const auto diff = store.get(tables::diffs, height_key(height));
    if (!diff) return std::nullopt;
    auto changes = read_diff(*diff);
    for (auto& [trie, of_trie] : changes) {
        for (const TrieChange& change : of_trie) write_flat(store, trie, change);
        std::sort(of_trie.begin(), of_trie.end(), by_key);
        Trie(trie).update(store, of_trie);
    }
    return Trie(account_trie).root(store);
}

Account read_account(const StateReader& store, const Address& address) { return account_at(store, hash_of(address)); }

}  // namespace rondo::execution
