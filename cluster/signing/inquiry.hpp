#pragma once
#include <set>

#include "cluster/runtime/core.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo {

/// What a node asks its peers at a start, before anything new is signed: who was asked when, and whether those who answered are
/// enough. Only answers to this life's nonce count: an older one may not show what was signed since.
/// Quorum stake is enough against a fork. Who has not answered yet may still be the only one that saw the last signature of a key
/// whose store went back, and so what keeps its owner from being slashed: the others are waited for until they were asked twice.
class Inquiry {
  public:
    void begin(Instant now) {
        nonce_ = now.value;
        begun_.reset();
        asked_at_.reset();
        answered_.clear();
    }
    [[nodiscard]] std::uint64_t nonce() const { return nonce_; }

    /// True if it is time to ask (again): at once, then every retry period.
    [[nodiscard]] bool is_due(Instant now, DurationMs retry_ms) const { return !asked_at_ || asked_at_->plus(retry_ms) <= now; }
    void asked(Instant now) {
        asked_at_ = now;
        if (!begun_) begun_ = now;
    }

    void answered(OperatorNumber who) { answered_.insert(who); }
    [[nodiscard]] bool has_answered(OperatorNumber who) const { return answered_.contains(who); }
    [[nodiscard]] std::size_t answers() const { return answered_.size(); }

    /// With `self` they make quorum stake, and are all, or were asked twice. A set of one needs nobody.
    [[nodiscard]] bool suffices(const EpochContext& context, OperatorNumber self, Instant now, DurationMs retry_ms) const {
        Stake stake;
        bool all = true;
        for (const OperatorInfo& member : context.operators) {
            const bool counts = member.number == self || answered_.contains(member.number);
            if (counts) stake = stake.plus(member.stake.value);
            all = all && counts;
        }
        return stake >= context.quorum() && (all || (begun_ && begun_->plus(2 * retry_ms) <= now));
    }

  private:
    std::optional<Instant> begun_;  ///< when it first asked
    std::uint64_t nonce_ = 0;
    std::optional<Instant> asked_at_;
    std::set<OperatorNumber> answered_;
};

}  // namespace rondo
