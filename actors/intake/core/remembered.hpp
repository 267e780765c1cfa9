#pragma once
#include <map>
#include <optional>

#include "actors/intake/core/limits.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::intake {

/// Answers about transactions that are no longer, or never were, in this intake's lane: for people who ask later.
/// Bounded, lost at a restart; nothing is decided by it.
class Remembered {
  public:
    void put(const Hash256& hash, FindPendingReply reply) {
        if (young_.size() >= remembered_max || young_bytes_ >= remembered_bytes_max) {
            old_ = std::move(young_);
            young_.clear();
            young_bytes_ = 0;
        }
        young_bytes_ += reply.raw.size();
        young_.insert_or_assign(hash, std::move(reply));
    }
    [[nodiscard]] const FindPendingReply* find(const Hash256& hash) const {
        if (const auto it = young_.find(hash); it != young_.end()) return &it->second;
        const auto it = old_.find(hash);
        return it == old_.end() ? nullptr : &it->second;
    }

  private:
    std::map<Hash256, FindPendingReply> young_;
    std::map<Hash256, FindPendingReply> old_;
    std::size_t young_bytes_ = 0;
};

}  // namespace rondo::intake
