#pragma once
#include <optional>
#include <string>

#include "actors/rewards/core/books.hpp"
#include "cluster/ledger/account_sender.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/wire/epoch.hpp"

/// The rewards actor: who earned what, to the last unit.
///
/// 1. An epoch's pot is the sum of the lane fees of its blocks. It is divided when the epoch's boundary block is booked
/// (split.hpp);
///    what cannot be divided evenly is carried into the next. Always: all pots = all cumulative amounts + what is carried.
/// 2. The Merkle root of all cumulative amounts is attested to the ledger from the operator's own account, in the order of
///    epochs. Epochs that put nothing into the pot are passed over, as are those the ledger accepted meanwhile.
/// 3. The total attested is that of all pots: the ledger compares it with its own.
/// 4. Proofs are given for the newest root that the ledger accepted, and only if this actor computed the same one.
namespace rondo::rewards {

struct RewardsConfig {
    OperatorNumber self;
    Genesis genesis;
    crypto::AccountKey account;  ///< the operator's rewards account
};

[[nodiscard]] ActorTraits rewards_traits();

class RewardsCore : public Core {
  public:
    RewardsCore(RewardsConfig config, const StoreView& view);
    [[nodiscard]] Effects start(Instant now) override;
    [[nodiscard]] Effects step(Instant now, const Input& input) override;
    [[nodiscard]] std::vector<StatusField> status() const override;

  private:
    void on_block(const FinalBlock& block, Effects& effects);
    void on_results(const ExecutedBlock& block, Effects& effects);
    void on_answer(Instant now, const Answer& answer, Effects& effects);
    void on_accepted(Epoch epoch, const Hash256& root, Effects& effects);
    void compare_with_accepted(const Book& mine, Effects& effects);
    void on_request(const Request& request, Effects& effects) const;
    [[nodiscard]] RewardProofReply proof_for(const Address& account) const;
    void advance(Instant now, Effects& effects);
    void attest(const Book& book, Effects& effects);
    void save(Effects& effects) const;

    RewardsConfig config_;
    const StoreView& view_;
    Books books_;
    AccountSender sender_;
    Epoch attested_;  ///< everything up to here was attested, or need not be
    Epoch accepted_;  ///< of the newest root that the ledger accepted
    Hash256 accepted_root_{};
    bool asked_ = false;     ///< acceptedRoot() is on its way
    bool is_fresh_ = false;  ///< it was answered since the start and since the last attestation that reverted
    AskId last_ask_ = 0;
    Instant poll_at_;
    std::optional<Instant> armed_;
    std::string trouble_;
};

}  // namespace rondo::rewards
