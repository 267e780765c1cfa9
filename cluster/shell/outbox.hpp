#pragma once
#include <map>
#include <optional>
#include <vector>

#include "cluster/bus/protocol.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/shell/tables.hpp"
#include "cluster/store/store.hpp"

namespace rondo::shell {

/// Who hears a stream in a complete node. Their cursors hold the outbox back.
[[nodiscard]] std::vector<Actor> hearers_of(Stream stream);

/// The durable streams that this actor publishes.
///  1. A message gets its row in the same transaction as the records that explain it, and leaves when they are
///     on the disk; of a deterministic stream it may leave before: whoever says it again says the same.
///  2. Deterministic streams: the sequence is the height (the first message's may be any); each row carries identity and
///     chain = H(chain before ‖ identity).
///  3. Other streams: numbered from 1, under the store's incarnation; rows below what all hearers have behind them are trimmed,
///     down to the retention; beyond the upper retention nobody holds them back.
///  4. Of deterministic streams rows go when the core says so, which hears what all hearers have behind them. The newest stays.
class Outbox {
  public:
    Outbox(const StoreView& view, Actor self, const ShellTables& tables, const bus::Incarnation& incarnation);

    void add(store::WriteTxn& txn, Publish publish);
    /// All that was added is on the disk, in the journal: what waited for that may be said, but of the patient streams.
    void on_logged();
    /// All that was added is on the disk, in the environment.
    void on_committed();
    /// What may be said now: of deterministic streams everything, of the others what was logged or committed.
    [[nodiscard]] std::vector<bus::StreamChunk> take_chunks();
    /// A message is not on the disk yet that somebody waits for.
    [[nodiscard]] bool is_awaited() const;

    /// Nothing if the stream is not published here.
    [[nodiscard]] std::optional<bus::StreamChunk> replay(const StoreView& view, const bus::ReplayRequest& request) const;
    [[nodiscard]] bus::Announcement announcement() const;
    [[nodiscard]] bool publishes_anything() const { return !streams_.empty(); }

    /// What the core is told of it.
    [[nodiscard]] std::vector<Released> note(const bus::CursorReport& report);
    void forget(store::WriteTxn& txn, const Forget& forget);
    /// At most trim_rows_max rows of each stream.
    void trim(store::WriteTxn& txn);
    [[nodiscard]] std::vector<StreamCursor> heads() const;

  private:
    struct Published {
        bus::StreamHead at;
        Digest chain{};
        std::map<Actor, std::uint64_t> next_of;  ///< reported cursors; 0: that actor does not hear this stream
        std::uint64_t durable_head = 0;          ///< up to here it may be said
        std::uint64_t released = 1;              ///< the core was told
        std::vector<bus::StreamChunk> fresh;
        std::size_t fresh_bytes = 0;  ///< of the last chunk
    };
    void recover(const StoreView& view, Stream stream, const bus::Incarnation& incarnation);
    void append_fresh(Published& published, Bytes payload, const bus::Link& link);
    [[nodiscard]] static std::uint64_t released_below(const Published& published);
    static void erase_below(store::WriteTxn& txn, Table outbox, Published& published, std::uint64_t below);

    ShellTables tables_;
    std::map<Stream, Published> streams_;
};

}  // namespace rondo::shell
