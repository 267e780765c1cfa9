#pragma once
#include "actors/execution/core/following.hpp"
#include "actors/execution/core/joining.hpp"
#include "actors/execution/core/kept.hpp"
#include "actors/execution/core/queries.hpp"
#include "actors/execution/core/snapshot_server.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo {

struct ExecutionConfig {
    OperatorNumber self;
    Genesis genesis;
    Retention retention{};                  ///< archive: the reverse diffs of all blocks stay, too
    bool takes_snapshots = true;            ///< of a chain that is far ahead; else it is executed from genesis
    std::vector<OperatorNumber> sources{};  ///< whom to ask for one beside the members: fixed peers
};

/// The execution actor: follows final blocks, computes the state, answers questions about it (README.md).
class ExecutionCore : public Core {
  public:
    ExecutionCore(const ExecutionConfig& config, const StoreView& view);

    [[nodiscard]] Effects start(Instant now) override;
    [[nodiscard]] Effects step(Instant now, const Input& input) override;
    [[nodiscard]] std::vector<StatusField> status() const override;

  private:
    void on(const StreamMessage& message);
    void on(const Request& request);
    void on(const Answer& answer);
    void on(const TimerFired& fired);
    void on(const PeerMessage& message);
    void on(const JobDone&) {}   // gives no jobs
    void on(const DiskRoom&) {}  // follows what is final: it cannot take less
    void on(const Released& released) { kept_.on_released(released); }
    [[nodiscard]] JoinReply join(const JoinFromSnapshot& wish);
    void settle_joining();
    void adopt();
    void tell_base();
    void name_peers();
    void execute_ready();
    void execute(const Proposal& block, const std::vector<execution::LaneBatches>& lanes);
    void publish(Height height);
    void await(const std::vector<BatchRef>& missing);
    void ask();
    void stop(const std::string& reason);
    [[nodiscard]] Effects finish();

    const StoreView& view_;
    execution::ViewReader committed_;
    execution::Overlay store_;  ///< above it, what this step writes
    execution::BlockExecutor executor_;
    execution::Following following_;
    execution::SnapshotServer server_;
    execution::Joining joining_;
    OperatorNumber self_;
    bool takes_snapshots_;
    std::optional<Height> untold_;            ///< the base, until a copy of it is safe and `results` begins with it
    std::optional<EpochContext> newest_set_;  ///< while no state of our own tells
    Instant now_;
    execution::Kept kept_;
    std::vector<BatchRef> missing_;  ///< of the next block; empty: not waiting for batches
    std::optional<AskId> open_ask_;
    AskId next_ask_ = 1;
    bool stopped_ = false;
    Effects effects_;
};

[[nodiscard]] ActorTraits execution_traits();

}  // namespace rondo
