#include "cluster/runtime/limits.hpp"
#include "raw_guest.hpp"

namespace rondo::bus {
namespace {

const Bytes answer{'y', 'e', 's'};
const std::vector<Channel> of_intake{Channel::lanes, Channel::fetch};

/// What `asker` hears back from `server`, which was just asked as `from`.
std::optional<PeerMessage> answered(Channel channel, Operator& server, OperatorNumber from, Operator& asker) {
    std::optional<PeerMessage> message;
    EXPECT_TRUE(server.bus().send(channel, from, answer));
    (void)eventually({&server, &asker}, [&] {
        message = asker.bus().next(channel);
        return message.has_value();
    });
    return message;
}

class EachOpenChannel : public testing::TestWithParam<std::pair<Channel, Channel>> {};

TEST_P(EachOpenChannel, AnswersAGuestAndItsMembersChannelRefusesIt) {
    const Channel members = GetParam().first, open = GetParam().second;
    Operator guest(900), server(2), other(3);
    guest.start({server.as_peer()}, {members, open});
    server.start({other.as_peer()}, {members, open});
    const auto question = heard(open, guest, server);
    ASSERT_TRUE(question);
    EXPECT_GE(question->from, first_guest);
    EXPECT_NE(question->from, no_operator);
    const auto reply = answered(open, server, question->from, guest);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->from, OperatorNumber(2));
    EXPECT_EQ(reply->payload, answer);
    EXPECT_TRUE(eventually({&guest, &server}, [&] {
        (void)guest.says(members, server);
        EXPECT_FALSE(server.bus().next(members));
        return server.bus().counters().refused_keys > 0;
    }));
    EXPECT_FALSE(server.bus().send(members, question->from, answer)) << "a guest's number is good where it asked";
}

INSTANTIATE_TEST_SUITE_P(OpenChannels, EachOpenChannel,
                         testing::Values(std::pair(Channel::votes, Channel::sync), std::pair(Channel::lanes, Channel::fetch)));

TEST(OpenChannels, AnswerEachGuestOnItsOwnConnection) {
    Operator one(900), two(901), server(2);
    one.start_deaf({server.as_peer()});
    two.start_deaf({server.as_peer()});
    server.start({});
    const auto first = heard(Channel::sync, one, server);
    ASSERT_TRUE(first);
    const auto second = heard(Channel::sync, two, server, words("two"));
    ASSERT_TRUE(second);
    EXPECT_NE(first->from, second->from);
    EXPECT_TRUE(answered(Channel::sync, server, first->from, one));
    EXPECT_FALSE(two.bus().next(Channel::sync));
    EXPECT_TRUE(answered(Channel::sync, server, second->from, two));
}

TEST(OpenChannels, HearAnOperatorUnderItsNumberAndAnswerToItsListener) {
    Operator one(1), server(2);
    one.start({server.as_peer()}, of_intake);
    server.start({one.as_peer()}, of_intake);
    const auto question = heard(Channel::fetch, one, server);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->from, OperatorNumber(1));
    const auto reply = answered(Channel::fetch, server, OperatorNumber(1), one);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->from, OperatorNumber(2));
}

TEST(OpenChannels, AnswerAnOperatorThatDoesNotListenOnTheConnectionItAskedOn) {
    Operator one(1), server(2);
    one.start_deaf({server.as_peer()});
    server.start({one.as_peer()});
    ASSERT_FALSE(server.bus().send(Channel::sync, OperatorNumber(1), answer)) << "it has not asked yet";
    const auto question = heard(Channel::sync, one, server);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->from, OperatorNumber(1));
    const auto reply = answered(Channel::sync, server, OperatorNumber(1), one);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->from, OperatorNumber(2));
    EXPECT_FALSE(server.bus().send(Channel::votes, OperatorNumber(1), answer)) << "members are reached on their listeners only";
}

