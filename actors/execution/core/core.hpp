#pragma once
#include "actors/execution/core/following.hpp"
#include "actors/execution/core/kept.hpp"
#include "actors/execution/core/queries.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo {

struct ExecutionConfig {
    OperatorNumber self;
    Genesis genesis;
    Retention retention{};  ///< archive: the reverse diffs of all blocks stay, too
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
    void on(const PeerMessage&) {}  // has no channel
    void on(const JobDone&) {}      // gives no jobs
    void on(const Released& released) { kept_.on_released(released); }
    void execute_ready();
    void execute(const Proposal& block, const std::vector<execution::LaneBatches>& lanes);
    void await(const std::vector<BatchRef>& missing);
    void ask();
    void stop(const std::string& reason);
    [[nodiscard]] Effects finish();

    execution::ViewReader committed_;
    execution::Overlay store_;  ///< above it, what this step writes
    execution::BlockExecutor executor_;
    execution::Following following_;
    execution::Kept kept_;
    std::vector<BatchRef> missing_;  ///< of the next block; empty: not waiting for batches
    std::optional<AskId> open_ask_;
    AskId next_ask_ = 1;
    bool stopped_ = false;
    Effects effects_;
};

[[nodiscard]] ActorTraits execution_traits();

}  // namespace rondo
