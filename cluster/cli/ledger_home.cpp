#include "cluster/cli/ledger.hpp"
#include "messages/ethereum/abi.hpp"

namespace rondo::cli {
namespace {

constexpr DurationMs submit_ms_max = 5000;

class HomeLedger final : public Ledger {
  public:
    explicit HomeLedger(const ClusterView& view) : view_(view) {}

    Answered<std::uint64_t> chain_id() override {
        const auto genesis = view_.genesis();
        if (!genesis) return trouble(exit_usage, genesis.error().message);
        return genesis->chain_id;
    }
    Answered<Bytes> call(const Call& what) override {
        return run(what).map([](CallReply&& reply) { return std::move(reply.output); });
    }
    Answered<std::uint64_t> estimate(const Call& what) override {
        Call question = what;
        question.estimate = true;
        return run(question).map([](CallReply&& reply) { return reply.gas_used; });
    }
    Answered<std::uint64_t> next_nonce(const Address& account) override {
        for (const NodeAddress& node : view_.nodes) {
            Client intake = node.client(Actor::intake);
            if (const auto reply = ask<PendingNonceReply, IntakeReply>(intake, IntakeRequest(PendingNonce{account})))
                return reply->nonce;
        }
        return silent();
    }
    Answered<Wei> base_fee() override {
        for (const NodeAddress& node : view_.nodes) {
            Client execution = node.client(Actor::execution);
            if (const auto head = ask_executed_head(execution)) return head->base_fee;
        }
        return silent();
    }
    Answered<Epoch> epoch() override {
        for (const NodeAddress& node : view_.nodes) {
            Client consensus = node.client(Actor::consensus);
            if (const auto head = ask_head(consensus)) return head->epoch;
        }
        return silent();
    }
    Answered<void> submit(const Bytes& raw) override {
        for (const NodeAddress& node : view_.nodes) {
            Client intake = node.client(Actor::intake);
            const auto reply = ask<SubmitReply, IntakeReply>(intake, IntakeRequest(SubmitRequest{{raw}}), submit_ms_max);
            if (!reply || reply->outcomes.size() != 1 || reply->outcomes[0].admission == Admission::busy) continue;
            const SubmitOutcome& outcome = reply->outcomes[0];
            if (outcome.admission == Admission::accepted) return {};
            if (outcome.admission == Admission::held)
                return trouble(
                    exit_no, "the transaction is held: earlier ones of its sender are missing, or its balance does not cover it");
            return trouble(exit_no, "the transaction was refused: " + std::string(ethereum::to_string(outcome.reason)));
        }
        return trouble(exit_unreachable, "no node of " + view_.home.root.string() +
                                             " takes the transaction; name the JSON-RPC of an operator's node with --rpc");
    }
    std::optional<Ending> ending_of(const Hash256& hash) override {
        for (const NodeAddress& node : view_.nodes) {
            Client execution = node.client(Actor::execution);
            const auto reply = ask<TransactionReply, ExecutionReply>(execution, ExecutionRequest(GetTransaction{hash}));
            if (!reply || !reply->ordered) continue;
            const bool had_effect = reply->status != TxStatus::skipped;
            return Ending{had_effect, reply->status == TxStatus::success, reply->height,
                          had_effect ? "" : std::string(ethereum::to_string(reply->skip_reason))};
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] tl::unexpected<Trouble> silent() const {
        return trouble(exit_unreachable, view_.home.root.string() + ": no node answers; start it with 'rondo up'");
    }
    Answered<CallReply> run(const Call& what) {
        for (const NodeAddress& node : view_.nodes) {
            Client execution = node.client(Actor::execution);
            auto reply = ask<CallReply, ExecutionReply>(execution, ExecutionRequest(what));
            if (reply && reply->reverted) return trouble(exit_no, "the ledger refuses: " + reason_of(reply->output));
            if (reply) return *std::move(reply);
        }
        return silent();
    }

    const ClusterView& view_;
};

}  // namespace

std::unique_ptr<Ledger> ledger_of_home(const ClusterView& view) { return std::make_unique<HomeLedger>(view); }

std::string reason_of(const Bytes& output) {
    if (output.size() < abi::Selector::size_bytes) return "no reason given";
    abi::Decoder in(ByteView(output).subspan(abi::Selector::size_bytes));
    std::string reason = in.string();
    return in.ok() ? reason : "no reason given";
}

}  // namespace rondo::cli
