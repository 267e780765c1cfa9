#pragma once
#include <map>
#include <vector>

#include "actors/intake/core/batches.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::intake {

/// Batches that are certified or final and not here: fetched by digest, and handed out to who asks.
///   1. The most urgent are asked for, a window of them: two peers each, the next two after a back-off that doubles; one peer
///   each
///      while many are wanted. What comes makes room for the next.
///   2. What arrives is believed for its digest alone: the digest was certified or final.
class Fetch {
  public:
    Fetch(Common& common, Batches& batches) : common_(common), batches_(batches) {}

    enum class Urgency : std::uint8_t { in_turn, first };
    /// Unless it is here or being fetched; `candidates` have it, or probably do.
    void want(const BatchRef& batch, std::vector<OperatorNumber> candidates, Urgency urgency = Urgency::in_turn);
    /// Stores what was wanted; true if it was. The caller goes on with what waited for it.
    [[nodiscard]] bool on_found(const BatchFound& found);
    void on_timer() { changed_ = true; }
    /// At the end of a step: asks for what has come into the window, and again for what did not come.
    void finish_step();
    [[nodiscard]] bool has_room() const;

    /// Answers a peer, bounded.
    void serve(OperatorNumber from, const BatchFetch& request);
    /// Answers another actor of this node, bounded.
    [[nodiscard]] FoundBatches serve(const FetchBatches& request) const;

    [[nodiscard]] bool is_wanted(const BatchRef& batch) const { return wanted_.contains(batch); }
    [[nodiscard]] std::size_t wanted_count() const { return wanted_.size(); }

  private:
    struct Wanted {
        std::vector<OperatorNumber> candidates;
        std::size_t next_candidate = 0;
        std::size_t attempts = 0;
        std::int64_t turn = 0;
        Instant ask_again;
    };
    using Requests = std::map<OperatorNumber, std::vector<BatchRef>>;
    void ask(const BatchRef& batch, Wanted& wanted, Requests& requests) const;
    void send_all(const Requests& requests);

    Common& common_;
    Batches& batches_;
    std::map<BatchRef, Wanted> wanted_;
    std::map<std::int64_t, BatchRef> queue_;  ///< by turn: the most urgent first
    std::int64_t next_turn_ = 0, first_turn_ = 0;
    bool changed_ = false;
};

}  // namespace rondo::intake
