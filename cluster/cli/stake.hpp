#pragma once
#include "cluster/cli/commands.hpp"
#include "cluster/cli/transact.hpp"
#include "cluster/config/actor_file.hpp"

/// What the commands of `rondo stake` share: one node of a home, the registry on the ledger, and a transaction to it.
namespace rondo::cli {

struct StakeSession {
    ClusterView view;
    ClusterFile::Node node;
    ActorFile intake;
    ActorFile consensus;
    ActorFile execution;
    Genesis genesis;
    std::unique_ptr<Ledger> ledger;  ///< refers to `view`

    [[nodiscard]] std::filesystem::path keys() const { return view.home.node(node.name) / "keys"; }
    /// The command's, or else what the actors' own files name.
    [[nodiscard]] PassphraseSource passphrase(const StakeCommand& command) const;
};
[[nodiscard]] Answered<std::unique_ptr<StakeSession>> open_session(const StakeCommand& command);

/// The account that owns the registration.
[[nodiscard]] Answered<crypto::AccountKey> owner_of(const StakeCommand& command, const StakeSession& session);
/// Of the node, or as the command says.
[[nodiscard]] Answered<OperatorNumber> number_of(const StakeCommand& command, const StakeSession& session);
/// Where others reach the node by its files, with what the command says in place of that.
[[nodiscard]] Answered<Endpoints> endpoints_of(const StakeCommand& command, const StakeSession& session);
/// The operator that registered this consensus key, if one did.
[[nodiscard]] Answered<std::optional<OperatorNumber>> registered_with(Ledger& ledger, const PublicKey& key);
/// KeyProof, signed with the key it is for.
[[nodiscard]] Signature key_proof(const Genesis& genesis, const Address& owner, const TransportKey& transport,
                                  const crypto::SecretKey& key);

/// What a command has done, to be printed.
struct StakeDone {
    std::string action;  ///< "register"
    OperatorNumber number;
    std::optional<Transacted> transacted;  ///< nothing: there was nothing to send
    std::optional<Epoch> epoch;            ///< the current one
    std::vector<std::string> next;         ///< what the operator must do now
};
/// Sends the call to the registry. An ending without success is a trouble here, with its reason.
[[nodiscard]] Answered<Transacted> tell_registry(const StakeCommand& command, StakeSession& session,
                                                 const crypto::AccountKey& owner, const Wei& value, Bytes data);
int print_done(const StakeCommand& command, const StakeDone& done);

}  // namespace rondo::cli
