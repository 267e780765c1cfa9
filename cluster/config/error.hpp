#pragma once
#include <string>
#include <tl/expected.hpp>

namespace rondo {

/// What is wrong with a file or an option, for the person who must put it right: where, what, and what to do.
struct ConfigError {
    std::string message;
};

template <class T>
using Configured = tl::expected<T, ConfigError>;

[[nodiscard]] inline tl::unexpected<ConfigError> config_error(std::string message) {
    return tl::make_unexpected(ConfigError{std::move(message)});
}

}  // namespace rondo
