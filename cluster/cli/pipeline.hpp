#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <vector>

#include "cluster/cli/nodes.hpp"

namespace rondo::cli {

using Clock = std::chrono::steady_clock;
using TxIndex = std::uint32_t;  ///< into the caller's list of transactions

/// Many transactions on their way to many intakes at once. Order is kept per node.
class Pipeline {
  public:
    using RawOf = std::function<const Bytes&(TxIndex)>;
    using OnOutcome = std::function<void(TxIndex, const SubmitOutcome&)>;
    using OnLost = std::function<void(std::size_t node, TxIndex)>;

    Pipeline(const std::vector<NodeAddress>& nodes, RawOf raw_of);

    void send(std::size_t node, std::vector<TxIndex> transactions);
    /// Hands out what has been answered; waits for it at most so long. `also` are more descriptors that end the wait.
    void poll(DurationMs wait_ms, const OnOutcome& on_outcome, const std::vector<int>& also = {});
    /// Gives up on requests that have not been answered for so long: the node may be dead.
    void expire(DurationMs age_ms, const OnLost& on_lost);
    [[nodiscard]] std::size_t in_flight(std::size_t node) const { return open_[node].size(); }
    [[nodiscard]] bool idle() const;

  private:
    struct Sent {
        std::vector<TxIndex> transactions;
        Clock::time_point at;
    };
    RawOf raw_of_;
    std::vector<Client> clients_;
    std::vector<std::map<std::uint64_t, Sent>> open_;  ///< per node, by request id
};

/// The node of each sender's home lane. As far as it can be known outside: an intake forwards what is not its own.
class Placement {
  public:
    explicit Placement(const Genesis& genesis) : context_(genesis_context(genesis, Epoch(1))) {}
    void set_epoch(Epoch epoch) { context_.epoch = epoch; }
    [[nodiscard]] Epoch epoch() const { return context_.epoch; }
    [[nodiscard]] std::size_t home_of(const Address& sender, const std::vector<NodeAddress>& nodes) const;

  private:
    EpochContext context_;
};

}  // namespace rondo::cli
