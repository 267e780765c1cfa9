#pragma once
#include <map>
#include <optional>
#include <vector>

#include "actors/consensus/core/turn.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo::consensus {

/// The certificates of availability held for the lanes of the current and the next epoch: what a leader may cite and a voter
/// may accept. Everything here was checked, by this node's intake or by this core.
class Lanes {
  public:
    struct Held {
        Digest digest{};
        PoA poa;
        Instant since;                         ///< known here
        std::optional<Instant> relayed_since;  ///< first relayed to all (rule 3, censorship)
    };

    Lanes(const StoreView& store, Epoch epoch);

    /// True if it is new. `epoch` other than the current or the next, and heights that a final cut covers, are ignored.
    bool add(Turn& turn, const PoA& poa, const Cut& final_cut, std::uint64_t window);
    [[nodiscard]] const Held* find(Epoch epoch, LaneId lane, LaneHeight height) const;
    [[nodiscard]] const Held* find(const Digest& digest) const;

    /// The highest tip of each lane beyond `cut` and within the window, ascending by lane.
    [[nodiscard]] std::vector<CutEntry> tips_beyond(const Cut& cut, std::uint64_t window) const;
    [[nodiscard]] std::size_t pending_beyond(const Cut& cut) const;

    /// Marks and returns what has been held longer than `patience` and is beyond `cut`: rule 3 relays it to all.
    [[nodiscard]] std::vector<PoA> take_overdue(const Cut& cut, std::uint64_t window, Instant now, DurationMs patience);
    /// A lane whose tip is beyond `cut` in the window, although it was relayed to all before `before`. `cut` is the proposal's.
    [[nodiscard]] std::optional<LaneId> neglected(const Cut& parent_cut, const Cut& cut, std::uint64_t window,
                                                  Instant before) const;

    void on_final_cut(Turn& turn, const std::vector<CutEntry>& delta);
    void begin(Turn& turn, Epoch epoch);
    void forget(Turn& turn, Epoch epoch);
    /// After a restart nothing is known of when things came.
    void restart_clocks(Instant now);

  private:
    using Lane = std::map<LaneHeight, Held>;
    using LaneMap = std::map<LaneId, Lane>;
    [[nodiscard]] const LaneMap& current() const;

    Epoch epoch_;
    std::map<Epoch, LaneMap> by_epoch_;
};

}  // namespace rondo::consensus
