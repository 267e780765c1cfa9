#pragma once
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/execution/core/account.hpp"
#include "actors/execution/core/store.hpp"
#include "actors/execution/core/trie.hpp"
#include "messages/base/types.hpp"
#include "messages/wire/execution.hpp"

/// The state as a block changes it: accounts and module storage above the store, with rollback inside a transaction.
namespace rondo::execution {

class Ledger {
  public:
    explicit Ledger(const StateReader& store) : store_(store) {}

    // Accounts. References stay valid until commit.
    [[nodiscard]] const Account& account(const Address& address);
    [[nodiscard]] Wei balance(const Address& address) { return account(address).balance; }
    void set_nonce(const Address& address, std::uint64_t nonce);
    /// False, and nothing changed, if there is not enough.
    [[nodiscard]] bool move(const Address& from, const Address& to, const Wei& amount);
    /// False, and nothing changed, if there is not enough. What is taken must be credited or burnt.
    [[nodiscard]] bool debit(const Address& from, const Wei& amount);
    void credit(const Address& to, const Wei& amount);
    /// Takes from the supply.
    [[nodiscard]] bool burn(const Address& from, const Wei& amount);
    void note_burnt(const Wei& amount);  ///< of what was debited before
    [[nodiscard]] const Wei& burnt() const { return burnt_; }

    // Storage of modules.
    [[nodiscard]] Word256 load(const Address& module, const Word256& slot);
    void store(const Address& module, const Word256& slot, const Word256& value);
    /// Gives an address module code and its nonce of 1 (EIP-161). Genesis only.
    void install_module(const Address& module);

    // Rollback inside a block.
    using Checkpoint = std::size_t;
    [[nodiscard]] Checkpoint checkpoint() const { return journal_.size(); }
    void roll_back(Checkpoint to);
    void forget_journal() { journal_.clear(); }

    /// Balances of the touched accounts, before the block and now.
    struct Sums {
        Wei before;
        Wei now;
    };
    [[nodiscard]] Sums balance_sums() const;

    struct Committed {
        Hash256 state_root{};
        std::vector<AccountState> touched;  ///< changed accounts, ascending by address
        std::int64_t accounts_added = 0;
    };
    /// Writes flat tables and tries, and the reverse diff of `diff_of`. The ledger is spent afterwards.
    Committed commit(StateStore& store, Trie& trie_of_accounts, std::optional<Height> diff_of);

  private:
    struct Entry {
        Address address{};
        Hash256 key{};  ///< keccak(address)
        Account before;
        Account now;
    };
    struct Slot {
        Address module{};
        Word256 slot{};
        Word256 before{};
        Word256 now{};
    };
    struct Undo {
        Entry* entry = nullptr;  ///< an account, or
        Slot* slot = nullptr;    ///< a slot, or neither: the burn
        Account account;
        Word256 word{};
        Wei burnt;
    };
    Entry& entry(const Address& address);
    Slot& slot(const Address& module, const Word256& at);
    Account& change(const Address& address);
    void commit_storage(StateStore& store, Bytes& diff);

    const StateReader& store_;
    std::deque<Entry> entries_;                     ///< in the order of first use
    std::unordered_map<Address, Entry*> accounts_;  ///< looked up, never iterated
    std::map<std::pair<Address, Word256>, Slot> slots_;
    std::vector<Undo> journal_;
    Wei burnt_;
};

/// Takes back the block `height`: what its reverse diff holds goes back into the flat tables and the tries. Returns the
/// state root before that block; nothing if the diff is not kept any more.
[[nodiscard]] std::optional<Hash256> undo_block(StateStore& store, Height height);

/// Which trie holds a module's storage: modules differ in the last byte of their address.
[[nodiscard]] constexpr TrieId storage_trie(const Address& module) { return module.bytes[19]; }

/// The account as it stands in the flat table.
[[nodiscard]] Account read_account(const StateReader& store, const Address& address);

}  // namespace rondo::execution
