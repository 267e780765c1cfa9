#pragma once
#include <string_view>

#include "messages/base/bytes.hpp"

/// The ledger's modules: fixed addresses and their Solidity ABI. Execution implements them;
/// watcher, rewards and the tools call them with ordinary transactions.
namespace rondo::modules {

[[nodiscard]] constexpr Address module_address(std::uint8_t last_byte) {
    Address a;
    a.bytes[18] = 0x52;
    a.bytes[19] = last_byte;
    return a;
}
inline constexpr Address staking = module_address(0x01);
inline constexpr Address slashing = module_address(0x02);
inline constexpr Address rewards = module_address(0x03);
inline constexpr Address fees = module_address(0x04);  ///< storage only: base fee, fee window, gas in it

// staking: the registry of operators. `operator` is the registration number; only its owner, the account that registered it, may
// change it. What changes is in force from the epoch after the next on.
/// payable, the value is the bond: consensus key, proof (a signature of KeyProof by it), transport key, watcher account, rewards
/// account, moniker, host, ports of lanes, votes, sync, fetch and state -> registration number
inline constexpr std::string_view register_operator =
    "register(bytes32,bytes,bytes32,address,address,string,string,uint16,uint16,uint16,uint16,uint16)";
inline constexpr std::string_view leave = "leave(uint256)";        ///< operator
inline constexpr std::string_view withdraw = "withdraw(uint256)";  ///< operator: its bond, to the owner, once it has unbonded
inline constexpr std::string_view rotate_keys =
    "rotateKeys(uint256,bytes32,bytes,bytes32)";  ///< operator, consensus key, proof, transport key
inline constexpr std::string_view set_endpoints =
    "setEndpoints(uint256,string,uint16,uint16,uint16,uint16,uint16)";  ///< operator, host, ports
/// view: epoch -> numbers of its set, ascending; reverts while it is not computed yet
inline constexpr std::string_view members_of = "membersOf(uint256)";
/// view: operator -> moniker, host, ports of lanes, votes, sync, fetch and state, when it began to unbond in ms (0: it has not
/// left)
inline constexpr std::string_view info_of = "infoOf(uint256)";
inline constexpr std::string_view operator_of = "operatorOf(bytes32)";  ///< view: consensus key -> (known, operator)
inline constexpr std::string_view registered_event =
    "Registered(uint256,address,bytes32,uint256)";                                 ///< operator and owner (indexed), key, wei
inline constexpr std::string_view left_event = "Left(uint256)";                    ///< operator (indexed)
inline constexpr std::string_view withdrawn_event = "Withdrawn(uint256,uint256)";  ///< operator (indexed), wei
inline constexpr std::string_view keys_rotated_event = "KeysRotated(uint256,bytes32,bytes32)";  ///< operator (indexed), keys
inline constexpr std::string_view endpoints_changed_event = "EndpointsChanged(uint256)";        ///< operator (indexed)
inline constexpr std::string_view stake_of = "stakeOf(uint256)";                                ///< view: operator number -> wei
inline constexpr std::string_view is_jailed = "isJailed(uint256)";                              ///< view: operator number -> bool
// slashing
inline constexpr std::string_view submit_evidence = "submitEvidence(bytes)";  ///< canonical encoding of Evidence
inline constexpr std::string_view has_evidence = "hasEvidence(bytes32)";      ///< view: evidence id -> bool
inline constexpr std::string_view slashed_event =
    "Slashed(uint256,bytes32,uint256)";  ///< operator (indexed), evidence id, wei taken
// rewards
inline constexpr std::string_view attest = "attest(uint256,bytes32,uint256)";  ///< epoch, root, sum of all cumulative amounts
inline constexpr std::string_view claim =
    "claim(address,uint256,bytes32[])";                               ///< account, cumulative wei, proof; anyone may send it
inline constexpr std::string_view pot_of = "potOf(uint256)";          ///< view: epoch -> wei that the epoch put into the pot
inline constexpr std::string_view accepted_root = "acceptedRoot()";   ///< view: (epoch, root, total)
inline constexpr std::string_view claimed_by = "claimedBy(address)";  ///< view: cumulative wei claimed
inline constexpr std::string_view root_accepted_event = "RootAccepted(uint256,bytes32,uint256)";
inline constexpr std::string_view claimed_event = "Claimed(address,uint256)";

}  // namespace rondo::modules
