#include "tests/simulation/twins/game.hpp"

#include <map>
#include <memory>

#include "actors/consensus/core/core.hpp"
#include "messages/base/require.hpp"
#include "tests/simulation/oracles/oracles.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {
namespace {

constexpr Micros latency = millisecond;
constexpr Micros scenario_max = 500 * millisecond;
constexpr Micros recovery_max = 20 * second;
constexpr std::uint64_t blocks_more = 3;
constexpr std::uint64_t clock_ms = genesis_ms + 1'000'000;

Options four_members() {
    Options options;
    options.policy = Policy::stake;
    options.accounts = 0;
    options.parameters.idle_ms = 1;
    options.parameters.delta_ms = 10;
    options.parameters.retry_ms = 40;
    return options;
}

/// A network whose lottery draws these leaders for its first views.
const Genesis& genesis_led_by(const TwinsScenario& scenario) {
    static std::map<std::array<std::uint8_t, twins_rounds>, Genesis> known;
    static Genesis candidate = make_genesis(four_members());
    std::array<std::uint8_t, twins_rounds> wanted{};
    for (std::size_t i = 0; i < twins_rounds; ++i) wanted[i] = scenario[i].leader;
    while (!known.contains(wanted)) {
        ++candidate.timestamp_ms;
        const EpochContext context = genesis_context(candidate, Epoch(1));
        std::array<std::uint8_t, twins_rounds> drawn{};
        for (std::size_t i = 0; i < twins_rounds; ++i)
            drawn[i] = static_cast<std::uint8_t>(leader_of(context, View(i + 1)).value);
        known.try_emplace(drawn, candidate);
    }
    return known.at(wanted);
}

/// The scenario's view that a message is of; what is of none passes.
std::optional<std::size_t> round_of(ByteView payload) {
    const auto message = decode<ConsensusMessage>(payload);
    if (!message) return std::nullopt;
    std::optional<View> view;
    if (const auto* proposal = std::get_if<Proposal>(&*message)) view = proposal->view;
    if (const auto* vote = std::get_if<Vote>(&*message)) view = vote->view;
    if (const auto* certificate = std::get_if<Certificate>(&*message)) view = certificate->view;
    if (!view || *view == View(0) || view->value > twins_rounds) return std::nullopt;
    return view->value - 1;
}

class Game {
  public:
    explicit Game(const TwinsScenario& scenario)
        : scenario_(scenario),
          genesis_(genesis_led_by(scenario)),
          members_(genesis_, {genesis_.operators[0].number}, {}),
          eavesdropper_(members_),
          agreement_(genesis_, twins_members, members_, complain()),
          certificates_(complain()),
          skips_(members_, complain()),
          signatures_(members_, complain()) {
        eavesdropper_.add(certificates_);
        eavesdropper_.add(skips_);
        eavesdropper_.add(signatures_);
        for (std::size_t i = 0; i < twins_instances; ++i) instances_.push_back(std::make_unique<Instance>());
        for (std::size_t i = 0; i < twins_instances; ++i) begin(i);
    }

    TwinsOutcome play() {
        run([&] { return views_over_; }, scenario_max);
        healed_ = true;
        const std::uint64_t target = agreement_.head() + blocks_more;
        const auto done = [&] {
            for (std::size_t member = 1; member < twins_members; ++member)
                if (agreement_.final_height(member) < target) return false;
            return true;
        };
        if (!run(done, recovery_max) && !failure_)
            failure_ = "no recovery: wanted height " + std::to_string(target) +
                       ", final at B, C, D: " + std::to_string(agreement_.final_height(1)) + " " +
                       std::to_string(agreement_.final_height(2)) + " " + std::to_string(agreement_.final_height(3));
        return {failure_, agreement_.head()};
    }

  private:
    struct Instance {
        SimStore store{consensus_traits().tables.size()};
        std::unique_ptr<ConsensusCore> core;
        std::map<TimerId, std::uint64_t> timers;
    };

    Complain complain() {
        return [this](std::string what) {
            if (!failure_) failure_ = std::move(what);
        };
    }

    void begin(std::size_t i) {
        const std::size_t member = member_of(i);
        const ConsensusConfig config{genesis_.operators[member].number, {operator_key(member)}, genesis_, {}};
        instances_[i]->core = std::make_unique<ConsensusCore>(config, instances_[i]->store);
        clock_.after(i, [this, i] { act(i, [this](ConsensusCore& core) { return core.start(now()); }); });
    }

    bool run(const std::function<bool()>& done, Micros length) {
        const Micros until = clock_.now() + length;
        while (!failure_ && !done() && clock_.step(until)) {
        }
        return !failure_ && done();
    }

