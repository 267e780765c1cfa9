#pragma once
#include <tl/expected.hpp>
#include <vector>

#include "actors/execution/core/context.hpp"
#include "actors/execution/core/joining.hpp"
#include "actors/execution/core/records.hpp"
#include "actors/execution/core/registry.hpp"
#include "actors/execution/core/store.hpp"
#include "actors/execution/core/trie.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"

/// (state, final block, its batches) -> (state, result). The core and `rondo verify` run this same code.
///
/// Rules of a block, in this order:
///   1. The block's timestamp closes fee windows; its base fee holds for all its transactions.
///   2. Transactions are taken in `fair` order. The sender is the one that the lane's certificate vouches for.
///   3. One whose nonce is still ahead waits, and is tried again as soon as its predecessor has had effect in this block;
///      what still waits at the end is skipped as a nonce gap.
///   4. Skipped: no effect, no fee, a reason. Otherwise the nonce is used and gas is paid, reverted or not.
///   5. Calls of watcher accounts to submitEvidence and of rewards accounts to attest are free when they succeed or came too
///      late; else they pay what they can. The accounts are those of the operators of this epoch and of the one before.
///   6. Of the base fee at least burn_permille is burnt; the rest and the tips go to the pot when the block ends.
///   7. A boundary block fixes its epoch's pot, begins the next epoch, and at a planned end yields the plan for the one after it.
///   8. Supply + burnt = genesis supply, bonds = balance of staking, pots = balance of rewards: or the process ends. The sum of
///      the bonds is kept with each of them; a boundary block adds them up again.
namespace rondo::execution {

struct Chain;

/// What a block adds to one lane, lowest batch first.
struct LaneBatches {
    LaneId lane;
    std::vector<Payload> batches;
};

struct ExecutorOptions {
    bool history = true;   ///< keep transactions and blocks for queries
    bool archive = false;  ///< keep all reverse diffs
};

class BlockExecutor {
  public:
    BlockExecutor(const Genesis& genesis, ExecutorOptions options);

    /// Once, before anything else: loads the head, or writes the genesis state into an empty store.
    void open(StateStore& store);
    [[nodiscard]] bool is_open() const { return open_; }
    /// At genesis only: erases the state, to be opened again or to be given another one.
    void close(StateStore& store);
    /// The tries and the contexts of a snapshot stand in the store: goes on from there. Tells where the node begins.
    ExecutedBlock adopt(StateStore& store, const Joining::Whole& snapshot);

    /// Nothing if the block fits here; otherwise a sentence: another height or parent, a cited result that differs from ours,
    /// another next set. Execution must not go on then.
    [[nodiscard]] std::optional<std::string> check(const StateReader& store, const Proposal& block);

    /// The context of the next epoch if the block ends its own. The block cites a state that is known here.
    [[nodiscard]] std::optional<EpochContext> next_epoch(const StateReader& store, const Proposal& block);

    /// `block` passed check(); `lanes` ascend and hold exactly what lies between the last cut and this block's.
    [[nodiscard]] ExecutedBlock execute(StateStore& store, const Proposal& block, const std::vector<LaneBatches>& lanes);

    [[nodiscard]] const Head& head() const { return head_; }
    [[nodiscard]] const Genesis& genesis() const { return genesis_; }
    [[nodiscard]] const Digest& genesis_digest() const { return genesis_digest_; }
    [[nodiscard]] ContextBook& contexts() { return contexts_; }
    /// As a call sees it that is made above the head, in no block.
    [[nodiscard]] Chain chain_at_head(const StateReader& store);

  private:
    void write_genesis(StateStore& store);
    [[nodiscard]] std::vector<EpochContext> coming(const StateReader& store, const Proposal& boundary,
                                                   const EpochContext& context, const EpochContext& next);
    void prune(StateStore& store, const Proposal& block, const Parameters& parameters);
    [[nodiscard]] Carried carried_by(const Proposal& block, const Digest& block_digest, Epoch next_epoch);
    void note_outcome(StateStore& store, const Outcome& outcome, const Parameters& parameters);

    Genesis genesis_;
    Digest genesis_digest_;
    ExecutorOptions options_;
    Trie accounts_trie_{account_trie, true};
    ContextBook contexts_;
    RegistryBook registries_;
    Head head_;
    bool open_ = false;
};

/// Finds batches by what a cut says of them. Nothing: not here.
class BatchSource {
  public:
    virtual ~BatchSource() = default;
    [[nodiscard]] virtual std::shared_ptr<const BatchRecord> find(LaneId lane, LaneHeight height, const Digest& digest) const = 0;
};
/// Walks each lane from the block's tip down to `cut` by parent digests. Or what is missing, one per lane at most.
[[nodiscard]] tl::expected<std::vector<LaneBatches>, std::vector<BatchRef>> collect_batches(const Cut& cut, const Proposal& block,
                                                                                            const BatchSource& source);

}  // namespace rondo::execution
