#pragma once
#include <map>

#include "actors/execution/core/executor.hpp"

/// What has arrived and is not executed yet.
namespace rondo::execution {

/// Decoded batches kept in memory until they are executed; beyond this they are read from the store again.
inline constexpr std::size_t batches_in_memory_bytes_max = 32U << 20;

class Following : public BatchSource {
  public:
    Following(StateStore& store, const StoreView& view);

    /// Where the blocks end that are waiting in the store: after a start.
    void recover(Height executed);
    /// `encoded` is a BatchRecord from our own intake. False: it does not decode.
    [[nodiscard]] bool note_batch(ByteView encoded, const Cut& executed);
    void note_batch(BatchRecord batch, Bytes encoded, const Cut& executed);
    void note_block(Height height, Bytes encoded);
    /// The block above the executed ones, if it is here.
    [[nodiscard]] const Proposal* next(Height executed);
    /// The block is executed: it goes, and so do all batches up to its cut, also those that were sealed again.
    void drop(const Proposal& block);

    [[nodiscard]] std::shared_ptr<const BatchRecord> find(LaneId lane, LaneHeight height, const Digest& digest) const override;
    [[nodiscard]] Height newest() const { return newest_; }

  private:
    StateStore& store_;
    const StoreView& view_;
    Height newest_;
    std::optional<Proposal> next_;
    std::map<Bytes, std::shared_ptr<const BatchRecord>> batches_;  ///< by batch_key
    std::size_t batch_bytes_ = 0;
};

}  // namespace rondo::execution
