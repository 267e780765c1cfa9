#pragma once
#include <map>
#include <optional>

#include "actors/consensus/core/turn.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"

namespace rondo::consensus {

/// What this node computed itself, and whether the final chain agrees.
class Results {
  public:
    explicit Results(const StoreView& store);

    [[nodiscard]] Height head() const { return head_; }
    [[nodiscard]] std::optional<Digest> find(Height height) const;
    /// Who is jailed after that block, ascending; null if it is not computed here yet.
    [[nodiscard]] const std::vector<OperatorNumber>* jailed_at(Height height) const;
    void learn(Turn& turn, const ExecutedBlock& executed);

    /// A final block cites this. False: it differs from what I computed, now or when my own result comes (learn_checked).
    [[nodiscard]] bool agrees_with(const ExecutedRef& cited);
    /// False: a citation that stood in a final block before my result came differs from it.
    [[nodiscard]] bool agrees_with_citations(Height height);
    /// Results below `height` are no longer cited by anybody.
    void prune_below(Turn& turn, Height height);

  private:
    struct Own {
        Digest digest{};
        std::vector<OperatorNumber> jailed;
        static auto fields(auto& v) { return std::tie(v.digest, v.jailed); }
    };
    std::map<Height, Own> own_;
    std::map<Height, Digest> unchecked_;  ///< cited by the final chain before I computed it
    Height head_;
};

}  // namespace rondo::consensus
