#pragma once
#include <string>
#include <string_view>

#include "actors/intake/rpc/node.hpp"

namespace rondo::rpc {

/// Answers one body: a request, a notification, or a batch (JSON-RPC 2.0). Empty when nothing is to be said.
[[nodiscard]] asio::awaitable<std::string> dispatch(Node& node, std::string_view body);

/// True if brackets outside strings nest deeper than `depth_max`: checked before the parser builds anything.
[[nodiscard]] bool nests_deeper_than(std::string_view json, std::size_t depth_max);

}  // namespace rondo::rpc
