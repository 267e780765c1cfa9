#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "cluster/runtime/limits.hpp"
#include "cluster/shell/outbox.hpp"
#include "cluster/shell/subscription.hpp"
#include "cluster/store/store.hpp"
#include "messages/wire/execution.hpp"
#include "toys.hpp"

/// Outbox and subscription without sockets: the test carries the chunks, loses some, and brings others late.
namespace rondo::shell {
namespace {

using test::be;

class Replay : public testing::Test {
  protected:
    Replay() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        store.emplace(std::move(
            store::Store::open({folder / "store", Durability::durable, 256 << 20, {tables.cursors, tables.outbox}, 1, {}})
                .value()));
    }
    ~Replay() override {
        store.reset();
        std::filesystem::remove_all(folder);
    }
    Outbox outbox(Stream stream = Stream::receipts) {
        bus::Incarnation incarnation{};
        incarnation.bytes[0] = 1;
        return {store->read(), publisher_of(stream), tables, incarnation};
    }
    Subscription subscription(Stream stream = Stream::receipts) { return {store->read(), tables, stream}; }

    /// The chunks that go out after the commit.
    std::vector<bus::StreamChunk> publish(Outbox& from, std::size_t count, std::size_t bytes = 8,
                                          Stream stream = Stream::receipts) {
        store::WriteTxn txn = store->write();
        for (std::size_t i = 0; i < count; ++i) {
            Publish one{stream, 0, Bytes(bytes, 5), {}};
            if (is_deterministic(stream)) {
                one.sequence = ++height;
                one.identity.bytes[0] = static_cast<std::uint8_t>(height);
            }
            from.add(txn, std::move(one));
        }
        txn.commit();
        from.on_committed();
        return from.take_chunks();
    }
    /// Answers what the subscription asks, once. False if it asks nothing.
    bool replay(const Outbox& from, Subscription& to) {
        const auto wanted = to.replay_to_ask(now);
        if (!wanted) return false;
        to.replay_asked(now, true);
        auto chunk = from.replay(store->read(), *wanted);
        EXPECT_FALSE(to.on_replayed(std::move(*chunk), wanted->from));
        return true;
    }
    static bus::StreamHead announced(const Outbox& from, Stream stream = Stream::receipts) {
        for (const bus::StreamHead& head : from.announcement().heads)
            if (head.stream == stream) return head;
        ADD_FAILURE() << "the stream is not announced";
        return {};
    }
    static std::uint64_t drain(Subscription& from) {
        std::uint64_t last = 0;
        while (from.has_next()) last = from.take_next().sequence;
        return last;
    }

    ShellTables tables{0};
    std::filesystem::path folder;
    std::optional<store::Store> store;
    std::uint64_t height = 0;
    Tick now = 1000;
};

TEST_F(Replay, FillsAGapAndUsesWhatCameEarly) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    auto lost = publish(from, 3);
    auto early = publish(from, 2);
    EXPECT_FALSE(to.on_live(std::move(early[0])));
    EXPECT_FALSE(to.has_next());
    EXPECT_TRUE(replay(from, to));
    EXPECT_EQ(drain(to), 5U);
    EXPECT_FALSE(to.on_live(std::move(lost[0])));
    EXPECT_FALSE(to.has_next()) << "what was heard already is dropped";
    EXPECT_FALSE(replay(from, to)) << "nothing is missing any more";
}

TEST_F(Replay, IsAskedWhenAnAnnouncementShowsThatTheLastMessageWasLost) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    (void)publish(from, 1);
    EXPECT_FALSE(to.replay_to_ask(now));
    to.on_announced(announced(from));
    EXPECT_TRUE(replay(from, to));
    EXPECT_EQ(drain(to), 1U);
}

TEST_F(Replay, IsAskedAgainWhenNobodyAnswers) {
    Subscription to = subscription();
    ASSERT_TRUE(to.replay_to_ask(now));
    to.replay_asked(now, true);
    EXPECT_FALSE(to.replay_to_ask(now));
    EXPECT_EQ(to.wake_at(), now + limits::replay_retry_ms);
    EXPECT_TRUE(to.replay_to_ask(now + limits::replay_retry_ms));
}

