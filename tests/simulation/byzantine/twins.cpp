#include <algorithm>
#include <utility>

#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

/// Names of the second twin's timers, asks and jobs; cores count from below.
constexpr std::uint64_t seconds_own = 1ULL << 63;

/// Two honest cores with one key. The first is the node's own; the second lives in memory, begins with the network, and begins
/// anew with each life of the process. Each talks with its half of the peers, and both hear the actors of the node.
class Twins : public Core {
  public:
    Twins(const MakeCore& make, const StoreView& view, std::size_t tables)
        : first_(make(view)), store_(tables), second_(make(store_)) {}

    Effects start(Instant now) override {
        Effects effects = halved(first_->start(now), false);
        add(effects, [&] { return second_->start(now); });
        return effects;
    }

    Effects step(Instant now, const Input& input) override {
        part_when_both_may_sign();
        const auto* peer = std::get_if<PeerMessage>(&input);
        if (peer != nullptr && parted_ && !second_hears(peer->from)) return halved(first_->step(now, input), false);
        if (const auto seconds = of_second(input)) {
            Effects effects;
            add(effects, [&] { return second_->step(now, *seconds); });
            return effects;
        }
        Effects effects = halved(first_->step(now, input), false);
        if (std::holds_alternative<StreamMessage>(input) || peer != nullptr)
            add(effects, [&] { return second_->step(now, input); });
        return effects;
    }

    std::vector<StatusField> status() const override { return first_->status(); }

  private:
    static bool second_hears(OperatorNumber peer) { return peer.value % 2 == 1; }

    void part_when_both_may_sign() {
        const auto may_sign = [](const Core& core) {
            return std::ranges::none_of(core.status(),
                                        [](const StatusField& f) { return f.name == "waits_for_status_of_peers"; });
        };
        parted_ = parted_ || (second_ && may_sign(*first_) && may_sign(*second_));
    }

    /// The input as the second twin knows it, if it is for it alone.
    [[nodiscard]] std::optional<Input> of_second(const Input& input) const {
        if (std::holds_alternative<PeerMessage>(input)) return parted_ ? std::optional(input) : std::nullopt;
        const auto renamed = [](auto message) -> std::optional<Input> {
            if ((message.id & seconds_own) == 0) return std::nullopt;
            message.id &= ~seconds_own;
            return message;
        };
        if (const auto* timer = std::get_if<TimerFired>(&input)) return renamed(*timer);
        if (const auto* answer = std::get_if<Answer>(&input)) return renamed(*answer);
        if (const auto* job = std::get_if<JobDone>(&input)) return renamed(*job);
        return std::nullopt;
    }

    [[nodiscard]] Effects halved(Effects effects, bool second) const {
        if (!parted_) return effects;
        std::erase_if(effects.sends, [&](const Send& send) { return second_hears(send.to) != second; });
        return effects;
    }

    /// What the second one wants done, beside `effects`: its records go to its own store, and the node's actors do not hear it.
    template <class Step>
    void add(Effects& effects, const Step& step) {
        if (!second_) return;
        try {
            Effects more = halved(step(), true);
            for (const Record& record : more.records) store_.apply(record);
            store_.commit(true);
            const auto take = [](auto& from, auto& into) {
                for (auto& item : from) {
                    item.id |= seconds_own;
                    into.push_back(std::move(item));
                }
            };
            take(more.timers, effects.timers);
            take(more.asks, effects.asks);
            take(more.jobs, effects.jobs);
            for (const CancelTimer& timer : more.cancelled) effects.cancelled.push_back({timer.id | seconds_own});
            std::move(more.sends.begin(), more.sends.end(), std::back_inserter(effects.sends));
            if (more.stop) second_.reset();
        } catch (const InvariantBroken&) {
            second_.reset();  // what contradicts itself may break: it is no honest node
        }
    }

    std::unique_ptr<Core> first_;
    SimStore store_;
    std::unique_ptr<Core> second_;
    bool parted_ = false;
};

}  // namespace

std::unique_ptr<Core> twins(const MakeCore& make, const StoreView& view, std::size_t tables) {
    return std::make_unique<Twins>(make, view, tables);
}

}  // namespace rondo::sim
