#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "actors/execution/core/core.hpp"
#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/tables.hpp"
#include "memory_view.hpp"
#include "world.hpp"

/// Four nodes with a chain of 30 blocks and the copies of two snapshots, and one that joins them.
namespace rondo::execution::test {

inline constexpr std::uint64_t interval = 8;
inline constexpr std::uint64_t tick = 100;

/// A core in a small network: what it sends arrives at once, unless it is told to be silent or to alter what it says.
struct Node {
    Node(OperatorNumber number, const Genesis& genesis, bool takes_snapshots = true)
        : config{number, genesis, {}, takes_snapshots, {}} {
        restart();
    }
    void restart() {
        timers.clear();
        core = std::make_unique<ExecutionCore>(config, view);
        take(core->start(now));
    }
    void give(const Input& input) { take(core->step(now, input)); }
    void give(const ChainMaker::Made& made) {
        for (const BatchRecord& batch : made.batches) give(StreamMessage{Stream::batches, ++batches, encode(batch)});
        give(StreamMessage{Stream::blocks, made.block.height.value, encode(FinalBlock{made.block, std::nullopt})});
    }
    template <class Reply>
    Reply ask(const ExecutionRequest& request) {
        replies.clear();
        give(Request{1, encode(request)});
        return std::get<Reply>(*decode<ExecutionReply>(replies.at(0).payload));
    }
    [[nodiscard]] std::string status(const std::string& name) const {
        for (const StatusField& f : core->status())
            if (f.name == name)
                return std::holds_alternative<std::string>(f.value) ? std::get<std::string>(f.value)
                                                                    : std::to_string(std::get<0>(f.value));
        return "?";
    }
    void pass(std::uint64_t ms) {
        now = now.plus(ms);
        for (const TimerId id : std::exchange(timers, {})) give(TimerFired{id});
    }

    void take(const Effects& effects) {
        view.apply(effects.records);
        if (effects.checkpoint) view.copy(*effects.checkpoint);
        if (view.copies.size() > limits::checkpoints_kept) view.copies.erase(view.copies.begin());
        for (const Publish& p : effects.publishes) {
            const auto& ref = std::get<RecordRef>(p.payload);
            published.push_back(*decode<ExecutedBlock>(*view.get(ref.table, ref.key)));
        }
        for (const rondo::Send& s : effects.sends) sent.push_back(s);
        for (const Reply& r : effects.replies) replies.push_back(r);
        for (const SetTimer& t : effects.timers) timers.insert(t.id);
        if (effects.stop) stop = effects.stop;
    }

    ExecutionConfig config;
    MemoryView view;
    Instant now{1000};
    std::unique_ptr<ExecutionCore> core;
    std::vector<ExecutedBlock> published;
    std::deque<rondo::Send> sent;
    std::vector<Reply> replies;
    std::set<TimerId> timers;
    std::optional<Stop> stop;
    std::uint64_t batches = 0;
    std::function<std::optional<StateMessage>(StateMessage)> says;  ///< nothing: says what it means
};

class JoiningTest : public testing::Test {
  protected:
    static WorldOptions options() {
        WorldOptions o;
        o.accounts = 40;
        o.epoch_blocks = 10;
        o.snapshot_blocks = interval;
        o.lag_max = 6;  // what is kept of old heights reaches below the snapshot
        return o;
    }
    void SetUp() override {
        for (std::uint32_t n = 1; n <= 4; ++n) nodes.emplace(n, std::make_unique<Node>(OperatorNumber(n), genesis));
        for (std::uint64_t h = 0; h < 30; ++h) extend();
    }

    /// One more block, executed by the four; they keep copies of the last two snapshots.
    void extend() {
        const std::uint64_t h = source.executor.head().height.value;
        ChainMaker::Lanes lanes;
        lanes[1] = {{signed_by({.from = 0, .nonce = h, .to = address(50 + static_cast<std::uint32_t>(h)), .value = h + 1})}};
        made.push_back(source.maker.make(lanes, source.cited));
        source.cited = {source.executor.head().height, source.executor.head().result_digest};
        (void)source.executor.execute(source.store, made.back().block, made.back().lanes);
        for (auto& [n, node] : nodes) {
            if (n > 4) continue;
            node->give(made.back());
        }
    }

    Node& joiner(bool takes_snapshots = true) {
        return *nodes.insert_or_assign(9, std::make_unique<Node>(OperatorNumber(9), genesis, takes_snapshots)).first->second;
    }
    JoinFromSnapshot wish(std::uint64_t height) {
        const ExecutedBlock& cited = nodes.at(1)->published.at(height - 1);
        return {{cited.height, cited.result_digest}, genesis_context(genesis, Epoch(2))};
    }

    /// Messages and timers until nothing moves any more that should, or for so many ticks.
    void run(std::size_t ticks) {
        for (std::size_t i = 0; i < ticks; ++i) {
            deliver();
            for (auto& [n, node] : nodes) node->pass(tick);
        }
        deliver();
    }
    void deliver() {
        for (bool moved = true; std::exchange(moved, false);) {
            for (auto& [n, node] : nodes) {
                if (node->sent.empty()) continue;
                const rondo::Send send = node->sent.front();
                node->sent.pop_front();
                moved = true;
                auto message = *decode<StateMessage>(send.payload);
                if (node->says) {
                    const auto said = node->says(message);
                    if (!said) continue;
                    message = *said;
                }
                const auto to = nodes.find(send.to.value);
                if (to != nodes.end()) to->second->give(PeerMessage{send.channel, OperatorNumber(n), encode(message)});
            }
        }
    }
    /// The same state as the others', and the same from then on.
    void expect_joined(Node& node, std::uint64_t at) {
        ASSERT_FALSE(node.published.empty());
        EXPECT_EQ(node.published[0].height.value, at);
        EXPECT_EQ(node.published[0].result_digest, nodes.at(1)->published[at - 1].result_digest);
        ASSERT_TRUE(node.published[0].base);
        EXPECT_EQ(root_of(node.published[0].base->cut), made[at - 1].block.cut_root);
        for (std::uint64_t h = at; h < made.size(); ++h) node.give(made[h]);
        ASSERT_FALSE(node.stop) << node.stop->reason;
        ASSERT_EQ(node.published.size(), made.size() - at + 1);
        EXPECT_EQ(node.published.back().result_digest, nodes.at(1)->published.back().result_digest);
        EXPECT_EQ(node.status("supply_wei"), nodes.at(1)->status("supply_wei"));
        EXPECT_EQ(node.status("accounts"), nodes.at(1)->status("accounts"));
        EXPECT_EQ(node.status("burnt_wei"), nodes.at(1)->status("burnt_wei"));
    }

    Genesis genesis = make_genesis(options());
    World source{options()};
    std::vector<ChainMaker::Made> made;
    std::map<std::uint32_t, std::unique_ptr<Node>> nodes;
};

}  // namespace rondo::execution::test
