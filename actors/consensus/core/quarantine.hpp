#pragma once
#include <map>
#include <vector>

#include "actors/consensus/core/simplex.hpp"
#include "cluster/signing/inquiry.hpp"

namespace rondo::consensus {

/// Whether this node's table of what it signed can be trusted.
///
/// 1. After a start nothing new is signed before members that with this node make quorum stake have said what they saw of its
///    key, and the others had time to. All ask at once and answer at once; who is asked by a peer that has not answered yet asks
///    it back, so that in a start of the whole cluster nobody waits for a timer. Only members of a set that this node is in, and
///    that is not over as far as weak stake says, can tell: those of a set long gone have not seen what was signed since. Who
///    takes the state of a snapshot asks anew.
/// 2. A signature of this key that the table does not hold: the store is older than what others saw. Quarantine, durable.
/// 3. In quarantine it serves and follows as ever. It signs again from view 2 + V of the epoch it is in, where V is the highest
///    view proven by q stake other than its own, none of which is in a later epoch. (Whoever let it vote in a lost view u has
///    signed the certificate of u - 1; of those q, one is honest, answers, and has that certificate durable: u - 1 <= V. In the
///    next epoch it may have voted in view 1 at most, by the same argument: SigningGate::Reentry.)
/// 4. The point of re-entry is durable with, or before, the first signature.
/// 5. Nothing was ever final here above the floor, as far as others can prove, once the floor has passed V: intake asks for that.
class Quarantine {
  public:
    Quarantine(Replica& replica, Simplex& simplex) : replica_(replica), simplex_(simplex), epoch_(replica.epoch) {}

    void start(Turn& turn);
    void on_request(Turn& turn, OperatorNumber from, const StatusRequest& request);
    void on_status(Turn& turn, OperatorNumber from, const Status& status);
    void on_time(Turn& turn);
    /// After a step has settled: an epoch may have begun.
    void on_settled(Turn& turn);
    /// This node begins with a snapshot.
    void on_base(Turn& turn);
    /// The operator answers for it. Nothing if there is no quarantine to lift.
    [[nodiscard]] std::optional<Reentry> accept_risk(Turn& turn, View from_view);

    [[nodiscard]] bool is_whole() const;
    void add_status(std::vector<StatusField>& fields) const;

  private:
    [[nodiscard]] bool is_open() const;
    [[nodiscard]] bool can_be_told() const;
    [[nodiscard]] Status status_for(OperatorNumber peer, std::uint64_t nonce) const;
    void ask(Turn& turn);
    void check_signatures(Turn& turn, const Status& status);
    [[nodiscard]] bool is_unaccounted(const SignedMessage& message) const;
    [[nodiscard]] View proven_view(const Status& status) const;
    void hear_certificates(Turn& turn, OperatorNumber from, const Status& status);
    void conclude(Turn& turn);
    void find_reentry(Turn& turn);

    Replica& replica_;
    Simplex& simplex_;
    Inquiry inquiry_;
    Epoch epoch_;                            ///< what was heard refers to it
    std::map<OperatorNumber, View> proven_;  ///< in quarantine: of members that are not in a later epoch
};

}  // namespace rondo::consensus
