#include "cluster/cli/stages.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cluster/cli/print.hpp"
#include "messages/wire/consensus.hpp"

namespace rondo::cli {
namespace {

constexpr std::size_t history_max = 4096;  ///< of a lane or of the chain: far more than lies between two answers

std::string milliseconds(double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.1f", value);
    return digits;
}

}  // namespace

double Latencies::percentile(double share) {
    if (values_.empty()) return 0;
    if (!sorted_) std::sort(values_.begin(), values_.end());
    sorted_ = true;
    const auto rank = static_cast<std::size_t>(std::llround(share * static_cast<double>(values_.size() - 1)));
    return values_[rank];
}

std::vector<TxIndex> LaneClock::reached(LaneId lane, LaneHeight height, Clock::time_point at) {
    Lane& l = lanes_[lane];
    l.reached.emplace(height, at);
    if (l.reached.size() > history_max) l.reached.erase(l.reached.begin());
    std::vector<TxIndex> out;
    const auto end = l.waiting.upper_bound(height);
    for (auto it = l.waiting.begin(); it != end; ++it) out.push_back(it->second);
    l.waiting.erase(l.waiting.begin(), end);
    return out;
}

std::optional<Clock::time_point> LaneClock::await(LaneId lane, LaneHeight height, TxIndex transaction) {
    Lane& l = lanes_[lane];
    const auto it = l.reached.lower_bound(height);
    if (it != l.reached.end()) return it->second;
    l.waiting.emplace(height, transaction);
    return std::nullopt;
}

StageTracker::StageTracker(const std::vector<NodeAddress>& nodes, std::size_t helper) {
    const auto tap = [&](const NodeAddress& node, Actor actor, Stream stream) {
        taps_.emplace_back(node.endpoints.at(actor).publisher, std::vector<Stream>{stream});
    };
    for (const NodeAddress& node : nodes) tap(node, Actor::intake, Stream::certificates);
    tap(nodes[helper], Actor::consensus, Stream::blocks);
    tap(nodes[helper], Actor::execution, Stream::results);
}

std::vector<int> StageTracker::descriptors() const {
    std::vector<int> out;
    for (const StreamTap& tap : taps_) out.push_back(tap.descriptor());
    return out;
}

void StageTracker::sent(TxIndex transaction, const Hash256& hash) {
    if (entries_.size() <= transaction) entries_.resize(transaction + 1);
    entries_[transaction].sent = Clock::now();
    by_hash_.emplace(hash, transaction);
}

void StageTracker::note(TxIndex transaction, Stage stage, Clock::time_point at) {
    const auto index = static_cast<std::size_t>(stage);
    Entry& entry = entries_[transaction];
    if (entry.reached[index]) return;
    entry.reached[index] = true;
    latencies_[index].add(std::chrono::duration<double, std::milli>(std::max(at, entry.sent) - entry.sent).count());
}

void StageTracker::outcome(TxIndex transaction, const SubmitOutcome& outcome) {
    if (outcome.admission != Admission::accepted) return;
    note(transaction, Stage::accepted, Clock::now());
    if (!outcome.receipt) return;
    const Receipt& receipt = *outcome.receipt;
    if (const auto at = certified_.await(receipt.lane, receipt.lane_height, transaction))
        note(transaction, Stage::certified, *at);
    if (const auto at = final_.await(receipt.lane, receipt.lane_height, transaction)) note(transaction, Stage::final, *at);
}

void StageTracker::poll() {
    for (StreamTap& tap : taps_)
        while (const auto message = tap.poll(0)) take(*message);
}

void StageTracker::take(const StreamTap::Message& message) {
    const auto at = Clock::now();
    if (message.stream == Stream::certificates) {
        const auto poa = decode<PoA>(message.payload);
        if (!poa) return;
        for (const TxIndex tx : certified_.reached(poa->header.lane, poa->header.height, at)) note(tx, Stage::certified, at);
    } else if (message.stream == Stream::blocks) {
        const auto final = decode<FinalBlock>(message.payload);
        if (!final) return;
        epoch_ = final->block.next_set_hash ? final->block.epoch.next() : final->block.epoch;
        final_at_.emplace(final->block.height.value, at);
        if (final_at_.size() > history_max) final_at_.erase(final_at_.begin());
        for (const CutEntry& tip : final->block.cut_delta) {
            for (const TxIndex tx : certified_.reached(tip.lane, tip.height, at)) note(tx, Stage::certified, at);
            for (const TxIndex tx : final_.reached(tip.lane, tip.height, at)) note(tx, Stage::final, at);
        }
    } else if (message.stream == Stream::results) {
        take_executed(message.payload, at);
    }
}

void StageTracker::take_executed(const Bytes& payload, Clock::time_point at) {
    const auto block = decode<ExecutedBlock>(payload);
    if (!block) return;
    const auto final_at = final_at_.find(block->height.value);
    for (const TxOutcome& outcome : block->outcomes) {
        const auto found = by_hash_.find(outcome.hash);
        if (found == by_hash_.end() || outcome.status == TxStatus::skipped) continue;
        // One that was only held has no place in a lane that we know of: its block says when it was final.
        if (final_at != final_at_.end()) note(found->second, Stage::final, final_at->second);
        note(found->second, Stage::executed, at);
        last_executed_ = at;
    }
}

std::string latency_name(Stage stage) { return stage == Stage::accepted ? "receipt" : to_string(stage); }

JsonValue StageTracker::json() {
    JsonObject out;
    for (std::size_t s = 0; s < stages; ++s) {
        Latencies& l = latencies_[s];
        if (l.count() == 0) continue;
        out.set(latency_name(static_cast<Stage>(s)),
                JsonObject().set("p50", l.percentile(0.5)).set("p95", l.percentile(0.95)).set("p99", l.percentile(0.99)));
    }
    return out;
}

std::string StageTracker::table() {
    Table table;
    table.header({"latency (ms)", "p50", "p95", "p99"});
    for (std::size_t s = 0; s < stages; ++s) {
        Latencies& l = latencies_[s];
        if (l.count() == 0) continue;
        std::vector<Cell> row{{latency_name(static_cast<Stage>(s))}};
        for (const double share : {0.5, 0.95, 0.99}) row.push_back({milliseconds(l.percentile(share)), Colour::plain, true});
        table.row(std::move(row));
    }
    return table.text();
}

}  // namespace rondo::cli
