#pragma once
#include "actors/execution/core/modules/module.hpp"

/// The registry of operators and their bonds. Storage of modules::staking, as Solidity would lay it out:
///   slot 0  mapping(uint256 operator => Operator)
///   slot 1  mapping(uint256 epoch => bytes32): digest of the epoch's context
///   slot 2  uint256: the number that the next operator gets, one above the highest ever
///   slot 3  uint256[]: operators that have not withdrawn, in no order
///   slot 4  uint256: sum of all bonds; the module's balance
///   slot 5  mapping(bytes32 consensus key => uint256): 1 + the operator that uses it or did once, 0: never used
///   slot 6  mapping(bytes32 transport key => uint256): likewise
///
///   struct Operator {
///       uint256 bond; uint256 jailed; bytes32 key; bytes32 transportKey;    // words 0, 1, 2, 3
///       address owner; address watcher; address rewards;                    // 4, 5, 6
///       string moniker; string host;                                        // 7, 8
///       uint16 lanes; uint16 votes; uint16 sync; uint16 fetch; uint16 state;  // 9: ports, `lanes` in the lowest bits
///       uint256 leftAt; uint256 withdrawn; uint256 place;                   // 10: ms, 0: not left; 11; 12: 1 + index in slot 3
///   }
namespace rondo::execution {

/// Registered and not withdrawn, for each operator that fits into a set.
inline constexpr std::uint64_t listed_per_member_max = 10;
/// Below the numbers that transports give to guests.
inline constexpr std::uint64_t registration_numbers_end = 1ULL << 31;
/// Sums of stakes stay below 2^63, so that thresholds fit 64 bits.
inline const Wei bonds_end = (Wei(1) << 63) * 1'000'000'000U;

[[nodiscard]] ModuleResult call_staking(const abi::Selector& selector, ByteView arguments, ModuleCall& call);

/// The storage above. It keeps its own order (sum, list, keys) and asks nobody whether a change is allowed.
class Staking {
  public:
    explicit Staking(Ledger& ledger) : module_(modules::staking, ledger) {}
    /// The call pays for the words stored, and remembers whose registration changed.
    explicit Staking(ModuleCall& call) : module_(modules::staking, call.ledger), call_(&call) {}

    [[nodiscard]] bool is_known(OperatorNumber number) const;   ///< registered once
    [[nodiscard]] bool is_listed(OperatorNumber number) const;  ///< and has not withdrawn
    [[nodiscard]] Wei bond_of(OperatorNumber number) const;
    [[nodiscard]] bool is_jailed(OperatorNumber number) const;
    [[nodiscard]] Address owner_of(OperatorNumber number) const;
    /// ms, of leaving or of the end of its last epoch in a set, whichever came later; 0: it has not left
    [[nodiscard]] std::uint64_t left_at(OperatorNumber number) const;
    [[nodiscard]] RegisteredOperator registered(OperatorNumber number) const;
    [[nodiscard]] std::string moniker_of(OperatorNumber number) const;
    [[nodiscard]] std::optional<OperatorNumber> user_of(const PublicKey& key) const;  ///< also of keys rotated away
    [[nodiscard]] std::optional<OperatorNumber> user_of(const TransportKey& key) const;
    [[nodiscard]] std::uint64_t next_number() const;
    [[nodiscard]] std::uint64_t listed_count() const;
    [[nodiscard]] Wei bonded() const;  ///< sum of all bonds
    [[nodiscard]] bool balanced() const { return bonded() == module_.ledger().balance(modules::staking); }
    /// All that are listed: reads hundreds of words, so not in every block.
    [[nodiscard]] Registry registry() const;

    /// The bond lies in the module's balance already.
    void add(const RegisteredOperator& fresh, const std::string& moniker);
    void leave(OperatorNumber number, std::uint64_t timestamp_ms);
    /// The epoch is over: of its members those that have left begin to unbond, again, for they may have signed until now.
    void end_duty(const EpochContext& over, std::uint64_t timestamp_ms);
    void set_keys(OperatorNumber number, const PublicKey& key, const TransportKey& transport_key);
    void set_endpoints(OperatorNumber number, const Endpoints& endpoints);
    /// Takes it off the list and its bond out of the sum. Returns the bond, which is still in the module's balance.
    [[nodiscard]] Wei remove(OperatorNumber number);
    /// Jails at once and burns this part of the bond; returns what was taken. Who withdrew has nothing left.
    Wei slash(OperatorNumber number, std::uint64_t permille);
    void note_context(Epoch epoch, const Digest& digest);
    /// Of the epoch's context; zero while it is not computed yet.
    [[nodiscard]] Digest context_digest(Epoch epoch) const;

  private:
    void put(const Word256& slot, const Word256& word);
    void put(const Word256& slot, const uint256& number) { put(slot, to_word(number)); }
    void put_string(const Word256& slot, std::string_view value);
    void take_from_list(OperatorNumber number);
    void note_change(OperatorNumber number);

    Module module_;
    ModuleCall* call_ = nullptr;
};

}  // namespace rondo::execution
