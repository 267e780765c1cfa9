#include <sodium.h>

#include <zmq.hpp>

#include "toys.hpp"
#include "world.hpp"

namespace rondo::test {
namespace {

/// Says what it is asked to say to its peer, and counts what its peers say.
class Talker final : public Core {
  public:
    static constexpr Table heard{0, "heard"};
    static ActorTraits traits() {
        return {Actor::consensus, Durability::durable, {heard}, {}, {Channel::votes, Channel::sync}, 1};
    }
    Talker(const StoreView& view, OperatorNumber peer) : view_(view), peer_(peer) {}
    Effects start(Instant) override { return {}; }
    Effects step(Instant, const Input& input) override {
        Effects effects;
        if (const auto* message = std::get_if<PeerMessage>(&input)) {
            Bytes key = be(message->from.value);
            key.push_back(static_cast<std::uint8_t>(message->channel));
            effects.put(heard, key, message->payload);
        } else if (const auto* request = std::get_if<Request>(&input)) {
            Bytes all;
            view_.scan(heard, {}, {}, [&](ByteView key, ByteView value) {
                append(all, key);
                append(all, value);
                return true;
            });
            for (const Channel channel : {Channel::votes, Channel::sync})
                if (!request->payload.empty()) effects.sends.push_back({channel, peer_, request->payload});
            effects.replies.push_back({request->id, all});
        }
        return effects;
    }
    std::vector<StatusField> status() const override { return {}; }

  private:
    const StoreView& view_;
    OperatorNumber peer_;
};

struct Node {
    OperatorNumber number;
    Bytes secret = Bytes(crypto_box_SECRETKEYBYTES);
    Peer as_peer;
    explicit Node(std::uint32_t n) : number(n), as_peer{OperatorNumber(n), {}, {}} {
        crypto_box_keypair(as_peer.transport_key.bytes.data(), secret.data());
        zmq::context_t context;  // four ports that are free now
        zmq::socket_t votes(context, ZMQ_ROUTER), sync(context, ZMQ_ROUTER);
        votes.bind("tcp://127.0.0.1:*");
        sync.bind("tcp://127.0.0.1:*");
        as_peer.endpoints = {{Channel::votes, votes.get(zmq::sockopt::last_endpoint)},
                             {Channel::sync, sync.get(zmq::sockopt::last_endpoint)}};
    }
};

class Peers : public World {
  protected:
    Process start(const Node& self, const Node& peer) {
        ShellConfig configuration = config(Actor::consensus);
        configuration.self = self.number;
        configuration.store_folder = folder / std::to_string(self.number.value);
        configuration.node[Actor::consensus] = {endpoint_of(self, "req"), endpoint_of(self, "pub")};
        configuration.listen = self.as_peer.endpoints;
        configuration.transport_secret = self.secret;
        configuration.transport_public = self.as_peer.transport_key;
        configuration.peers = {peer.as_peer};
        return Process([=] {
            return run_actor(
                Talker::traits(), configuration,
                [number = peer.number](const StoreView& view) { return std::make_unique<Talker>(view, number); }, nullptr);
        });
    }
    [[nodiscard]] std::string endpoint_of(const Node& node, const std::string& what) const {
        return "ipc://" + (folder / (std::to_string(node.number.value) + "." + what)).string();
    }
    static Bytes expected(const Node& from, std::string_view text) {
        Bytes out;
        for (const Channel channel : {Channel::votes, Channel::sync}) {
            append(out, be(from.number.value));
            out.push_back(static_cast<std::uint8_t>(channel));
            append(out, as_bytes(text));
        }
        return out;
    }
};

TEST_F(Peers, HearEachOtherOnEveryChannelAlsoAfterOneWasKilled) {
    const Node one(1), two(2);
    const Process first = start(one, two);
    Process second = start(two, one);
    Client say(endpoint_of(one, "req")), look(endpoint_of(two, "req"));
    const auto heard = [&](std::string_view text) {
        return eventually([&] {
            (void)say.ask(as_bytes(text), 100);
            return look.ask({}, 100) == expected(one, text);
        });
    };
    EXPECT_TRUE(heard("before"));
    ASSERT_EQ(second.end(SIGKILL), -SIGKILL);
    second = start(two, one);
    EXPECT_TRUE(heard("after"));
    EXPECT_EQ(second.end(SIGTERM), 0);
}

}  // namespace
}  // namespace rondo::test
