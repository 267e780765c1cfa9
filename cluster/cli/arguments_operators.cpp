#include "cluster/cli/program.hpp"

namespace rondo::cli {
namespace {

void add_place(CLI::App* sub, NodeOptions& options) {
    sub->add_option("--host", options.host, "Where the other operators reach this node: a DNS name or an IP address")->required();
    sub->add_option("--ports", options.ports,
                    "LANES,VOTES,SYNC,FETCH,STATE,RPC: the five channels, which others must reach, and JSON-RPC (0: none); "
                    "default: free ones")
        ->delimiter(',');
    add_history(sub, options.history);
}

void add_genesis(Program& p, OperatorCommands& c) {
    CLI::App* group = p.app.add_subcommand("genesis", "Begin a network whose operators share no machine");
    group->require_subcommand(1);
    group->footer(
        "\nThe ceremony:\n"
        "  1. somebody drafts what the network is        rondo genesis new --out draft.json\n"
        "  2. each operator, at home                     rondo genesis join --draft draft.json --home H --moniker M --host HOST\n"
        "                                                  --stake 32 --out M.entry.json\n"
        "  3. anybody collects the entries               rondo genesis collect --draft draft.json --out genesis.json "
        "*.entry.json\n"
        "  4. each operator, at home                     rondo genesis check --home H --genesis genesis.json\n"
        "  5. all compare the digest that it prints, and start at an hour they agree on: rondo up --home H");

    CLI::App* sub = p.add_to(*group, "new", "Draft what the network is; who runs it comes later",
                             "  rondo genesis new --out draft.json --chain-id 4242 --profile internet --policy stake\n"
                             "  rondo genesis new --out draft.json --set epoch_blocks=4096 "
                             "--fund 0x1111111111111111111111111111111111111111=1000000000000000000",
                             c.draft.json);
    add_genesis_options(sub, c.draft.options, c.policy);
    sub->add_option("--out", c.draft.out, "The draft's file")->required();
    p.runs(sub, [&c] {
        c.draft.options.policy = *policy_from_string(c.policy);
        return run_genesis_new(c.draft);
    });

    sub =
        p.add_to(*group, "join", "Make keys and a home, and an entry to hand over: signed, and without secrets",
                 "  rondo genesis join --draft draft.json --home /srv/rondo --moniker alice --host seq.alice.example --stake 32 "
                 "--ports 7100,7101,7102,7103,7104,8545 --out alice.entry.json",
                 c.take_part.common);
    add_place(sub, c.take_part.options);
    sub->add_option("--draft", c.take_part.options.draft, "The draft that all operators have")->required();
    sub->add_option("--moniker", c.take_part.options.moniker, "A name for people")->required();
    sub->add_option("--stake", c.take_part.stake_ether, "The bond, in ether")->required();
    sub->add_option("--da-folder", c.take_part.options.da_folder, "Where blocks are posted to; default: in the home");
    sub->add_option("--out", c.take_part.options.out, "The entry's file")->required();
    p.runs(sub, [&c] { return run_genesis_join(c.take_part); });

    sub = p.add_to(*group, "collect", "Make the genesis of a draft and its operators' entries; their order does not matter",
                   "  rondo genesis collect --draft draft.json --out genesis.json alice.json bob.json carol.json dave.json",
                   c.collect.json);
    sub->add_option("--draft", c.collect.draft, "The draft that the entries are for")->required();
    sub->add_option("--out", c.collect.out, "The genesis' file")->required();
    sub->add_option("entries", c.collect.entries, "Of 1, or at least 4 operators")->required();
    p.runs(sub, [&c] { return run_genesis_collect(c.collect); });

    sub = p.add_to(*group, "check", "Check that a genesis is what this operator signed, and install it in the home",
                   "  rondo genesis check --home /srv/rondo --genesis genesis.json", c.check.common);
    sub->add_option("--genesis", c.check.genesis, "The collected genesis")->required();
    p.runs(sub, [&c] { return run_genesis_check(c.check); });
}

void add_join(Program& p, OperatorCommands& c) {
    CLI::App* sub =
        p.add("join", "Make a node that follows a network, and may become an operator",
              "  rondo join --home /srv/rondo --genesis genesis.json --host seq.erin.example\n"
              "  rondo join --home /srv/rondo --genesis genesis.json --host 127.0.0.1 --da-folder /mnt/da --sync-from peers.toml",
              c.join.common);
    add_place(sub, c.join.options);
    sub->add_option("--genesis", c.join.genesis, "The network's genesis")->required();
    sub->add_option("--da-folder", c.join.options.da_folder, "Where blocks are posted to; default: in the home");
    sub->add_option("--sync-from", c.join.sync_from,
                    "Fixed peers, if those of the genesis are long gone: a file of [[peers]], or "
                    "OPERATOR,TRANSPORT_KEY,HOST,LANES,VOTES,SYNC,FETCH,STATE; may be repeated")
        ->allow_extra_args(false);
    p.runs(sub, [&c] { return run_join(c.join); });
}

/// What every command to the registry takes.
CLI::App* add_stake_command(Program& p, CLI::App& group, const std::string& verb, const std::string& what,
                            const std::string& examples, StakeCommand& c) {
    c.verb = verb;
    CLI::App* sub = p.add_to(group, verb, what, examples, c.common);
    sub->add_option("--node", c.node, "Of the home; default: its first");
    sub->add_option("--rpc", c.rpc,
                    "JSON-RPC of a node that takes the transaction, http:// or https://; default: the home's own nodes");
    if (verb == "list") return sub;
    sub->add_option("--key-file", c.key_file, "Key of the owner, who pays; default: the node's keys/fees.key");
    sub->add_option("--passphrase-fd", c.passphrase.descriptor, "Read the keys' passphrase from this file descriptor");
    sub->add_option("--passphrase-file", c.passphrase.file, "Read the keys' passphrase from this file (mode 0600)");
    sub->add_option("--timeout", c.timeout_s, "Seconds to wait for the execution")->capture_default_str();
    if (verb != "register") sub->add_option("--operator", c.number, "Registration number; default: the node's");
    return sub;
}

void add_endpoint_options(CLI::App* sub, StakeCommand& c) {
    sub->add_option("--host", c.host, "Where others reach the node; default: what cluster.toml says");
    sub->add_option("--ports", c.ports, "LANES,VOTES,SYNC,FETCH,STATE; default: where its actors listen")->delimiter(',');
}

void add_stake(Program& p, OperatorCommands& c) {
    CLI::App* group = p.app.add_subcommand("stake", "Become an operator, change the registration, leave");
    group->require_subcommand(1);
    group->footer(
        "\nWhat changes is in force about two epochs later: sets rotate at the end of an epoch, from the state one epoch "
        "earlier.");

    CLI::App* sub = add_stake_command(
        p, *group, "register", "Bond stake and become an operator; writes the number into the node's files",
        "  rondo stake register --home /srv/rondo --moniker erin --stake 32 --rpc http://seq.alice.example:8545\n"
        "  rondo stake register --home /srv/rondo --moniker erin --stake 32 --key-file owner.key",
        c.registration);
    sub->add_option("--moniker", c.registration.moniker, "A name for people")->required();
    sub->add_option("--stake", c.registration.stake_ether, "The bond, in ether; the owner pays it")->required();
    add_endpoint_options(sub, c.registration);
    p.runs(sub, [&c] { return run_stake_register(c.registration); });

    sub = add_stake_command(p, *group, "leave", "Leave the set; the bond unbonds", "  rondo stake leave --home /srv/rondo",
                            c.leaving);
    p.runs(sub, [&c] { return run_stake_change(c.leaving); });
    sub = add_stake_command(p, *group, "withdraw", "Take the unbonded bond back, to the owner",
                            "  rondo stake withdraw --home /srv/rondo", c.withdrawal);
    p.runs(sub, [&c] { return run_stake_change(c.withdrawal); });
    sub = add_stake_command(p, *group, "endpoints", "Tell the others where the node is reached from now on",
                            "  rondo stake endpoints --home /srv/rondo --host new.example\n"
                            "  rondo stake endpoints --home /srv/rondo --ports 7200,7201,7202,7203,7204",
                            c.endpoints);
    add_endpoint_options(sub, c.endpoints);
    p.runs(sub, [&c] { return run_stake_change(c.endpoints); });

    sub = add_stake_command(
        p, *group, "rotate", "Replace the consensus key and the transport key",
        "  rondo stake rotate --home /srv/rondo            # makes keys/*.next.key and registers them\n"
        "  rondo restart --home /srv/rondo node0/intake    # and node0/consensus: now they can sign with both keys\n"
        "  rondo stake rotate --finish --home /srv/rondo   # once the new keys are in force: they take the old ones' place\n"
        "  rondo restart --home /srv/rondo node0/intake    # and node0/consensus\n\n"
        "The epoch's set decides which key signs, so that no signature is missing in between. The old transport key is let in "
        "for two\n"
        "epochs after the new one came into force: finish within them.",
        c.rotation);
    sub->add_flag("--finish", c.rotation.finish, "The new keys are in force: put them in place of the old ones");
    p.runs(sub, [&c] { return run_stake_rotate(c.rotation); });

    sub = add_stake_command(p, *group, "list", "The operators with their stake", "  rondo stake list --home /srv/rondo", c.list);
    p.runs(sub, [&c] { return run_stake_list(c.list); });
}

}  // namespace

void add_history(CLI::App* sub, History& history) {
    sub->add_flag("--archive", history.archive, "Keep all blocks and diffs of states; needs ever more disk");
    sub->add_option("--retention-blocks", history.blocks, "Keep so many blocks of history; default: four times snapshot_blocks");
}

void add_genesis_options(CLI::App* sub, GenesisOptions& options, std::string& policy) {
    sub->add_option("--chain-id", options.chain_id, "Of the network; with --alloc-from the file's");
    sub->add_option("--policy", policy, "Who leads")
        ->check(CLI::IsMember({"single", "round-robin", "stake"}))
        ->capture_default_str();
    sub->add_option("--profile", options.profile, "Parameters for: local, internet, test")->capture_default_str();
    sub->add_option("--alloc-from", options.alloc_from,
                    "Fund every sender of a file of recorded transactions (.jsonl, .jsonl.gz), at its first nonce");
    sub->add_option("--fund", options.funded, "ADDRESS=WEI, may be repeated")->allow_extra_args(false);
    sub->add_option("--set", options.settings, "PARAMETER=VALUE of the genesis, may be repeated")->allow_extra_args(false);
    sub->add_option_function<std::uint64_t>(
        "--epoch-blocks", [&options](std::uint64_t n) { options.settings.push_back("epoch_blocks=" + std::to_string(n)); },
        "Blocks per epoch");
}

void OperatorCommands::add_to(Program& program) {
    add_genesis(program, *this);
    add_join(program, *this);
    add_stake(program, *this);
}

}  // namespace rondo::cli
