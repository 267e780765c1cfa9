#pragma once
#include <string>
#include <utility>
#include <vector>

#include "actors/consensus/core/catchup.hpp"
#include "actors/consensus/core/joining.hpp"
#include "actors/consensus/core/kept.hpp"
#include "actors/consensus/core/quarantine.hpp"
#include "actors/consensus/core/simplex.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/runtime/shares.hpp"
#include "messages/wire/requests.hpp"

namespace rondo {

struct ConsensusConfig {
    OperatorNumber self;
    std::vector<crypto::SecretKey> keys;  ///< the one that the epoch's set names signs; two while it is rotated
    Genesis genesis;
    std::vector<OperatorNumber> sources;  ///< whom to ask for final blocks beside the members: fixed peers
    Retention retention{};
};

/// What a shell must know to host it.
[[nodiscard]] ActorTraits consensus_traits();

/// The consensus actor: hears certificates of availability and results of its own node and the messages of its peers;
/// says the one agreed order of blocks. This file maps inputs to the parts and their wishes to effects; it decides nothing.
class ConsensusCore : public Core {
  public:
    ConsensusCore(ConsensusConfig config, const StoreView& store);

    [[nodiscard]] Effects start(Instant now) override;
    [[nodiscard]] Effects step(Instant now, const Input& input) override;
    [[nodiscard]] std::vector<StatusField> status() const override;

  private:
    using Turn = consensus::Turn;

    void on_stream(Turn& turn, const StreamMessage& message);
    void on_certified(Turn& turn, const PoA& poa);
    void on_executed(Turn& turn, const ExecutedBlock& executed);
    void on_peer(Turn& turn, const PeerMessage& message);
    void on_open_channel(Turn& turn, OperatorNumber from, const ConsensusMessage& message);
    void on_message(Turn& turn, OperatorNumber from, const ConsensusMessage& message);
    /// True if the message is of the current epoch; otherwise it has been dealt with.
    [[nodiscard]] bool is_current(Turn& turn, OperatorNumber from, Epoch epoch, const ConsensusMessage& message);
    void keep_early(OperatorNumber from, const ConsensusMessage& message);
    void on_range(Turn& turn, OperatorNumber from, const FinalBlocks& range);
    template <class StatusMessage>
    void on_status(Turn& turn, OperatorNumber from, const StatusMessage& message);
    void on_poas(Turn& turn, const PoAs& poas);
    void on_poa_request(Turn& turn, OperatorNumber from, const PoaRequest& request) const;
    void on_request(Turn& turn, const Request& request);
    [[nodiscard]] ConsensusReply answer(Turn& turn, const GetFinalBlocks& request) const;
    [[nodiscard]] ConsensusReply answer(Turn& turn, const GetHead& request) const;
    [[nodiscard]] ConsensusReply answer(Turn& turn, const AcceptRisk& request);
    [[nodiscard]] Effects finish(Turn turn);
    void settle(Turn& turn);
    void arm_timer(Turn& turn);

    consensus::Replica replica_;
    consensus::Simplex simplex_;
    consensus::Catchup catchup_;
    consensus::Quarantine quarantine_;
    consensus::Joining joining_;
    consensus::Kept kept_;
    Epoch settled_epoch_;
    std::vector<std::pair<OperatorNumber, ConsensusMessage>> early_;  ///< of the next epoch
    Shares<OperatorNumber> early_shares_;
    std::uint64_t bad_poas_ = 0;
    std::optional<Instant> armed_;
    std::uint64_t undecodable_ = 0;
};

}  // namespace rondo
