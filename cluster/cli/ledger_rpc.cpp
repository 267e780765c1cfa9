#include <nlohmann/json.hpp>

#include "cluster/cli/http.hpp"
#include "cluster/cli/ledger.hpp"

namespace rondo::cli {
namespace {

using nlohmann::json;

/// The text under a key of an object; empty if there is none.
std::string text_at(const json& object, const char* key) {
    if (!object.is_object() || !object.contains(key) || !object[key].is_string()) return {};
    return object[key].get<std::string>();
}

json call_object(const Call& what) {
    json out{
        {"from", to_hex_prefixed(what.from.view())}, {"value", to_quantity(what.value)}, {"data", to_hex_prefixed(what.data)}};
    if (what.to) out["to"] = to_hex_prefixed(what.to->view());
    return out;
}

class RpcLedger final : public Ledger {
  public:
    explicit RpcLedger(std::string url) : url_(std::move(url)) {}

    Answered<std::uint64_t> chain_id() override { return number("eth_chainId", json::array()); }
    Answered<std::uint64_t> estimate(const Call& what) override {
        return number("eth_estimateGas", json::array({call_object(what)}));
    }
    Answered<std::uint64_t> next_nonce(const Address& account) override {
        return number("eth_getTransactionCount", json::array({to_hex_prefixed(account.view()), "pending"}));
    }
    Answered<Bytes> call(const Call& what) override {
        const auto result = ask("eth_call", json::array({call_object(what), "latest"}));
        if (!result) return tl::unexpected(result.error());
        const auto output = result->is_string() ? from_hex(result->get<std::string>()) : std::nullopt;
        return output ? Answered<Bytes>(*output) : odd("eth_call");
    }
    Answered<Wei> base_fee() override {
        const auto block = ask("eth_getBlockByNumber", json::array({"latest", false}));
        if (!block) return tl::unexpected(block.error());
        const auto fee = from_quantity(text_at(*block, "baseFeePerGas"));
        return fee ? Answered<Wei>(*fee) : odd("eth_getBlockByNumber");
    }
    Answered<Epoch> epoch() override {
        const auto status = ask("rondo_status", json::array());
        if (!status) return tl::unexpected(status.error());
        const bool tells = status->is_object() && status->contains("epoch") && (*status)["epoch"].is_number_unsigned();
        return tells ? Answered<Epoch>(Epoch((*status)["epoch"].get<std::uint64_t>())) : odd("rondo_status");
    }
    Answered<void> submit(const Bytes& raw) override {
        const auto result = ask("eth_sendRawTransaction", json::array({to_hex_prefixed(raw)}));
        if (!result) return tl::unexpected(result.error());
        return {};
    }
    std::optional<Ending> ending_of(const Hash256& hash) override {
        const json params = json::array({to_hex_prefixed(hash.view())});
        const auto receipt = ask("eth_getTransactionReceipt", params);
        if (!receipt) return std::nullopt;
        const auto height = from_quantity(text_at(*receipt, "blockNumber"));
        if (height && *height <= ~std::uint64_t{0})
            return Ending{true, text_at(*receipt, "status") == "0x1", Height(static_cast<std::uint64_t>(*height)), ""};
        // Ordered without effect there is no receipt: only the trace tells.
        const auto trace = ask("rondo_trace", params);
        if (!trace || !trace->is_object() || !trace->contains("stages") || !(*trace)["stages"].is_array()) return std::nullopt;
        for (const json& stage : (*trace)["stages"])
            if (text_at(stage, "stage") == "final" && stage.contains("height") && stage["height"].is_number_unsigned() &&
                !text_at(*trace, "stopped").empty())
                return Ending{false, false, Height(stage["height"].get<std::uint64_t>()), text_at(*trace, "stopped")};
        return std::nullopt;
    }

  private:
    [[nodiscard]] tl::unexpected<Trouble> odd(const std::string& method) const {
        return trouble(exit_unreachable,
                       url_ + ": its answer to " + method + " makes no sense; is it the JSON-RPC of a Rondo node?");
    }
    Answered<std::uint64_t> number(const char* method, const json& params) {
        const auto result = ask(method, params);
        if (!result) return tl::unexpected(result.error());
        const auto value = result->is_string() ? from_quantity(result->get<std::string>()) : std::nullopt;
        if (!value || *value > ~std::uint64_t{0}) return odd(method);
        return static_cast<std::uint64_t>(*value);
    }
    Answered<json> ask(const std::string& method, const json& params) {
        const json question{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
        const auto body = post_json(url_, question.dump());
        if (!body) return trouble(exit_unreachable, url_ + ": " + body.error());
        const json reply = json::parse(*body, nullptr, false);
        if (!reply.is_object()) return odd(method);
        if (reply.contains("error"))
            return trouble(is_busy(reply["error"]) ? exit_unreachable : exit_no, "the node refuses: " + refusal(reply["error"]));
        if (!reply.contains("result")) return odd(method);
        return reply["result"];
    }
    static bool is_busy(const json& error) {
        return error.is_object() && error.contains("data") && text_at(error["data"], "reason") == "busy";
    }
    /// Its sentence, with the hint that may come with it.
    static std::string refusal(const json& error) {
        const std::string message = text_at(error, "message");
        const std::string hint = error.is_object() && error.contains("data") ? text_at(error["data"], "hint") : "";
        return message + (hint.empty() ? "" : " (" + hint + ")");
    }

    std::string url_;
};

}  // namespace

std::unique_ptr<Ledger> ledger_by_rpc(const std::string& url) { return std::make_unique<RpcLedger>(url); }

}  // namespace rondo::cli
