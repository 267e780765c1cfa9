#pragma once
#include <string>
#include <tl/expected.hpp>

namespace rondo::cli {

/// Posts JSON and returns the body of the answer, or a sentence that says why there is none. Bounded in time and in size; follows
/// no redirection.
[[nodiscard]] tl::expected<std::string, std::string> post_json(const std::string& url, const std::string& body);

}  // namespace rondo::cli
