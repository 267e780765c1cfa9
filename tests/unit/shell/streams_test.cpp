#include <algorithm>
#include <fstream>

#include "toys.hpp"
#include "world.hpp"

namespace rondo::test {
namespace {

class Streams : public World {
  protected:
    Process start_publisher(Stream stream = Stream::receipts) {
        const ShellConfig configuration = config(publisher_of(stream));
        return Process([=] {
            return run_actor(
                Publisher::traits(publisher_of(stream)), configuration,
                [=](const StoreView& view) { return std::make_unique<Publisher>(view, stream); }, nullptr);
        });
    }
    Process start_listener(Stream stream = Stream::receipts, Durability durability = Durability::durable) {
        const ShellConfig configuration = config(Actor::watcher);
        return Process([=] {
            return run_actor(
                Listener::traits(Actor::watcher, stream, durability), configuration,
                [=](const StoreView& view) { return std::make_unique<Listener>(view, durability); }, nullptr);
        });
    }
    /// A fact that the listener's shell states; nothing while it does not answer.
    std::optional<std::uint64_t> fact(std::string_view name) {
        const auto status = client(Actor::watcher).status(1000);
        if (!status) return std::nullopt;
        const auto entry = std::ranges::find(status->facts, name, &StatusEntry::name);
        return entry == status->facts.end() ? std::nullopt : std::optional(entry->number);
    }
    /// Publishes one more; the number it got.
    static std::uint64_t publish(Client& to, Bytes payload = {}) {
        std::optional<Bytes> answer;
        EXPECT_TRUE(eventually([&] { return (answer = to.ask(payload, 1000)).has_value(); }));
        return answer ? read_be64(*answer) : 0;
    }
    std::uint64_t heard() {
        const auto answer = client(Actor::watcher).ask({}, 1000);
        return answer ? read_be64(*answer) : 0;
    }
};

TEST_F(Streams, ReachASubscriberInOrder) {
    const Process publisher = start_publisher(), listener = start_listener();
    Client intake = client(Actor::intake);
    for (int i = 0; i < 100; ++i) (void)publish(intake);
    EXPECT_TRUE(eventually([&] { return heard() == 100; }));
}

TEST_F(Streams, AreReplayedToASubscriberThatComesLate) {
    const Process publisher = start_publisher();
    Client intake = client(Actor::intake);
    constexpr std::uint64_t count = 900;  // more than one chunk
    for (std::uint64_t i = 0; i < count; ++i) (void)intake.send({});
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(intake.poll(patience_ms));
    const Process listener = start_listener();
    EXPECT_TRUE(eventually([&] { return heard() == count; }));
}

TEST_F(Streams, ReachADerivedSubscriberAcrossAPowerCutFromItsCheckpointOn) {
    const Process publisher = start_publisher();
    Process listener = start_listener(Stream::receipts, Durability::derived);
    Client intake = client(Actor::intake);
    for (int i = 0; i < 230; ++i) (void)publish(intake);
    EXPECT_TRUE(eventually([&] { return heard() == 230; }));
    EXPECT_TRUE(eventually([&] { return fact("checkpoint_height").value_or(0) >= 100; }));
    const auto height = fact("checkpoint_height");  // 100, while the copy at 200 is still being made
    (void)listener.end(SIGKILL);
    std::ofstream(config(Actor::watcher).store_folder / "synced") << "00000000-0000-0000-0000-000000000000 dirty\n";
    for (int i = 0; i < 20; ++i) (void)publish(intake);
    listener = start_listener(Stream::receipts, Durability::derived);
    EXPECT_TRUE(eventually([&] { return heard() == 250; })) << "each once and in order, or it stops";
    EXPECT_GE(fact("restored_from_height"), height) << "the newest copy that was whole when it was killed";
}

TEST_F(Streams, ReachADerivedSubscriberAcrossItsDeath) {
    const Process publisher = start_publisher();
    Process listener = start_listener(Stream::receipts, Durability::derived);
    Client intake = client(Actor::intake);
    for (int i = 0; i < 20; ++i) (void)publish(intake);
    ASSERT_EQ(listener.end(SIGKILL), -SIGKILL);
    listener = start_listener(Stream::receipts, Durability::derived);
    for (int i = 0; i < 20; ++i) (void)publish(intake);
    EXPECT_TRUE(eventually([&] { return heard() == 40; }));
    EXPECT_EQ(listener.end(SIGTERM), 0);
}

TEST_F(Streams, LoseAndDoubleNothingWhenEitherSideIsKilled) {
    Process publisher = start_publisher(), listener = start_listener();
    std::uint64_t last = 0;
    for (int round = 0; round < 6; ++round) {
        Client intake = client(Actor::intake);
        for (int i = 0; i < 20; ++i) last = publish(intake);
        for (int i = 0; i < 50; ++i) (void)intake.send({});  // in flight when the kill comes
        Process& victim = round % 2 == 0 ? publisher : listener;
        ASSERT_EQ(victim.end(SIGKILL), -SIGKILL);
        victim = round % 2 == 0 ? start_publisher() : start_listener();
    }
    Client intake = client(Actor::intake);
    last = std::max(last, publish(intake));
    EXPECT_TRUE(eventually([&] { return heard() >= last; })) << heard() << " of " << last;
    EXPECT_EQ(publisher.end(SIGTERM), 0);
    EXPECT_EQ(listener.end(SIGTERM), 0);
}

TEST_F(Streams, OfBlocksContinueAfterTheirPublisherWasRebuilt) {
    Process publisher = start_publisher(Stream::blocks);
    const Process listener = start_listener(Stream::blocks);
    Client consensus = client(Actor::consensus);
    for (int i = 0; i < 10; ++i) (void)publish(consensus);
    ASSERT_TRUE(eventually([&] { return heard() == 10; }));
    ASSERT_EQ(publisher.end(SIGKILL), -SIGKILL);
    std::filesystem::remove_all(folder / "consensus");
    publisher = start_publisher(Stream::blocks);
    Client again = client(Actor::consensus);
    for (int i = 0; i < 12; ++i) (void)publish(again);
    EXPECT_TRUE(eventually([&] { return heard() == 12; }));
}

TEST_F(Streams, OfBlocksStopASubscriberWhenARebuiltPublisherTellsAnotherHistory) {
    Process publisher = start_publisher(Stream::blocks);
    Process listener = start_listener(Stream::blocks);
    Client consensus = client(Actor::consensus);
    for (int i = 0; i < 10; ++i) (void)publish(consensus);
    ASSERT_TRUE(eventually([&] { return heard() == 10; }));
    ASSERT_EQ(publisher.end(SIGKILL), -SIGKILL);
    std::filesystem::remove_all(folder / "consensus");
    publisher = start_publisher(Stream::blocks);
    Client again = client(Actor::consensus);
    for (int i = 0; i < 12; ++i) (void)publish(again, {5});
    EXPECT_EQ(listener.wait(), exit_invariant);
}

TEST_F(Streams, OfARolledBackPublisherAreHeardFromTheStart) {
    Process publisher = start_publisher();
    Process listener = start_listener();
    Client intake = client(Actor::intake);
    for (int i = 0; i < 10; ++i) (void)publish(intake);
    ASSERT_TRUE(eventually([&] { return heard() == 10; }));
    ASSERT_EQ(publisher.end(SIGTERM), 0);
    std::filesystem::copy(folder / "intake", folder / "old");
    publisher = start_publisher();
    Client more = client(Actor::intake);
    for (int i = 0; i < 10; ++i) (void)publish(more);
    ASSERT_TRUE(eventually([&] { return heard() == 20; }));
    ASSERT_EQ(publisher.end(SIGTERM), 0);
    ASSERT_EQ(listener.end(SIGTERM), 0);
    std::filesystem::remove_all(folder / "intake");
    std::filesystem::rename(folder / "old", folder / "intake");
    publisher = start_publisher();
    listener = start_listener();
    EXPECT_EQ(listener.wait(), 99) << "the listener stops when it hears the first message again";
}

TEST_F(Streams, TellTheirPlaceInTheStatus) {
    const Process publisher = start_publisher(), listener = start_listener();
    Client intake = client(Actor::intake);
    for (int i = 0; i < 5; ++i) (void)publish(intake);
    EXPECT_TRUE(eventually([&] { return heard() == 5; }));
    const auto status = intake.status(patience_ms);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->actor, "intake");
    const auto head = std::ranges::find(status->published, Stream::receipts, &StreamCursor::stream);
    ASSERT_NE(head, status->published.end());
    EXPECT_EQ(head->head, 5U);
    EXPECT_EQ(status->facts[0].name, "toy");
    EXPECT_EQ(status->facts[0].number, 42U);
    EXPECT_EQ(status->facts[1].text, "yes");
    const auto watcher = client(Actor::watcher).status(patience_ms);
    ASSERT_TRUE(watcher);
    ASSERT_EQ(watcher->cursors.size(), 1U);
    EXPECT_EQ(watcher->cursors[0].next, 6U);
}

TEST_F(Streams, CanBeTappedWithoutACursor) {
    const Process publisher = start_publisher();
    Client intake = client(Actor::intake);
    (void)publish(intake);
    StreamTap tap(endpoint(Actor::intake, "pub"), {Stream::receipts});
    std::optional<StreamTap::Message> message;
    EXPECT_TRUE(eventually([&] {
        (void)publish(intake);
        message = tap.poll(10);
        return message.has_value();
    }));
    EXPECT_EQ(message->payload, be(message->sequence));
}

}  // namespace
}  // namespace rondo::test
