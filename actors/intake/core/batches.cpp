#include "actors/intake/core/batches.hpp"

#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

namespace {

Bytes published_key() { return to_bytes(as_bytes("published")); }

}  // namespace

Batches::Batches(Common& common) : common_(common) {
    if (const auto stored = common_.book.get(tables::meta, published_key())) published_ = read_be64(*stored);
}

std::optional<LinkRow> Batches::link(const BatchRef& batch) const {
    const auto stored = common_.book.get(tables::links, key_of(batch));
    if (!stored) return std::nullopt;
    return decode_own<LinkRow>(*stored);
}

void Batches::put_link(const BatchRef& batch, const LinkRow& row) { common_.book.put(tables::links, key_of(batch), encode(row)); }

bool Batches::has(const BatchRef& batch) const { return header(batch).has_value(); }

std::optional<BatchHeader> Batches::header(const BatchRef& batch) const {
    const auto row = link(batch);
    return row && row->here ? std::optional(row->header) : std::nullopt;
}

std::optional<BatchRecord> Batches::record(const BatchRef& batch) const {
    const auto stored = common_.book.get(tables::batches, key_of(batch));
    if (!stored) return std::nullopt;
    return decode_own<BatchRecord>(*stored);
}

std::optional<PoA> Batches::certificate(const BatchRef& batch) const {
    auto row = link(batch);
    if (!row || row->acks.empty()) return std::nullopt;
    return PoA{row->header, std::move(row->acks)};
}

bool Batches::is_certified(const BatchRef& batch) const { return certificate(batch).has_value(); }

void Batches::store(const BatchRef& batch, const BatchHeader& header, Bytes payload) {
    LinkRow row = link(batch).value_or(LinkRow{header, false, {}});
    if (std::exchange(row.here, true)) return;
    ++stored_;
    stored_bytes_ += payload.size();
    common_.book.put(tables::batches, key_of(batch), encode(BatchRecord{header, std::move(payload)}));
    put_link(batch, row);
}

void Batches::certify(const BatchRef& batch, const PoA& certificate) {
    LinkRow row = link(batch).value_or(LinkRow{certificate.header, false, {}});
    if (!row.acks.empty()) return;
    row.acks = certificate.acks;
    put_link(batch, row);
    tell(certificate);
}

void Batches::publish(const BatchRef& batch) {
    require(has(batch), "a batch is published only when its payload is here");
    common_.effects->publishes.push_back({Stream::batches, 0, RecordRef{tables::batches, key_of(batch)}, {}});
    Bytes count;
    append_be64(count, ++published_);
    common_.book.put(tables::meta, published_key(), std::move(count));
}

void Batches::forget(LaneId lane, LaneHeight tip) {
    for (const Table table : {tables::batches, tables::links})
        common_.book.erase_range(table, key_of(BatchRef{lane, LaneHeight(0), {}}), key_of(BatchRef{lane, tip.next(), {}}));
}

void Batches::supersede(const BatchRef& batch) {
    common_.book.erase(tables::batches, key_of(batch));
    common_.book.erase(tables::links, key_of(batch));
}

}  // namespace rondo::intake
