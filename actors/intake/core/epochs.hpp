#pragma once
#include <map>
#include <optional>

#include "actors/intake/core/book.hpp"
#include "actors/intake/core/rows.hpp"
#include "cluster/ledger/peers.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::intake {

/// Which epoch the lanes are in, who its members are, and how far the final chain has come.
///   1. An epoch ends with its boundary block X; the next one's lanes begin at X's cut.
///   2. Contexts of epochs 1 and 2 come from genesis, later ones from executed boundary blocks. Until X names the next by its
///   digest it
///      is a plan: after a jailing another comes, with X's own result.
///   3. While the current epoch's context is unknown here, nothing is sealed, acknowledged or certified.
class Epochs {
  public:
    Epochs(const Genesis& genesis, Book& book);

    [[nodiscard]] Epoch epoch() const { return state_.epoch; }
    [[nodiscard]] Height final_height() const { return state_.final_height; }
    /// The current set; nothing by rule 3.
    [[nodiscard]] const EpochContext* context() const { return state_.awaited_set ? nullptr : context_of(state_.epoch); }
    [[nodiscard]] const EpochContext* context_of(Epoch epoch) const;
    /// While the current context waits for execution, and execution for batches, there must still be somebody to fetch them from.
    [[nodiscard]] const EpochContext& newest_known() const { return contexts_.rbegin()->second; }
    /// The newest final tip of a lane; height 0 with a zero digest if none.
    [[nodiscard]] CutEntry committed(LaneId lane) const { return tip(state_.cut, lane); }
    /// The lane's tip in the epoch's starting cut.
    [[nodiscard]] CutEntry base(LaneId lane) const { return tip(state_.base, lane); }
    [[nodiscard]] LaneHeight window_end(LaneId lane) const;

    /// Who this node may talk with: the members of the last two, the current and the coming epochs.
    [[nodiscard]] std::vector<Peer> peers(OperatorNumber self) const { return peers_of(contexts_, self); }
    [[nodiscard]] bool is_member(OperatorNumber who) const;

    enum class Step : std::uint8_t { same_epoch, epoch_began };
    /// A final block, in order. Call `persist` afterwards.
    [[nodiscard]] Step follow(const Proposal& block);
    /// The first final block of a node that begins with a snapshot. Call `persist` afterwards.
    void begin_at(const Proposal& block, const Base& base);
    /// A context from an executed boundary block: of an epoch to come, or of the one that waits for it.
    [[nodiscard]] Step learn(const EpochContext& context);
    void persist();

  private:
    [[nodiscard]] static CutEntry tip(const Cut& cut, LaneId lane);
    void begin(const Digest& set);
    void drop_wrong_plan();
    void forget_old();

    Book& book_;
    LaneState state_;
    std::map<Epoch, EpochContext> contexts_;  ///< from two epochs below the current one on
};

}  // namespace rondo::intake
