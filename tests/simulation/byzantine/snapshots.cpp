#include "messages/wire/snapshot.hpp"
#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

class Liar : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    void tamper(Send send, std::vector<Send>& out) override {
        auto message = decode<StateMessage>(send.payload);
        if (message) {
            alter(*message);
            send.payload = encode(*message);
        }
        out.push_back(std::move(send));
    }

    /// Now this, now that, and sometimes the truth: a peer that always lies is found out at once.
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

    std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<Core> lying_snapshots(std::unique_ptr<Core> core, const NodeSetup& setup) {
    return std::make_unique<Liar>(std::move(core), setup);
}

}  // namespace rondo::sim
