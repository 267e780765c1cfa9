#pragma once
#include <string>
#include <string_view>

#include "actors/intake/rpc/node.hpp"

namespace rondo::rpc {

/// Answers one body: a request, a notification, or a batch (JSON-RPC 2.0). Empty when nothing is to be said.
[[nodiscard]] asio::awaitable<std::string> dispatch(Node& node, std::string_view body);

/// How deep brackets outside strings nest, and how many values there are at most: known before the parser builds anything.
struct Shape {
    std::size_t depth = 0;
    std::size_t values = 0;
};
[[nodiscard]] Shape shape_of(std::string_view json);

}  // namespace rondo::rpc