TEST_F(Replay, OfAStreamThatBeginsWithASnapshotWaitsUntilItsBeginningIsDurable) {
    Outbox from = outbox(Stream::results);
    Subscription to = subscription(Stream::results);
    ExecutedBlock first;
    first.height = Height(80);
    first.base = Base{};
    {
        store::WriteTxn txn = store->write();
        from.add(txn, {Stream::results, 80, encode(first), Digest{}});
        EXPECT_TRUE(replay(from, to)) << "asked while it is being written";
        EXPECT_FALSE(to.has_next());
        EXPECT_FALSE(to.replay_to_ask(now)) << "not at once again";
        txn.commit();
        from.on_committed();
    }
    now = to.wake_at();
    EXPECT_TRUE(replay(from, to));
    EXPECT_EQ(drain(to), 80U);
}

TEST_F(Replay, ComesInBoundedChunks) {
    Outbox from = outbox();
    (void)publish(from, 5, 3 << 20);
    auto chunk = from.replay(store->read(), {Stream::receipts, 1});
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->payloads.size(), 2U);
    EXPECT_EQ(chunk->header.at.head, 5U);
}

TEST_F(Replay, BringsWhatAFullQueueHadToDrop) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    constexpr std::size_t large = 3 << 20, count = 8;
    for (std::size_t i = 0; i < count; ++i)
        for (auto& chunk : publish(from, 1, large)) EXPECT_FALSE(to.on_live(std::move(chunk)));
    EXPECT_LE(to.queued() * large, limits::stream_queue_bytes_max);
    EXPECT_FALSE(to.replay_to_ask(now)) << "not before there is room";
    std::uint64_t last = drain(to);
    while (replay(from, to)) last = drain(to);
    EXPECT_EQ(last, count);
}

TEST_F(Replay, ContinuesAtTheCursorThatWasCommitted) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    for (auto& chunk : publish(from, 5)) EXPECT_FALSE(to.on_live(std::move(chunk)));
    (void)to.take_next();
    (void)to.take_next();
    store::WriteTxn txn = store->write();
    to.persist(txn);
    txn.commit();
    (void)to.take_next();  // not committed
    Subscription restarted = subscription();
    EXPECT_TRUE(replay(from, restarted));
    ASSERT_TRUE(restarted.has_next());
    EXPECT_EQ(restarted.take_next().sequence, 3U);
}

TEST_F(Replay, StartsAnewWhenThePublishersStoreWasReplacedAndAnswersSo) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    auto chunks = publish(from, 3);
    bus::StreamChunk stale = chunks[0];
    EXPECT_FALSE(to.on_live(std::move(chunks[0])));
    EXPECT_EQ(drain(to), 3U);
    store::WriteTxn txn = store->write();
    to.persist(txn);
    txn.commit();
    to.synced();
    EXPECT_EQ(to.durable_cursor().next, 4U);
    bus::StreamChunk other = stale;
    other.header.at.incarnation.bytes[0] = 2;
    EXPECT_FALSE(to.on_live(other));
    EXPECT_FALSE(to.has_next()) << "live messages alone do not prove a new store";
    ASSERT_TRUE(to.replay_to_ask(now));
    EXPECT_FALSE(to.on_replayed(other, 4));
    EXPECT_EQ(to.durable_cursor().next, 1U) << "what was heard of the old stream is not reported for the new one";
    to.synced();
    EXPECT_EQ(to.durable_cursor().next, 1U);
    EXPECT_EQ(drain(to), 3U);
}

