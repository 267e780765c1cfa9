#pragma once
#include <array>

#include "cluster/config/strict_json.hpp"
#include "messages/wire/epoch.hpp"

/// An operator as genesis.json and the entry of a genesis ceremony both write it. Only for the .cpp files that read one.
namespace rondo {

inline constexpr std::array<std::string_view, 13> operator_keys{
    "moniker", "self_stake", "host",          "lanes",       "votes",           "sync",           "fetch",
    "state",   "key",        "transport_key", "fee_address", "watcher_account", "rewards_account"};

/// All but its number, which is left at no_operator.
[[nodiscard]] GenesisOperator operator_of(const StrictObject& object);
/// The lines `"key": value` of all but its number, without the object's braces; each after the first begins with `indent`.
[[nodiscard]] std::string format_operator(const GenesisOperator& entry, const std::string& indent);

}  // namespace rondo
