#pragma once
#include <optional>

#include "actors/intake/core/common.hpp"

namespace rondo::intake {

/// Batches and certificates of all lanes, by place and digest.
///   1. A payload is stored once, inside the BatchRecord that `batches` refers to.
///   2. A batch is published once: when a final cut cites it.
class Batches {
  public:
    explicit Batches(Common& common);

    [[nodiscard]] bool has(const BatchRef& batch) const;
    /// Nothing if the batch itself is not here.
    [[nodiscard]] std::optional<BatchHeader> header(const BatchRef& batch) const;
    [[nodiscard]] std::optional<BatchRecord> record(const BatchRef& batch) const;
    [[nodiscard]] std::optional<PoA> certificate(const BatchRef& batch) const;
    [[nodiscard]] bool is_certified(const BatchRef& batch) const;

    /// A batch with its payload; the caller has checked it.
    void store(const BatchRef& batch, const BatchHeader& header, Bytes payload);
    /// A certificate that the caller has checked, stored and told to consensus.
    void certify(const BatchRef& batch, const PoA& certificate);
    /// To consensus once more: `certificates` is heard by who listens.
    void tell(const PoA& certificate) { common_.publish(Stream::certificates, encode(certificate)); }
    /// On `batches`. The payload must be here.
    void publish(const BatchRef& batch);
    /// On `batches`, in the whole life of the store: what the next one's number follows.
    [[nodiscard]] std::uint64_t published_count() const { return published_; }
    /// A batch sealed again under another epoch's header.
    void supersede(const BatchRef& batch);
    /// All that is known of the lane up to the tip of a final cut.
    void forget(LaneId lane, LaneHeight tip);

    [[nodiscard]] std::uint64_t stored_count() const { return stored_; }
    [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }

  private:
    [[nodiscard]] std::optional<LinkRow> link(const BatchRef& batch) const;
    void put_link(const BatchRef& batch, const LinkRow& row);

    Common& common_;
    std::uint64_t published_ = 0;
    std::uint64_t stored_ = 0;        ///< since the start
    std::uint64_t stored_bytes_ = 0;  ///< since the start
};

}  // namespace rondo::intake
