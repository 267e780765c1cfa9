#pragma once
#include <map>
#include <set>

#include "actors/intake/core/certificates.hpp"
#include "actors/intake/core/fetch.hpp"

namespace rondo::intake {

/// Batches and certificates of the other operators' lanes.
///   1. A batch is acknowledged when it comes from its lane's owner, is well formed, its payload is durable here, its height is
///      inside the window, and its parent is the epoch's base or certified.
///   2. Only the first header seen for (epoch, lane, height) is ever acknowledged; the sight itself is a record. A second one
///      is shown as proof of the fork; further ones prove no more.
///   3. A repeated offer gets the stored ack.
///   4. The first in the verifier order, until weak stake, recover the senders before they acknowledge; the others do so
///      when asked.
///   5. The certificate that comes with a successor is checked and stored; its batch is fetched if it is not here.
class OtherLanes {
  public:
    OtherLanes(Common& common, Batches& batches, Fetch& fetch) : common_(common), batches_(batches), fetch_(fetch) {}

    void on_offer(OperatorNumber from, BatchOffer offer);
    void on_verify_request(OperatorNumber from, const VerifyRequest& request);
    /// True if the job was one of ours.
    [[nodiscard]] bool on_job_done(const JobDone& done);
    void on_epoch_began();
    /// What had to wait until something new may be signed is looked at.
    void on_confirmed();

    [[nodiscard]] std::size_t verifying_count() const { return verifying_.size(); }
    [[nodiscard]] std::uint64_t refused_count() const { return refused_; }

  private:
    struct Verification {
        BatchHeader header;
        Digest digest;
        std::vector<Address> claimed;
    };

    [[nodiscard]] bool keep_for_later(OperatorNumber from, BatchOffer& offer);
    LaneVerdict consider(OperatorNumber from, BatchOffer& offer);
    LaneVerdict check_place(const EpochContext& context, const BatchHeader& header) const;
    LaneVerdict check_parent(const EpochContext& context, const BatchOffer& offer);
    [[nodiscard]] std::optional<Ack> noted(const BatchHeader& header) const;
    [[nodiscard]] std::optional<Ack> own_ack_of(const BatchHeader& header, const Digest& digest) const;
    void note(const BatchHeader& header, const Digest& digest);
    [[nodiscard]] bool is_first_verifier(const EpochContext& context, const BatchHeader& header) const;
    void verify(const BatchHeader& header, const Digest& digest, Payload payload);
    void give_ack(const BatchHeader& header, const Digest& digest, bool verified);
    void on_certificate(const PoA& certificate);
    void show_if_foreign(const PoA& certificate, const Digest& digest);
    void show(const PoA& certificate, const Digest& digest);

    Common& common_;
    Batches& batches_;
    Fetch& fetch_;
    std::map<JobId, Verification> verifying_;
    std::set<Digest> in_verification_;
    std::set<Digest> forged_;                         ///< of this epoch: a sender did not sign; at most one per (lane, height)
    std::set<std::pair<LaneId, LaneHeight>> forked_;  ///< of this epoch: a second header was shown
    std::map<LaneId, BatchOffer> early_;              ///< of the next epoch, or before anything may be signed; one per lane
    std::uint64_t refused_ = 0;
};

}  // namespace rondo::intake
