#include <array>

#include "actors/intake/rpc/methods.hpp"
#include "actors/intake/rpc/shapes.hpp"

namespace rondo::rpc {
namespace {

using Awaited = asio::awaitable<RpcResult>;

asio::awaitable<tl::expected<SubmitOutcome, RpcError>> submit(Node& node, Bytes raw) {
    SubmitRequest request;
    request.transactions.push_back(std::move(raw));
    auto reply = co_await node.intake<SubmitReply>(std::move(request));
    if (!reply) co_return tl::unexpected(reply.error());
    if (reply->outcomes.size() != 1) co_return refuse(code_internal, "intake answered for another number of transactions");
    SubmitOutcome outcome = std::move(reply->outcomes[0]);
    if (outcome.admission == Admission::busy) co_return tl::unexpected(error_of(ethereum::Refusal::busy));
    if (outcome.admission == Admission::refused) co_return tl::unexpected(error_of(outcome.reason));
    co_return outcome;
}

Awaited send_raw_transaction(Node& node, Params params) {
    Bytes raw = params.data(0);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto outcome = co_await submit(node, std::move(raw));
    if (!outcome) co_return tl::unexpected(outcome.error());
    co_return Json(to_hex_prefixed(outcome->hash.view()));
}

Awaited rondo_send_raw_transaction(Node& node, Params params) {
    Bytes raw = params.data(0);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto outcome = co_await submit(node, std::move(raw));
    if (!outcome) co_return tl::unexpected(outcome.error());
    co_return Json{{"hash", to_hex_prefixed(outcome->hash.view())},
                   {"admission", outcome->admission == Admission::held ? "held" : "accepted"},
                   {"receipt", outcome->receipt ? promise_object(*outcome->receipt) : Json(nullptr)}};
}

Awaited get_transaction(Node& node, Params params) {
    const Hash256 hash = params.hash(0);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto placed = co_await node.execution<TransactionReply>(GetTransaction{hash});
    if (!placed) co_return tl::unexpected(placed.error());
    if (placed->placed) co_return transaction_object(*placed->placed, node.config().chain_id);
    if (placed->ordered) co_return Json(nullptr);  // without effect: the reason is in rondo_trace
    const auto pending = co_await node.intake<FindPendingReply>(FindPending{hash});
    if (!pending) co_return tl::unexpected(pending.error());
    if (!pending->known || pending->raw.empty()) co_return Json(nullptr);
    co_return pending_transaction_object(*pending);
}

Awaited get_receipt(Node& node, Params params) {
    const Hash256 hash = params.hash(0);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto reply = co_await node.execution<TransactionReply>(GetTransaction{hash});
    if (!reply) co_return tl::unexpected(reply.error());
    co_return reply->placed ? receipt_object(*reply->placed) : Json(nullptr);
}

void read_access_list(Params& params, const Json& list, rondo::Call& call) {
    if (!list.is_array()) return params.fail(0, "accessList: expected an array");
    for (const Json& entry : list) {
        const bool fits = entry.is_object() && entry.contains("storageKeys") && entry["storageKeys"].is_array();
        if (!fits) return params.fail(0, "accessList: expected objects with address and storageKeys");
        call.access_addresses += 1;
        call.access_keys += static_cast<std::uint32_t>(entry["storageKeys"].size());
    }
}

/// The transaction object of eth_call and eth_estimateGas. Fee and nonce fields are accepted and do not matter here.
rondo::Call read_call(Params& params) {
    rondo::Call call;
    const Json& object = params.raw(0);
    if (!object.is_object()) {
        params.fail(0, "expected a transaction object");
        return call;
    }
    for (const auto& [name, value] : object.items()) {
        if (value.is_null()) continue;
        if (name == "from" || name == "to") {
            const auto address = Params::to_address(value);
            if (!address)
                params.fail(0, name + ": expected an address");
            else if (name == "to")
                call.to = address;
            else
                call.from = *address;
        } else if (name == "value") {
            const auto amount = Params::to_quantity(value);
            if (!amount)
                params.fail(0, "value: expected a quantity");
            else
                call.value = *amount;
        } else if (name == "gas") {
            const auto gas = Params::to_quantity(value);
            if (!gas)
                params.fail(0, "gas: expected a quantity");
            else
                call.gas = *gas > ethereum::gas_limit_max ? ethereum::gas_limit_max : static_cast<std::uint64_t>(*gas);
        } else if (name == "data" || name == "input") {
            auto data = Params::to_data(value);
            if (!data)
                params.fail(0, name + ": expected bytes");
            else
                call.data = std::move(*data);
        } else if (name == "accessList") {
            read_access_list(params, value, call);
        }
    }
    return call;
}

/// geth's words for a revert: the text of Error(string) when there is one.
std::string revert_text(ByteView output) {
    constexpr std::size_t head = 4 + 32 + 32;  // selector, offset, length
    if (output.size() < head || to_hex(output.first(4)) != "08c379a0") return "execution reverted";
    const uint256 length = uint256_from_be(output.subspan(36, 32));
    if (length > output.size() - head) return "execution reverted";
    return "execution reverted: " + std::string(as_text(output.subspan(head, static_cast<std::size_t>(length))));
}

asio::awaitable<tl::expected<CallReply, RpcError>> run_call(Node& node, Params params, bool estimate) {
    rondo::Call call = read_call(params);
    const BlockTag tag = params.block(1);
    if (!params.ok()) co_return tl::unexpected(params.error());
    if (const auto refusal = co_await refuse_old_state(node, tag)) co_return tl::unexpected(*refusal);
    if (!call.to) co_return tl::unexpected(error_of(ethereum::Refusal::contract_creation));
    call.estimate = estimate;
    auto reply = co_await node.execution<CallReply>(std::move(call));
    if (!reply) co_return tl::unexpected(reply.error());
    if (reply->reverted) co_return refuse(code_revert, revert_text(reply->output), to_hex_prefixed(reply->output));
    co_return std::move(*reply);
}

Awaited eth_call(Node& node, Params params) {
    const auto reply = co_await run_call(node, std::move(params), false);
    if (!reply) co_return tl::unexpected(reply.error());
    co_return Json(to_hex_prefixed(reply->output));
}

Awaited estimate_gas(Node& node, Params params) {
    const auto reply = co_await run_call(node, std::move(params), true);
    if (!reply) co_return tl::unexpected(reply.error());
    co_return Json(quantity(reply->gas_used));
}

constexpr std::array table{
    NamedMethod{"eth_sendRawTransaction", send_raw_transaction},
    NamedMethod{"rondo_sendRawTransaction", rondo_send_raw_transaction},
    NamedMethod{"eth_getTransactionByHash", get_transaction},
    NamedMethod{"eth_getTransactionReceipt", get_receipt},
    NamedMethod{"eth_call", eth_call},
    NamedMethod{"eth_estimateGas", estimate_gas},
};

}  // namespace

std::span<const NamedMethod> transaction_methods() { return table; }

}  // namespace rondo::rpc
