#pragma once
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cluster/bus/client.hpp"
#include "cluster/cli/commands.hpp"
#include "cluster/cli/json.hpp"
#include "cluster/cli/pipeline.hpp"

namespace rondo::cli {

/// Milliseconds, sorted on demand: percentiles of one stage.
class Latencies {
  public:
    void add(double ms) { values_.push_back(ms), sorted_ = false; }
    [[nodiscard]] std::size_t count() const { return values_.size(); }
    [[nodiscard]] double percentile(double share);

  private:
    std::vector<double> values_;
    bool sorted_ = true;
};

/// Since when a lane had reached which height, in one stage; and who waits for it to get there.
class LaneClock {
  public:
    /// The lane reached `height` at `at`: those who waited for it.
    [[nodiscard]] std::vector<TxIndex> reached(LaneId lane, LaneHeight height, Clock::time_point at);
    /// The transaction lies at this height: when the lane reached it, or nothing, and it is told by reached().
    [[nodiscard]] std::optional<Clock::time_point> await(LaneId lane, LaneHeight height, TxIndex transaction);

  private:
    struct Lane {
        std::map<LaneHeight, Clock::time_point> reached;
        std::multimap<LaneHeight, TxIndex> waiting;
    };
    std::map<LaneId, Lane> lanes_;
};

/// Follows transactions through their stages by the streams of one node (and each node's certificates of its own lane), and
/// measures from the moment each was sent.
class StageTracker {
  public:
    StageTracker(const std::vector<NodeAddress>& nodes, std::size_t helper);

    void sent(TxIndex transaction, const Hash256& hash);
    void outcome(TxIndex transaction, const SubmitOutcome& outcome);
    /// Reads what the streams say now.
    void poll();
    /// One of them is readable when poll() has work.
    [[nodiscard]] std::vector<int> descriptors() const;

    [[nodiscard]] std::size_t count(Stage stage) const { return latencies_[static_cast<std::size_t>(stage)].count(); }
    [[nodiscard]] std::optional<Epoch> epoch() const { return epoch_; }
    /// When the last of our transactions was executed.
    [[nodiscard]] std::optional<Clock::time_point> last_executed() const { return last_executed_; }
    [[nodiscard]] JsonValue json();
    [[nodiscard]] std::string table();

  private:
    static constexpr std::size_t stages = 4;  // accepted to executed
    struct Entry {
        Clock::time_point sent;
        std::array<bool, stages> reached{};
    };
    void note(TxIndex transaction, Stage stage, Clock::time_point at);
    void take(const StreamTap::Message& message);
    void take_executed(const Bytes& payload, Clock::time_point at);

    std::vector<StreamTap> taps_;
    std::vector<Entry> entries_;
    std::unordered_map<Hash256, TxIndex> by_hash_;
    LaneClock certified_;
    LaneClock final_;
    std::map<std::uint64_t, Clock::time_point> final_at_;  ///< by block height
    std::optional<Epoch> epoch_;
    std::optional<Clock::time_point> last_executed_;
    std::array<Latencies, stages> latencies_;
};

/// The name of a stage in latency_ms: `receipt` for the promise.
[[nodiscard]] std::string latency_name(Stage stage);

}  // namespace rondo::cli
