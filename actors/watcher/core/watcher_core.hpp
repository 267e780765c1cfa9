#pragma once
#include <map>
#include <string>

#include "actors/watcher/core/index.hpp"
#include "cluster/ledger/account_sender.hpp"
#include "cluster/ledger/contexts.hpp"
#include "cluster/runtime/core.hpp"

/// The watcher: who broke which rule, provably.
///
/// 1. Of everything signed that this node saw, the first statement of each slot is kept. A second one that says something else
///    makes a pair; so do Nullify and Finalize of one signer in one view. Notarize with Nullify is legal.
/// 2. Nobody is accused before both signatures of the pair were verified. A statement whose signature turns out to be false
///    gives its place to a true one.
/// 3. A case is known by the id of its evidence: one per slot, kind and offender, kept durably. Another pair for it is ignored.
/// 4. Watchers file a case in an order drawn per case, each a while after the one before, and ask the ledger first whether it
///    knows the evidence already; so as a rule one of them pays the way.
/// 5. A case is settled when the ledger knows the evidence, whoever brought it.
namespace rondo::watcher {

struct WatcherConfig {
    OperatorNumber self;
    Genesis genesis;
    crypto::AccountKey account;  ///< the watcher's own
    IndexLimits limits = {};
};

[[nodiscard]] ActorTraits watcher_traits();

enum class CaseState : std::uint8_t {
    open = 0,       ///< to be filed, or filed and not known to the ledger yet
    settled = 1,    ///< the ledger knows it
    refused = 2,    ///< the ledger refused it again and again
    too_large = 3,  ///< does not fit a transaction
};
[[nodiscard]] constexpr bool is_valid(CaseState s) { return s <= CaseState::too_large; }

/// What is kept of a case.
struct Case {
    Epoch epoch;
    OperatorNumber offender;
    CaseState state = CaseState::open;
    std::uint32_t refusals = 0;
    Bytes evidence;  ///< canonical encoding of Evidence
    static auto fields(auto& v) { return std::tie(v.epoch, v.offender, v.state, v.refusals, v.evidence); }
};

class WatcherCore : public Core {
  public:
    WatcherCore(WatcherConfig config, const StoreView& view);
    [[nodiscard]] Effects start(Instant now) override;
    [[nodiscard]] Effects step(Instant now, const Input& input) override;
    [[nodiscard]] std::vector<StatusField> status() const override;

  private:
    struct Filing {
        CaseState state = CaseState::open;
        Instant due;  ///< when it is next looked at; only of open ones
        DurationMs back_off_ms = 0;
    };
    void on_stream(Instant now, const StreamMessage& message, Effects& effects);
    void on_answer(Instant now, const Answer& answer, Effects& effects);
    void on_results(Instant now, const ExecutedBlock& block, Effects& effects);
    void see(Instant now, const Statement& statement, Effects& effects);
    void compare(Instant now, const Statement& seen, const SignedMessage& prior, Effects& effects);
    void keep_true_one(const Statement& seen, const SignedMessage& prior, Effects& effects);
    void look_again(Instant now, Epoch epoch, Effects& effects);
    void open_case(Instant now, const Evidence& evidence, const EvidenceVerdict& verdict, Effects& effects);

    void advance(Instant now, Effects& effects);
    void file(const Digest& id, Effects& effects);
    void close(const Digest& id, CaseState state, Effects& effects);
    void postpone(Instant now, const Digest& id);
    void count_refusal(Instant now, const Digest& id, Effects& effects);
    [[nodiscard]] Case load(const Digest& id) const;
    void save(const Digest& id, const Case& record, Effects& effects);
    [[nodiscard]] DurationMs my_delay(const Digest& id, const EpochContext& context) const;
    [[nodiscard]] std::uint64_t count(CaseState state) const;

    WatcherConfig config_;
    const StoreView& view_;
    Digest genesis_digest_;
    ContextBook contexts_;
    Index index_;
    AccountSender sender_;
    std::map<Digest, Filing> cases_;
    std::map<Digest, Case> fresh_cases_;  ///< written in this step
    std::optional<Digest> asked_;         ///< hasEvidence is on its way for this case
    AskId last_ask_ = 0;
    std::optional<Instant> armed_;
    std::uint64_t waiting_ = 0;  ///< statements whose epoch's set is not known yet
};

}  // namespace rondo::watcher
