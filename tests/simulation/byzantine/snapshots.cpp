#include "messages/wire/snapshot.hpp"
#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

/// What it makes of the truth that its core says. A peer that alters something is found out at once, so that each does one thing.
enum class Manner : std::uint8_t {
    alters,            ///< parts, offers, contexts: now this, now that, and sometimes not
    repeats_contexts,  ///< whatever is asked, the ones that were right once
    withholds,         ///< offers, and hands over nothing
};

class Liar : public Tamperer {
  public:
    Liar(std::unique_ptr<Core> core, const NodeSetup& setup)
        : Tamperer(std::move(core), setup), manner_(static_cast<Manner>((digest_of(setup.genesis).bytes[0] + setup.node) % 3)) {}

  private:
    void tamper(Send send, std::vector<Send>& out) override {
        auto message = decode<StateMessage>(send.payload);
        if (message) {
            if (manner_ == Manner::withholds && hands_over(*message)) return;
            if (manner_ == Manner::alters) alter(*message);
            if (auto* found = std::get_if<ContextsFound>(&*message); found != nullptr && manner_ == Manner::repeats_contexts)
                repeat(*found);
            send.payload = encode(*message);
        }
        out.push_back(std::move(send));
    }

    static bool hands_over(const StateMessage& message) {
        return std::holds_alternative<PartLeaves>(message) || std::holds_alternative<PartBranch>(message) ||
               std::holds_alternative<ContextsFound>(message);
    }

    void alter(StateMessage& message) {
        const bool lies = ++count_ % 3 != 0;
        if (auto* leaves = std::get_if<PartLeaves>(&message); leaves != nullptr && lies && !leaves->leaves.empty()) {
            if (count_ % 2 == 0)
                leaves->leaves.pop_back();
            else
                leaves->leaves.front().value.back() ^= 1;
        }
        if (auto* branch = std::get_if<PartBranch>(&message); branch != nullptr && lies)
            std::swap(branch->children[0], branch->children[1]);
        if (auto* offer = std::get_if<SnapshotOffer>(&message); offer != nullptr && offer->head && count_ % 5 == 0)
            offer->head->outcome.carried.timestamp_ms += 1;
        if (auto* found = std::get_if<ContextsFound>(&message); found != nullptr && lies && !found->contexts.empty())
            found->contexts.back().operators.pop_back();
    }

    void repeat(ContextsFound& found) {
        if (found.contexts.empty()) return;
        if (!repeated_) repeated_ = ContextsFound{found.first, {found.contexts.front()}};
        found = *repeated_;
    }

    Manner manner_;
    std::size_t count_ = 0;
    std::optional<ContextsFound> repeated_;
};

}  // namespace

std::unique_ptr<Core> lying_snapshots(std::unique_ptr<Core> core, const NodeSetup& setup) {
    return std::make_unique<Liar>(std::move(core), setup);
}

}  // namespace rondo::sim
