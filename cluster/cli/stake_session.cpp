#include "cluster/cli/stake.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/kinds.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::cli {
namespace {

/// The port of "tcp://host:port", which the reader of actors' files has checked.
std::uint16_t port_of(const std::map<Channel, std::string>& listen, Channel channel) {
    const std::string& endpoint = listen.at(channel);
    return endpoint.starts_with("tcp://") ? static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))) : 0;
}

/// Why a transaction that was executed did nothing: the ledger, asked again, says what it minds now.
std::string why_not(Ledger& ledger, const Call& what, const Ending& ending) {
    if (!ending.had_effect) return "it was ordered without effect: " + ending.skipped_because;
    const auto now = ledger.call(what);
    return now ? "it was reverted, though it would pass now: something else came first; try again" : now.error().message;
}

}  // namespace

PassphraseSource StakeSession::passphrase(const StakeCommand& command) const {
    PassphraseSource source = command.passphrase;
    if (!source.any()) source.file = consensus.passphrase_file;
    return source;
}

Answered<std::unique_ptr<StakeSession>> open_session(const StakeCommand& command) {
    auto view = ClusterView::open(command.common.home);
    if (!view) return trouble(exit_usage, view.error().message);
    auto genesis = view->genesis();
    if (!genesis) return trouble(exit_usage, genesis.error().message);
    auto session = std::make_unique<StakeSession>();
    session->view = std::move(*view);
    session->genesis = std::move(*genesis);
    const auto& nodes = session->view.file.nodes;
    const auto node = std::find_if(nodes.begin(), nodes.end(),
                                   [&](const ClusterFile::Node& n) { return command.node.empty() || n.name == command.node; });
    if (node == nodes.end())
        return trouble(exit_usage, command.node + ": no such node; --node takes the name of one here, like node0");
    session->node = *node;
    for (const auto& [actor, file] :
         {std::pair(Actor::intake, &session->intake), std::pair(Actor::consensus, &session->consensus),
          std::pair(Actor::execution, &session->execution)}) {
        auto read = read_actor_file(session->view.home.actor_file(node->name, actor));
        if (!read) return trouble(exit_usage, read.error().message);
        *file = std::move(*read);
    }
    session->ledger = command.rpc.empty() ? ledger_of_home(session->view) : ledger_by_rpc(command.rpc);
    const auto chain_id = session->ledger->chain_id();
    if (!chain_id) return tl::unexpected(chain_id.error());
    if (*chain_id != session->genesis.chain_id)
        return trouble(exit_usage, command.rpc + ": is of chain " + std::to_string(*chain_id) +
                                       ", but the genesis of this home is of chain " + std::to_string(session->genesis.chain_id));
    return session;
}

Answered<crypto::AccountKey> owner_of(const StakeCommand& command, const StakeSession& session) {
    const std::filesystem::path file =
        command.key_file.empty() ? session.keys() / "fees.key" : std::filesystem::path(command.key_file);
    const auto key = read_key(file, KeyKind::account, session.passphrase(command));
    if (!key) return trouble(exit_usage, key.error().message);
    return key->account();
}

Answered<OperatorNumber> number_of(const StakeCommand& command, const StakeSession& session) {
    if (command.number) return OperatorNumber(static_cast<std::uint32_t>(*command.number));
    if (session.node.number != no_operator) return session.node.number;
    return trouble(exit_usage,
                   session.node.name + " is no operator yet: 'rondo stake register' makes it one; or name one with --operator");
}

Answered<Endpoints> endpoints_of(const StakeCommand& command, const StakeSession& session) {
    if (!command.ports.empty() && command.ports.size() != channel_count)
        return trouble(exit_usage, "--ports: give five, of lanes, votes, sync, fetch and state, separated by commas");
    Endpoints out;
    out.host = command.host.empty() ? session.node.host : command.host;
    const auto port = [&](Channel channel, const ActorFile& file) {
        return command.ports.empty() ? port_of(file.listen, channel) : command.ports[static_cast<std::size_t>(channel)];
    };
    out.lanes = port(Channel::lanes, session.intake);
    out.votes = port(Channel::votes, session.consensus);
    out.sync = port(Channel::sync, session.consensus);
    out.fetch = port(Channel::fetch, session.intake);
    out.state = port(Channel::state, session.execution);
    if (const std::string_view fault = fault_of(out); !fault.empty())
        return trouble(exit_usage, "--host and --ports, or cluster.toml and [listen]: " + std::string(fault));
    return out;
}

Answered<std::optional<OperatorNumber>> registered_with(Ledger& ledger, const PublicKey& key) {
    const auto output =
        ledger.call({Address{}, modules::staking, 0, abi::Encoder().word(*Word256::from(key.view())).call(modules::operator_of)});
    if (!output) return tl::unexpected(output.error());
    abi::Decoder in(*output);
    const bool known = in.boolean();
    const std::uint64_t number = in.number64();
    if (!in.ok()) return trouble(exit_unreachable, "the answer of the registry does not decode");
    return known ? std::optional(OperatorNumber(static_cast<std::uint32_t>(number))) : std::nullopt;
}

Signature key_proof(const Genesis& genesis, const Address& owner, const TransportKey& transport, const crypto::SecretKey& key) {
    return key.sign(signing_bytes(digest_of(genesis), Epoch(0), Kind::registration, encode(KeyProof{owner, transport})));
}

Answered<Transacted> tell_registry(const StakeCommand& command, StakeSession& session, const crypto::AccountKey& owner,
                                   const Wei& value, Bytes data) {
    const Call what{owner.address(), modules::staking, value, std::move(data)};
    auto sent = transact(*session.ledger, owner, what, command.timeout_s);
    if (sent && !sent->ending.succeeded)
        return trouble(exit_no, to_hex_prefixed(sent->hash.view()) + " in block " + std::to_string(sent->ending.height.value) +
                                    ": " + why_not(*session.ledger, what, sent->ending));
    return sent;
}

int print_done(const StakeCommand& command, const StakeDone& done) {
    if (command.common.json) {
        JsonArray next;
        for (const std::string& line : done.next) next.add(line);
        JsonObject out;
        out.set("action", done.action)
            .set("operator", std::uint64_t{done.number.value})
            .set("epoch", done.epoch ? JsonValue(done.epoch->value) : JsonValue());
        if (done.transacted)
            out.set("hash", to_hex_prefixed(done.transacted->hash.view())).set("height", done.transacted->ending.height.value);
        print_json(out.set("next", next));
        return exit_done;
    }
    std::string text = done.action + ": operator " + std::to_string(done.number.value);
    if (done.transacted)
        text += ", " + to_hex_prefixed(done.transacted->hash.view()) + " in block " +
                std::to_string(done.transacted->ending.height.value);
    if (done.transacted && done.epoch)
        text += "\nnow is epoch " + std::to_string(done.epoch->value) + "; it is in force from epoch " +
                std::to_string(done.epoch->value + 2) + " or " + std::to_string(done.epoch->value + 3) + " on";
    for (const std::string& line : done.next) text += "\n" + line;
    print_line(text);
    return exit_done;
}

}  // namespace rondo::cli