TEST(OpenChannels, HearAGuestUnderItsNumberOnceItIsAnOperator) {
    Operator newcomer(5), server(2);
    newcomer.start_deaf({server.as_peer()});
    server.start({});
    const auto question = heard(Channel::sync, newcomer, server);
    ASSERT_TRUE(question);
    EXPECT_GE(question->from, first_guest);
    (void)server.bus().set_peers({newcomer.as_peer()});
    const auto as_operator = heard(Channel::sync, newcomer, server, words("operator"));
    ASSERT_TRUE(as_operator);
    EXPECT_EQ(as_operator->from, OperatorNumber(5));
    (void)server.bus().set_peers({});
    const auto as_guest = heard(Channel::sync, newcomer, server, words("guest"));
    ASSERT_TRUE(as_guest);
    EXPECT_EQ(as_guest->from, question->from) << "it is still remembered";
}

TEST(OpenChannels, CountAnAnswerToAGuestThatLeft) {
    std::optional<Operator> guest(std::in_place, 900);
    Operator server(2);
    guest->start_deaf({server.as_peer()});
    server.start({});
    const auto question = heard(Channel::sync, *guest, server);
    ASSERT_TRUE(question);
    guest.reset();
    EXPECT_TRUE(eventually({&server}, [&] { return !server.bus().send(Channel::sync, question->from, answer); }));
    EXPECT_FALSE(server.bus().send(Channel::sync, first_guest.plus(77), answer)) << "nobody ever had this number";
    EXPECT_EQ(server.bus().counters().unsent[static_cast<std::size_t>(Channel::sync)], 2U);
}

TEST(OpenChannels, DropWhatAGuestSaysBeyondItsQuota) {
    Operator guest(900), server(2);
    guest.start_deaf({server.as_peer()});
    server.start({});
    std::uint64_t said = 0, taken = 0;
    EXPECT_TRUE(eventually({&guest, &server}, [&] {
        for (std::uint64_t i = 0; i < limits::guest_messages_burst; ++i) said += guest.says(Channel::sync, server) ? 1 : 0;
        while (server.bus().next(Channel::sync)) ++taken;
        return server.bus().counters().throttled > 0;
    }));
    EXPECT_GE(taken, limits::guest_messages_burst);
    EXPECT_LE(taken + server.bus().counters().throttled, said);
}

TEST(OpenChannels, HearOtherGuestsWhenOneAskedForMuchAtOnce) {
    Operator other(901), server(2);
    other.start_deaf({server.as_peer()});
    server.start({});
    RawGuest greedy(server, Channel::sync);
    const auto question = asks(greedy, server);
    ASSERT_TRUE(question);
    const Bytes large(limits::message_bytes_max, 1);
    std::uint64_t sent = 0;
    for (std::uint64_t i = 0; i < limits::guest_messages_burst; ++i)
        sent += server.bus().send(Channel::sync, question->from, large) ? large.size() : 0;
    EXPECT_GE(sent, limits::guest_bytes_burst);
    const std::uint64_t dropped = server.bus().counters().throttled;
    EXPECT_GT(dropped, 0U);
    EXPECT_EQ(server.bus().counters().unsent[static_cast<std::size_t>(Channel::sync)], dropped);
    EXPECT_TRUE(heard(Channel::sync, other, server));
    EXPECT_EQ(server.bus().counters().throttled, dropped) << "nothing of the other one";
}

TEST(OpenChannels, HearAnOperatorBeyondTheQuotaOfAGuest) {
    Operator one(1), server(2);
    one.start_deaf({server.as_peer()});
    server.start({one.as_peer()});
    std::uint64_t taken = 0;
    EXPECT_TRUE(eventually({&one, &server}, [&] {
        if (taken < limits::operator_messages_burst) (void)one.says(Channel::sync, server);
        while (server.bus().next(Channel::sync)) ++taken;
        return taken >= 2 * limits::guest_messages_burst;
    }));
    EXPECT_EQ(server.bus().counters().throttled, 0U);
}

TEST(OpenChannels, DropGuestsOfAnotherGenesis) {
    Operator guest(900, 8), server(2, 7);
    guest.start_deaf({server.as_peer()});
    server.start({});
    EXPECT_TRUE(eventually({&guest, &server}, [&] {
        (void)guest.says(Channel::sync, server);
        EXPECT_FALSE(server.bus().next(Channel::sync));
        return server.bus().counters().foreign_genesis > 0;
    }));
}

}  // namespace
}  // namespace rondo::bus
