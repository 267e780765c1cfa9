#include <sodium.h>

#include <zmq.hpp>

#include "toys.hpp"
#include "world.hpp"

namespace rondo::test {
namespace {

constexpr std::array<Channel, 2> channels{Channel::votes, Channel::sync};

/// Says what it is asked to say to its peer, on both channels, answers what it hears on sync, and counts what it hears. Asked for
/// nothing it tells what that was; asked to "leave" it names no peers any more. Asked to "flood" it says so many votes that take
/// their time, asked to "vote" one that takes none; after how many of them others came stands in the status.
class Talker final : public Core {
  public:
    static constexpr Table heard{0, "heard"};
    static ActorTraits traits() {
        return {Actor::consensus, Durability::durable, {heard}, {}, {channels.begin(), channels.end()}, 1};
    }
    Talker(const StoreView& view, OperatorNumber peer, std::vector<Peer> named)
        : view_(view), peer_(peer), named_(std::move(named)) {}
    Effects start(Instant) override {
        Effects effects;
        if (!named_.empty()) effects.peers = named_;
        return effects;
    }
    Effects step(Instant, const Input& input) override {
        Effects effects;
        if (const auto* message = std::get_if<PeerMessage>(&input)) {
            const bool is_question = message->channel == Channel::sync && message->payload != answer;
            const std::uint64_t from = message->from >= first_guest ? 0 : message->from.value;
            Bytes key = be(from);
            key.push_back(static_cast<std::uint8_t>(message->channel));
            key.push_back(is_question || message->channel == Channel::votes ? 0 : 1);
            effects.put(heard, key, message->payload);
            if (as_text(message->payload) == "slow") {
                ++slow_heard_;
                const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(slow_ms);
                while (std::chrono::steady_clock::now() < until) {
                }
            } else if (as_text(message->payload) == "vote") {
                slow_before_vote_ = slow_heard_;
            } else if (slow_heard_ > 0 && slow_before_ == 0) {
                slow_before_ = slow_heard_;
            }
            if (is_question) effects.sends.push_back({Channel::sync, message->from, answer});
        } else if (const auto* request = std::get_if<Request>(&input)) {
            if (as_text(request->payload) == "leave")
                effects.peers.emplace();
            else if (as_text(request->payload) == "flood")
                effects.sends.assign(flood, {Channel::votes, peer_, to_bytes(as_bytes("slow"))});
            else if (as_text(request->payload) == "vote")
                effects.sends.push_back({Channel::votes, peer_, request->payload});
            else if (!request->payload.empty())
                for (const Channel channel : channels) effects.sends.push_back({channel, peer_, request->payload});
            effects.replies.push_back({request->id, all_heard()});
        }
        return effects;
    }
    std::vector<StatusField> status() const override {
        return {{"slow_heard", slow_heard_}, {"slow_before", slow_before_}, {"slow_before_vote", slow_before_vote_}};
    }
    static constexpr std::size_t flood = 600;
    static constexpr std::uint64_t slow_ms = 3;
    static const inline Bytes answer{'y', 'e', 's'};

