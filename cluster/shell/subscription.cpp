#include "cluster/shell/subscription.hpp"

#include <algorithm>

#include "cluster/ledger/base.hpp"
#include "cluster/runtime/limits.hpp"
#include "cluster/shell/log.hpp"
#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::shell {
namespace {

constexpr std::size_t ahead_bytes_max = limits::message_bytes_max;
constexpr std::size_t ahead_chunks_max = 256;

std::size_t bytes_of(const bus::StreamChunk& chunk) {
    std::size_t bytes = 0;
    for (const Bytes& payload : chunk.payloads) bytes += payload.size();
    return bytes;
}

Bytes cursor_key(Stream stream) { return {static_cast<std::uint8_t>(stream)}; }

struct CursorRow {
    std::uint64_t next;
    bus::Incarnation incarnation;
    Digest chain;
};
std::optional<CursorRow> read_row(const StoreView& view, Table table, Stream stream) {
    const auto row = view.get(table, cursor_key(stream));
    if (!row) return std::nullopt;
    require(row->size() == 8 + bus::Incarnation::size_bytes + Digest::size_bytes, "a cursor has another length");
    return CursorRow{read_be64(row->first(8)), *bus::Incarnation::from(row->subspan(8, bus::Incarnation::size_bytes)),
                     *Digest::from(row->last(Digest::size_bytes))};
}

}  // namespace

Subscription::Subscription(const StoreView& view, const ShellTables& tables, Stream stream)
    : stream_(stream), table_(tables.cursors) {
    const auto row = read_row(view, table_, stream);
    if (!row) return;
    next_ = committed_next_ = durable_next_ = expected_ = row->next;
    incarnation_ = row->incarnation;
    chain_ = expected_chain_ = row->chain;
    head_ = next_ - 1;
}

/// A cursor of a publisher's earlier store is none: that stream is heard from the start.
void Subscription::durable_as_in(const StoreView* checkpoint) {
    const auto row = checkpoint == nullptr ? std::nullopt : read_row(*checkpoint, table_, stream_);
    durable_next_ = row && row->incarnation == incarnation_ ? row->next : 1;
}

void Subscription::persist(store::WriteTxn& txn) {
    if (!moved_) return;
    Bytes row;
    append_be64(row, next_);
    append(row, incarnation_.view());
    append(row, chain_.view());
    txn.put(table_, cursor_key(stream_), std::move(row));
    committed_next_ = next_;
    moved_ = false;
}

StreamMessage Subscription::take_next() {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= item.payload.size();
    next_ = item.sequence + 1;
    chain_ = item.chain;
    moved_ = true;
    return {stream_, item.sequence, std::move(item.payload)};
}

/// Live messages and announcements may come from a process that is gone: whether the publisher has a new store, or an older one,
/// only the answer to a question tells.
bool Subscription::is_current(const bus::StreamHead& at) {
    if (is_deterministic(stream_) || at.incarnation == incarnation_) return true;
    confirmed_ = false;
    return false;
}

void Subscription::adopt(const bus::StreamHead& at) {
    if (!is_deterministic(stream_) && at.incarnation != incarnation_) {
        if (!incarnation_.is_zero())
            log(Level::error, "the publisher of " + name() + " has a new store; its stream is heard from the start");
        incarnation_ = at.incarnation;
        hear_from_the_start();
    }
    head_ = std::max(head_, at.head);
}

void Subscription::hear_from_the_start() {
    moved_ = true;
    next_ = expected_ = 1;
    committed_next_ = durable_next_ = 1;  // the old stream's cursor is not to be reported for the new one
    head_ = 0;
    queue_.clear();
    queue_bytes_ = 0;
    ahead_.clear();
    ahead_bytes_ = 0;
}

void Subscription::on_announced(const bus::StreamHead& at) {
    if (is_behind(at)) confirmed_ = false;
    if (is_current(at)) head_ = std::max(head_, at.head);
}

bool Subscription::is_behind(const bus::StreamHead& at) const {
    return !is_deterministic(stream_) && at.incarnation == incarnation_ && at.head + 1 < expected_;
}

bool Subscription::has_room(std::size_t bytes) const {
    return queue_.empty() ||
           (queue_.size() < limits::stream_queue_messages_max && queue_bytes_ + bytes <= limits::stream_queue_bytes_max);
}

std::optional<std::string> Subscription::check_link(const bus::Link& link, std::uint64_t sequence) const {
    if (!is_deterministic(stream_) || !chain_known_) return std::nullopt;
    if (crypto::blake2b({expected_chain_.view(), link.identity.view()}) == link.chain) return std::nullopt;
    return "stream " + name() + " at " + std::to_string(sequence) +
           " does not continue what this actor has heard: its publisher, or this store, holds another history";
}

