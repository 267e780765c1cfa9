#include <algorithm>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/transact.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::cli {
namespace {

/// What the ledger accepted last.
struct Accepted {
    Epoch epoch;  ///< 0: nothing yet
    Hash256 root{};
    Wei total;
};

struct Earnings {
    Address account{};
    Wei cumulative;
    Wei claimed;
    std::vector<Word256> proof;
    bool found = false;  ///< it has a leaf under the accepted root
    bool known = false;  ///< some rewards actor has computed that root
    [[nodiscard]] Wei claimable() const { return cumulative > claimed ? Wei(cumulative - claimed) : Wei(0); }
};

Answered<Bytes> look(Ledger& ledger, Bytes data) { return ledger.call({Address{}, modules::rewards, 0, std::move(data)}); }

Answered<Accepted> ask_accepted(Ledger& ledger) {
    const auto output = look(ledger, abi::Encoder().call(modules::accepted_root));
    if (!output) return tl::unexpected(output.error());
    abi::Decoder in(*output);
    Accepted out;
    out.epoch = Epoch(in.number64());
    out.root = *Hash256::from(in.word().view());
    out.total = in.number();
    return in.ok() ? Answered<Accepted>(out) : trouble(exit_unreachable, "the answer of the rewards module does not decode");
}

Answered<Earnings> ask_earnings(Ledger& ledger, const ClusterView& view, const Accepted& accepted, const Address& account) {
    Earnings out;
    out.account = account;
    const auto output = look(ledger, abi::Encoder().address(account).call(modules::claimed_by));
    if (!output) return tl::unexpected(output.error());
    out.claimed = abi::Decoder(*output).number();
    for (const NodeAddress& node : view.nodes) {
        Client rewards = node.client(Actor::rewards);
        auto reply = ask<RewardProofReply, RewardsReply>(rewards, RewardsRequest(GetRewardProof{account}));
        // A proof under another root than the ledger's would be refused.
        if (!reply || reply->epoch != accepted.epoch) continue;
        out.known = true;
        if (!reply->found) continue;
        out.found = true;
        out.cumulative = reply->cumulative;
        out.proof = std::move(reply->proof);
        break;
    }
    return out;
}

// ------------------------------------------------------------------------------------------------ printing

JsonObject json_of(const Earnings& e) {
    JsonArray proof;
    for (const Word256& node : e.proof) proof.add(to_hex_prefixed(node.view()));
    JsonObject out;
    out.set("account", to_hex_prefixed(e.account.view())).set("cumulative", e.cumulative.str()).set("claimed", e.claimed.str());
    return out.set("claimable", e.claimable().str()).set("found", e.found).set("proof", proof);
}

void print_rewards(bool json, const Accepted& accepted, const std::vector<Earnings>& list,
                   const std::optional<Transacted>& claim) {
    if (json) {
        JsonArray accounts;
        for (const Earnings& e : list) accounts.add(json_of(e));
        JsonObject out;
        out.set("epoch", accepted.epoch.value).set("root", to_hex_prefixed(accepted.root.view()));
        out.set("total", accepted.total.str()).set("accounts", accounts);
        if (claim)
            out.set("claim", JsonObject()
                                 .set("hash", to_hex_prefixed(claim->hash.view()))
                                 .set("succeeded", claim->ending.succeeded)
                                 .set("height", claim->ending.height.value));
        print_json(out);
        return;
    }
    Table table;
    table.header({"account", "earned (wei)", "claimed", "claimable"});
    for (const Earnings& e : list)
        table.row({{to_hex_prefixed(e.account.view())},
                   {e.cumulative.str(), Colour::plain, true},
                   {e.claimed.str(), Colour::plain, true},
                   {e.claimable().str(), e.claimable() == 0 ? Colour::dim : Colour::green, true}});
    const std::string state = accepted.epoch.value == 0 ? "no reward root is accepted yet: an epoch with fees must end first"
                                                        : "epoch " + std::to_string(accepted.epoch.value) + " accepted, root " +
                                                              to_hex_prefixed(accepted.root.view());
    print_line(state + "\n\n" + table.text());
    if (claim)
        print_line("claim " + to_hex_prefixed(claim->hash.view()) + (claim->ending.succeeded ? " paid" : " paid nothing") +
                   " in block " + std::to_string(claim->ending.height.value));
}

/// The accounts that the command is about: one, or where the operators' rewards go.
Configured<std::vector<Address>> accounts_of(const RewardsCommand& command, const ClusterView& view) {
    if (!command.account.empty()) {
        const auto given = fixed_from_hex<Address>(command.account);
        if (!given) return config_error("'" + command.account + "' is no address: 40 hexadecimal digits");
        return std::vector<Address>{*given};
    }
    const auto genesis = view.genesis();
    if (!genesis) return tl::make_unexpected(genesis.error());
    std::vector<Address> out;
    for (const GenesisOperator& o : genesis->operators) out.push_back(o.fee_address);
    // And where those of this home's nodes go that registered later.
    for (const NodeAddress& node : view.nodes) {
        const auto fees = read_key_header(view.home.node(node.name) / "keys" / "fees.key");
        const auto address = fees ? Address::from(fees->public_part) : std::nullopt;
        if (address && std::find(out.begin(), out.end(), *address) == out.end()) out.push_back(*address);
    }
    return out;
}

int claim(const RewardsCommand& command, const ClusterView& view, Ledger& ledger, const Accepted& accepted,
          const Address& account) {
    const auto key = read_key(command.key_file, KeyKind::account, command.passphrase);
    if (!key) return fail(exit_usage, key.error().message);
    const auto earned = ask_earnings(ledger, view, accepted, account);
    if (!earned) return fail(earned.error().code, earned.error().message);
    if (accepted.epoch.value != 0 && !earned->known)
        return fail(exit_no, "no rewards actor has the accepted root of epoch " + std::to_string(accepted.epoch.value) +
                                 " yet; try again in a second");
    if (!earned->found || earned->claimable() == 0)
        return fail(exit_no, "nothing to claim for " + to_hex_prefixed(account.view()) + " in epoch " +
                                 std::to_string(accepted.epoch.value));
    const crypto::AccountKey sender = key->account();
    const Bytes data = abi::Encoder().address(account).number(earned->cumulative).words(earned->proof).call(modules::claim);
    const auto claimed = transact(ledger, sender, {sender.address(), modules::rewards, 0, data}, command.timeout_s);
    if (!claimed) return fail(claimed.error().code, claimed.error().message);
    const auto after = ask_earnings(ledger, view, accepted, account);
    print_rewards(command.common.json, accepted, {after.value_or(*earned)}, *claimed);
    return claimed->ending.succeeded ? exit_done : exit_no;
}

}  // namespace

int run_rewards(const RewardsCommand& command) {
    if (command.claim && (command.account.empty() || command.key_file.empty()))
        return fail(exit_usage, "--claim needs --account and --key-file; any funded account may send it");
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    const auto accounts = accounts_of(command, *view);
    if (!accounts) return fail(exit_usage, accounts.error().message);
    const auto ledger = ledger_of_home(*view);
    const auto accepted = ask_accepted(*ledger);
    if (!accepted) return fail(accepted.error().code, accepted.error().message);
    if (command.claim) return claim(command, *view, *ledger, *accepted, accounts->front());
    std::vector<Earnings> list;
    for (const Address& account : *accounts) {
        auto earned = ask_earnings(*ledger, *view, *accepted, account);
        if (!earned) return fail(earned.error().code, earned.error().message);
        list.push_back(*std::move(earned));
    }
    print_rewards(command.common.json, *accepted, list, std::nullopt);
    return accepted->epoch.value == 0 ? exit_no : exit_done;
}

}  // namespace rondo::cli
