#pragma once
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "actors/execution/core/context.hpp"
#include "actors/execution/core/ledger.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/ethereum/receipt.hpp"
#include "messages/wire/modules.hpp"

/// What a module sees of a call, and how it keeps its state.
namespace rondo::execution {

/// The fixed gas table of modules, on top of a transaction's intrinsic gas.
namespace gas {
inline constexpr std::uint64_t selector = 5'000;   ///< any call that reaches a module
inline constexpr std::uint64_t signature = 6'000;  ///< an Ed25519 signature checked
inline constexpr std::uint64_t proof_node = 100;   ///< a hash of a Merkle proof
inline constexpr std::uint64_t stored_word = 20'000;
inline constexpr std::uint64_t log_byte = 8;  ///< topics count 32 bytes each
}  // namespace gas

/// A call that failed: everything it did is rolled back.
struct Revert {
    std::string reason;
    /// The caller did its duty, somebody was just faster: an operator's account pays nothing for it.
    bool harmless = false;
};
using ModuleResult = tl::expected<Bytes, Revert>;
[[nodiscard]] inline tl::unexpected<Revert> revert(std::string reason) {
    return tl::unexpected(Revert{std::move(reason), false});
}
[[nodiscard]] inline tl::unexpected<Revert> too_late(std::string reason) {
    return tl::unexpected(Revert{std::move(reason), true});
}

/// The chain around a call.
struct Chain {
    const Genesis& genesis;
    const Digest& genesis_digest;
    const StateReader& store;
    ContextBook& contexts;
    Height height;
    Epoch epoch;
    std::uint64_t timestamp_ms = 0;
};

class Module {
  public:
    Module(const Address& address, Ledger& ledger) : address_(address), ledger_(ledger) {}

    [[nodiscard]] Word256 load(const Word256& slot) const { return ledger_.load(address_, slot); }
    [[nodiscard]] uint256 load_number(const Word256& slot) const { return uint256_from_be(load(slot).view()); }
    void store(const Word256& slot, const Word256& value) { ledger_.store(address_, slot, value); }
    void store_number(const Word256& slot, const uint256& value) { store(slot, to_word(value)); }
    [[nodiscard]] Ledger& ledger() const { return ledger_; }
    [[nodiscard]] const Address& address() const { return address_; }

  private:
    Address address_;
    Ledger& ledger_;
};

/// One call of a module by a transaction or by eth_call.
struct ModuleCall {
    Ledger& ledger;
    const Chain& chain;
    Address caller{};
    Wei value{};  ///< has moved to the module already
    std::uint64_t gas_used = 0;
    std::vector<ethereum::LogEntry> logs{};
    std::vector<OperatorNumber> operators{};  ///< whose registration it changed

    /// Charges for the words that a module stores through it.
    void store(Module& module, const Word256& slot, const Word256& word) {
        gas_used += gas::stored_word;
        module.store(slot, word);
    }
    void log(const Address& from, std::vector<Hash256> topics, Bytes data) {
        gas_used += gas::log_byte * (32 * topics.size() + data.size());
        logs.push_back({from, std::move(topics), std::move(data)});
    }
};

// Solidity's storage layout.
[[nodiscard]] Word256 slot_number(std::uint64_t slot);
/// Slot of mapping[key] for a mapping at `slot`: keccak(key ‖ slot).
[[nodiscard]] Word256 mapping_slot(const Word256& slot, const Word256& key);
/// The n-th word of a struct that begins at `slot`.
[[nodiscard]] Word256 field_slot(const Word256& slot, std::uint64_t field);
/// The n-th word of what is longer than its slot: elements of an array, the content of a string.
[[nodiscard]] Word256 content_slot(const Word256& slot, std::uint64_t word);
/// A string of up to 31 bytes lies in its slot, with its length; a longer one in the content behind it.
[[nodiscard]] std::string load_string(const Module& module, const Word256& slot);
struct StoredWord {
    Word256 slot{};
    Word256 word{};
};
/// What to store so that `value` stands where `old` stood.
[[nodiscard]] std::vector<StoredWord> string_words(const Word256& slot, std::string_view value, std::string_view old);
[[nodiscard]] Word256 word_of(const Address& address);
[[nodiscard]] Word256 word_of(const Digest& digest);
[[nodiscard]] Hash256 topic_of(const Word256& word);

/// All of them, ascending.
[[nodiscard]] const std::vector<Address>& all_modules();
[[nodiscard]] bool is_module(const Address& address);
/// Runs a call of the module at `to`. The caller rolls the ledger back when it fails.
[[nodiscard]] ModuleResult call_module(const Address& to, ByteView data, ModuleCall& call);

}  // namespace rondo::execution
