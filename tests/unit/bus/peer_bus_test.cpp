#include "cluster/bus/peer_bus.hpp"

#include "cluster/bus/channel_sockets.hpp"
#include "cluster/runtime/limits.hpp"
#include "operators.hpp"

namespace rondo::bus {
namespace {

const std::vector<Channel> members_only{Channel::lanes, Channel::votes};

TEST(PeerBus, BringsAMessageToItsPeerWithTheSenderThatTheKeyProves) {
    Operator one(1), two(2);
    one.start({two.as_peer()}, members_only);
    two.start({one.as_peer()}, members_only);
    const auto message = heard(Channel::votes, one, two);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->from, OperatorNumber(1));
    EXPECT_EQ(message->payload, hello);
    EXPECT_FALSE(two.bus().next(Channel::lanes));
}

TEST(PeerBus, CarriesAWholeBatch) {
    Operator one(1), two(2);
    one.start({two.as_peer()}, members_only);
    two.start({one.as_peer()}, members_only);
    const Bytes batch(limits::message_bytes_max, 3);
    std::optional<PeerMessage> message;
    bool sent = false;
    EXPECT_TRUE(eventually({&one, &two}, [&] {
        sent = sent || one.says(Channel::lanes, two, batch);
        message = two.bus().next(Channel::lanes);
        return message.has_value();
    }));
    EXPECT_EQ(message->payload, batch);
}

TEST(PeerBus, HearsAnOperatorThatItRefusedOnceItIsListed) {
    Operator one(1), two(2);
    one.start({two.as_peer()});
    two.start({});
    EXPECT_TRUE(eventually({&one, &two}, [&] {
        (void)one.says(Channel::votes, two);
        EXPECT_FALSE(two.bus().next(Channel::votes));
        return two.bus().counters().refused_keys > 0;
    }));
    (void)two.bus().set_peers({one.as_peer()});
    const auto message = heard(Channel::votes, one, two);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->from, OperatorNumber(1));
}

TEST(PeerBus, SilencesAnOperatorThatIsNoLongerListed) {
    Operator one(1), two(2);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, one, two));
    (void)two.bus().set_peers({});
    EXPECT_TRUE(eventually({&one, &two}, [&] {
        EXPECT_TRUE(one.says(Channel::votes, two)) << "the connection is still there";
        EXPECT_FALSE(two.bus().next(Channel::votes));
        return two.bus().counters().unlisted > 0;
    }));
    (void)two.bus().set_peers({one.as_peer()});
    EXPECT_TRUE(heard(Channel::votes, one, two, words("again")));
}

TEST(PeerBus, TakesWhatTheListSaysOfAKeyNowForItsSender) {
    Operator one(1), two(2);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, one, two));
    Peer renumbered = one.as_peer();
    renumbered.number = OperatorNumber(5);
    (void)two.bus().set_peers({renumbered});
    const auto message = heard(Channel::votes, one, two, words("renumbered"));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->from, OperatorNumber(5));
}

TEST(PeerBus, NoLongerReachesAnOperatorThatIsGone) {
    Operator one(1), two(2);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, one, two));
    (void)one.bus().set_peers({});
    EXPECT_FALSE(one.says(Channel::votes, two));
    (void)one.bus().set_peers({two.as_peer()});
    EXPECT_TRUE(heard(Channel::votes, one, two, words("again")));
}

TEST(PeerBus, KeepsTheConnectionsThatDoNotChange) {
    Operator one(1), two(2), three(3);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, one, two));
    (void)one.bus().set_peers({two.as_peer(), three.as_peer()});
    EXPECT_TRUE(one.says(Channel::votes, two)) << "no handshake had time to happen";
    (void)one.bus().set_peers({two.as_peer()});
    EXPECT_TRUE(one.says(Channel::votes, two));
}

TEST(PeerBus, FollowsAnOperatorToItsNewEndpoints) {
    const Keys keys;
    Operator one(1), before(2, 7, keys), after(2, 7, keys);
    one.start({before.as_peer()});
    before.start({one.as_peer()});
    after.start({one.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, one, before));
    (void)one.bus().set_peers({after.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, one, after, words("moved")));
    while (const auto message = before.bus().next(Channel::votes)) EXPECT_EQ(message->payload, hello);
}

