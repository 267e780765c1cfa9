#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cluster/config/error.hpp"
#include "messages/wire/epoch.hpp"

/// genesis.json: for people to read and compare. What counts is digest_of(Genesis), not the bytes of the file.
namespace rondo {

/// A genesis parameter by name, with the bounds within which the rules of the protocol make sense.
struct ParameterName {
    std::string_view name;
    std::uint64_t Parameters::*field;
    std::uint64_t min;
    std::uint64_t max;
    std::string_view meaning;
};
[[nodiscard]] std::span<const ParameterName> parameter_names();
/// "name=value"; an unknown name is answered with the nearest one.
[[nodiscard]] Configured<void> set_parameter(Parameters& parameters, std::string_view assignment);

/// Named sets of parameters: "local" (one machine), "internet" (regions apart), "test" (short windows).
[[nodiscard]] Configured<Parameters> profile_parameters(std::string_view name);

/// Whether the operators are listed: a draft, with which a genesis ceremony begins, has none yet.
enum class Membership : std::uint8_t { listed, open };

/// Everything that must hold of a genesis whoever wrote it; nothing if it does.
[[nodiscard]] std::optional<ConfigError> check_genesis(const Genesis& genesis, Membership membership = Membership::listed);
/// What must hold of one operator by itself.
[[nodiscard]] std::optional<ConfigError> check_operator(const GenesisOperator& entry);
inline constexpr std::size_t moniker_bytes_max = 64;

[[nodiscard]] std::string format_genesis(const Genesis& genesis);
/// Strict: every key present, none unknown or twice, values in range, lists in order. `name` is used in errors.
[[nodiscard]] Configured<Genesis> parse_genesis(std::string_view text, const std::string& name,
                                                Membership membership = Membership::listed);
[[nodiscard]] Configured<Genesis> read_genesis(const std::filesystem::path& path, Membership membership = Membership::listed);

}  // namespace rondo
