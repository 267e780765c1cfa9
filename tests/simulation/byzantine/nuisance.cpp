#include <deque>

#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

constexpr std::size_t remembered_max = 400;
constexpr std::size_t copies = 8;

class Nuisance : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    void tamper(Send send, std::vector<Send>& out) override {
        if (misbehaviour() == Misbehaviour::amplifying_peer) {
            out.insert(out.end(), copies, send);
            return;
        }
        said_.push_back(send);
        if (said_.size() > remembered_max) said_.pop_front();
        const OperatorNumber to = send.to;
        out.push_back(std::move(send));
        // Something old beside it: of the last minute, of the last epoch, meant for this peer or for another.
        const Send& old = said_[count_++ * 7 % said_.size()];
        out.push_back({old.channel, to, old.payload});
    }

    std::deque<Send> said_;
    std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<Core> nuisance(std::unique_ptr<Core> core, const NodeSetup& setup) {
    return std::make_unique<Nuisance>(std::move(core), setup);
}

}  // namespace rondo::sim