TEST_F(Replay, IsDurableForADerivedActorAsFarAsItsCheckpointGoes) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    for (auto& chunk : publish(from, 5)) EXPECT_FALSE(to.on_live(std::move(chunk)));
    (void)to.take_next();
    (void)to.take_next();
    store::WriteTxn txn = store->write();
    to.persist(txn);
    txn.commit();
    to.durable_as_in(nullptr);
    EXPECT_EQ(to.durable_cursor().next, 1U) << "without one, everything is heard again";
    const store::ReadTxn checkpoint = store->read();
    EXPECT_EQ(drain(to), 5U);
    to.durable_as_in(&checkpoint);
    EXPECT_EQ(to.durable_cursor().next, 3U);
    bus::StreamChunk other;
    other.header.at = {Stream::receipts, {}, 1, 3};
    other.header.at.incarnation.bytes[0] = 2;
    EXPECT_FALSE(to.on_replayed(other, 4));
    to.durable_as_in(&checkpoint);
    EXPECT_EQ(to.durable_cursor().next, 1U) << "it is a cursor of the publisher's old store";
}

TEST_F(Replay, OfARolledBackPublisherIsHeardFromTheStart) {
    Outbox from = outbox();
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    for (auto& chunk : publish(from, 5)) EXPECT_FALSE(to.on_live(std::move(chunk)));
    EXPECT_EQ(drain(to), 5U);
    bus::StreamHead older = announced(from);
    older.head = 3;
    EXPECT_FALSE(to.replay_to_ask(now));
    to.on_announced(older);
    const auto question = to.replay_to_ask(now);
    ASSERT_TRUE(question) << "an old announcement, or an old disk: it asks";
    EXPECT_EQ(question->from, 6U);
    bus::StreamChunk answer;
    answer.header.at = older;
    answer.header.first = 6;
    EXPECT_FALSE(to.on_replayed(answer, 6));
    EXPECT_EQ(to.durable_cursor().next, 1U);
    EXPECT_TRUE(replay(from, to));
    EXPECT_EQ(drain(to), 5U);
}

TEST_F(Replay, OfADeterministicStreamChecksTheRunningHash) {
    Outbox from = outbox(Stream::blocks);
    Subscription to = subscription(Stream::blocks);
    EXPECT_TRUE(replay(from, to));
    auto first = publish(from, 2, 8, Stream::blocks), second = publish(from, 1, 8, Stream::blocks);
    EXPECT_FALSE(to.on_live(std::move(first[0])));
    second[0].header.links[0].identity.bytes[0] ^= 1;
    EXPECT_TRUE(to.on_live(std::move(second[0])));
}

TEST_F(Replay, OfAPatientStreamWaitsForTheCommitOfTheEnvironment) {
    Outbox from = outbox();
    store::WriteTxn txn = store->write();
    from.add(txn, {Stream::receipts, 0, Bytes(8, 5), {}});
    EXPECT_FALSE(from.is_awaited());
    from.add(txn, {Stream::batches, 0, Bytes(8, 5), {}});
    EXPECT_TRUE(from.is_awaited());
    EXPECT_TRUE(from.take_chunks().empty());
    ASSERT_TRUE(txn.log());
    from.on_logged();
    const auto logged = from.take_chunks();
    ASSERT_EQ(logged.size(), 1U);
    EXPECT_EQ(logged[0].header.at.stream, Stream::batches);
    EXPECT_EQ(announced(from).head, 0U) << "nobody asks for what was not said yet";
    txn.commit();
    from.on_committed();
    const auto committed = from.take_chunks();
    ASSERT_EQ(committed.size(), 1U);
    EXPECT_EQ(committed[0].header.at.stream, Stream::receipts);
    EXPECT_EQ(announced(from).head, 1U);
}

TEST_F(Replay, SkipsWhatTheCoreErasedAtThePublisher) {
    const Table records{0, "records"};
    ShellTables after{1};
    store.reset();
    store.emplace(
        std::move(store::Store::open(
                      {folder / "with records", Durability::durable, 16 << 20, {records, after.cursors, after.outbox}, 1, {}})
                      .value()));
    bus::Incarnation incarnation{};
    incarnation.bytes[0] = 1;
    Outbox from(store->read(), Actor::intake, after, incarnation);
    {
        store::WriteTxn txn = store->write();
        for (std::uint64_t i = 1; i <= 3; ++i) {
            txn.put(records, be(i), be(i));
            from.add(txn, {Stream::receipts, 0, RecordRef{records, be(i)}, {}});
        }
        txn.erase(records, be(1));
        txn.commit();
        from.on_committed();
    }
    Subscription to(store->read(), after, Stream::receipts);
    EXPECT_TRUE(replay(from, to));
    ASSERT_TRUE(to.has_next());
    const StreamMessage message = to.take_next();
    EXPECT_EQ(message.sequence, 2U);
    EXPECT_EQ(message.payload, be(2));
    EXPECT_EQ(drain(to), 3U);
}

