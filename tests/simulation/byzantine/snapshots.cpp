#include "messages/wire/snapshot.hpp"
#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

/// A peer that alters something is found out at once, so that each does one thing.
class Liar : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    void tamper(Send send, std::vector<Send>& out) override {
        auto message = decode<StateMessage>(send.payload);
        if (message) {
            if (misbehaviour() == Misbehaviour::withheld_snapshots && hands_over(*message)) return;
            if (misbehaviour() == Misbehaviour::lying_snapshots) alter(*message);
            if (misbehaviour() == Misbehaviour::repeated_contexts) repeat(*message);
            send.payload = encode(*message);
        }
        out.push_back(std::move(send));
    }

    static bool hands_over(const StateMessage& message) {
        return std::holds_alternative<PartLeaves>(message) || std::holds_alternative<PartBranch>(message) ||
               std::holds_alternative<ContextsFound>(message);
    }

    /// Now this, now that, and sometimes the truth.
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

    void repeat(StateMessage& message) {
        auto* found = std::get_if<ContextsFound>(&message);
        if (found == nullptr) return;
        if (!repeated_ && !found->contexts.empty()) repeated_ = ContextsFound{found->first, {found->contexts.front()}};
        if (repeated_) *found = *repeated_;
    }

    std::size_t count_ = 0;
    std::optional<ContextsFound> repeated_;
};

}  // namespace

std::unique_ptr<Core> lying_snapshots(std::unique_ptr<Core> core, const NodeSetup& setup) {
    return std::make_unique<Liar>(std::move(core), setup);
}

}  // namespace rondo::sim
