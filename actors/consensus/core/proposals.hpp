#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "actors/consensus/core/replica.hpp"

/// Rules 2 and 3 as far as they concern one body on a known parent: what a leader may propose and what a voter accepts.
namespace rondo::consensus {

enum class [[nodiscard]] Verdict : std::uint8_t{
    ok,
    missing,  ///< may become valid: fetch, wait, check again
    refused,  ///< valid, but it censors: no vote
    invalid,  ///< can never be valid: nullify at once
};

struct Finding {
    Verdict verdict = Verdict::ok;
    std::string_view reason;
    std::vector<Digest> poas;           ///< missing certificates of availability
    std::optional<Instant> not_before;  ///< valid at that time at the earliest
};

/// What can be said without the parent: only well-formed bodies may enter the chain. Empty: nothing wrong.
[[nodiscard]] std::string_view malformed(const EpochContext& context, const Body& body);

/// Checks a well-formed, rightly signed body on its notarized parent. `entered`: when this node entered the view.
/// Votes that it carries and this node did not know are verified and added to `learned`.
[[nodiscard]] Finding check(const Replica& replica, const Body& body, const Block& parent, Instant now, Instant entered,
                            std::vector<Vote>& learned);

/// The tips a block on `parent` may cite: none while this node's execution is too far behind (rule 3).
[[nodiscard]] std::vector<CutEntry> includable(const Replica& replica, const Block& parent);

/// An unsigned body on `parent`, or nothing while something it needs is not known here. `repeat_executed`: rule 2.
[[nodiscard]] std::optional<Body> draft(const Replica& replica, const Block& parent, View view, Instant now,
                                        bool repeat_executed);

}  // namespace rondo::consensus
