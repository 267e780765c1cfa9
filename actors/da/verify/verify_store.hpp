#pragma once
#include <filesystem>

#include "actors/da/verify/chain_reader.hpp"

namespace rondo::da {

struct VerifySummary {
    Height height;  ///< the last whole block read
    Digest digest{};
    Height proven;  ///< up to here certificates prove finality
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;    ///< as posted
    bool ends_in_part = false;  ///< a block's last parts are not posted yet
};

/// Reads a local store from its beginning, up to `last` if given, handing every block to `on_block` in order. Reads only; may
/// run beside those who post.
[[nodiscard]] tl::expected<VerifySummary, VerifyFault> verify_store(const std::filesystem::path& folder, const Genesis& genesis,
                                                                    const OnBlock& on_block, const VerifyOptions& options = {},
                                                                    std::optional<Height> last = std::nullopt);

}  // namespace rondo::da
