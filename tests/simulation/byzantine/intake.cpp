#include "messages/wire/batch.hpp"
#include "tests/simulation/byzantine/tamperer.hpp"

namespace rondo::sim {
namespace {

class CorruptIntake : public Tamperer {
  public:
    using Tamperer::Tamperer;

  private:
    void tamper(Send send, std::vector<Send>& out) override {
        auto message = decode<LaneMessage>(send.payload);
        if (!message) return out.push_back(std::move(send));
        if (misbehaviour() == Misbehaviour::withholder) return withhold(*message, std::move(send), out);
        if (misbehaviour() == Misbehaviour::selective_acks && std::holds_alternative<Ack>(*message) && in_second_half(send.to))
            return;
        out.push_back(send);
        if (misbehaviour() != Misbehaviour::lane_fork) return;
        if (auto* offer = std::get_if<BatchOffer>(&*message); offer != nullptr && offer->header.lane == setup_.self) {
            ++offer->header.created_ms;
            sign(offer->header, Kind::batch_header);
            out.push_back({send.channel, send.to, encode(LaneMessage{*offer})});
            if (in_second_half(send.to)) std::swap(out[out.size() - 1], out[out.size() - 2]);
        }
        if (auto* ack = std::get_if<Ack>(&*message); ack != nullptr && is_mine(ack->signer)) {
            ack->digest.bytes[0] ^= 0xff;
            sign(*ack, Kind::ack);
            out.push_back({send.channel, send.to, encode(LaneMessage{*ack})});
        }
    }

    /// Its batches reach only a bare quorum by its own hand, and it answers no fetch.
    void withhold(const LaneMessage& message, Send send, std::vector<Send>& out) {
        if (std::holds_alternative<BatchFound>(message)) return;
        const bool unlucky = send.to == setup_.genesis.operators[(setup_.node + 1) % setup_.genesis.operators.size()].number;
        if (std::holds_alternative<BatchOffer>(message) && unlucky) return;
        out.push_back(std::move(send));
    }
};

}  // namespace

std::unique_ptr<Core> corrupt_intake(std::unique_ptr<Core> core, const NodeSetup& setup) {
    return std::make_unique<CorruptIntake>(std::move(core), setup);
}

}  // namespace rondo::sim
