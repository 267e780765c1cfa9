#pragma once
#include <map>
#include <set>
#include <utility>

#include "actors/intake/core/fetch.hpp"

namespace rondo::intake {

/// What final cuts cite must reach `batches`.
///   1. Each lane is walked from the cited tip by parent digest down to the previous cut.
///   2. What is missing is fetched; the walk goes on when it came.
///   3. Once complete, all of it is published, from the lowest height up.
/// An unfinished walk is a record: a restart goes on with it.
class FinalCuts {
  public:
    FinalCuts(Common& common, Batches& batches, Fetch& fetch);

    void start();
    void cite(Height block, const CutEntry& tip, LaneHeight above);
    /// A batch that was fetched is here.
    void on_stored(const BatchRef& batch);

    [[nodiscard]] std::size_t unfinished() const { return wanted_.size(); }

  private:
    /// The first that is missing; nothing when the walk is complete and everything is published.
    [[nodiscard]] std::optional<BatchRef> walk(const WantedCut& wanted, Fetch::Urgency urgency);
    using Key = std::pair<Height, LaneId>;
    /// Goes on with the walk; its record goes when it is complete.
    void go_on(const Key& key);
    void await(const Key& key, const BatchRef& missing);

    Common& common_;
    Batches& batches_;
    Fetch& fetch_;
    std::map<Key, WantedCut> wanted_;
    std::multimap<BatchRef, Key> waiting_;  ///< by what is missing
    std::set<Key> unasked_;                 ///< the fetch list had no room
};

}  // namespace rondo::intake
