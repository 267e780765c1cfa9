#include "cluster/bus/door.hpp"

#include <sys/resource.h>

#include "cluster/runtime/limits.hpp"
#include "raw_guest.hpp"

/// Strangers with sockets of their own, on a channel that is open to all.
namespace rondo::bus {
namespace {

const std::string elsewhere = "127.0.0.2";

/// A guest at the ordinary address is heard and answered.
void expect_serves_others(Operator& server, std::size_t bytes = 3) {
    Operator guest(900);
    guest.start_deaf({server.as_peer()});
    const auto question = heard(Channel::sync, guest, server);
    ASSERT_TRUE(question);
    std::optional<PeerMessage> reply;
    EXPECT_TRUE(server.bus().send(Channel::sync, question->from, Bytes(bytes, 1)));
    EXPECT_TRUE(eventually({&server, &guest}, [&] {
        reply = guest.bus().next(Channel::sync);
        return reply.has_value();
    }));
}

TEST(Door, LetsGoOfAConnectionThatNeverShakesHands) {
    Operator server(2);
    server.start({});
    RawGuest silent(server, Channel::sync), stuck(server, Channel::sync);
    stuck.write(Bytes{0xff});
    EXPECT_TRUE(eventually({&server}, [&] { return server.bus().counters().connections == 2; }));
    EXPECT_TRUE(eventually({&server}, [&] { return !silent.drain() && !stuck.drain(); }));
    EXPECT_TRUE(eventually({&server}, [&] { return server.bus().counters().connections == 0; }));
    EXPECT_EQ(server.bus().counters().failed_handshakes, 2U);
}

TEST(Door, LeavesRoomToOtherAddressesBesideOneThatConnectsWithoutEnd) {
    rlimit descriptors{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &descriptors), 0);
    descriptors.rlim_cur = descriptors.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &descriptors), 0);
    constexpr std::size_t share = limits::connections_max / 2;
    if (descriptors.rlim_max < 2 * share + 1024) GTEST_SKIP() << "needs more descriptors than this machine gives";
    Operator server(2);
    server.start({});
    std::vector<RawGuest> hostile;
    while (server.bus().counters().refused_connections < 100 && hostile.size() < 2 * limits::connections_max) {
        for (int i = 0; i < 32; ++i) hostile.emplace_back(server, Channel::sync, elsewhere);
        server.bus().admit();
        EXPECT_LE(server.bus().counters().connections, share);
    }
    EXPECT_GE(server.bus().counters().refused_connections, 100U);
    expect_serves_others(server);
    hostile.clear();
    EXPECT_TRUE(eventually({&server}, [&] { return server.bus().counters().connections == 0; }));
}

TEST(Door, ClosesOnAMessageWithoutEnd) {
    Operator server(2);
    server.start({});
    RawGuest hostile(server, Channel::sync, elsewhere);
    ASSERT_TRUE(hostile.shakes_hands(server));
    ASSERT_TRUE(says(hostile, server, hostile.frame(genesis_tag, true)));
    Bytes unsaid;
    std::uint64_t written = 0;
    EXPECT_TRUE(eventually({&server}, [&] {
        for (std::size_t taken = 1; taken > 0;) {  // as much as the connection takes
            if (unsaid.empty()) unsaid = hostile.frame(Bytes(32 * limits::kib, 5), true);
            taken = hostile.write(unsaid);
            written += taken;
            unsaid.erase(unsaid.begin(), unsaid.begin() + static_cast<std::ptrdiff_t>(taken));
        }
        EXPECT_FALSE(server.bus().next(Channel::sync));
        return !hostile.drain();
    }));
    EXPECT_GT(written, limits::message_bytes_max);
    EXPECT_EQ(server.bus().counters().overlong, 1U);
    expect_serves_others(server);
}

