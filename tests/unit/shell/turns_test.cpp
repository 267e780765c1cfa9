#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"
#include "toys.hpp"
#include "world.hpp"

namespace rondo::test {
namespace {

/// Does what the first byte of a request says; what came of it is the answer to the request.
class Doer final : public Core {
  public:
    static constexpr Table notes{0, "notes"};
    static ActorTraits traits() { return {Actor::da, Durability::durable, {notes}, {}, {}, 1}; }
    explicit Doer(const StoreView& view) : view_(view) {}

    Effects start(Instant now) override {
        Effects effects;
        started_ = now;
        effects.timers.push_back({1000, 1});
        return effects;
    }
    Effects step(Instant now, const Input& input) override {
        Effects effects;
        require(now >= started_, "time went back");
        if (const auto* request = std::get_if<Request>(&input))
            on_request(*request, effects);
        else if (const auto* answer = std::get_if<Answer>(&input))
            reply(effects, answer->id, answer->payload.value_or(to_bytes(as_bytes("too late"))));
        else if (const auto* timer = std::get_if<TimerFired>(&input))
            on_timer(timer->id, effects);
        else if (const auto* done = std::get_if<JobDone>(&input)) {
            Bytes which;
            for (const auto& sender : done->senders) which.push_back(sender ? 1 : 0);
            reply(effects, done->id, which);
        }
        return effects;
    }
    std::vector<StatusField> status() const override {
        return {{"fired", fired_}, {"remembered", remembered_}, {"noted", view_note()}};
    }

