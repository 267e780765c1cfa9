#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config/ceremony.hpp"
#include "cluster/config/init.hpp"
#include "cluster/config/key_file.hpp"
#include "cluster/launcher/control.hpp"

/// The commands of `rondo`, one function each; arguments.cpp fills in what the command line says. Each returns the exit code.
namespace rondo::cli {

struct Common {
    std::string home = "rondo-home";
    bool json = false;
};

struct InitCommand {
    Common common;
    InitOptions options;
};
int run_init(InitCommand command);

/// Milliseconds since 1970: the time of a genesis.
[[nodiscard]] std::uint64_t now_ms();

struct GenesisNewCommand {
    bool json = false;
    GenesisOptions options;
    std::string out;
};
int run_genesis_new(GenesisNewCommand command);

struct GenesisJoinCommand {
    Common common;
    TakingPart options;
    std::string stake_ether;
};
int run_genesis_join(GenesisJoinCommand command);

struct GenesisCollectCommand {
    bool json = false;
    std::string draft;
    std::string out;
    std::vector<std::string> entries;
};
int run_genesis_collect(const GenesisCollectCommand& command);

struct GenesisCheckCommand {
    Common common;
    std::string genesis;
};
int run_genesis_check(const GenesisCheckCommand& command);

struct JoinCommand {
    Common common;
    NodeOptions options;
    std::string genesis;
    std::vector<std::string> sync_from;  ///< files, or peers
};
int run_join(JoinCommand command);

struct StakeCommand {
    Common common;
    std::string verb;                     ///< register, leave, withdraw, rotate, endpoints, list
    std::string node;                     ///< empty: the home's first
    std::optional<std::uint64_t> number;  ///< nothing: the node's
    std::string key_file;                 ///< of the owner; empty: the node's fees.key
    PassphraseSource passphrase;
    std::string rpc;  ///< URL of a node's JSON-RPC; empty: the home's own nodes
    std::uint64_t timeout_s = 60;
    std::string moniker, stake_ether;  ///< register
    std::string host;                  ///< register, endpoints; empty: as in cluster.toml
    std::vector<std::uint16_t> ports;  ///< register, endpoints; empty: as the actors listen
    bool finish = false;               ///< rotate
};
int run_stake_register(const StakeCommand& command);
int run_stake_change(const StakeCommand& command);  ///< leave, withdraw, endpoints
int run_stake_rotate(const StakeCommand& command);
int run_stake_list(const StakeCommand& command);

struct UpCommand {
    Common common;
    bool detach = false;
    std::uint64_t wait_s = 60;  ///< for all actors to answer
};
int run_up(const UpCommand& command);
int run_down(const Common& common);

struct StatusCommand {
    Common common;
    bool watch = false;
};
int run_status(const StatusCommand& command);

struct ActCommand {
    Common common;
    ControlAction action = ControlAction::restart;
    std::string target;  ///< NODE or NODE/ACTOR
};
int run_act(const ActCommand& command);

struct LogsCommand {
    Common common;
    std::string target;  ///< NODE/ACTOR
    bool follow = false;
    std::uint64_t lines = 50;
};
int run_logs(const LogsCommand& command);

enum class Stage : std::uint8_t { accepted, certified, final, executed, posted };
[[nodiscard]] std::string to_string(Stage stage);

struct SendCommand {
    Common common;
    std::string file;
    std::uint64_t rate = 0;  ///< transactions per second; 0: as fast as they are taken
    std::optional<Stage> await;
    std::string node;               ///< empty: each sender's home lane
    std::uint64_t timeout_s = 120;  ///< without any progress
};
int run_send(const SendCommand& command);

struct LoadCommand {
    Common common;
    std::optional<std::uint64_t> rate;  ///< transactions per second; nothing: as many as are taken
    std::uint64_t seconds = 10;
    std::uint64_t accounts = 100'000;  ///< recipients; the senders are the funded ones of the home, at most so many
    std::uint64_t payload_bytes = 0;
    bool random_placement = false;
    bool give_up = false;  ///< what was not taken when the time is over is not sent any more
    std::string node;      ///< empty: by placement
    std::uint64_t timeout_s = 60;
};
int run_load(const LoadCommand& command);

struct TraceCommand {
    Common common;
    std::string hash;
};
int run_trace(const TraceCommand& command);

struct VerifyCommand {
    Common common;
    bool from_da = true;
    std::string da_folder;  ///< empty: the home's
    std::string genesis;    ///< empty: the home's
    bool offline = false;   ///< compare with nobody: print what the data says
};
int run_verify(const VerifyCommand& command);

struct KeyCommand {
    Common common;
    std::string verb;  ///< show, generate, seal, unseal, genesis, accept-risk, hand-over, take-over
    std::string target;
    KeyKind kind = KeyKind::signing;
    PassphraseSource passphrase;
    std::optional<std::uint64_t> from_view;  ///< accept-risk
    std::string to;                          ///< hand-over: the bundle
};
int run_key(const KeyCommand& command);
int run_hand_over(const KeyCommand& command);
int run_take_over(const KeyCommand& command);

struct RewardsCommand {
    Common common;
    std::string account;  ///< empty: the fee addresses of all operators
    bool claim = false;
    std::string key_file;  ///< of the account that sends and pays for the claim
    PassphraseSource passphrase;
    std::uint64_t timeout_s = 60;
};
int run_rewards(const RewardsCommand& command);

struct ChaosCommand {
    bool json = false;
    bool list = false;
    std::string name;  ///< empty: list them
};
int run_chaos(const ChaosCommand& command);

/// The whole program.
int run_command_line(int argc, char** argv);

}  // namespace rondo::cli
