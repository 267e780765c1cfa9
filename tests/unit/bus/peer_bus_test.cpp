#include "cluster/bus/peer_bus.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <chrono>
#include <functional>
#include <zmq.hpp>

#include "cluster/runtime/limits.hpp"

namespace rondo::bus {
namespace {

constexpr auto patience = std::chrono::seconds(20);

struct Keys {
    Bytes secret = Bytes(crypto_box_SECRETKEYBYTES);
    TransportKey open_key{};
    Keys() { crypto_box_keypair(open_key.bytes.data(), secret.data()); }
};

std::string free_endpoint() {
    zmq::context_t context;
    zmq::socket_t socket(context, ZMQ_ROUTER);
    socket.bind("tcp://127.0.0.1:*");
    return socket.get(zmq::sockopt::last_endpoint);
}

/// Operators 1, 2, 3, ... on lanes and votes; who knows whom is up to the test.
class Operator {
  public:
    Operator(std::uint32_t number, std::uint8_t genesis) : number_(number) { options_.genesis.bytes[0] = genesis; }
    [[nodiscard]] PeerOptions::Peer as_peer() const { return {OperatorNumber(number_), keys_.open_key, listen_}; }
    void knows(const Operator& other) { options_.peers.push_back(other.as_peer()); }
    void start() {
        options_.listen = listen_;
        options_.transport_secret = keys_.secret;
        options_.transport_public = keys_.open_key;
        auto opened = PeerBus::open(context_, options_);
        ASSERT_TRUE(opened) << opened.error();
        bus_.emplace(std::move(*opened));
    }
    PeerBus& bus() { return *bus_; }

  private:
    std::uint32_t number_;
    Keys keys_;
    std::map<Channel, std::string> listen_{{Channel::lanes, free_endpoint()}, {Channel::votes, free_endpoint()}};
    PeerOptions options_;
    Context context_;
    std::optional<PeerBus> bus_;
};

/// Serves both sides until it holds.
bool eventually(Operator& a, Operator& b, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::vector<void*> sockets = a.bus().sockets();
    sockets.insert(sockets.end(), b.bus().sockets().begin(), b.bus().sockets().end());
    while (std::chrono::steady_clock::now() < end) {
        a.bus().admit();
        b.bus().admit();
        if (holds()) return true;
        wait_readable(sockets, {}, 5);
    }
    return false;
}

const Bytes hello{'h', 'e', 'l', 'l', 'o'};

TEST(PeerBus, BringsAMessageToItsPeerWithTheSenderThatTheKeyProves) {
    Operator one(1, 7), two(2, 7);
    one.knows(two);
    two.knows(one);
    one.start();
    two.start();
    std::optional<PeerMessage> heard;
    EXPECT_TRUE(eventually(one, two, [&] {
        one.bus().send(Channel::votes, OperatorNumber(2), hello);
        heard = two.bus().next(Channel::votes);
        return heard.has_value();
    }));
    EXPECT_EQ(heard->from, OperatorNumber(1));
    EXPECT_EQ(heard->payload, hello);
    EXPECT_FALSE(two.bus().next(Channel::lanes));
}

TEST(PeerBus, CarriesAWholeBatch) {
    Operator one(1, 7), two(2, 7);
    one.knows(two);
    two.knows(one);
    one.start();
    two.start();
    const Bytes batch(limits::message_bytes_max, 3);
    std::optional<PeerMessage> heard;
    bool sent = false;
    EXPECT_TRUE(eventually(one, two, [&] {
        sent = sent || one.bus().send(Channel::lanes, OperatorNumber(2), batch);
        heard = two.bus().next(Channel::lanes);
        return heard.has_value();
    }));
    EXPECT_EQ(heard->payload, batch);
}

TEST(PeerBus, RefusesATransportKeyOfNoPeer) {
    Operator stranger(1, 7), two(2, 7), three(3, 7);
    stranger.knows(two);
    two.knows(three);
    stranger.start();
    two.start();
    EXPECT_TRUE(eventually(stranger, two, [&] {
        stranger.bus().send(Channel::votes, OperatorNumber(2), hello);
        EXPECT_FALSE(two.bus().next(Channel::votes));
        return two.bus().counters().refused_keys > 0;
    }));
    EXPECT_FALSE(two.bus().next(Channel::votes));
}

TEST(PeerBus, DropsMessagesOfAnotherGenesis) {
    Operator one(1, 8), two(2, 7);
    one.knows(two);
    two.knows(one);
    one.start();
    two.start();
    EXPECT_TRUE(eventually(one, two, [&] {
        one.bus().send(Channel::votes, OperatorNumber(2), hello);
        EXPECT_FALSE(two.bus().next(Channel::votes));
        return two.bus().counters().foreign_genesis > 0;
    }));
}

TEST(PeerBus, DoesNotHearAClientWithoutCurve) {
    Operator one(1, 7), two(2, 7);
    one.knows(two);
    two.knows(one);
    one.start();
    two.start();
    zmq::context_t context;
    zmq::socket_t plain(context, ZMQ_DEALER);
    plain.set(zmq::sockopt::linger, 0);
    plain.connect(two.as_peer().endpoints.at(Channel::votes));
    const Digest genesis{{7}};
    plain.send(zmq::const_buffer(genesis.bytes.data(), 8), zmq::send_flags::sndmore);
    plain.send(zmq::const_buffer("intruder", 8));
    std::optional<PeerMessage> heard;
    EXPECT_TRUE(eventually(one, two, [&] {
        one.bus().send(Channel::votes, OperatorNumber(2), hello);
        heard = two.bus().next(Channel::votes);
        return heard.has_value();
    }));
    EXPECT_EQ(heard->payload, hello);
}

TEST(PeerBus, CountsWhatItCannotSend) {
    Operator one(1, 7), two(2, 7);
    one.knows(two);
    one.start();
    EXPECT_FALSE(one.bus().send(Channel::votes, OperatorNumber(2), hello));
    EXPECT_FALSE(one.bus().send(Channel::votes, OperatorNumber(9), hello));
    EXPECT_EQ(one.bus().counters().unsent[static_cast<std::size_t>(Channel::votes)], 2U);
}

TEST(PeerBus, SaysWhatToDoWhenItsPortIsInUse) {
    zmq::context_t other;
    zmq::socket_t holder(other, ZMQ_ROUTER);
    holder.bind("tcp://127.0.0.1:*");
    Context context;
    PeerOptions options;
    options.listen[Channel::votes] = holder.get(zmq::sockopt::last_endpoint);
    const Keys keys;
    options.transport_secret = keys.secret;
    options.transport_public = keys.open_key;
    const auto opened = PeerBus::open(context, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("another process holds it"), std::string::npos) << opened.error();
}

TEST(PeerBus, RefusesATransportKeyOfAnotherLength) {
    Context context;
    PeerOptions options;
    options.listen[Channel::votes] = "tcp://127.0.0.1:*";
    options.transport_secret = Bytes(31);
    const auto opened = PeerBus::open(context, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("32 bytes"), std::string::npos);
}

}  // namespace
}  // namespace rondo::bus
