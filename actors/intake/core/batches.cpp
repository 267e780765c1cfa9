#include "actors/intake/core/batches.hpp"

#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

bool Batches::has(const Digest& digest) const { return common_.book.has(tables::headers, digest.view()); }

std::optional<HeaderRow> Batches::header(const Digest& digest) const {
    const auto stored = common_.book.get(tables::headers, digest.view());
    if (!stored) return std::nullopt;
    return decode_own<HeaderRow>(*stored);
}

std::optional<BatchRecord> Batches::record(const Digest& digest) const {
    const auto stored = common_.book.get(tables::batches, digest.view());
    if (!stored) return std::nullopt;
    return decode_own<BatchRecord>(*stored);
}

std::optional<PoA> Batches::certificate(const Digest& digest) const {
    const auto stored = common_.book.get(tables::certificates, digest.view());
    if (!stored) return std::nullopt;
    return decode_own<PoA>(*stored);
}

bool Batches::is_certified(const Digest& digest) const { return common_.book.has(tables::certificates, digest.view()); }

void Batches::put_row(const Digest& digest, const HeaderRow& row) {
    common_.book.put(tables::headers, key_of(digest), encode(row));
}

void Batches::store(const Digest& digest, const BatchHeader& header, Bytes payload) {
    if (has(digest)) return;
    ++stored_;
    stored_bytes_ += payload.size();
    const auto known_certificate = certificate(digest);
    const BatchRecord record{header, std::move(payload), known_certificate};
    common_.book.put(tables::batches, key_of(digest), encode(record));
    put_row(digest, {header, false});
    if (known_certificate) publish(digest);
}

void Batches::certify(const Digest& digest, const PoA& certificate) {
    if (is_certified(digest)) return;
    Bytes encoded = encode(certificate);
    common_.book.put(tables::certificates, key_of(digest), encoded);
    common_.publish(Stream::certificates, std::move(encoded));
    const auto row = header(digest);
    if (!row || row->published) return;
    auto stored = record(digest);
    require(stored.has_value(), "a batch has a header row but no record");
    stored->certificate = certificate;
    common_.book.put(tables::batches, key_of(digest), encode(*stored));
    publish(digest);
}

void Batches::publish(const Digest& digest) {
    auto row = header(digest);
    require(row.has_value(), "a batch is published only when its payload is here");
    if (row->published) return;
    row->published = true;
    put_row(digest, *row);
    common_.effects->publishes.push_back({Stream::batches, 0, RecordRef{tables::batches, key_of(digest)}, {}});
}

void Batches::supersede(const Digest& digest) {
    const auto row = header(digest);
    if (!row || row->published) return;
    common_.book.erase(tables::batches, key_of(digest));
    common_.book.erase(tables::headers, key_of(digest));
}

}  // namespace rondo::intake