    [[nodiscard]] Instant now() const { return Instant(clock_ms + clock_.now() / millisecond); }

    /// A twin that contradicts itself may break; it is gone then.
    void act(std::size_t i, const std::function<Effects(ConsensusCore&)>& step) {
        if (!instances_[i]->core) return;
        try {
            take(i, step(*instances_[i]->core));
        } catch (const InvariantBroken& broken) {
            instances_[i]->core.reset();
            if (member_of(i) != 0) complain()("invariant: " + broken.line);
        }
    }

    void take(std::size_t i, const Effects& effects) {
        Instance& instance = *instances_[i];
        for (const Record& record : effects.records) instance.store.apply(record);
        instance.store.commit(true);
        for (const Publish& publish : effects.publishes)
            if (const auto* row = std::get_if<RecordRef>(&publish.payload); row != nullptr && publish.stream == Stream::blocks) {
                const Bytes block = to_bytes(*instance.store.get(row->table, row->key));
                agreement_.on_publish(member_of(i), publish.stream, publish.sequence, block, false);
                eavesdropper_.on_publish(member_of(i), publish.stream, publish.sequence, block, false);
                skips_.on_publish(member_of(i), publish.stream, publish.sequence, block, false);
            }
        for (const Send& send : effects.sends) {
            eavesdropper_.on_send(member_of(i), send);
            deliver(i, send);
        }
        for (const CancelTimer& cancelled : effects.cancelled) instance.timers.erase(cancelled.id);
        for (const SetTimer& timer : effects.timers) arm(i, timer);
    }

    void arm(std::size_t i, const SetTimer& timer) {
        const std::uint64_t generation = ++timer_generation_;
        instances_[i]->timers[timer.id] = generation;
        clock_.after(timer.after_ms * millisecond, [this, i, id = timer.id, generation] {
            const auto armed = instances_[i]->timers.find(id);
            if (armed == instances_[i]->timers.end() || armed->second != generation) return;
            instances_[i]->timers.erase(armed);
            act(i, [&](ConsensusCore& core) { return core.step(now(), TimerFired{id}); });
        });
    }

    void deliver(std::size_t from, const Send& send) {
        const std::optional<std::size_t> round = round_of(send.payload);
        if (!round && is_beyond(send.payload)) views_over_ = true;
        for (std::size_t to = 0; to < twins_instances; ++to) {
            if (genesis_.operators[member_of(to)].number != send.to) continue;
            if (!healed_ && round && !scenario_[*round].together(from, to)) continue;
            clock_.after(latency, [this, to, channel = send.channel, sender = genesis_.operators[member_of(from)].number,
                                   payload = send.payload] {
                act(to, [&](ConsensusCore& core) { return core.step(now(), PeerMessage{channel, sender, payload}); });
            });
        }
    }

    /// A vote in a view after the scenario's.
    static bool is_beyond(ByteView payload) {
        const auto message = decode<ConsensusMessage>(payload);
        const auto* vote = message ? std::get_if<Vote>(&*message) : nullptr;
        return vote != nullptr && vote->view.value > twins_rounds;
    }

    const TwinsScenario& scenario_;
    const Genesis& genesis_;
    std::optional<std::string> failure_;
    Clock clock_;
    Members members_;
    Eavesdropper eavesdropper_;
    AgreementOracle agreement_;
    CertificateOracle certificates_;
    SkipOracle skips_;
    SignatureOracle signatures_;
    std::vector<std::unique_ptr<Instance>> instances_;
    std::uint64_t timer_generation_ = 0;
    bool views_over_ = false;
    bool healed_ = false;
};

}  // namespace

TwinsTable::TwinsTable() {
    set_invariant_handler([](std::string_view line) { throw InvariantBroken(line); });
    crypto::remember_verifications(true);
}
TwinsTable::~TwinsTable() {
    crypto::remember_verifications(false);
    set_invariant_handler(nullptr);
}
TwinsOutcome TwinsTable::play(const TwinsScenario& scenario) { return Game(scenario).play(); }

std::string describe(const TwinsScenario& scenario) {
    static constexpr std::array<std::string_view, twins_instances> names{"A", "A'", "B", "C", "D"};
    std::string out;
    for (const TwinsRound& round : scenario) {
        std::string left, right;
        for (std::size_t i = 0; i < twins_instances; ++i) (((round.other_side >> i) & 1) != 0 ? right : left) += names[i];
        out += (out.empty() ? "" : "; ") + std::string(round.leader == 0 ? "A A'" : names[round.leader + std::size_t{1}]) +
               " leads, " + left + (right.empty() ? "" : " | " + right);
    }
    return out;
}

}  // namespace rondo::sim
