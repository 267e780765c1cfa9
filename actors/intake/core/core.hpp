#pragma once
#include "actors/intake/core/admission.hpp"
#include "actors/intake/core/final_cuts.hpp"
#include "actors/intake/core/kept.hpp"
#include "actors/intake/core/other_lanes.hpp"
#include "actors/intake/core/quarantine.hpp"

namespace rondo {

struct IntakeConfig {
    OperatorNumber self;
    std::vector<crypto::SecretKey> keys;  ///< the one that the epoch's set names signs; two while it is rotated
    Genesis genesis;
    std::vector<OperatorNumber> sources;  ///< whom to ask for batches beside the members: fixed peers
    Retention retention{};
};

/// The intake actor: takes transactions in, keeps this operator's lane, acknowledges the others' (README.md).
class IntakeCore : public Core {
  public:
    IntakeCore(IntakeConfig config, const StoreView& view);

    [[nodiscard]] Effects start(Instant now) override;
    [[nodiscard]] Effects step(Instant now, const Input& input) override;
    [[nodiscard]] std::vector<StatusField> status() const override;

  private:
    void on(const StreamMessage& message);
    void on(const PeerMessage& message);
    void on(const Request& request);
    void on(const Answer& answer);
    void on(const TimerFired& fired);
    void on(const JobDone& done);
    void on(const DiskRoom& room);
    void on(const Released& released);
    void on_block(const FinalBlock& block);
    void on_base(const Proposal& block, const Base& base);
    void on_result(const ExecutedBlock& block);
    void learn(const std::vector<EpochContext>& contexts);
    void on_epoch_began();
    void relay_promises();
    void on_open_channel(OperatorNumber from, const LaneMessage& message);
    void on_found(const BatchFound& found);
    void finish_step();
    [[nodiscard]] IntakeReply accept_risk();
    void reply(RequestId id, const IntakeReply& reply);

    intake::Common common_;
    intake::Batches batches_;
    intake::Fetch fetch_;
    intake::FinalCuts final_cuts_;
    intake::Kept kept_;
    intake::OwnLane own_lane_;
    intake::OtherLanes other_lanes_;
    intake::Quarantine quarantine_;
    intake::Accounts accounts_;
    intake::Pool pool_;
    intake::AdmissionDesk admission_;
    Height executed_;
    Height posted_;
    std::uint64_t rejected_ = 0;  ///< messages of peers: not decodable, or of who is no member
};

[[nodiscard]] ActorTraits intake_traits();

}  // namespace rondo
