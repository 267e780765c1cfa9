#include "actors/intake/rpc/dispatch.hpp"

#include "actors/intake/rpc/methods.hpp"

namespace rondo::rpc {
namespace {

Json response(const Json& id, RpcResult result) {
    Json out{{"jsonrpc", "2.0"}, {"id", id}};
    if (result) {
        out["result"] = std::move(*result);
        return out;
    }
    out["error"] = Json{{"code", result.error().code}, {"message", result.error().message}};
    if (!result.error().data.is_null()) out["error"]["data"] = result.error().data;
    return out;
}

/// Nothing wrong: empty.
std::string_view fault_of(const Json& request) {
    if (!request.is_object()) return "a request must be an object";
    if (!request.contains("method") || !request["method"].is_string()) return "a request needs a method name";
    if (request.contains("params") && !request["params"].is_array()) return "params must be an array (positional)";
    if (request.contains("id") && request["id"].is_structured()) return "an id must be a string, a number, or null";
    return {};
}

asio::awaitable<Json> answer(Node& node, const Json& request) {
    static const Json no_params = Json::array();
    const std::string_view fault = fault_of(request);
    const Json id = request.is_object() && request.contains("id") && request["id"].is_primitive() ? request["id"] : Json(nullptr);
    if (!fault.empty()) co_return response(id, refuse(code_request, "invalid request: " + std::string(fault)));
    const auto& name = request["method"].get_ref<const std::string&>();
    const Method method = find_method(name);
    if (method == nullptr)
        co_return response(id, refuse(code_method, "the method " + name.substr(0, 64) + " does not exist/is not available"));
    const Json& params = request.contains("params") ? request["params"] : no_params;
    Json out = response(id, co_await method(node, Params(params)));
    co_return request.contains("id") ? std::move(out) : Json(nullptr);  // a notification is not answered
}

/// Answers what comes too late in a batch whose answer is large already.
Json too_large(const Json& request, const Limits& limits) {
    if (!request.is_object() || !request.contains("id") || !request["id"].is_primitive()) return nullptr;
    const std::string bytes = std::to_string(limits.batch_answer_bytes_max);
    return response(request["id"], refuse(code_limit, "the batch's answer is over " + bytes + " bytes; ask for less at once"));
}

std::string text_of(const Json& value) {
    return value.is_null() ? std::string() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Shape shape_of(std::string_view json) {
    Shape shape;
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            shape.depth = std::max(shape.depth, ++depth);
            ++shape.values;
        } else if (c == ',' || c == ':') {
            ++shape.values;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return shape;
}

asio::awaitable<std::string> dispatch(Node& node, std::string_view body) {
    const Limits& limits = node.config().limits;
    const Shape shape = shape_of(body);
    if (shape.depth > limits.json_depth_max)
        co_return text_of(
            response(nullptr, refuse(code_parse, "parse error: nested deeper than " + std::to_string(limits.json_depth_max))));
    if (shape.values > limits.json_values_max)
        co_return text_of(response(
            nullptr, refuse(code_parse, "parse error: more than " + std::to_string(limits.json_values_max) + " values")));
    const Json request = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (request.is_discarded()) co_return text_of(response(nullptr, refuse(code_parse, "parse error: the body is not JSON")));
    if (!request.is_array()) co_return text_of(co_await answer(node, request));

    if (request.empty()) co_return text_of(response(nullptr, refuse(code_request, "invalid request: an empty batch")));
    if (request.size() > limits.batch_length_max)
        co_return text_of(response(
            nullptr, refuse(code_request, "batch too large: at most " + std::to_string(limits.batch_length_max) + " requests")));
    std::string out;
    for (const Json& one : request) {
        Json reply;
        if (out.size() > limits.batch_answer_bytes_max)
            reply = too_large(one, limits);
        else
            reply = co_await answer(node, one);
        if (!reply.is_null()) out += (out.empty() ? "[" : ",") + text_of(reply);
    }
    co_return out.empty() ? out : out + "]";
}

}  // namespace rondo::rpc
