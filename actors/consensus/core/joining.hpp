#pragma once
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/consensus/core/simplex.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::consensus {

/// A node with an empty store, in a network that may be far ahead.
///   1. At its start it asks for the sets, epoch by epoch from genesis: each boundary block, proven by its own epoch's set, names
///      the next. The last answers prove how far the chain is: one liar's old proof does not decide, so weak stake must have no
///      newer epoch to tell of, or nothing new come for a while. Meanwhile it takes part as any other, but asks for no blocks and
///      takes none.
///   2. When the chain is beyond a snapshot, its execution is told what the newest final block cites, and takes the state after a
///      snapshot from others.
///   3. Its execution begins: `results` has a base. The block of that height, known by its digest, becomes the floor; from there
///      it follows like any other, and `blocks` begins with it.
///   4. Nobody answers, or there is no snapshot: it follows from genesis, and its execution gives a snapshot up as soon as it
///      hears a block. Until then nothing becomes final here: a peer could show it the chain's first blocks, which nobody else
///      may keep any more. If that was whole already, the sets come with it that execution will not compute here.
class Joining {
  public:
    Joining(Replica& replica, Simplex& simplex);

    void start(Turn& turn);
    void on_time(Turn& turn);
    void on_sets(Turn& turn, OperatorNumber from, const SetProofs& proofs);
    void on_answer(Turn& turn, const Answer& answer);
    /// The first result of a state that execution took from others.
    void on_base(Turn& turn, const ExecutedBlock& base);
    /// Final blocks that a peer sent: true if they were what this was waiting for.
    bool on_range(Turn& turn, const FinalBlocks& range);

    /// Final blocks are neither asked for nor taken: the state may come from elsewhere.
    [[nodiscard]] bool holds_back() const { return stage_ != Stage::off && is_empty(); }
    /// The chain is beyond a snapshot: nothing becomes final before the state is here, or given up.
    [[nodiscard]] bool awaits_state() const { return holds_back() && (stage_ != Stage::sets || is_beyond_snapshot()); }
    void add_status(std::vector<StatusField>& fields) const;

  private:
    enum class Stage : std::uint8_t {
        off,
        sets,   ///< who was in which set, and how far the chain is
        state,  ///< execution takes the state from others
        block,  ///< the block of that height is missing
    };
    [[nodiscard]] bool is_empty() const;
    void recover_sets();
    void note(const Proposal& block);
    [[nodiscard]] bool check(Epoch epoch, const SetProof& proof) const;
    void learn(Turn& turn, Epoch epoch, const SetProof& proof);
    void ask_for_sets(Turn& turn);
    void hear_newest(Turn& turn, OperatorNumber from);
    void conclude(Turn& turn);
    [[nodiscard]] bool is_beyond_snapshot() const;
    void follow_from_genesis(Turn& turn);
    void ask_execution(Turn& turn);
    void ask_for_block(Turn& turn);
    [[nodiscard]] bool learn_sets(Turn& turn, const Base& base, Epoch in_force);
    void begin(Turn& turn, const Proposal& block);
    [[nodiscard]] std::optional<OperatorNumber> next_peer();
    [[nodiscard]] const EpochContext& newest_set() const;

    Replica& replica_;
    Simplex& simplex_;
    Stage stage_ = Stage::off;
    Epoch proven_epoch_{1};               ///< the newest whose set is proven
    std::set<OperatorNumber> at_newest_;  ///< those that know of no later epoch
    Height proven_height_;                ///< of the newest final block that is
    std::optional<ExecutedRef> cited_;    ///< by it
    std::optional<ExecutedBlock> base_;   ///< where execution begins
    std::size_t asked_ = 0;               ///< counts questions, for whom to ask next
    Instant progress_;                    ///< when something was last learned
    std::optional<Instant> asked_at_;
    std::optional<AskId> open_ask_;
    AskId last_ask_ = 0;
};

/// How far the epochs from `first` on have come here: what a node that joins is told.
[[nodiscard]] SetProofs sets_from(const Replica& replica, Epoch first);

}  // namespace rondo::consensus
