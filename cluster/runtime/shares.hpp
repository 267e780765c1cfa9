#pragma once
#include <cstdint>
#include <map>

#include "messages/base/require.hpp"

namespace rondo {

/// Who has how much of something that has a bound. One rule divides it: what one has, with what it asks for, must not exceed what
/// is left of the room then (dynamic thresholds: Choudhury and Hahne, 1998). Whoever is alone has half at most, n who want all
/// have 1/(n+1) each, and there is always something left for who has little. Needs neither a clock nor the number of those who
/// ask. Only those are remembered that have something: what is bounded bounds the table.
template <class Who>
class Shares {
  public:
    [[nodiscard]] bool has_room(const Who& who, std::uint64_t amount, std::uint64_t room) const {
        const std::uint64_t all = total_ + amount;
        return all <= room && of(who) + amount <= room - all;
    }
    void take(const Who& who, std::uint64_t amount) {
        if (amount == 0) return;
        held_[who] += amount;
        total_ += amount;
    }
    void give_back(const Who& who, std::uint64_t amount) {
        if (amount == 0) return;
        const auto found = held_.find(who);
        require(found != held_.end() && found->second >= amount, "more is given back than was taken");
        total_ -= amount;
        if ((found->second -= amount) == 0) held_.erase(found);
    }
    [[nodiscard]] std::uint64_t of(const Who& who) const {
        const auto found = held_.find(who);
        return found == held_.end() ? 0 : found->second;
    }
    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] std::size_t holders() const { return held_.size(); }

  private:
    std::map<Who, std::uint64_t> held_;
    std::uint64_t total_ = 0;
};

}  // namespace rondo