TEST(Door, WaitsForALargeMessageThatComesSlowly) {
    Operator server(2);
    server.start({});
    RawGuest slow(server, Channel::sync, elsewhere);
    ASSERT_TRUE(slow.shakes_hands(server));
    std::optional<PeerMessage> message;
    for (int time = 0; time < 3; ++time) {
        const Bytes payload(limits::message_bytes_max, static_cast<std::uint8_t>(time));
        ASSERT_TRUE(says(slow, server, slow.frame(genesis_tag, true)));
        const Bytes rest = slow.frame(payload, false);
        std::size_t written = 0;
        EXPECT_TRUE(eventually({&server}, [&] {
            const std::size_t piece = std::min<std::size_t>(rest.size() - written, 128 * limits::kib);
            written += slow.write(ByteView(rest).subspan(written, piece));
            message = server.bus().next(Channel::sync);
            return message.has_value();
        }));
        ASSERT_TRUE(message);
        EXPECT_EQ(message->payload, payload);
    }
    EXPECT_EQ(server.bus().counters().overlong, 0U);
}

TEST(Door, ClosesTheFirstOfTooManyConnectionsThatSpeakWithOneKey) {
    Operator server(2), other(3);
    const Keys keys;
    const Operator hostile(1, 7, keys);
    server.start({hostile.as_peer(), other.as_peer()});
    other.start_deaf({server.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, other, server));
    std::vector<RawGuest> connections;
    constexpr std::size_t too_many = 2;
    for (std::size_t i = 0; i < connections_per_key_max + too_many; ++i) {
        RawGuest& connection = connections.emplace_back(server, Channel::votes, elsewhere, keys);
        ASSERT_TRUE(connection.shakes_hands(server));
        ASSERT_TRUE(says(connection, server, connection.frame(genesis_tag, true)));
        ASSERT_TRUE(says(connection, server, connection.frame(Bytes(1, static_cast<std::uint8_t>(i)), false)));
        std::optional<PeerMessage> message;
        ASSERT_TRUE(eventually({&server}, [&] {
            do message = server.bus().next(Channel::votes);
            while (message && message->from == other.as_peer().number);
            return message.has_value();
        }));
        EXPECT_EQ(message->payload, Bytes(1, static_cast<std::uint8_t>(i))) << "the newest is heard";
    }
    EXPECT_EQ(server.bus().counters().superseded, too_many);
    constexpr std::size_t of_the_other = 2;  // on votes and on sync
    EXPECT_TRUE(eventually({&server, &other},
                           [&] { return server.bus().counters().connections == connections_per_key_max + of_the_other; }));
    for (std::size_t i = 0; i < connections.size(); ++i) EXPECT_EQ(connections[i].drain(), i >= too_many) << i;
    EXPECT_TRUE(heard(Channel::votes, other, server, words("still there")));
}

TEST(Door, SendsNoMoreToWhoDoesNotReadAndAnswersTheOthers) {
    Operator server(2);
    const Keys keys;
    server.start({Operator(1, 7, keys).as_peer()});  // a guest's quota of bytes is less
    RawGuest deaf(server, Channel::sync, elsewhere, keys);
    const auto question = asks(deaf, server);
    ASSERT_TRUE(question);
    const Bytes answer(limits::message_bytes_max, 1);
    std::uint64_t sent = 0;
    while (server.bus().send(Channel::sync, question->from, answer)) sent += answer.size();
    EXPECT_EQ(server.bus().counters().unread, 1U);
    EXPECT_GE(sent, limits::unread_bytes_max / 2 - answer.size());
    EXPECT_LE(sent, limits::unread_bytes_max);
    expect_serves_others(server, answer.size());
    EXPECT_TRUE(eventually({&server}, [&] {
        EXPECT_TRUE(deaf.drain());
        return server.bus().send(Channel::sync, question->from, answer);
    })) << "who reads again is answered again";
}

TEST(Door, CountsOnlyWhatWasSentAsUnread) {
    Operator server(2);
    const Keys keys;
    server.start({Operator(1, 7, keys).as_peer()});
    RawGuest slow(server, Channel::sync, elsewhere, keys);
    const auto question = asks(slow, server);
    ASSERT_TRUE(question);
    const Bytes answer(64 * limits::kib, 1);
    for (std::uint64_t refused = 0; refused * answer.size() < limits::unread_bytes_max;)
        refused += server.bus().send(Channel::sync, question->from, answer) ? 0 : 1;
    EXPECT_EQ(server.bus().counters().unread, 0U) << "its queue was full, which takes nothing of its share";
    EXPECT_TRUE(eventually({&server}, [&] {
        EXPECT_TRUE(slow.drain());
        return server.bus().send(Channel::sync, question->from, answer);
    }));
}

}  // namespace
}  // namespace rondo::bus
