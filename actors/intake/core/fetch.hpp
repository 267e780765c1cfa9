#pragma once
#include <map>
#include <vector>

#include "actors/intake/core/batches.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::intake {

/// Batches that are certified or final and not here: fetched by digest, and handed out to who asks.
///   1. Two peers are asked at a time, the next two after a back-off that doubles.
///   2. What arrives is believed for its digest alone: the digest was certified or final.
class Fetch {
  public:
    Fetch(Common& common, Batches& batches) : common_(common), batches_(batches) {}

    /// Asks for a batch unless it is here or being fetched; `candidates` have it, or probably do.
    void want(const BatchRef& batch, std::vector<OperatorNumber> candidates);
    /// Stores what was wanted; true if it was. The caller goes on with what waited for it.
    [[nodiscard]] bool on_found(const BatchFound& found);
    void on_timer();

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
        Instant ask_again;
    };
    void ask(const BatchRef& batch, Wanted& wanted, std::map<OperatorNumber, BatchFetch>& requests) const;
    void send_all(const std::map<OperatorNumber, BatchFetch>& requests);
    void arm();

    Common& common_;
    Batches& batches_;
    std::map<BatchRef, Wanted> wanted_;
};

}  // namespace rondo::intake
