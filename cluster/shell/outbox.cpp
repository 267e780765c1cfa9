#include "cluster/shell/outbox.hpp"

#include <algorithm>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::shell {
namespace {

Bytes row_key(Stream stream, std::uint64_t sequence) {
    Bytes key{static_cast<std::uint8_t>(stream)};
    append_be64(key, sequence);
    return key;
}
std::uint64_t minus_or_zero(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }
Bytes end_key(Stream stream) { return {static_cast<std::uint8_t>(static_cast<unsigned>(stream) + 1)}; }
std::uint64_t sequence_of(ByteView key) { return read_be64(key.subspan(1, 8)); }

/// A row: flag, link (deterministic streams), then the payload or (table, key) of the record that holds it.
constexpr std::uint8_t row_has_payload = 0, row_has_reference = 1;
constexpr std::size_t link_bytes = 2 * Digest::size_bytes;

Bytes make_row(bool deterministic, const bus::Link& link, std::uint8_t flag, ByteView rest) {
    Bytes row;
    row.reserve(1 + link_bytes + rest.size());
    row.push_back(flag);
    if (deterministic) {
        append(row, link.identity.view());
        append(row, link.chain.view());
    }
    append(row, rest);
    return row;
}

struct Row {
    std::uint8_t flag;
    bus::Link link;
    ByteView rest;
};
Row parse_row(bool deterministic, ByteView bytes) {
    require(bytes.size() >= (deterministic ? 1 + link_bytes : 1), "a row of the outbox is too short");
    Row row{bytes[0], {}, bytes.subspan(1)};
    if (!deterministic) return row;
    row.link.identity = *Digest::from(row.rest.first(Digest::size_bytes));
    row.link.chain = *Digest::from(row.rest.subspan(Digest::size_bytes, Digest::size_bytes));
    row.rest = row.rest.subspan(link_bytes);
    return row;
}

/// Nothing if the core has erased the record since.
std::optional<ByteView> payload_of(const StoreView& view, const Row& row) {
    if (row.flag == row_has_payload) return row.rest;
    require(!row.rest.empty(), "a reference of the outbox is too short");
    return view.get(Table{row.rest[0], ""}, row.rest.subspan(1));
}

}  // namespace

std::vector<Actor> hearers_of(Stream stream) {
    using enum Actor;
    switch (stream) {
        case Stream::batches:
            return {execution, da, watcher};
        case Stream::receipts:
        case Stream::lane_signed:
        case Stream::vote_signed:
            return {watcher};
        case Stream::blocks:
            return {intake, execution, da, watcher, rewards};
        case Stream::results:
            return {intake, consensus, da, watcher, rewards};
        case Stream::postings:
            return {intake, watcher, rewards};
        case Stream::certificates:
            return {};  // best effort
    }
    return {};
}

Outbox::Outbox(const StoreView& view, Actor self, const ShellTables& tables, const bus::Incarnation& incarnation)
    : tables_(tables) {
    for (std::size_t i = 0; i < stream_count; ++i)
        if (publisher_of(static_cast<Stream>(i)) == self && !is_best_effort(static_cast<Stream>(i)))
            recover(view, static_cast<Stream>(i), incarnation);
}

void Outbox::recover(const StoreView& view, Stream stream, const bus::Incarnation& incarnation) {
    Published& published = streams_[stream];
    published.at.stream = stream;
    if (!is_deterministic(stream)) published.at.incarnation = incarnation;
    const Bytes from = row_key(stream, 0), to = end_key(stream);
    view.scan(tables_.outbox, from, to, [&](ByteView key, ByteView) {
        published.at.oldest = sequence_of(key);
        return false;
    });
    view.scan_reverse(tables_.outbox, from, to, [&](ByteView key, ByteView value) {
        published.at.head = published.durable_head = sequence_of(key);
        published.chain = parse_row(is_deterministic(stream), value).link.chain;
        return false;
    });
}

void Outbox::add(store::WriteTxn& txn, Publish publish) {
    const auto found = streams_.find(publish.stream);
    require(found != streams_.end(), "a core publishes a stream of another actor");
    Published& published = found->second;
    const bool deterministic = is_deterministic(publish.stream);
    // Of a node that begins with a snapshot a deterministic stream begins there.
    if (deterministic && published.at.head == 0 && publish.sequence > 1) {
        published.at.head = published.durable_head = publish.sequence - 1;
        published.at.oldest = publish.sequence;
    }
    const std::uint64_t sequence = published.at.head + 1;
    require(publish.sequence == (deterministic ? sequence : 0),
            "a deterministic stream goes up by one; others are numbered by the shell");
    bus::Link link;
    if (deterministic) link = {publish.identity, crypto::blake2b({published.chain.view(), publish.identity.view()})};
    if (auto* payload = std::get_if<Bytes>(&publish.payload)) {
        require(payload->size() <= limits::stream_message_bytes_max, "a stream message is larger than the streams carry");
        txn.put(tables_.outbox, row_key(publish.stream, sequence), make_row(deterministic, link, row_has_payload, *payload));
        append_fresh(published, std::move(*payload), link);
    } else {
        const auto& reference = std::get<RecordRef>(publish.payload);
        const auto record = txn.get(reference.table, reference.key);
        require(record.has_value(), "a core publishes a record that it has not stored");
        require(record->size() <= limits::stream_message_bytes_max, "a stream message is larger than the streams carry");
        append_fresh(published, to_bytes(*record), link);
        Bytes where{reference.table.index};
        append(where, reference.key);
        txn.put(tables_.outbox, row_key(publish.stream, sequence), make_row(deterministic, link, row_has_reference, where));
    }
    published.at.head = sequence;
    published.chain = link.chain;
}