TEST(PeerBus, TalksToAnOperatorWithEitherKeyWhileItRotates) {
    const Keys old_keys, new_keys;
    const rondo::Endpoints at = free_endpoints();
    Operator one(1);
    std::optional<Operator> two(std::in_place, 2, std::uint8_t{7}, old_keys, at);
    one.start({two->with_keys({new_keys.open_key, old_keys.open_key})});
    two->start({one.as_peer()});
    EXPECT_TRUE(heard(Channel::votes, one, *two));
    const auto first = heard(Channel::votes, *two, one, words("with the old key"));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->from, OperatorNumber(2));
    two.emplace(2, std::uint8_t{7}, new_keys, at);  // restarted with the new key
    two->start({one.as_peer()});
    EXPECT_TRUE(heard(Channel::votes, one, *two));
    const auto message = heard(Channel::votes, *two, one, words("with the new key"));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->from, OperatorNumber(2));
    (void)one.bus().set_peers({two->as_peer()});  // the overlap ends
    EXPECT_TRUE(one.says(Channel::votes, *two)) << "the new key's connection is kept";
}

TEST(PeerBus, RefusesTheOldKeyOnceTheOverlapEnds) {
    const Keys old_keys, new_keys;
    Operator one(1), two(2, 7, old_keys);
    one.start({two.with_keys({new_keys.open_key, old_keys.open_key})});
    two.start({one.as_peer()});
    ASSERT_TRUE(heard(Channel::votes, two, one));
    (void)one.bus().set_peers({two.with_keys({new_keys.open_key})});
    EXPECT_TRUE(eventually({&one, &two}, [&] {
        (void)two.says(Channel::votes, one);
        EXPECT_FALSE(one.bus().next(Channel::votes));
        return one.bus().counters().unlisted > 0;
    }));
    EXPECT_FALSE(one.says(Channel::votes, two));
}

TEST(PeerBus, DropsMessagesOfAnotherGenesis) {
    Operator one(1, 8), two(2, 7);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    EXPECT_TRUE(eventually({&one, &two}, [&] {
        (void)one.says(Channel::votes, two);
        EXPECT_FALSE(two.bus().next(Channel::votes));
        return two.bus().counters().foreign_genesis > 0;
    }));
}

TEST(PeerBus, DoesNotHearAClientWithoutCurve) {
    Operator one(1), two(2);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    zmq::context_t context;
    const Digest genesis{{7}};
    std::vector<zmq::socket_t> plain;
    for (const Channel channel : {Channel::votes, Channel::sync}) {
        plain.emplace_back(context, ZMQ_DEALER);
        plain.back().set(zmq::sockopt::linger, 0);
        plain.back().connect(two.endpoint(channel));
        plain.back().send(zmq::const_buffer(genesis.bytes.data(), 8), zmq::send_flags::sndmore);
        plain.back().send(zmq::const_buffer("intruder", 8));
    }
    EXPECT_EQ(heard(Channel::votes, one, two)->payload, hello);
    EXPECT_EQ(heard(Channel::sync, one, two)->payload, hello);
}

TEST(PeerBus, RefusesAKeyThatShakesHandsWithoutEndAndHearsTheOthers) {
    constexpr std::size_t always_taken = 16;
    const Keys keys;
    Operator hostile(1, 7, keys), other(3), server(2);
    other.start_deaf({server.as_peer()});
    server.start({hostile.as_peer(), other.as_peer()});
    zmq::context_t context;
    std::vector<zmq::socket_t> connections;
    while (server.bus().counters().refused_keys == 0 && connections.size() < 10 * always_taken) {
        zmq::socket_t& connection = connections.emplace_back(context, ZMQ_DEALER);
        set_channel_options(connection, Channel::votes);
        connection.set(zmq::sockopt::immediate, 1);
        set_curve_key(connection, ZMQ_CURVE_SERVERKEY, server.as_peer().transport_keys[0].view());
        set_curve_key(connection, ZMQ_CURVE_PUBLICKEY, keys.open_key.view());
        set_curve_key(connection, ZMQ_CURVE_SECRETKEY, keys.secret);
        connection.connect(server.endpoint(Channel::votes));
        ASSERT_TRUE(eventually({&server}, [&] {
            return server.bus().counters().refused_keys > 0 ||
                   connection.send(zmq::str_buffer("there"), zmq::send_flags::dontwait);
        }));
    }
    EXPECT_GT(connections.size(), always_taken);
    EXPECT_GT(server.bus().counters().refused_keys, 0U);
    EXPECT_TRUE(heard(Channel::votes, other, server));
}

