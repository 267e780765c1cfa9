#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::cli {
namespace {

struct Passed {
    Stage stage;
    std::optional<std::uint64_t> at_ms;  ///< since the Unix epoch, where a node knows
    std::optional<std::uint64_t> height;
};

struct Trace {
    std::vector<Passed> stages;
    std::optional<std::string> stopped;
    bool anybody = false;  ///< some node answered
};

/// The best of what all intakes know: only some of them saw the transaction.
FindPendingReply find_pending(const ClusterView& view, const Hash256& hash, bool& anybody) {
    FindPendingReply best;
    for (const NodeAddress& node : view.nodes) {
        Client intake = node.client(Actor::intake);
        const auto reply = ask<FindPendingReply, IntakeReply>(intake, IntakeRequest(FindPending{hash}));
        if (!reply) continue;
        anybody = true;
        const auto rank = [](const FindPendingReply& r) {
            return !r.known ? 0 : r.admission != Admission::accepted ? 1 : r.certified_ms == 0 ? 2 : 3;
        };
        if (rank(*reply) > rank(best)) best = *reply;
    }
    return best;
}

std::optional<TransactionReply> find_executed(const ClusterView& view, const Hash256& hash, bool& anybody) {
    std::optional<TransactionReply> skipped;
    for (const NodeAddress& node : view.nodes) {
        Client execution = node.client(Actor::execution);
        auto reply = ask<TransactionReply, ExecutionReply>(execution, ExecutionRequest(GetTransaction{hash}));
        if (!reply) continue;
        anybody = true;
        if (reply->ordered && reply->status != TxStatus::skipped) return reply;
        if (reply->ordered) skipped = std::move(reply);
    }
    return skipped;
}

std::optional<Height> highest_posted(const ClusterView& view) {
    std::optional<Height> best;
    for (const NodeAddress& node : view.nodes) {
        Client da = node.client(Actor::da);
        if (const auto posted = ask_posted(da)) best = std::max(best.value_or(Height(0)), *posted);
    }
    return best;
}

std::optional<std::uint64_t> known_ms(std::uint64_t ms) { return ms == 0 ? std::nullopt : std::optional(ms); }

Trace follow(const ClusterView& view, const Hash256& hash) {
    Trace trace;
    const FindPendingReply pending = find_pending(view, hash, trace.anybody);
    const auto executed = find_executed(view, hash, trace.anybody);
    const bool ordered = executed && executed->ordered;
    const bool had_effect = ordered && executed->status != TxStatus::skipped;
    const bool accepted = pending.known && pending.admission == Admission::accepted;
    if (accepted || had_effect) trace.stages.push_back({Stage::accepted, known_ms(pending.accepted_ms), std::nullopt});
    if (pending.certified_ms != 0 || had_effect)
        trace.stages.push_back({Stage::certified, known_ms(pending.certified_ms), std::nullopt});
    if (had_effect) {
        const std::uint64_t height = executed->height.value;
        trace.stages.push_back({Stage::final, known_ms(executed->block_timestamp_ms), height});
        trace.stages.push_back({Stage::executed, std::nullopt, height});
        const auto posted = highest_posted(view);
        if (posted && *posted >= executed->height)
            trace.stages.push_back({Stage::posted, std::nullopt, height});
        else
            trace.stopped = "not posted yet";
        return trace;
    }
    if (ordered)
        trace.stopped = "ordered in block " + std::to_string(executed->height.value) +
                        " without effect: " + std::string(ethereum::to_string(executed->skip_reason));
    else if (pending.known && pending.admission == Admission::held)
        trace.stopped = "held: an earlier nonce of its sender is missing, or its balance does not cover it";
    else if (pending.certified_ms != 0)
        trace.stopped = "certified, not ordered yet";
    else if (accepted)
        trace.stopped = "accepted, not certified yet";
    else
        trace.stopped =
            "unknown to every node that answers: it never arrived, was refused, was replaced while held, or is older than the "
            "blocks they keep (see kept_from_height in their status; a node started with --archive keeps all)";
    return trace;
}

void print_trace(const TraceCommand& command, const Trace& trace) {
    if (command.common.json) {
        JsonArray stages;
        for (const Passed& p : trace.stages)
            stages.add(JsonObject().set("stage", to_string(p.stage)).set("at_ms", p.at_ms).set("height", p.height));
        print_json(JsonObject().set("hash", command.hash).set("stages", stages).set("stopped", trace.stopped));
        return;
    }
    Table table;
    table.header({"stage", "at (ms)", "since accepted", "block"});
    const std::optional<std::uint64_t> first = trace.stages.empty() ? std::nullopt : trace.stages[0].at_ms;
    for (const Passed& p : trace.stages) {
        const bool later = first && p.at_ms && *p.at_ms >= *first;
        table.row({{to_string(p.stage), Colour::green},
                   {p.at_ms ? std::to_string(*p.at_ms) : "-", Colour::plain, true},
                   {later ? "+" + std::to_string(*p.at_ms - *first) + " ms" : "-", Colour::plain, true},
                   {p.height ? std::to_string(*p.height) : "-", Colour::plain, true}});
    }
    print_line(command.hash + "\n\n" + (trace.stages.empty() ? "" : table.text()) +
               (trace.stopped ? coloured(Colour::yellow, *trace.stopped) : ""));
}

}  // namespace

int run_trace(const TraceCommand& command) {
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    const auto hash = fixed_from_hex<Hash256>(command.hash);
    if (!hash)
        return fail(exit_usage, "'" + command.hash + "' is no transaction hash: 64 hexadecimal digits, with or without 0x");
    const Trace trace = follow(*view, *hash);
    if (!trace.anybody) return fail(exit_unreachable, view->home.root.string() + ": no node answers; start it with 'rondo up'");
    print_trace(command, trace);
    return trace.stages.empty() ? exit_no : exit_done;
}

}  // namespace rondo::cli
