#pragma once
#include <deque>
#include <map>

#include "actors/execution/core/executor.hpp"
#include "messages/wire/snapshot.hpp"

namespace rondo::execution {

/// Hands snapshots to other nodes, members or not, out of the copies that the shell keeps of this store. Questions wait in a
/// bounded line and are answered a few at a time, so that the node's own blocks never wait long. The copy that is being taken by
/// others is held until they have it, though the shell keeps newer ones.
class SnapshotServer {
  public:
    SnapshotServer(const StoreView& view, const Parameters& parameters) : view_(view), parameters_(parameters) {}

    /// Takes a question, or drops it: the line is full, or the asker has enough in it.
    void on_question(OperatorNumber from, StateMessage question, Effects& effects);
    /// Answers the next ones.
    void on_time(Instant now, Effects& effects);

    [[nodiscard]] std::uint64_t answered() const { return answered_; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    /// The newest snapshot that is to be had here; 0: none.
    [[nodiscard]] Height newest() const;

  private:
    [[nodiscard]] std::optional<StateMessage> answer(Instant now, const StateMessage& question);
    [[nodiscard]] std::optional<StateMessage> answer(const SnapshotRequest& request) const;
    [[nodiscard]] StateMessage answer(Instant now, const PartRequest& request);
    [[nodiscard]] StateMessage answer(const ContextsRequest& request) const;
    [[nodiscard]] std::optional<SnapshotHead> head_of(const ExecutedRef& snapshot) const;
    [[nodiscard]] std::shared_ptr<const Checkpoint> copy_at(Height height) const;
    void arm(Effects& effects);

    struct Question {
        OperatorNumber from;
        StateMessage message;
    };
    const StoreView& view_;
    Parameters parameters_;
    std::deque<Question> waiting_;
    std::map<OperatorNumber, std::size_t> waiting_of_;
    std::shared_ptr<const Checkpoint> held_;
    Instant held_until_;
    bool armed_ = false;
    std::uint64_t answered_ = 0;
    std::uint64_t dropped_ = 0;
};

/// The timer of SnapshotServer::on_time.
inline constexpr TimerId serving_timer = 3;

}  // namespace rondo::execution
