#pragma once
#include "actors/execution/core/modules/module.hpp"

/// Bonds of the operators. Storage of modules::staking:
///   slot 0  mapping(uint256 operator => struct { uint256 bond; uint256 jailed; })
///   slot 1  mapping(uint256 epoch => bytes32): digest of the epoch's context
/// The module's balance is the sum of the bonds.
namespace rondo::execution {

[[nodiscard]] ModuleResult call_staking(const abi::Selector& selector, ByteView arguments, ModuleCall& call);

class Staking {
  public:
    explicit Staking(Ledger& ledger) : module_(modules::staking, ledger) {}
    [[nodiscard]] Wei bond_of(OperatorNumber number) const;
    [[nodiscard]] bool is_jailed(OperatorNumber number) const;
    void set_bond(OperatorNumber number, const Wei& bond);
    /// Jails at once and burns this part of the bond; returns what was taken.
    Wei slash(OperatorNumber number, std::uint64_t permille, ModuleCall& call);
    void note_context(Epoch epoch, const Digest& digest);

  private:
    Module module_;
};

/// The bonds of all operators, as they stand in the ledger.
[[nodiscard]] std::vector<OperatorBond> bonds_of(const Genesis& genesis, Ledger& ledger);

}  // namespace rondo::execution