TEST(PeerBus, CountsWhatItCannotSend) {
    Operator one(1), two(2), nobody(9);
    one.start({two.as_peer()});
    EXPECT_FALSE(one.says(Channel::votes, two));
    EXPECT_FALSE(one.says(Channel::votes, nobody));
    EXPECT_EQ(one.bus().counters().unsent[static_cast<std::size_t>(Channel::votes)], 2U);
}

TEST(PeerBus, SaysWhoseEndpointCannotBeUsedAndReachesTheOthers) {
    Operator one(1), two(2);
    Peer odd{OperatorNumber(3), {Keys().open_key}, two.as_peer().endpoints};
    odd.endpoints.host = "-.-";
    one.start({});
    two.start({one.as_peer()});
    const auto troubles = one.bus().set_peers({two.as_peer(), odd});
    ASSERT_EQ(troubles.size(), 2U) << "votes and sync";
    EXPECT_NE(troubles[0].find("operator 3 "), std::string::npos) << troubles[0];
    EXPECT_TRUE(heard(Channel::votes, one, two));
}

TEST(PeerBus, ReachesAnOperatorByName) {
    Operator one(1), two(2);
    Peer named = two.as_peer();
    named.endpoints.host = "localhost";
    one.start({named});
    two.start({one.as_peer()});
    EXPECT_TRUE(heard(Channel::votes, one, two));
    EXPECT_TRUE(is_name(named.endpoints.host) && !is_name("10.0.0.1") && !is_name("2001:db8::1"));
}

TEST(PeerBus, ReachesAnOperatorByItsIpv6Address) {
    zmq::context_t context;
    zmq::socket_t probe(context, ZMQ_ROUTER);
    probe.set(zmq::sockopt::ipv6, 1);
    if (zmq_bind(probe.handle(), "tcp://[::1]:*") != 0) GTEST_SKIP() << "this host has no IPv6";
    rondo::Endpoints at = free_endpoints();
    at.host = "::1";
    Operator one(1), two(2, 7, {}, at);
    one.start({two.as_peer()});
    two.start({one.as_peer()});
    EXPECT_TRUE(heard(Channel::votes, one, two));
}

TEST(PeerBus, PutsAnIpv6AddressInBrackets) {
    EXPECT_EQ(tcp_endpoint({"2001:db8::1", 1, 2, 3, 4, 5}, Channel::votes), "tcp://[2001:db8::1]:2");
    EXPECT_EQ(tcp_endpoint({"node-1.example", 1, 2, 3, 4, 5}, Channel::state), "tcp://node-1.example:5");
    EXPECT_EQ(tcp_endpoint({"10.0.0.1", 1, 0, 3, 4, 5}, Channel::votes), "");
}

TEST(PeerBus, SaysWhatToDoWhenItsPortIsInUse) {
    zmq::context_t other;
    zmq::socket_t holder(other, ZMQ_ROUTER);
    holder.bind("tcp://127.0.0.1:*");
    Context context;
    const Keys keys;
    const PeerOptions options{
        {Channel::votes}, {{Channel::votes, holder.get(zmq::sockopt::last_endpoint)}}, keys.secret, keys.open_key, {}};
    const auto opened = PeerBus::open(context, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("another process holds it"), std::string::npos) << opened.error();
}

TEST(PeerBus, RefusesATransportKeyOfAnotherLength) {
    Context context;
    PeerOptions options;
    options.channels = {Channel::votes};
    options.transport_secret = Bytes(31);
    const auto opened = PeerBus::open(context, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("32 bytes"), std::string::npos);
}

}  // namespace
}  // namespace rondo::bus
