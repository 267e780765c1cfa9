#pragma once
#include <map>
#include <optional>

#include "actors/watcher/core/statement.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo::watcher {

/// How much is kept. The oldest epochs go first when either is used up; the newest epoch never goes, it stops growing.
struct IndexLimits {
    std::uint64_t bytes = 1ULL << 30;
    std::uint64_t epochs = 64;
};

/// The first statement seen for every slot, in the store, within a budget.
class Index {
  public:
    Index(const StoreView& view, Table statements, Table counts, IndexLimits limits);

    void begin_step() { fresh_.clear(); }
    /// What stands at the slot.
    [[nodiscard]] std::optional<SignedMessage> find(const Bytes& slot) const;
    /// Writes the slot, whatever stood there.
    void put(const Statement& statement, Effects& effects);
    /// Epochs below `current - limits.epochs` go.
    void prune(Epoch current, Effects& effects);

    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Statements that were not kept for want of room.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] Epoch oldest() const { return oldest_; }

  private:
    struct Count {
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
    };
    void write_count(Epoch epoch, Effects& effects);
    void drop_oldest_epoch(Effects& effects);

    const StoreView& view_;
    Table statements_;
    Table counts_;
    IndexLimits limits_;
    std::map<Epoch, Count> epochs_;
    std::map<Bytes, SignedMessage> fresh_;  ///< written in this step
    std::uint64_t messages_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
    Epoch oldest_;
};

}  // namespace rondo::watcher
