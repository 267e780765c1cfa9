#pragma once
#include <set>

#include "cluster/runtime/core.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo {

/// What a node asks its peers at a start, before anything new is signed: who was asked when, and whether those who answered are
/// enough (3-protocol.md, 3). Only answers to this life's nonce count: an older one may not show what was signed since.
class Inquiry {
  public:
    void begin(Instant now) {
        nonce_ = now.value;
        asked_at_.reset();
        answered_.clear();
    }
    [[nodiscard]] std::uint64_t nonce() const { return nonce_; }

    /// True if it is time to ask (again): at once, then every retry period.
    [[nodiscard]] bool is_due(Instant now, DurationMs retry_ms) const { return !asked_at_ || asked_at_->plus(retry_ms) <= now; }
    void asked(Instant now) { asked_at_ = now; }

    void answered(OperatorNumber who) { answered_.insert(who); }
    [[nodiscard]] bool has_answered(OperatorNumber who) const { return answered_.contains(who); }
    [[nodiscard]] std::size_t answers() const { return answered_.size(); }

    /// With `self` they make quorum stake. A set of one needs nobody.
    [[nodiscard]] bool suffices(const EpochContext& context, OperatorNumber self) const {
        Stake stake;
        for (const OperatorInfo& member : context.operators)
            if (member.number == self || answered_.contains(member.number)) stake = stake.plus(member.stake.value);
        return stake >= context.quorum();
    }

  private:
    std::uint64_t nonce_ = 0;
    std::optional<Instant> asked_at_;
    std::set<OperatorNumber> answered_;
};

}  // namespace rondo
