#include "cluster/cli/stake.hpp"

#include <chrono>
#include <thread>

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_maker.hpp"
#include "cluster/config/node_folder.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::cli {
namespace {

constexpr auto pause = std::chrono::milliseconds(50);

int fail(const Trouble& what) { return cli::fail(what.code, what.message); }

abi::Encoder& add(abi::Encoder& call, const Endpoints& at) {
    return call.string(at.host).number(at.lanes).number(at.votes).number(at.sync).number(at.fetch).number(at.state);
}

std::optional<Epoch> epoch_now(Ledger& ledger) {
    const auto epoch = ledger.epoch();
    return epoch ? std::optional(*epoch) : std::nullopt;
}

// ------------------------------------------------------------------------------------------------ register

template <class Fixed>
Answered<Fixed> public_part(const std::filesystem::path& file) {
    const auto header = read_key_header(file);
    if (!header) return trouble(exit_usage, header.error().message);
    const auto out = Fixed::from(header->public_part);
    return out ? Answered<Fixed>(*out) : trouble(exit_usage, file.string() + ": holds a key of another kind");
}

Answered<Transacted> send_registration(const StakeCommand& command, StakeSession& session, const crypto::SecretKey& signing) {
    const auto stake = wei_from_ether(command.stake_ether);
    if (!stake) return trouble(exit_usage, "--stake: " + stake.error().message);
    const auto at = endpoints_of(command, session);
    if (!at) return tl::unexpected(at.error());
    const auto owner = owner_of(command, session);
    if (!owner) return tl::unexpected(owner.error());
    const auto transport = public_part<TransportKey>(session.consensus.transport_key);
    if (!transport) return tl::unexpected(transport.error());
    const auto watcher = public_part<Address>(session.keys() / "watcher.key");
    if (!watcher) return tl::unexpected(watcher.error());
    const auto rewards = public_part<Address>(session.keys() / "rewards.key");
    if (!rewards) return tl::unexpected(rewards.error());
    const Signature proof = key_proof(session.genesis, owner->address(), *transport, signing);
    abi::Encoder call;
    call.word(*Word256::from(signing.public_key().view())).bytes(proof.view()).word(*Word256::from(transport->view()));
    call.address(*watcher).address(*rewards).string(command.moniker);
    return tell_registry(command, session, *owner, *stake, add(call, *at).call(modules::register_operator));
}

/// The number that the ledger gave: who is asked may be a little behind who answered before.
Answered<OperatorNumber> await_number(const StakeCommand& command, Ledger& ledger, const PublicKey& key) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(command.timeout_s);
    while (std::chrono::steady_clock::now() < until) {
        const auto number = registered_with(ledger, key);
        if (!number) return tl::unexpected(number.error());
        if (*number) return **number;
        std::this_thread::sleep_for(pause);
    }
    return trouble(exit_timed_out, "registered, but no node tells the number yet; run the command again");
}

// -------------------------------------------------------------------------------------------------- rotate

std::filesystem::path beside(const std::filesystem::path& key, const std::string& word) {
    return key.parent_path() / (key.stem().string() + "." + word + ".key");
}

/// A new key beside the one it will replace, sealed if that is. One that is there already is taken: it may have been sent before.
Answered<Key> next_key(const std::filesystem::path& current, const std::filesystem::path& next, KeyKind kind,
                       const PassphraseSource& passphrase, std::vector<std::filesystem::path>& made) {
    std::error_code ignored;
    if (!std::filesystem::exists(next, ignored)) {
        const auto header = read_key_header(current);
        if (!header) return trouble(exit_usage, header.error().message);
        std::string sealing;
        if (header->sealed) {
            auto given = read_passphrase(passphrase, "passphrase of " + next.string());
            if (!given) return trouble(exit_usage, given.error().message);
            sealing = std::move(*given);
        }
        if (const auto done = write_key(next, generate_key(kind), header->sealed ? &sealing : nullptr); !done)
            return trouble(exit_usage, done.error().message);
        made.push_back(next);
    }
    auto key = read_key(next, kind, passphrase);
    if (!key) return trouble(exit_usage, key.error().message);
    return *std::move(key);
}

/// current becomes current.old, next becomes current. Goes on where it was interrupted.
Configured<void> put_in_place(const std::filesystem::path& current, const std::filesystem::path& next) {
    const std::filesystem::path old = beside(current, "old");
    std::error_code ignored;
    if (!std::filesystem::exists(next, ignored)) return {};
    if (std::filesystem::exists(current, ignored)) {
        if (std::filesystem::exists(old, ignored))
            return config_error(old.string() + ": is there from an earlier rotation; move it away, keys are never overwritten");
        if (auto done = rename_into_place(current, old); !done) return done;
    }
    return rename_into_place(next, current);
}

std::vector<std::string> restart_lines(const StakeSession& session, const std::string& why) {
    const std::string command = "  rondo restart --home " + session.view.home.root.string() + " " + session.node.name;
    std::vector<std::string> out;
    for (const std::string& line : {why, command + "/intake", command + "/consensus"}) out.push_back(line);
    return out;
}

