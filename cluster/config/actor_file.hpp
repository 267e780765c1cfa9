#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cluster/config/error.hpp"
#include "cluster/config/toml_file.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/shell/shell_config.hpp"
#include "messages/base/types.hpp"

/// The TOML file of one actor, as data. Relative paths in the file count from the file's own folder.
namespace rondo {

/// JSON-RPC, only in intake.toml.
struct RpcSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: no JSON-RPC
    std::uint64_t connections_max = 512;
    std::uint64_t connections_per_address_max = 256;
    std::uint64_t body_bytes_max = 4 << 20;
    std::uint64_t batch_length_max = 1000;
    std::uint64_t requests_per_second_per_address = 20'000;
    std::uint64_t header_timeout_ms = 10'000;
    std::uint64_t idle_timeout_ms = 120'000;
};

struct ActorFile {
    std::filesystem::path folder;  ///< that it lies in: the node's
    Actor actor = Actor::intake;
    OperatorNumber self;  ///< no_operator: a node that follows the network
    std::filesystem::path genesis;
    std::filesystem::path store;
    std::uint64_t map_gib = 64;
    std::uint64_t worker_threads = 1;
    std::filesystem::path signing_key;       ///< intake, consensus
    std::filesystem::path signing_next_key;  ///< intake, consensus; a file that is not there: no rotation under way
    std::filesystem::path transport_key;     ///< intake, consensus, execution
    std::filesystem::path account_key;       ///< watcher, rewards
    std::filesystem::path passphrase_file;
    std::map<Actor, ActorEndpoints> node;
    std::map<Channel, std::string> listen;
    std::vector<Peer> fixed_peers;  ///< intake, consensus, execution
    RpcSettings rpc;
    std::uint64_t disk_reserve_mib = 512;  ///< intake: with less free it takes nothing new
    std::filesystem::path da_folder;       ///< da
    std::uint64_t retention_blocks = 0;    ///< intake, consensus, execution; 0: the default, which the genesis decides
    bool archive = false;                  ///< of the same: nothing is forgotten
    bool takes_snapshots = true;           ///< execution: of a chain that is far ahead; else it is executed from genesis
};

[[nodiscard]] bool signs(Actor actor);
[[nodiscard]] bool owns_channels(Actor actor);
[[nodiscard]] bool has_account(Actor actor);
[[nodiscard]] bool keeps_history(Actor actor);

[[nodiscard]] std::string format_actor_file(const ActorFile& file, const std::filesystem::path& folder);
[[nodiscard]] Configured<ActorFile> read_actor_file(const std::filesystem::path& path);

/// `operator = ` in TOML: a registration number, or "none".
[[nodiscard]] std::string operator_toml(OperatorNumber number);
[[nodiscard]] OperatorNumber read_operator(TomlTable& table);

/// A file of nothing but [[peers]], as actors' files have them.
[[nodiscard]] Configured<std::vector<Peer>> read_peers_file(const std::filesystem::path& path);
/// OPERATOR,TRANSPORT_KEY,HOST,LANES,VOTES,SYNC,FETCH,STATE
[[nodiscard]] Configured<Peer> parse_peer(std::string_view text);

}  // namespace rondo
