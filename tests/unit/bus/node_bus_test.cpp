#include "cluster/bus/node_bus.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <zmq.hpp>

#include "cluster/runtime/limits.hpp"

namespace rondo::bus {
namespace {

constexpr DurationMs patience_ms = 20'000;

class NodeBuses : public testing::Test {
  protected:
    NodeBuses() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        for (const Actor actor : {Actor::intake, Actor::watcher}) {
            const std::string path = "ipc://" + (folder / "run" / to_string(actor)).string();
            options.actors[actor] = {path + ".req", path + ".pub"};
        }
    }
    ~NodeBuses() override { std::filesystem::remove_all(folder); }
    NodeBus open(Context& context, Actor self, std::vector<Stream> subscriptions = {}) {
        options.self = self;
        options.subscriptions = std::move(subscriptions);
        auto opened = NodeBus::open(context, options);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error());
        return std::move(opened.value());
    }
    template <class Take>
    auto await(NodeBus& bus, const Take& take) -> decltype(take()) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
        while (std::chrono::steady_clock::now() < end) {
            if (auto taken = take()) return taken;
            wait_readable(bus.sockets(true), {}, 5);
        }
        return std::nullopt;
    }
    static StreamChunk chunk(Stream stream, std::uint64_t from, std::vector<Bytes> payloads) {
        StreamChunk out;
        out.header.at = {stream, {}, 1, from + payloads.size() - 1};
        out.header.first = from;
        out.header.count = static_cast<std::uint32_t>(payloads.size());
        out.payloads = std::move(payloads);
        return out;
    }

    std::filesystem::path folder;
    NodeOptions options;
    Context context_a, context_b;
};

TEST_F(NodeBuses, BringARequestAndItsAnswer) {
    NodeBus intake = open(context_a, Actor::intake), watcher = open(context_b, Actor::watcher);
    const Bytes question{1, 2, 3}, answer(1 << 20, 9);
    bool asked = false;
    auto request = await(intake, [&] {
        asked = asked || watcher.ask(Actor::intake, {EnvelopeKind::request, 77, 500}, question);
        return intake.next_request();
    });
    ASSERT_TRUE(request);
    EXPECT_EQ(request->payload, question);
    EXPECT_EQ(request->envelope.deadline_ms, 500U);
    intake.reply(request->route, answer);
    const auto answered = await(watcher, [&] { return watcher.next_answer(); });
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->id, 77U);
    EXPECT_EQ(answered->from, Actor::intake);
    EXPECT_EQ(std::get<Bytes>(answered->content), answer);
}

TEST_F(NodeBuses, SayWhenASiblingIsNotThere) {
    NodeBus watcher = open(context_b, Actor::watcher);
    EXPECT_FALSE(watcher.ask(Actor::intake, {EnvelopeKind::request, 1, 500}, {}));
}

TEST_F(NodeBuses, BringChunksAndAnnouncementsToSubscribersOfTheStream) {
    NodeBus intake = open(context_a, Actor::intake), watcher = open(context_b, Actor::watcher, {Stream::receipts});
    const auto published = await(watcher, [&] {
        intake.publish(chunk(Stream::batches, 1, {{9}}));
        intake.publish(chunk(Stream::receipts, 5, {{1}, {2, 2}}));
        return watcher.next_published();
    });
    ASSERT_TRUE(published);
    const auto& heard = std::get<StreamChunk>(*published);
    EXPECT_EQ(heard.header.at.stream, Stream::receipts);
    EXPECT_EQ(heard.header.first, 5U);
    EXPECT_EQ(heard.payloads, (std::vector<Bytes>{{1}, {2, 2}}));
    intake.announce({{{Stream::receipts, {}, 1, 6}}});
    std::optional<Announcement> announcement;
    (void)await(watcher, [&]() -> std::optional<bool> {
        const auto next = watcher.next_published();
        if (next && std::holds_alternative<Announcement>(*next)) announcement = std::get<Announcement>(*next);
        return announcement ? std::optional(true) : std::nullopt;
    });
    ASSERT_TRUE(announcement);
    EXPECT_EQ(announcement->heads[0].head, 6U);
}

TEST_F(NodeBuses, CountAndSkipWhatIsNoSentenceOfTheProtocol) {
    NodeBus intake = open(context_a, Actor::intake);
    zmq::context_t other;
    zmq::socket_t stranger(other, ZMQ_DEALER);
    stranger.set(zmq::sockopt::linger, 0);
    stranger.connect(options.actors.at(Actor::intake).router);
    stranger.send(zmq::const_buffer("one frame", 9));
    stranger.send(zmq::const_buffer("no envelope", 11), zmq::send_flags::sndmore);
    stranger.send(zmq::const_buffer("payload", 7));
    const Bytes envelope = encode(Envelope{EnvelopeKind::status, 4, 0});
    stranger.send(zmq::const_buffer(envelope.data(), envelope.size()), zmq::send_flags::sndmore);
    stranger.send(zmq::const_buffer("", 0));
    const auto request = await(intake, [&] { return intake.next_request(); });
    ASSERT_TRUE(request);
    EXPECT_EQ(request->envelope.kind, EnvelopeKind::status);
    EXPECT_EQ(intake.malformed(), 2U);
}

TEST_F(NodeBuses, RefuseAChunkWhoseCountLies) {
    NodeBus intake = open(context_a, Actor::intake), watcher = open(context_b, Actor::watcher, {Stream::receipts});
    StreamChunk lie = chunk(Stream::receipts, 1, {{1}});
    lie.header.count = 2;
    EXPECT_TRUE(await(watcher, [&]() -> std::optional<bool> {
        intake.publish(lie);
        EXPECT_FALSE(watcher.next_published());
        return watcher.malformed() > 0 ? std::optional(true) : std::nullopt;
    }));
}

TEST_F(NodeBuses, KeepTheRunFolderToTheirOwner) {
    (void)open(context_a, Actor::intake);
    EXPECT_EQ(std::filesystem::status(folder / "run").permissions(), std::filesystem::perms::owner_all);
}

TEST_F(NodeBuses, SayWhatIsWrongWithAnEndpoint) {
    options.actors[Actor::watcher].router = "carrier pigeon";
    options.self = Actor::intake;
    const auto opened = NodeBus::open(context_a, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("carrier pigeon"), std::string::npos);
}

TEST_F(NodeBuses, LetAClientsDeadlinePass) {
    Client client(options.actors.at(Actor::intake).router);
    EXPECT_FALSE(client.ask({}, 20));
    EXPECT_FALSE(client.status(20));
}

TEST_F(NodeBuses, BringAClientItsAnswersInAnyOrder) {
    NodeBus intake = open(context_a, Actor::intake);
    Client client(options.actors.at(Actor::intake).router);
    const std::uint64_t first = client.send(Bytes{1}), second = client.send(Bytes{2});
    const auto one = await(intake, [&] { return intake.next_request(); });
    const auto two = await(intake, [&] { return intake.next_request(); });
    ASSERT_TRUE(one && two);
    intake.reply(two->route, two->payload);
    intake.reply(one->route, one->payload);
    const auto arrived = client.poll(patience_ms), then = client.poll(patience_ms);
    ASSERT_TRUE(arrived && then);
    EXPECT_EQ(arrived->id, second);
    EXPECT_EQ(arrived->payload, Bytes{2});
    EXPECT_EQ(then->id, first);
}

}  // namespace
}  // namespace rondo::bus
