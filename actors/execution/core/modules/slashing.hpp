#pragma once
#include "actors/execution/core/modules/module.hpp"

/// Penalties for what can be proven. Storage of modules::slashing:
///   slot 0  mapping(bytes32 evidence id => struct { uint256 height; uint256 operator; uint256 taken; })
/// One penalty per id: the offender is jailed at once and loses `double_sign_permille` of its bond, which is burnt.
namespace rondo::execution {

[[nodiscard]] ModuleResult call_slashing(const abi::Selector& selector, ByteView arguments, ModuleCall& call);

}  // namespace rondo::execution
