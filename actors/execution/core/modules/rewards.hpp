#pragma once
#include "actors/execution/core/modules/module.hpp"

/// The pot of fees, its roots and claims. Storage of modules::rewards:
///   slot 0  uint256: fees of the current epoch so far
///   slot 1  uint256: the last epoch whose pot is fixed
///   slot 2  mapping(uint256 epoch => struct { uint256 pot; uint256 cumulative; }): sum of all pots up to it
///   slot 3  struct { uint256 epoch; bytes32 root; uint256 total; }: the accepted root (slots 3, 4, 5)
///   slot 6  mapping(uint256 epoch => mapping(uint256 operator => bytes32)): root that the operator attested
///   slot 7  mapping(address => uint256): claimed
///   slot 8  uint256: claimed by all
/// The module's balance is the sum of all pots and of slot 0, less slot 8. A leaf of a root is
/// keccak(keccak(abi.encode(address, uint256 cumulative))), pairs are sorted (OpenZeppelin's MerkleProof).
namespace rondo::execution {

[[nodiscard]] ModuleResult call_rewards(const abi::Selector& selector, ByteView arguments, ModuleCall& call);

class Rewards {
  public:
    explicit Rewards(Ledger& ledger) : module_(modules::rewards, ledger) {}
    /// Fees of a block, after the burn.
    void deposit(const Wei& fees);
    /// The epoch's boundary block was executed, its fees deposited: its pot changes no more.
    void fix_pot(Epoch epoch);
    [[nodiscard]] bool balanced() const;

  private:
    Module module_;
};

/// Hash of a claim as it stands in a root.
[[nodiscard]] Hash256 reward_leaf(const Address& account, const Wei& cumulative);
[[nodiscard]] Hash256 reward_node(const Hash256& a, const Hash256& b);

}  // namespace rondo::execution
