#pragma once
#include <map>

#include "actors/execution/core/call.hpp"
#include "actors/execution/core/executor.hpp"
#include "actors/execution/core/fees.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::execution {

/// The transactions of one block, above a ledger: rules 2 to 6 of executor.hpp.
class BlockRun {
  public:
    BlockRun(Ledger& ledger, const Chain& chain, const FeeState& fees, const EpochContext& context,
             const std::vector<LaneBatches>& lanes);
    void run();

    /// A transaction with effect.
    struct Effect {
        const LaneTransaction* source = nullptr;
        Hash256 hash{};
        std::uint64_t gas_used = 0;
        Wei effective_gas_price;
        ethereum::TransactionReceipt receipt;
    };
    [[nodiscard]] const std::vector<Effect>& effects() const { return effects_; }
    [[nodiscard]] std::vector<TxOutcome>& outcomes() { return outcomes_; }
    [[nodiscard]] std::vector<LaneFees> lane_fees() const;
    [[nodiscard]] std::uint64_t gas_used() const { return gas_used_; }
    /// Whose registrations changed, some perhaps several times.
    [[nodiscard]] const std::vector<OperatorNumber>& changed_operators() const { return changed_operators_; }

  private:
    struct Candidate {
        const LaneTransaction* source = nullptr;
        std::size_t order = 0;  ///< place in the block's order
        std::size_t lane = 0;   ///< among the block's lanes
        ethereum::Transaction transaction;
    };
    using Waiting = std::map<std::uint64_t, std::vector<Candidate>>;  ///< by nonce, in the block's order

    void take(const LaneTransaction& source, std::size_t order, std::size_t lane);
    void attempt(Candidate&& candidate);
    void attempt_successors(const Address& sender);
    void skip_waiting();
    [[nodiscard]] ethereum::Refusal why_skipped(const Candidate& candidate, bool may_be_free);
    [[nodiscard]] bool may_be_free(const Candidate& candidate) const;
    void apply(const Candidate& candidate, bool may_be_free);
    Wei charge(const Candidate& candidate, const CallOutcome& outcome, bool may_be_free);
    void skip(const Hash256& hash, std::size_t lane, ethereum::Refusal reason);

    Ledger& ledger_;
    const Chain& chain_;
    const FeeState& fees_;
    const EpochContext& context_;
    const std::vector<LaneBatches>& lanes_;
    std::map<Address, Waiting> waiting_;
    std::vector<Effect> effects_;
    std::vector<TxOutcome> outcomes_;
    std::vector<Wei> fees_of_lane_;
    std::uint64_t gas_used_ = 0;
    std::vector<OperatorNumber> changed_operators_;
};

}  // namespace rondo::execution
