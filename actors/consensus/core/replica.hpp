#pragma once
#include <string>

#include "actors/consensus/core/chain.hpp"
#include "actors/consensus/core/epochs.hpp"
#include "actors/consensus/core/lanes.hpp"
#include "actors/consensus/core/results.hpp"
#include "actors/consensus/core/voice.hpp"
#include "actors/consensus/core/vote_pool.hpp"
#include "cluster/signing/gate.hpp"

namespace rondo::consensus {

/// Everything the rules read and change, apart from the views themselves (simplex.hpp). Recovered from the store.
struct Replica {
    Replica(OperatorNumber self, std::vector<crypto::SecretKey> keys, std::vector<OperatorNumber> sources, const Genesis& genesis,
            const StoreView& store);

    OperatorNumber self;
    const StoreView& store;
    Digest genesis;
    SigningGate gate;
    Epochs epochs;
    Epoch epoch;                       ///< the one this node is in
    const EpochContext* context;       ///< of `epoch`
    std::optional<SignerIndex> index;  ///< of this node in it; nothing if its key in it is not here
    Chain chain;
    Lanes lanes;
    Results results;
    VotePool pool;
    Voice voice;
    std::string muted;  ///< not empty: why this node signs nothing

    [[nodiscard]] const Parameters& parameters() const { return context->parameters; }
    /// True once the epoch's last block is final: only the next epoch can go on.
    [[nodiscard]] bool epoch_is_over() const { return chain.floor().ends_epoch; }
    struct NextEpoch {
        bool is_known = false;                ///< false: a result is missing here, or the plan that came with one
        std::optional<EpochContext> context;  ///< nothing: the epoch goes on
    };
    /// What a block of this epoch at `height` that cites the state after block `executed` means for the next.
    [[nodiscard]] NextEpoch after(Height height, Height executed) const;
    /// Bodies of blocks (not tails) from above the floor up to `block`, itself included.
    [[nodiscard]] std::vector<const Proposal*> unfinal_up_to(const Block& block) const;
    void mute(Turn& turn, std::string reason);
    /// The epoch is over, and the next one's set is known and right.
    void begin_next_epoch(Turn& turn, Epoch next);
    /// A store in which nothing was ever final: this block is the floor. Its epoch's set is known.
    void begin_at(Turn& turn, const Proposal& block, const Cut& cut);

    /// True if the operator is in a set of the last, the current or a coming epoch.
    [[nodiscard]] bool knows(OperatorNumber who) const { return epochs.is_member(who); }

    /// Tells the transport with whom this node talks. To be called whenever a set came or went.
    void name_peers(Turn& turn) const;

  private:
    void begin_epoch(Turn& turn, const Floor& floor);
    void take_part();
    void recover_pool();
};

}  // namespace rondo::consensus
