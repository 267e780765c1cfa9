#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cluster/runtime/core.hpp"

namespace rondo::shell {

/// Milliseconds of the monotonic clock.
using Tick = std::uint64_t;
inline constexpr Tick never = ~Tick{0};

/// Deadlines by id: the core's timers, and the shell's own.
class Deadlines {
  public:
    void set(std::uint64_t id, Tick due) {
        cancel(id);
        due_by_id_[id] = due;
        ordered_.emplace(due, id);
    }
    void cancel(std::uint64_t id) {
        const auto found = due_by_id_.find(id);
        if (found == due_by_id_.end()) return;
        ordered_.erase({found->second, id});
        due_by_id_.erase(found);
    }
    /// The earliest that is due, removed.
    [[nodiscard]] std::optional<std::uint64_t> pop_due(Tick now) {
        if (ordered_.empty() || ordered_.begin()->first > now) return std::nullopt;
        const std::uint64_t id = ordered_.begin()->second;
        cancel(id);
        return id;
    }
    [[nodiscard]] Tick next() const { return ordered_.empty() ? never : ordered_.begin()->first; }
    [[nodiscard]] std::size_t size() const { return ordered_.size(); }

  private:
    std::map<std::uint64_t, Tick> due_by_id_;
    std::set<std::pair<Tick, std::uint64_t>> ordered_;
};

}  // namespace rondo::shell
