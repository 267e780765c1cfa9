#pragma once
#include <string_view>

#include "actors/intake/rpc/node.hpp"
#include "actors/intake/rpc/params.hpp"

namespace rondo::rpc {

using Method = asio::awaitable<RpcResult> (*)(Node& node, Params params);

/// Nothing for an unknown name.
[[nodiscard]] Method find_method(std::string_view name);

// The tables that find_method joins, one per file.
struct NamedMethod {
    std::string_view name;
    Method method;
};
[[nodiscard]] std::span<const NamedMethod> chain_methods();        ///< eth_ about blocks, accounts and fees
[[nodiscard]] std::span<const NamedMethod> transaction_methods();  ///< eth_ about transactions
[[nodiscard]] std::span<const NamedMethod> rondo_methods();        ///< ours, net_ and web3_

/// The block that a tag names.
[[nodiscard]] asio::awaitable<tl::expected<GetBlock, RpcError>> resolve(Node& node, BlockTag tag);
/// Accounts are kept at the executed head: an error if the tag names another block.
[[nodiscard]] asio::awaitable<std::optional<RpcError>> refuse_old_state(Node& node, BlockTag tag);

}  // namespace rondo::rpc