std::optional<std::string> Subscription::accept(bus::StreamChunk& chunk) {
    const bool deterministic = is_deterministic(stream_);
    for (std::size_t i = 0; i < chunk.payloads.size(); ++i) {
        const std::uint64_t sequence = chunk.header.first + i;
        const bus::Link link = deterministic ? chunk.header.links[i] : bus::Link{};
        if (deterministic && chain_known_ && sequence + 1 == expected_ && link.chain != expected_chain_)
            return "stream " + name() + " at " + std::to_string(sequence) +
                   " differs from what this actor has heard: the histories part";
        if (sequence != expected_) continue;
        if (!has_room(chunk.payloads[i].size())) return std::nullopt;  // 3.
        if (auto trouble = check_link(link, sequence)) return trouble;
        queue_bytes_ += chunk.payloads[i].size();
        queue_.push_back({sequence, std::move(chunk.payloads[i]), link.chain});
        expected_chain_ = link.chain;
        chain_known_ = true;
        ++expected_;
    }
    return std::nullopt;
}

void Subscription::keep_ahead(bus::StreamChunk chunk) {
    const std::size_t bytes = bytes_of(chunk);
    if (ahead_bytes_ + bytes > ahead_bytes_max || ahead_.size() >= ahead_chunks_max) return;
    const std::uint64_t first = chunk.header.first;
    if (ahead_.emplace(first, std::move(chunk)).second) ahead_bytes_ += bytes;
}

std::optional<std::string> Subscription::accept_ahead() {
    while (!ahead_.empty() && ahead_.begin()->first <= expected_) {
        bus::StreamChunk chunk = std::move(ahead_.begin()->second);
        ahead_bytes_ -= bytes_of(chunk);
        ahead_.erase(ahead_.begin());
        if (auto trouble = accept(chunk)) return trouble;
    }
    return std::nullopt;
}

std::optional<std::string> Subscription::on_live(bus::StreamChunk chunk) {
    if (!is_current(chunk.header.at)) return std::nullopt;
    if (is_behind(chunk.header.at)) {  // overtaken by a replay, most likely: no reason to ask often
        confirmed_ = false;
        ask_again_at_ = std::max(ask_again_at_, asked_at_ + limits::replay_retry_ms);
        return std::nullopt;
    }
    head_ = std::max(head_, chunk.header.at.head);
    if (chunk.header.first > expected_) {
        keep_ahead(std::move(chunk));
        return std::nullopt;
    }
    if (auto trouble = accept(chunk)) return trouble;
    return accept_ahead();
}

void Subscription::skip_to(std::uint64_t sequence) {
    log(Level::warn, "stream " + name() + ": messages " + std::to_string(expected_) + " to " + std::to_string(sequence - 1) +
                         " are gone at the publisher; continuing at " + std::to_string(sequence));
    expected_ = sequence;
    chain_known_ = false;
}

std::optional<std::string> Subscription::on_replayed(bus::StreamChunk chunk, std::uint64_t asked_from) {
    const bus::StreamHead& at = chunk.header.at;
    const bool same_store = at.incarnation == incarnation_;
    ask_again_at_ = 0;
    confirmed_ = true;
    // 5. The answer is newer than the question, so that a head below it is no old announcement.
    if (!is_deterministic(stream_) && same_store && at.head + 1 < asked_from) {
        log(Level::error, "the publisher of " + name() + " is at " + std::to_string(at.head) + ", below this actor's cursor " +
                              std::to_string(asked_from) + ": its disk was rolled back; its stream is heard from the start");
        hear_from_the_start();
        head_ = at.head;
        return std::nullopt;
    }
    adopt(at);
    if (is_deterministic(stream_)) head_ = std::max(at.head, expected_ - 1);  // 4. what we waited for may be rebuilt again
    if (is_deterministic(stream_) && chunk.payloads.empty() && at.oldest > expected_) {
        ask_again_at_ = asked_at_ + limits::replay_retry_ms;  // where it begins is not durable there yet
        return std::nullopt;
    }
    if (chunk.header.first > expected_ && at.oldest > expected_) {
        // 6. To go on behind a gap would be to invent what stood in it; but a node that began with a snapshot begins there.
        if (is_deterministic(stream_) && (expected_ > 1 || !begins_stream(stream_, chunk.payloads.front())))
            return "stream " + name() + ": messages " + std::to_string(expected_) + " to " +
                   std::to_string(chunk.header.first - 1) +
                   " are no longer kept by their publisher, and this actor's store ends before them: start this node anew from a "
                   "snapshot (remove the stores of all its actors; its keys stay)";
        skip_to(chunk.header.first);
    }
    if (auto trouble = accept(chunk)) return trouble;
    return accept_ahead();
}

std::optional<bus::ReplayRequest> Subscription::replay_to_ask(Tick now) const {
    const bool wanted = !confirmed_ || expected_ <= head_;
    // Room for a whole chunk, so that nothing is replayed twice.
    const bool room = queue_.size() + limits::chunk_messages_max <= limits::stream_queue_messages_max &&
                      queue_bytes_ + limits::replay_bytes_max <= limits::stream_queue_bytes_max;
    if (!wanted || !room || now < ask_again_at_) return std::nullopt;
    return bus::ReplayRequest{stream_, expected_};
}

void Subscription::replay_asked(Tick now, bool sent) {
    asked_at_ = now;
    ask_again_at_ = now + (sent ? limits::replay_retry_ms : limits::replay_retry_unsent_ms);
    if (sent) ++replays_;
}

Tick Subscription::wake_at() const { return !confirmed_ || expected_ <= head_ ? ask_again_at_ : never; }

}  // namespace rondo::shell