void Outbox::append_fresh(Published& published, Bytes payload, const bus::Link& link) {
    const bool new_chunk = published.fresh.empty() || published.fresh.back().payloads.size() >= limits::chunk_messages_max ||
                           published.fresh_bytes + payload.size() > limits::replay_bytes_max;
    if (new_chunk) {
        published.fresh.emplace_back().header.first = published.at.head + 1;
        published.fresh_bytes = 0;
    }
    bus::StreamChunk& chunk = published.fresh.back();
    published.fresh_bytes += payload.size();
    chunk.payloads.push_back(std::move(payload));
    ++chunk.header.count;
    if (is_deterministic(published.at.stream)) chunk.header.links.push_back(link);
}

void Outbox::on_logged() {
    for (auto& [stream, published] : streams_)
        if (!is_patient(stream)) published.durable_head = published.at.head;
}

void Outbox::on_committed() {
    for (auto& [stream, published] : streams_) published.durable_head = published.at.head;
}

bool Outbox::is_awaited() const {
    return std::ranges::any_of(
        streams_, [](const auto& s) { return !is_deterministic(s.first) && !is_patient(s.first) && !s.second.fresh.empty(); });
}

std::vector<bus::StreamChunk> Outbox::take_chunks() {
    std::vector<bus::StreamChunk> out;
    for (auto& [stream, published] : streams_) {
        if (!is_deterministic(stream) && published.durable_head < published.at.head) continue;
        for (bus::StreamChunk& chunk : published.fresh) {
            chunk.header.at = published.at;
            out.push_back(std::move(chunk));
        }
        published.fresh.clear();
    }
    return out;
}

std::optional<bus::StreamChunk> Outbox::replay(const StoreView& view, const bus::ReplayRequest& request) const {
    const auto found = streams_.find(request.stream);
    if (found == streams_.end()) return std::nullopt;
    const bool deterministic = is_deterministic(request.stream);
    bus::StreamChunk chunk;
    chunk.header.at = found->second.at;
    chunk.header.at.head = found->second.durable_head;
    chunk.header.first = std::max(request.from, chunk.header.at.oldest);
    std::size_t bytes = 0;
    view.scan(tables_.outbox, row_key(request.stream, request.from), end_key(request.stream), [&](ByteView key, ByteView value) {
        if (sequence_of(key) > chunk.header.at.head) return false;
        const Row row = parse_row(deterministic, value);
        const auto payload = payload_of(view, row);
        if (!payload && chunk.payloads.empty()) {
            chunk.header.first = chunk.header.at.oldest = sequence_of(key) + 1;
            return true;
        }
        if (!payload || chunk.payloads.size() >= limits::chunk_messages_max) return false;
        if (!chunk.payloads.empty() && bytes + payload->size() > limits::replay_bytes_max) return false;
        bytes += payload->size();
        chunk.payloads.push_back(to_bytes(*payload));
        ++chunk.header.count;
        if (deterministic) chunk.header.links.push_back(row.link);
        return true;
    });
    return chunk;
}

bus::Announcement Outbox::announcement() const {
    bus::Announcement out;
    for (const auto& [stream, published] : streams_) {
        out.heads.push_back(published.at);
        out.heads.back().head = published.durable_head;
    }
    return out;
}

std::vector<Released> Outbox::note(const bus::CursorReport& report) {
    std::vector<Released> out;
    for (auto& [stream, published] : streams_) {
        const auto cursor = std::ranges::find(report.cursors, stream, &StreamCursor::stream);
        published.next_of[report.subscriber] = cursor == report.cursors.end() ? 0 : cursor->next;
        const std::uint64_t below = released_below(published);
        if (below <= published.released) continue;
        published.released = below;
        out.push_back({stream, below});
    }
    return out;
}

std::uint64_t Outbox::released_below(const Published& published) {
    std::uint64_t lowest = published.at.head + 1;
    for (const auto& [actor, next] : published.next_of)
        if (next != 0) lowest = std::min(lowest, next);
    for (const Actor actor : hearers_of(published.at.stream))
        if (!published.next_of.contains(actor)) lowest = 0;
    return std::max(lowest, minus_or_zero(published.at.head, limits::retention_messages_max));
}

void Outbox::erase_below(store::WriteTxn& txn, Table outbox, Published& published, std::uint64_t below) {
    if (below <= published.at.oldest) return;
    const Stream stream = published.at.stream;
    txn.apply(EraseRange{outbox, row_key(stream, published.at.oldest), row_key(stream, below)});
    published.at.oldest = below;
}

void Outbox::trim(store::WriteTxn& txn) {
    for (auto& [stream, published] : streams_) {
        if (is_deterministic(stream)) continue;
        const std::uint64_t below = std::max(minus_or_zero(released_below(published), limits::retention_messages_min),
                                             minus_or_zero(published.at.head, limits::retention_messages_max));
        erase_below(txn, tables_.outbox, published, std::min(below, published.at.oldest + limits::trim_rows_max));
    }
}

void Outbox::forget(store::WriteTxn& txn, const Forget& forget) {
    const auto found = streams_.find(forget.stream);
    require(found != streams_.end() && is_deterministic(forget.stream), "a core forgets what is not its to forget");
    erase_below(txn, tables_.outbox, found->second, std::min(forget.below, found->second.at.head));
}

std::vector<StreamCursor> Outbox::heads() const {
    std::vector<StreamCursor> out;
    for (const auto& [stream, published] : streams_) out.push_back({stream, 0, published.at.head});
    return out;
}

}  // namespace rondo::shell
