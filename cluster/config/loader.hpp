#pragma once
#include <filesystem>
#include <optional>

#include "cluster/config/actor_file.hpp"
#include "cluster/config/error.hpp"
#include "cluster/config/key_file.hpp"
#include "cluster/runtime/retention.hpp"
#include "cluster/shell/shell_config.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo {

/// All that an actor's main needs: what its shell wants, and the pieces of its core's configuration.
struct LoadedActor {
    ActorFile file;
    ShellConfig shell;
    Genesis genesis;
    std::vector<crypto::SecretKey> signing_keys;    ///< intake, consensus; two while they are rotated
    std::optional<crypto::AccountKey> account_key;  ///< watcher, rewards
    Retention retention{};                          ///< intake, consensus, execution
};

/// Reads the actor's file, the genesis and the keys, and refuses those that cannot belong together. Who is an operator, with
/// which keys, the chain alone knows: a node with other keys than its operator's signs nothing, and says so in its status.
[[nodiscard]] Configured<LoadedActor> load_actor(Actor actor, const std::filesystem::path& path,
                                                 const PassphraseSource& passphrase = {});

/// The fixed peers: whom a core may ask beside the members.
[[nodiscard]] std::vector<OperatorNumber> sources_of(const LoadedActor& loaded);

/// The command line of an actor's program: --config FILE [--passphrase-fd N | --passphrase-file FILE], --help, --version. Loads,
/// or prints what is wrong and gives the exit code.
[[nodiscard]] tl::expected<LoadedActor, int> load_actor_or_explain(Actor actor, int argc, char** argv);

}  // namespace rondo