class Trimming : public Replay {
  protected:
    static constexpr std::uint64_t count = limits::retention_messages_min + 2000;
    static void report(Outbox& to, Actor actor, std::uint64_t next) { (void)to.note({actor, {{Stream::receipts, next, 0}}}); }
    std::uint64_t oldest_after_trim(Outbox& from) {
        store::WriteTxn txn = store->write();
        from.trim(txn);
        if (txn.has_writes()) txn.commit();
        return announced(from).oldest;
    }
};

TEST_F(Trimming, WaitsForEveryHearer) {
    Outbox from = outbox();
    (void)publish(from, count);
    EXPECT_EQ(oldest_after_trim(from), 1U) << "the watcher has not reported";
    report(from, Actor::watcher, count + 1);
    report(from, Actor::da, 1500 + limits::retention_messages_min);  // nobody expects it to hear receipts, yet it does
    EXPECT_EQ(oldest_after_trim(from), 1500U);
    EXPECT_EQ(announced(outbox()).oldest, 1500U) << "also after a restart";
}

TEST_F(Trimming, KeepsTheRetention) {
    Outbox from = outbox();
    (void)publish(from, count);
    report(from, Actor::watcher, count + 1);
    EXPECT_EQ(oldest_after_trim(from), count + 1 - limits::retention_messages_min);
}

TEST_F(Trimming, MakesASubscriberBelowItContinueAtTheOldest) {
    Outbox from = outbox();
    (void)publish(from, count);
    report(from, Actor::watcher, count + 1);
    const std::uint64_t oldest = oldest_after_trim(from);
    Subscription to = subscription();
    EXPECT_TRUE(replay(from, to));
    ASSERT_TRUE(to.has_next());
    EXPECT_EQ(to.take_next().sequence, oldest);
}

TEST_F(Trimming, OfADeterministicStreamIsForTheCoreWhichHearsWhatAllHaveBehindThem) {
    Outbox from = outbox(Stream::blocks);
    (void)publish(from, 10, 8, Stream::blocks);
    std::vector<Released> released;
    for (const Actor actor : hearers_of(Stream::blocks)) {
        EXPECT_TRUE(released.empty()) << "not all have reported";
        released = from.note({actor, {{Stream::blocks, actor == Actor::execution ? 8ULL : 11ULL, 0}}});
    }
    ASSERT_EQ(released.size(), 1U);
    EXPECT_EQ(released[0].below, 8U);
    EXPECT_TRUE(from.note({Actor::execution, {{Stream::blocks, 8, 0}}}).empty()) << "nothing new";
    const auto forget = [&](std::uint64_t below) {
        store::WriteTxn txn = store->write();
        from.forget(txn, {Stream::blocks, below});
        if (txn.has_writes()) txn.commit();
        return announced(from, Stream::blocks).oldest;
    };
    EXPECT_EQ(forget(8), 8U);
    EXPECT_EQ(announced(outbox(Stream::blocks), Stream::blocks).oldest, 8U) << "also after a restart";
    EXPECT_EQ(forget(99), 10U) << "the newest stays, so that the numbers go on";

    Subscription late = subscription(Stream::blocks);
    const auto wanted = late.replay_to_ask(now);
    ASSERT_TRUE(wanted);
    late.replay_asked(now, true);
    const auto trouble = late.on_replayed(std::move(*from.replay(store->read(), *wanted)), wanted->from);
    ASSERT_TRUE(trouble) << "it stops: nobody may go on behind a gap";
    EXPECT_NE(trouble->find("messages 1 to 9 are no longer kept"), std::string::npos) << *trouble;
}

}  // namespace
}  // namespace rondo::shell
