#pragma once
#include <optional>

#include "actors/intake/core/common.hpp"

namespace rondo::intake {

/// Batches and certificates by the digest of their header, and what of them is on the streams.
///   1. A payload is stored once, inside the BatchRecord that `batches` refers to.
///   2. A batch is published once: when it is certified, or when a final cut cites it.
class Batches {
  public:
    explicit Batches(Common& common) : common_(common) {}

    [[nodiscard]] bool has(const Digest& digest) const;
    [[nodiscard]] std::optional<HeaderRow> header(const Digest& digest) const;
    [[nodiscard]] std::optional<BatchRecord> record(const Digest& digest) const;
    [[nodiscard]] std::optional<PoA> certificate(const Digest& digest) const;
    [[nodiscard]] bool is_certified(const Digest& digest) const;

    /// A batch with its payload; the caller has checked it.
    void store(const Digest& digest, const BatchHeader& header, Bytes payload);
    /// A checked certificate: stored and published; the batch too if its payload is here.
    void certify(const Digest& digest, const PoA& certificate);
    /// On `batches`, unless it is there already. The payload must be here.
    void publish(const Digest& digest);
    /// A batch sealed again under another epoch's header. What is on a stream already stays.
    void supersede(const Digest& digest);

    [[nodiscard]] std::uint64_t stored_count() const { return stored_; }
    [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }

  private:
    void put_row(const Digest& digest, const HeaderRow& row);

    Common& common_;
    std::uint64_t stored_ = 0;        ///< since the start
    std::uint64_t stored_bytes_ = 0;  ///< since the start
};

}  // namespace rondo::intake
