#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "cluster/bus/protocol.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/shell/tables.hpp"
#include "cluster/shell/timers.hpp"
#include "cluster/store/store.hpp"

namespace rondo::shell {

/// One stream that this actor hears: in order, without gaps, each message once.
///  1. The cursor is committed with the effects of the messages below it; after a start it continues there.
///  2. What lies below the cursor is dropped, what comes too early is kept aside (bounded) while a replay is asked.
///  3. When the queue is full, live messages are dropped and replayed once there is room.
///  4. Deterministic streams: each message's chain must continue ours; a publisher behind us rebuilds, and we wait. Only who has
///     heard nothing yet may begin above the first message: otherwise something was missed that nobody can tell any more.
///  5. Other streams: a publisher with a new store, or with the same one behind our cursor (its disk was rolled back), is
///     heard from the start: what it says again was said before, what it says anew must not be taken for something old.
///  6. What the publisher has trimmed is passed over, with a line in the log: its core finds it another way. Not so in
///     deterministic streams, where an actor whose store ends too early stops; but an empty one begins where its node began, with
///     a snapshot, as soon as that beginning is durable there.
class Subscription {
  public:
    Subscription(const StoreView& view, const ShellTables& tables, Stream stream);

    // Each returns a sentence if the actor cannot go on.
    [[nodiscard]] std::optional<std::string> on_live(bus::StreamChunk chunk);
    [[nodiscard]] std::optional<std::string> on_replayed(bus::StreamChunk chunk, std::uint64_t asked_from);
    void on_announced(const bus::StreamHead& at);

    /// What to ask the publisher for, if anything, now.
    [[nodiscard]] std::optional<bus::ReplayRequest> replay_to_ask(Tick now) const;
    void replay_asked(Tick now, bool sent);
    /// When replay_to_ask() may have something to say without new messages.
    [[nodiscard]] Tick wake_at() const;

    [[nodiscard]] bool has_next() const { return !queue_.empty(); }
    [[nodiscard]] StreamMessage take_next();
    /// Writes the cursor if it moved.
    void persist(store::WriteTxn& txn);
    /// What was committed is now safe from a power cut.
    void synced() { durable_next_ = committed_next_; }
    /// After a power cut a Derived store comes back as it stands there; without one, with nothing.
    void durable_as_in(const StoreView* checkpoint);

    [[nodiscard]] Stream stream() const { return stream_; }
    [[nodiscard]] StreamCursor cursor() const { return {stream_, next_, head_}; }
    [[nodiscard]] StreamCursor durable_cursor() const { return {stream_, durable_next_, 0}; }
    [[nodiscard]] std::size_t queued() const { return queue_.size(); }
    [[nodiscard]] std::uint64_t replays() const { return replays_; }

  private:
    struct Item {
        std::uint64_t sequence;
        Bytes payload;
        Digest chain;
    };
    [[nodiscard]] std::optional<std::string> accept(bus::StreamChunk& chunk);
    [[nodiscard]] std::optional<std::string> accept_ahead();
    [[nodiscard]] std::optional<std::string> check_link(const bus::Link& link, std::uint64_t sequence) const;
    [[nodiscard]] bool has_room(std::size_t bytes) const;
    void keep_ahead(bus::StreamChunk chunk);
    void skip_to(std::uint64_t sequence);
    [[nodiscard]] bool is_current(const bus::StreamHead& at);
    [[nodiscard]] bool is_behind(const bus::StreamHead& at) const;
    void adopt(const bus::StreamHead& at);
    void hear_from_the_start();
    [[nodiscard]] std::string name() const { return std::string(to_string(stream_)); }

    Stream stream_;
    Table table_;
    std::uint64_t next_ = 1;  ///< the core has stepped everything below
    std::uint64_t committed_next_ = 1;
    std::uint64_t durable_next_ = 1;
    std::uint64_t expected_ = 1;  ///< everything below is stepped or queued
    Digest chain_{};              ///< at next_ - 1
    Digest expected_chain_{};     ///< at expected_ - 1
    bool chain_known_ = true;     ///< not after a skip: the next link is taken as it comes
    bus::Incarnation incarnation_{};
    std::uint64_t head_ = 0;
    bool moved_ = false;

    std::deque<Item> queue_;
    std::size_t queue_bytes_ = 0;
    std::map<std::uint64_t, bus::StreamChunk> ahead_;
    std::size_t ahead_bytes_ = 0;

    bool confirmed_ = false;  ///< the publisher answered a replay since we started
    Tick asked_at_ = 0;
    Tick ask_again_at_ = 0;
    std::uint64_t replays_ = 0;
};

}  // namespace rondo::shell
