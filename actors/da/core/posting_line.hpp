#pragma once
#include <vector>

#include "messages/wire/epoch.hpp"

namespace rondo::da {

/// Heights that begin in one term share a line of posters.
inline constexpr std::uint64_t posting_term_blocks = 64;

/// Who posts the range that starts at `first`, and who steps in after: a pure function of the epoch's context. Jailed
/// members and those without stake come last, in the same manner: somebody must post.
[[nodiscard]] std::vector<OperatorNumber> posting_line(const EpochContext& context, Height first);

}  // namespace rondo::da
