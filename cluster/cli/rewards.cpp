#include <algorithm>
#include <thread>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::cli {
namespace {

template <class T>
using Answered = tl::expected<T, std::string>;

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

struct Claimed {
    Hash256 hash{};
    TransactionReply outcome;
    [[nodiscard]] bool succeeded() const { return outcome.status == TxStatus::success; }
};

/// The sentence in Solidity's Error(string).
std::string reason_of(const Bytes& output) {
    if (output.size() < abi::Selector::size_bytes) return "no reason given";
    abi::Decoder in(ByteView(output).subspan(abi::Selector::size_bytes));
    std::string reason = in.string();
    return in.ok() ? reason : "no reason given";
}

/// A question to the ledger, or what it would cost to tell it something.
Answered<CallReply> call(const ClusterView& view, Call what) {
    for (const NodeAddress& node : view.nodes) {
        Client execution = node.client(Actor::execution);
        auto reply = ask<CallReply, ExecutionReply>(execution, ExecutionRequest(what));
        if (reply && reply->reverted) return tl::unexpected("the rewards module refuses: " + reason_of(reply->output));
        if (reply) return *std::move(reply);
    }
    return tl::unexpected(std::string("no node answers; start it with 'rondo up'"));
}

Answered<Bytes> look(const ClusterView& view, Bytes data) {
    return call(view, {Address{}, modules::rewards, 0, std::move(data)}).map([](CallReply&& reply) {
        return std::move(reply.output);
    });
}

Answered<Accepted> ask_accepted(const ClusterView& view) {
    const auto output = look(view, abi::Encoder().call(modules::accepted_root));
    if (!output) return tl::unexpected(output.error());
    abi::Decoder in(*output);
    Accepted out;
    out.epoch = Epoch(in.number64());
    out.root = *Hash256::from(in.word().view());
    out.total = in.number();
    return in.ok() ? Answered<Accepted>(out) : tl::unexpected(std::string("the answer of the rewards module does not decode"));
}

Answered<Earnings> ask_earnings(const ClusterView& view, const Accepted& accepted, const Address& account) {
    Earnings out;
    out.account = account;
    const auto output = look(view, abi::Encoder().address(account).call(modules::claimed_by));
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

// ------------------------------------------------------------------------------------------------ claiming

std::optional<std::uint64_t> next_nonce(const ClusterView& view, const Address& account) {
    for (const NodeAddress& node : view.nodes) {
        Client intake = node.client(Actor::intake);
        if (const auto reply = ask<PendingNonceReply, IntakeReply>(intake, IntakeRequest(PendingNonce{account})))
            return reply->nonce;
    }
    return std::nullopt;
}

std::optional<Wei> base_fee(const ClusterView& view) {
    for (const NodeAddress& node : view.nodes) {
        Client execution = node.client(Actor::execution);
        if (const auto head = ask_executed_head(execution)) return head->base_fee;
    }
    return std::nullopt;
}

Answered<ethereum::Transaction> claim_transaction(const ClusterView& view, const Earnings& earned, const Address& sender) {
    const auto genesis = view.genesis();
    if (!genesis) return tl::unexpected(genesis.error().message);
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = genesis->chain_id;
    t.to = modules::rewards;
    t.data = abi::Encoder().address(earned.account).number(earned.cumulative).words(earned.proof).call(modules::claim);
    Call question{sender, t.to, 0, t.data};
    question.estimate = true;
    const auto cost = call(view, question);
    if (!cost) return tl::unexpected(cost.error());
    const auto nonce = next_nonce(view, sender);
    const auto fee = base_fee(view);
    if (!nonce || !fee) return tl::unexpected(std::string("no node answers; start it with 'rondo up'"));
    t.nonce = *nonce;
    t.gas_limit = cost->gas_used;
    t.max_priority_fee = 1;
    t.max_fee = 2 * *fee + 1;  // it may rise by an eighth per fee window while the claim is on its way
    return t;
}

/// Empty, or why it was not taken.
std::string submit(const ClusterView& view, const Bytes& raw) {
    for (const NodeAddress& node : view.nodes) {
        Client intake = node.client(Actor::intake);
        const auto reply = ask<SubmitReply, IntakeReply>(intake, IntakeRequest(SubmitRequest{{raw}}), 5000);
        if (!reply || reply->outcomes.size() != 1 || reply->outcomes[0].admission == Admission::busy) continue;
        const SubmitOutcome& outcome = reply->outcomes[0];
        if (outcome.admission == Admission::accepted) return {};
        if (outcome.admission == Admission::held)
            return "the claim is held: earlier transactions of its sender are missing, or its balance does not cover it";
        return "the claim was refused: " + std::string(ethereum::to_string(outcome.reason));
    }
    return "no node took the claim";
}

/// How it ended; nothing if it did not in time.
std::optional<TransactionReply> await_executed(const ClusterView& view, const Hash256& hash, std::uint64_t timeout_s) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
    while (std::chrono::steady_clock::now() < until) {
        for (const NodeAddress& node : view.nodes) {
            Client execution = node.client(Actor::execution);
            auto reply = ask<TransactionReply, ExecutionReply>(execution, ExecutionRequest(GetTransaction{hash}));
            if (reply && reply->ordered) return reply;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return std::nullopt;
}

// ------------------------------------------------------------------------------------------------ printing

JsonObject json_of(const Earnings& e) {
    JsonArray proof;
    for (const Word256& node : e.proof) proof.add(to_hex_prefixed(node.view()));
    JsonObject out;
    out.set("account", to_hex_prefixed(e.account.view())).set("cumulative", e.cumulative.str()).set("claimed", e.claimed.str());
    return out.set("claimable", e.claimable().str()).set("found", e.found).set("proof", proof);
}

void print_rewards(bool json, const Accepted& accepted, const std::vector<Earnings>& list, const std::optional<Claimed>& claim) {
    if (json) {
        JsonArray accounts;
        for (const Earnings& e : list) accounts.add(json_of(e));
        JsonObject out;
        out.set("epoch", accepted.epoch.value).set("root", to_hex_prefixed(accepted.root.view()));
        out.set("total", accepted.total.str()).set("accounts", accounts);
        if (claim)
            out.set("claim", JsonObject()
                                 .set("hash", to_hex_prefixed(claim->hash.view()))
                                 .set("succeeded", claim->succeeded())
                                 .set("height", claim->outcome.height.value));
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
        print_line("claim " + to_hex_prefixed(claim->hash.view()) + (claim->succeeded() ? " paid" : " paid nothing") +
                   " in block " + std::to_string(claim->outcome.height.value));
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
    return out;
}

int claim(const RewardsCommand& command, const ClusterView& view, const Accepted& accepted, const Address& account) {
    const auto key = read_key(command.key_file, KeyKind::account, command.passphrase);
    if (!key) return fail(exit_usage, key.error().message);
    const auto earned = ask_earnings(view, accepted, account);
    if (!earned) return fail(exit_unreachable, earned.error());
    if (accepted.epoch.value != 0 && !earned->known)
        return fail(exit_no, "no rewards actor has the accepted root of epoch " + std::to_string(accepted.epoch.value) +
                                 " yet; try again in a second");
    if (!earned->found || earned->claimable() == 0)
        return fail(exit_no, "nothing to claim for " + to_hex_prefixed(account.view()) + " in epoch " +
                                 std::to_string(accepted.epoch.value));
    const crypto::AccountKey sender = key->account();
    const auto transaction = claim_transaction(view, *earned, sender.address());
    if (!transaction) return fail(exit_no, transaction.error());
    const Bytes raw = ethereum::sign_transaction(*transaction, sender);
    const Hash256 hash = ethereum::decode_any(raw)->transaction.hash;
    if (const std::string wrong = submit(view, raw); !wrong.empty())
        return fail(exit_no, wrong + " (sent by " + to_hex_prefixed(sender.address().view()) + ")");
    auto outcome = await_executed(view, hash, command.timeout_s);
    if (!outcome) return fail(exit_timed_out, "no outcome of " + to_hex_prefixed(hash.view()) + "; see 'rondo trace'");
    const Claimed claimed{hash, *std::move(outcome)};
    const auto after = ask_earnings(view, accepted, account);
    print_rewards(command.common.json, accepted, {after.value_or(*earned)}, claimed);
    return claimed.succeeded() ? exit_done : exit_no;
}

}  // namespace

int run_rewards(const RewardsCommand& command) {
    if (command.claim && (command.account.empty() || command.key_file.empty()))
        return fail(exit_usage, "--claim needs --account and --key-file; any funded account may send it");
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    const auto accounts = accounts_of(command, *view);
    if (!accounts) return fail(exit_usage, accounts.error().message);
    const auto accepted = ask_accepted(*view);
    if (!accepted) return fail(exit_unreachable, view->home.root.string() + ": " + accepted.error());
    if (command.claim) return claim(command, *view, *accepted, accounts->front());
    std::vector<Earnings> list;
    for (const Address& account : *accounts) {
        auto earned = ask_earnings(*view, *accepted, account);
        if (!earned) return fail(exit_unreachable, view->home.root.string() + ": " + earned.error());
        list.push_back(*std::move(earned));
    }
    print_rewards(command.common.json, *accepted, list, std::nullopt);
    return accepted->epoch.value == 0 ? exit_no : exit_done;
}

}  // namespace rondo::cli