int finish_rotation(const StakeCommand& command, StakeSession& session) {
    const ActorFile& file = session.consensus;
    const std::filesystem::path transport_next = beside(file.transport_key, "next");
    std::error_code ignored;
    const bool signing_waits = std::filesystem::exists(file.signing_next_key, ignored);
    if (!signing_waits && !std::filesystem::exists(transport_next, ignored))
        return cli::fail(exit_no, session.keys().string() + ": no rotation is under way; 'rondo stake rotate' begins one");
    if (signing_waits) {
        const auto next = public_part<PublicKey>(file.signing_next_key);
        if (!next) return fail(next.error());
        const auto known = registered_with(*session.ledger, *next);
        if (!known) return fail(known.error());
        if (!*known)
            return cli::fail(exit_no, "the ledger does not know " + file.signing_next_key.string() +
                                          " yet: run 'rondo stake rotate' again, and finish when it is in force");
    }
    const auto number = number_of(command, session);
    if (!number) return fail(number.error());
    for (const auto& [current, next] :
         {std::pair(file.signing_key, file.signing_next_key), std::pair(file.transport_key, transport_next)})
        if (const auto done = put_in_place(current, next); !done) return cli::fail(exit_usage, done.error().message);
    const std::string why = "the new keys are in place, the old ones beside them as *.old.key; restart what uses them:";
    const StakeDone done{"rotate", *number, std::nullopt, epoch_now(*session.ledger), restart_lines(session, why)};
    return print_done(command, done);
}

}  // namespace

int run_stake_register(const StakeCommand& command) {
    const auto session = open_session(command);
    if (!session) return fail(session.error());
    StakeSession& s = **session;
    const auto signing = read_key(s.consensus.signing_key, KeyKind::signing, s.passphrase(command));
    if (!signing) return cli::fail(exit_usage, signing.error().message);
    const PublicKey key = signing->signing().public_key();
    const auto before = registered_with(*s.ledger, key);
    if (!before) return fail(before.error());
    StakeDone done{"register", no_operator, std::nullopt, epoch_now(*s.ledger), {}};
    if (!*before) {
        auto sent = send_registration(command, s, signing->signing());
        if (!sent) return fail(sent.error());
        done.transacted = *std::move(sent);
    }
    const auto number = await_number(command, *s.ledger, key);
    if (!number) return fail(number.error());
    done.number = *number;
    if (const auto set = set_operator(s.view.home, s.node.name, *number); !set) return cli::fail(exit_usage, set.error().message);
    done.next = {"its number is written into the files of " + s.node.name + "; restart it to take part:",
                 "  rondo restart --home " + s.view.home.root.string() + " " + s.node.name};
    return print_done(command, done);
}

int run_stake_change(const StakeCommand& command) {
    const auto session = open_session(command);
    if (!session) return fail(session.error());
    StakeSession& s = **session;
    const auto number = number_of(command, s);
    if (!number) return fail(number.error());
    const auto owner = owner_of(command, s);
    if (!owner) return fail(owner.error());
    abi::Encoder call;
    call.number(number->value);
    std::string_view signature = command.verb == "leave" ? modules::leave : modules::withdraw;
    if (command.verb == "endpoints") {
        const auto at = endpoints_of(command, s);
        if (!at) return fail(at.error());
        add(call, *at);
        signature = modules::set_endpoints;
    }
    auto sent = tell_registry(command, s, *owner, 0, call.call(signature));
    if (!sent) return fail(sent.error());
    StakeDone done{command.verb, *number, *std::move(sent), std::nullopt, {}};
    if (command.verb != "withdraw") done.epoch = epoch_now(*s.ledger);
    if (command.verb == "leave")
        done.next = {"keep the node running until then, and as long as others may ask it for what it has",
                     "the bond is yours with "
                     "'rondo stake withdraw' once it has unbonded"};
    return print_done(command, done);
}

int run_stake_rotate(const StakeCommand& command) {
    const auto session = open_session(command);
    if (!session) return fail(session.error());
    StakeSession& s = **session;
    if (command.finish) return finish_rotation(command, s);
    const auto number = number_of(command, s);
    if (!number) return fail(number.error());
    const auto owner = owner_of(command, s);
    if (!owner) return fail(owner.error());
    const ActorFile& file = s.consensus;
    std::vector<std::filesystem::path> made;
    const auto signing = next_key(file.signing_key, file.signing_next_key, KeyKind::signing, s.passphrase(command), made);
    if (!signing) return fail(signing.error());
    const auto transport =
        next_key(file.transport_key, beside(file.transport_key, "next"), KeyKind::transport, s.passphrase(command), made);
    if (!transport) return fail(transport.error());
    const PublicKey key = signing->signing().public_key();
    const auto before = registered_with(*s.ledger, key);
    if (!before) return fail(before.error());
    StakeDone done{"rotate", *number, std::nullopt, epoch_now(*s.ledger), {}};
    if (!*before) {
        const Signature proof = key_proof(s.genesis, owner->address(), transport->transport_public(), signing->signing());
        abi::Encoder call;
        call.number(number->value).word(*Word256::from(key.view())).bytes(proof.view());
        call.word(*Word256::from(transport->transport_public().view()));
        auto sent = tell_registry(command, s, *owner, 0, call.call(modules::rotate_keys));
        if (!sent) {
            // Refused for good: these keys were never anybody's. After a time-out they may be.
            std::error_code ignored;
            if (sent.error().code == exit_no)
                for (const std::filesystem::path& path : made) std::filesystem::remove(path, ignored);
            return fail(sent.error());
        }
        done.transacted = *std::move(sent);
    }
    done.next = restart_lines(s, "restart now, so that it can sign with both keys:");
    done.next.push_back(
        "when the new keys are in force, and before two more epochs are over: rondo stake rotate --finish --home " +
        s.view.home.root.string() + " --node " + s.node.name);
    return print_done(command, done);
}

}  // namespace rondo::cli