  private:
    void reply(Effects& effects, RequestId id, Bytes payload) { effects.replies.push_back({id, std::move(payload)}); }
    void on_timer(TimerId id, Effects& effects) {
        ++fired_;
        if (id != 1000) reply(effects, id, to_bytes(as_bytes("fired")));
    }
    void on_request(const Request& request, Effects& effects) {
        switch (request.payload.empty() ? '?' : static_cast<char>(request.payload[0])) {
            case 't':  // moved once, so that it fires once
                effects.timers.push_back({request.id, 100'000});
                effects.timers.push_back({request.id, 1});
                break;
            case 'c':
                effects.timers.push_back({request.id, 1});
                effects.cancelled.push_back({request.id + 1});
                break;
            case 'b':
                effects.asks.push_back({Askable::backend, request.id, request.payload, 10'000});
                break;
            case 'B':
                effects.asks.push_back({Askable::backend, request.id, request.payload, 20});
                break;
            case 'n':
                effects.asks.push_back({Askable::rewards, request.id, request.payload, 20});
                break;
            case 'w':
                effects.asks.push_back({Askable::watcher, request.id, {}, 10'000});
                break;
            case 'j':
                effects.jobs.push_back({request.id, {Bytes{1, 2, 3}, Bytes(200, 7)}});
                break;
            case 's':
                effects.stop = Stop{98, "as asked"};
                effects.put(notes, {1}, {1});
                break;
            case 'p':
                effects.put(notes, {2}, request.payload);
                reply(effects, request.id, {});
                break;
            case 'g': {
                const auto note = view_.get(notes, Bytes{2});
                reply(effects, request.id, note ? to_bytes(*note) : Bytes{});
                break;
            }
            case 'q':  // quietly: nobody hears of it
                remembered_ = (remembered_ != 0 ? remembered_ : view_note()) + 1;
                effects.put(notes, {3}, be(remembered_));
                break;
            default:
                break;  // never answered
        }
    }
    [[nodiscard]] std::uint64_t view_note() const {
        const auto note = view_.get(notes, Bytes{3});
        return note ? read_be64(*note) : 0;
    }
    const StoreView& view_;
    Instant started_;
    std::uint64_t fired_ = 0;
    std::uint64_t remembered_ = 0;  ///< as often as it was noted, by this process
};

class Echo final : public Backend {
  public:
    Bytes handle(ByteView request) override {
        if (request[0] == 'B') ::poll(nullptr, 0, 200);  // an outside that is slow
        return to_bytes(request);
    }
};

std::uint64_t fact(const ActorStatus& status, std::string_view name) {
    for (const StatusEntry& entry : status.facts)
        if (entry.name == name) return entry.number;
    return 0;
}

class Turns : public World {
  protected:
    Process start() {
        const ShellConfig configuration = config(Actor::da);
        return Process([=] {
            Echo echo;
            return run_actor(
                Doer::traits(), configuration, [](const StoreView& view) { return std::make_unique<Doer>(view); }, &echo);
        });
    }
    std::string ask(std::string_view what) {
        Client da = client(Actor::da);
        const auto answer = da.ask(as_bytes(what), patience_ms);
        return answer ? std::string(as_text(*answer)) : "(no answer)";
    }
};

TEST_F(Turns, FireATimerThatWasSet) {
    const Process da = start();
    EXPECT_EQ(ask("t"), "fired");
    const auto status = client(Actor::da).status(patience_ms);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->facts[0].number, 2U) << "the one of start() and this one, each once";
}

TEST_F(Turns, BringTheBackendsAnswer) {
    const Process da = start();
    EXPECT_EQ(ask("b and more"), "b and more");
}

TEST_F(Turns, TellTheCoreWhenADeadlinePassed) {
    const Process da = start();
    EXPECT_EQ(ask("B"), "too late");
    EXPECT_EQ(ask("n"), "too late");
    EXPECT_EQ(ask("b"), "b") << "the late answer is nobody's";
}

TEST_F(Turns, AnswerOthersBesideOneWhoseRequestsAreAllOpen) {
    const Process da = start();
    Client flood = client(Actor::da), other = client(Actor::da);
    const auto refused = [&] {
        for (int i = 0; i < 100; ++i) (void)flood.send(as_bytes("?"));
        const auto status = other.status(patience_ms);
        return !status || fact(*status, "shell_requests_refused") > 0;
    };
    while (!refused()) continue;
    const auto status = other.status(patience_ms);
    ASSERT_TRUE(status);
    EXPECT_EQ(fact(*status, "shell_requests_open"), limits::requests_outstanding_max / 2) << "one who is alone has half";
    EXPECT_EQ(fact(*status, "shell_clients"), 1U);
    const std::uint64_t id = other.send(as_bytes("b"), "somebody else");
    const auto answer = other.poll(patience_ms);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->id, id);
    EXPECT_EQ(as_text(answer->payload), "b");
    const auto refusal = flood.poll(patience_ms);
    ASSERT_TRUE(refusal);
    EXPECT_NE(as_text(refusal->payload).find("retry later"), std::string_view::npos);
}

TEST_F(Turns, AskASiblingThatComesUpBeforeTheDeadline) {
    const Process da = start();
    Client asker = client(Actor::da);
    const std::uint64_t id = asker.send(as_bytes("w"));
    const ShellConfig configuration = config(Actor::watcher);
    const Process watcher([=] {
        return run_actor(
            Listener::traits(Actor::watcher, Stream::receipts), configuration,
            [](const StoreView& view) { return std::make_unique<Listener>(view); }, nullptr);
    });
    const auto answer = asker.poll(patience_ms);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->id, id);
    EXPECT_EQ(answer->payload, be(0));
}

TEST_F(Turns, RecoverSendersOnTheWorkers) {
    const Process da = start();
    EXPECT_EQ(ask("j"), std::string(2, '\0')) << "neither is a transaction";
}

TEST_F(Turns, SeeWhatEarlierStepsWrote) {
    Process da = start();
    Client asker = client(Actor::da);
    (void)asker.send(as_bytes("p one"));
    (void)asker.send(as_bytes("g"));
    (void)asker.send(as_bytes("p two"));
    const std::uint64_t last = asker.send(as_bytes("g"));
    std::vector<std::string> answers;
    while (auto arrived = asker.poll(patience_ms)) {
        answers.emplace_back(as_text(arrived->payload));
        if (arrived->id == last) break;
    }
    EXPECT_EQ(answers, (std::vector<std::string>{"", "p one", "", "p two"}));
    ASSERT_EQ(da.end(SIGKILL), -SIGKILL);
    da = start();
    EXPECT_EQ(ask("g"), "p two");
}

TEST_F(Turns, ThatSayNothingAreSeenByTheCoreBeforeTheyAreStored) {
    const Process da = start();
    Client asker = client(Actor::da);
    for (std::uint64_t i = 1; i <= 20; ++i) {
        (void)asker.send(as_bytes("q"));
        std::uint64_t remembered = 0;
        EXPECT_TRUE(eventually([&] {
            const auto status = asker.status(patience_ms);
            if (!status) return false;
            remembered = fact(*status, "remembered");
            EXPECT_EQ(fact(*status, "noted"), remembered) << "the core and what it reads are of one moment";
            return remembered == i;
        }));
        const auto again = asker.status(patience_ms);
        ASSERT_TRUE(again);
        EXPECT_EQ(fact(*again, "noted"), i);
    }
}

TEST_F(Turns, ThatSayNothingAreStoredALittleLaterAllTheSame) {
    Process da = start();
    Client asker = client(Actor::da);
    std::uint64_t before = 0;
    ASSERT_TRUE(eventually([&] {
        const auto status = asker.status(patience_ms);
        if (status) before = fact(*status, "shell_commits");
        return status && fact(*status, "fired") == 1;
    }));
    (void)asker.send(as_bytes("q"));
    EXPECT_TRUE(eventually([&] {
        const auto status = asker.status(patience_ms);
        return status && fact(*status, "shell_commits") > before;
    }));
    ASSERT_EQ(da.end(SIGKILL), -SIGKILL);
    da = start();
    EXPECT_TRUE(eventually([&] {
        const auto status = client(Actor::da).status(1000);
        return status && fact(*status, "noted") == 1;
    }));
}

TEST_F(Turns, ThatSaidNothingAreStoredOnSigterm) {
    Process da = start();
    Client asker = client(Actor::da);
    (void)asker.send(as_bytes("q"));
    EXPECT_TRUE(eventually([&] {
        const auto status = asker.status(patience_ms);
        return status && fact(*status, "remembered") == 1;
    }));
    ASSERT_EQ(da.end(SIGTERM), 0);
    da = start();
    EXPECT_TRUE(eventually([&] {
        const auto status = client(Actor::da).status(1000);
        return status && fact(*status, "noted") == 1;
    }));
}

TEST_F(Turns, EndWithTheCodeOfACoreThatStops) {
    Process da = start();
    (void)client(Actor::da).ask(as_bytes("s"), 1000);
    EXPECT_EQ(da.wait(), 98);
}

TEST_F(Turns, DrainAndEndWithZeroOnSigterm) {
    Process da = start();
    EXPECT_EQ(ask("b"), "b");
    EXPECT_EQ(da.end(SIGTERM), 0);
}

TEST_F(Turns, EndOnSigtermWhileTheBackendHangs) {
    Process da = start();
    EXPECT_EQ(ask("B"), "too late");
    (void)client(Actor::da).ask(as_bytes("B"), 5);
    EXPECT_EQ(da.end(SIGTERM), 0);
}

TEST_F(Turns, RefuseASecondProcessOnTheSameStore) {
    const Process da = start();
    EXPECT_EQ(ask("b"), "b");
    Process second = start();
    EXPECT_EQ(second.wait(), exit_store_locked);
    EXPECT_EQ(ask("b"), "b") << "the first is unharmed";
}

TEST_F(Turns, RefuseAStoreOfAnotherNetwork) {
    Process da = start();
    EXPECT_EQ(ask("b"), "b");
    EXPECT_EQ(da.end(SIGTERM), 0);
    ShellConfig other = config(Actor::da);
    other.genesis.bytes[0] = 8;
    Process foreign([=] {
        return run_actor(
            Doer::traits(), other, [](const StoreView& view) { return std::make_unique<Doer>(view); }, nullptr);
    });
    EXPECT_EQ(foreign.wait(), exit_config);
}

TEST_F(Turns, RefuseAPortThatIsInUse) {
    const int holder = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(holder, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(holder, 1), 0);
    ASSERT_EQ(::getsockname(holder, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ShellConfig configuration = config(Actor::da);
    configuration.node[Actor::da].router = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    Process da([=] {
        return run_actor(
            Doer::traits(), configuration, [](const StoreView& view) { return std::make_unique<Doer>(view); }, nullptr);
    });
    EXPECT_EQ(da.wait(), exit_config);
    ::close(holder);
}

}  // namespace
}  // namespace rondo::test
