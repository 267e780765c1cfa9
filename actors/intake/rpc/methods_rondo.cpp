#include <array>

#include "actors/intake/rpc/methods.hpp"
#include "actors/intake/rpc/shapes.hpp"

namespace rondo::rpc {
namespace {

using Awaited = asio::awaitable<RpcResult>;

Awaited net_version(Node& node, Params) { co_return Json(std::to_string(node.config().chain_id)); }
Awaited client_version(Node& node, Params) { co_return Json(node.config().client_version); }

Awaited get_promise(Node& node, Params params) {
    const Hash256 hash = params.hash(0);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto pending = co_await node.intake<FindPendingReply>(FindPending{hash});
    if (!pending) co_return tl::unexpected(pending.error());
    co_return pending->receipt ? promise_object(*pending->receipt) : Json(nullptr);
}

Json stage(std::string_view name, std::uint64_t at_ms, std::uint64_t height) {
    return {{"stage", name},
            {"at_ms", at_ms == 0 ? Json(nullptr) : Json(at_ms)},
            {"height", height == 0 ? Json(nullptr) : Json(height)}};
}

std::string stopped_before_order(const FindPendingReply& pending) {
    if (!pending.known) return "unknown here: it never arrived at this operator, was refused, or was replaced while held";
    if (pending.admission == Admission::held)
        return "held: a lower nonce of this sender is missing, or its balance does not cover it yet";
    return "";
}

/// The stages of a transaction as this node saw them, and the reason where it stopped.
Awaited trace(Node& node, Params params) {
    const Hash256 hash = params.hash(0);
    if (!params.ok()) co_return tl::unexpected(params.error());
    const auto pending = co_await node.intake<FindPendingReply>(FindPending{hash});
    if (!pending) co_return tl::unexpected(pending.error());
    const auto ordered = co_await node.execution<TransactionReply>(GetTransaction{hash});
    if (!ordered) co_return tl::unexpected(ordered.error());
    const auto postings = co_await node.da<PostingsReply>(GetPostings{ordered->height});
    if (!postings) co_return tl::unexpected(postings.error());

    Json stages = Json::array();
    // What has been ordered was accepted and certified before, though perhaps not by this operator: then without a time.
    const bool held = pending->known && pending->admission == Admission::held;
    if ((pending->accepted_ms != 0 && !held) || ordered->ordered) stages.push_back(stage("accepted", pending->accepted_ms, 0));
    if (pending->certified_ms != 0 || ordered->ordered) stages.push_back(stage("certified", pending->certified_ms, 0));
    Json stopped = nullptr;
    if (ordered->ordered) {
        stages.push_back(stage("final", ordered->block_timestamp_ms, ordered->height.value));
        if (ordered->status == TxStatus::skipped) {
            stopped = "ordered without effect: " + std::string(ethereum::to_string(ordered->skip_reason));
        } else {
            stages.push_back(stage("executed", 0, ordered->height.value));
            if (postings->posted >= ordered->height) stages.push_back(stage("posted", 0, ordered->height.value));
        }
    } else if (const std::string reason = stopped_before_order(*pending); !reason.empty()) {
        stopped = reason;
    }
    co_return Json{{"hash", to_hex_prefixed(hash.view())}, {"stages", std::move(stages)}, {"stopped", std::move(stopped)}};
}

Awaited status(Node& node, Params) {
    const auto head = co_await node.consensus<HeadReply>(GetHead{});
    if (!head) co_return tl::unexpected(head.error());
    const auto executed = co_await node.execution<BlockReply>(GetBlock{});
    const auto postings = co_await node.da<PostingsReply>(GetPostings{Height(0)});
    co_return Json{{"chain_id", node.config().chain_id},
                   {"epoch", head->epoch.value},
                   {"view", head->view.value},
                   {"final_height", head->final_height.value},
                   {"executed_height", executed ? Json(executed->height.value) : Json(nullptr)},
                   {"state_root", executed ? Json(to_hex_prefixed(executed->result.state_root.view())) : Json(nullptr)},
                   {"posted_height", postings ? Json(postings->posted.value) : Json(nullptr)}};
}

constexpr std::array table{
    NamedMethod{"net_version", net_version},      NamedMethod{"web3_clientVersion", client_version},
    NamedMethod{"rondo_getReceipt", get_promise}, NamedMethod{"rondo_trace", trace},
    NamedMethod{"rondo_status", status},
};

}  // namespace

std::span<const NamedMethod> rondo_methods() { return table; }

}  // namespace rondo::rpc
