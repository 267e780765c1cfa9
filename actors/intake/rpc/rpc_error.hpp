#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "messages/ethereum/transaction.hpp"

namespace rondo::rpc {

using Json = nlohmann::json;

/// JSON-RPC 2.0 error object. Codes: -32700 … -32603 of the specification, -32000 as geth, 3 for reverts.
struct RpcError {
    int code = -32000;
    std::string message;
    Json data;  ///< null: left out. Ours: {"reason": our key, "hint": what to do}
};
using RpcResult = tl::expected<Json, RpcError>;

inline constexpr int code_parse = -32700, code_request = -32600, code_method = -32601, code_params = -32602,
                     code_internal = -32603;
inline constexpr int code_server = -32000, code_limit = -32005, code_revert = 3;

[[nodiscard]] tl::unexpected<RpcError> refuse(int code, std::string message, Json data = nullptr);
/// geth's words where geth has them, our key in data.reason, and what to do in data.hint.
[[nodiscard]] RpcError error_of(ethereum::Refusal reason);
[[nodiscard]] RpcError unreachable(std::string_view actor);

}  // namespace rondo::rpc
