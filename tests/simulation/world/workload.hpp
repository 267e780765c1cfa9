#pragma once
#include <map>
#include <set>
#include <vector>

#include "messages/wire/requests.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// Users: signed transfers sent to the nodes' intakes, some twice, some ahead of their nonce, some replaced before they are
/// due. A user who hears nothing asks another node, and sends again what was not executed in time.
class Workload : public Observer {
  public:
    explicit Workload(World& world);
    void start();
    void stop() { sending_ = false; }  ///< no new transfers; those under way are still pursued

    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;

    [[nodiscard]] std::size_t promised() const { return promised_.size(); }
    [[nodiscard]] std::size_t executed() const { return executed_; }
    /// Promised, but not ordered and executed yet.
    [[nodiscard]] std::vector<Hash256> backlog() const;
    [[nodiscard]] std::string summary() const;

  private:
    struct Transfer {
        std::size_t account = 0;
        std::uint64_t nonce = 0;
        Bytes raw;
        Micros sent_at = 0;
    };
    void tick();
    void create(std::size_t account, std::uint64_t nonce, std::uint64_t variant);
    void submit(const Hash256& hash, NodeIndex node);
    void on_outcome(const Hash256& hash, const SubmitOutcome& outcome);
    void pursue();
    void on_result(ByteView payload);
    [[nodiscard]] NodeIndex choose_node(std::size_t account);

    World& world_;
    Random random_;
    EpochContext context_;
    bool sending_ = true;
    std::vector<std::uint64_t> next_nonce_;
    std::map<Hash256, Transfer> open_;  ///< not executed yet
    std::map<std::pair<std::size_t, std::uint64_t>, bool> done_;
    std::set<Hash256> promised_;
    std::set<Hash256> ordered_;
    std::size_t executed_ = 0;
    std::uint64_t executed_height_ = 0;
    std::map<std::uint64_t, Bytes> ahead_;  ///< results heard before the one below
    std::map<std::string, std::size_t> answers_;
};

}  // namespace rondo::sim