  private:
    [[nodiscard]] Bytes all_heard() const {
        Bytes all;
        view_.scan(heard, {}, {}, [&](ByteView key, ByteView value) {
            append(all, key);
            append(all, value);
            return true;
        });
        return all;
    }
    const StoreView& view_;
    OperatorNumber peer_;
    std::vector<Peer> named_;
    std::uint64_t slow_heard_ = 0, slow_before_ = 0, slow_before_vote_ = 0;
};

/// What a Talker heard: on votes, the questions on sync, the answers there.
Bytes row(OperatorNumber from, Channel channel, bool is_answer, std::string_view text) {
    Bytes out = be(from.value);
    out.push_back(static_cast<std::uint8_t>(channel));
    out.push_back(is_answer ? 1 : 0);
    append(out, as_bytes(text));
    return out;
}
const OperatorNumber a_guest(0);

struct Node {
    OperatorNumber number;
    Bytes secret = Bytes(crypto_box_SECRETKEYBYTES);
    Peer as_peer;
    explicit Node(std::uint32_t n) : number(n), as_peer{OperatorNumber(n), {TransportKey{}}, {"127.0.0.1", 0, 0, 0, 0}} {
        crypto_box_keypair(as_peer.transport_keys[0].bytes.data(), secret.data());
        zmq::context_t context;  // two ports that are free now
        zmq::socket_t votes(context, ZMQ_ROUTER), sync(context, ZMQ_ROUTER);
        as_peer.endpoints.votes = port_of(votes);
        as_peer.endpoints.sync = port_of(sync);
    }
    [[nodiscard]] std::map<Channel, std::string> listen() const {
        return {{Channel::votes, "tcp://127.0.0.1:" + std::to_string(as_peer.endpoints.votes)},
                {Channel::sync, "tcp://127.0.0.1:" + std::to_string(as_peer.endpoints.sync)}};
    }
    static std::uint16_t port_of(zmq::socket_t& socket) {
        socket.bind("tcp://127.0.0.1:*");
        const std::string endpoint = socket.get(zmq::sockopt::last_endpoint);
        return static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
    }
};

/// Whom a node knows, and from whom.
struct Knows {
    std::vector<Peer> from_core, from_config;
};

class Peers : public World {
  protected:
    /// Talks to `peer`.
    Process start(const Node& self, const Node& peer, const Knows& knows) {
        ShellConfig configuration = config(Actor::consensus);
        configuration.self = self.number;
        configuration.store_folder = folder / std::to_string(self.number.value);
        configuration.node[Actor::consensus] = {endpoint_of(self, "req"), endpoint_of(self, "pub")};
        configuration.listen = self.listen();
        configuration.transport_secret = self.secret;
        configuration.transport_public = self.as_peer.transport_keys[0];
        configuration.fixed_peers = knows.from_config;
        return Process([=] {
            return run_actor(
                Talker::traits(), configuration,
                [number = peer.number, named = knows.from_core](const StoreView& view) {
                    return std::make_unique<Talker>(view, number, named);
                },
                nullptr);
        });
    }
    [[nodiscard]] std::string endpoint_of(const Node& node, const std::string& what) const {
        return "ipc://" + (folder / (std::to_string(node.number.value) + "." + what)).string();
    }
    /// Lets `from` say it until `by` has heard exactly this.
    bool heard(const Node& from, const Node& by, std::string_view text, const Bytes& expected) {
        Client say(endpoint_of(from, "req")), look(endpoint_of(by, "req"));
        return eventually([&] {
            (void)say.ask(as_bytes(text), 100);
            return look.ask({}, 100) == expected;
        });
    }
    static Bytes both_channels(const Node& from, std::string_view text) {
        Bytes out = row(from.number, Channel::votes, false, text);
        append(out, row(from.number, Channel::sync, false, text));
        return out;
    }
    /// The sum of them at one moment.
    std::uint64_t facts(const Node& node, const std::vector<std::string_view>& names) {
        const auto status = Client(endpoint_of(node, "req")).status(1000);
        std::uint64_t sum = 0;
        if (!status) return sum;
        for (const StatusEntry& entry : status->facts) sum += std::ranges::count(names, entry.name) > 0 ? entry.number : 0;
        return sum;
    }
    std::uint64_t fact(const Node& node, std::string_view name) { return facts(node, {name}); }
};

TEST_F(Peers, HearEachOtherOnEveryChannelAlsoAfterOneWasKilled) {
    const Node one(1), two(2);
    const Process first = start(one, two, {{two.as_peer}, {}});
    Process second = start(two, one, {{one.as_peer}, {}});
    EXPECT_TRUE(heard(one, two, "before", both_channels(one, "before")));
    ASSERT_EQ(second.end(SIGKILL), -SIGKILL);
    second = start(two, one, {{one.as_peer}, {}});
    EXPECT_TRUE(heard(one, two, "after", both_channels(one, "after")));
    EXPECT_EQ(second.end(SIGTERM), 0);
}

TEST_F(Peers, AreHeardOnOneChannelWhileAnotherIsFullOfWhatWaits) {
    const Node one(1), two(2);
    const Process first = start(one, two, {{two.as_peer}, {}});
    const Process second = start(two, one, {{one.as_peer}, {}});
    ASSERT_TRUE(heard(one, two, "before", both_channels(one, "before")));
    Client say(endpoint_of(one, "req"));
    ASSERT_TRUE(say.ask(as_bytes("flood"), 5000).has_value());
    ASSERT_TRUE(eventually([&] { return fact(two, "slow_heard") > 0; }));
    ASSERT_TRUE(say.ask(as_bytes("question"), 5000).has_value());
    EXPECT_TRUE(eventually([&] { return fact(two, "slow_heard") == Talker::flood; }));
    EXPECT_GT(fact(two, "slow_before"), 0U) << "it was heard";
    EXPECT_LT(fact(two, "slow_before"), Talker::flood);  // 1.8 s of work: not behind all of it
}

TEST_F(Peers, AreHeardWhileAnotherOneFloodsTheSameChannel) {
    const Node one(1), two(2), three(3);
    const Process first = start(one, two, {{two.as_peer}, {}});
    const Process second = start(two, one, {{one.as_peer, three.as_peer}, {}});
    const Process third = start(three, two, {{two.as_peer}, {}});
    ASSERT_TRUE(heard(one, two, "before", both_channels(one, "before")));
    Bytes expected = both_channels(one, "before");
    append(expected, both_channels(three, "before"));
    ASSERT_TRUE(heard(three, two, "before", expected));
    ASSERT_TRUE(Client(endpoint_of(one, "req")).ask(as_bytes("flood"), 5000).has_value());
    ASSERT_TRUE(eventually([&] { return facts(two, {"slow_heard", "shell_inbox"}) >= Talker::flood; }));
    ASSERT_TRUE(Client(endpoint_of(three, "req")).ask(as_bytes("vote"), 5000).has_value());
    EXPECT_TRUE(eventually([&] { return fact(two, "slow_before_vote") > 0; }));
    EXPECT_LT(fact(two, "slow_before_vote"), Talker::flood);  // all of it waited already
}

TEST_F(Peers, ThatAreFixedAreThereBeforeTheCoreNamesAny) {
    const Node one(1), two(2);
    const Process first = start(one, two, {{}, {one.as_peer, two.as_peer}});
    const Process second = start(two, one, {{}, {one.as_peer}});
    EXPECT_TRUE(heard(one, two, "fixed", both_channels(one, "fixed")));
}

TEST_F(Peers, ThatAreFixedStandInPlaceOfWhatTheCoreSaysOfThem) {
    const Node one(1), two(2), elsewhere(3);
    Peer moved = two.as_peer;
    moved.endpoints = elsewhere.as_peer.endpoints;
    const Process first = start(one, two, {{moved}, {two.as_peer}});
    const Process second = start(two, one, {{one.as_peer}, {elsewhere.as_peer}});
    EXPECT_TRUE(heard(one, two, "around", both_channels(one, "around")));
}

TEST_F(Peers, ThatTheCoreNoLongerNamesAreGuests) {
    const Node one(1), two(2);
    const Process first = start(one, two, {{two.as_peer}, {}});
    const Process second = start(two, one, {{one.as_peer}, {}});
    ASSERT_TRUE(heard(one, two, "member", both_channels(one, "member")));
    (void)Client(endpoint_of(two, "req")).ask(as_bytes("leave"), 1000);
    // Before what it heard of the member: the question of the guest, whose vote it does not hear.
    Bytes expected = row(a_guest, Channel::sync, false, "guest");
    append(expected, both_channels(one, "member"));
    EXPECT_TRUE(heard(one, two, "guest", expected));
    EXPECT_TRUE(eventually([&] { return fact(two, "peer_messages_unlisted") > 0; }));
}

TEST_F(Peers, ThatAreGuestsAreAnsweredWhereTheyMayAsk) {
    const Node follower(0xffff'ffff), server(2), other(3);
    const Process first = start(follower, server, {{}, {server.as_peer}});
    const Process second = start(server, other, {{other.as_peer}, {}});
    EXPECT_TRUE(heard(follower, server, "question", row(a_guest, Channel::sync, false, "question")));
    EXPECT_TRUE(heard(follower, follower, "question", row(server.number, Channel::sync, true, "yes")));
    EXPECT_TRUE(eventually([&] { return fact(server, "peer_keys_refused") > 0; }));
}

}  // namespace
}  // namespace rondo::test
