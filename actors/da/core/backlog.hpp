#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/da/frame/frame.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/wire/consensus.hpp"

namespace rondo::da {

/// What is final and not yet on the layer: blocks by height and batches by lane, in the store; of the lowest blocks
/// also what must be known to decide, in memory.
///
/// 1. The *base* is a height at or below the layer's: everything up to it is posted and deleted here. Its cut is kept.
/// 2. A block is *complete* once every batch between its parent's cut and its own is here; *ready* once it was executed
///    here too and all below it are ready.
class Backlog {
  public:
    struct Tables {
        Table meta;
        Table blocks;
        Table headers;
        Table payloads;
    };
    struct ReadyBlock {
        Height height;
        Epoch epoch;
        std::uint64_t timestamp_ms = 0;
        std::uint64_t bytes = 0;  ///< of the header and its batches, as a frame counts them
        bool is_empty = true;     ///< brought no batches
    };

    Backlog(const StoreView& view, Tables tables);

    /// Before each step: what earlier steps wrote is visible now.
    void begin_step();
    /// Nothing was ever received here, and this block is the base: what lies below is for others to post.
    void begin_at(Height height, const Cut& cut, Effects& effects);
    void add_block(const FinalBlock& final_block, Effects& effects);
    void add_batch(const BatchRecord& batch, Effects& effects);
    void set_executed(Height height, Effects& effects);
    /// The layer reaches `height`: forgets what lies there, as far as its blocks are known here.
    void settle(Height height, Effects& effects);
    /// Looks how far readiness goes now.
    void update_ready();

    [[nodiscard]] Height base() const { return base_; }
    [[nodiscard]] Height newest() const { return newest_; }
    /// The ready blocks next above the base, at most a range's worth.
    [[nodiscard]] const std::deque<ReadyBlock>& ready() const { return ready_; }
    [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }
    /// Timestamp of the lowest block above the base, if it is here.
    [[nodiscard]] std::optional<std::uint64_t> oldest_timestamp_ms() const;

    /// The frame of the first `count` ready blocks. The caller kept within range_bytes_target, unless count is 1.
    [[nodiscard]] Frame frame_of(const Digest& genesis, std::size_t count) const;
    /// How many parts the first ready block has, and one of them. One part if the block fits a range.
    [[nodiscard]] std::uint32_t parts_of_first() const;
    [[nodiscard]] Frame part_of_first(const Digest& genesis, std::uint32_t part) const;

  private:
    struct Waiting {
        Epoch epoch;
        std::uint64_t timestamp_ms = 0;
        std::uint64_t header_bytes = 0;
        std::vector<CutEntry> delta;
    };
    struct BatchKey {
        CutEntry at;
        std::uint64_t bytes = 0;
    };
    [[nodiscard]] static Waiting waiting_of(const Proposal& block);
    [[nodiscard]] std::optional<BatchHeader> find_header(const CutEntry& at) const;
    [[nodiscard]] std::optional<std::vector<BatchKey>> batches_between(const Cut& below,
                                                                       const std::vector<CutEntry>& delta) const;
    void load_waiting();
    void forget_batches(const std::vector<CutEntry>& delta, Effects& effects);
    [[nodiscard]] FinalBlock stored_block(Height height) const;
    [[nodiscard]] std::vector<BatchKey> batches_of_first() const;
    [[nodiscard]] std::vector<std::vector<BatchKey>> parts_of(const std::vector<BatchKey>& batches) const;
    [[nodiscard]] FrameBatch stored_batch(const BatchKey& key) const;

    const StoreView& view_;
    Tables tables_;
    Height base_;
    Cut base_cut_;
    Height executed_;
    Height newest_;                 ///< the highest block received; all between the base and it are in the store
    std::deque<Waiting> waiting_;   ///< the blocks from base + 1 on, at most waiting_max of them
    std::deque<ReadyBlock> ready_;  ///< a prefix of the waiting ones
    Cut ready_cut_;                 ///< of the highest ready block, or of the base
    std::uint64_t payload_bytes_ = 0;
    std::map<Bytes, BatchHeader> fresh_headers_;  ///< written in this step, not in the view yet
    std::set<Bytes> erased_;                      ///< in this step, still in the view
};

}  // namespace rondo::da
