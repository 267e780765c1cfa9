#pragma once
#include <vector>

#include "actors/intake/core/rows.hpp"

namespace rondo::intake {

/// A batch that is being filled. Its height is fixed and every position taken in it is promised, so it only grows.
/// The payload's encoding grows with it: sealing never encodes a transaction a second time.
class OpenBatch {
  public:
    explicit OpenBatch(LaneHeight height) : height_(height) {}

    [[nodiscard]] LaneHeight height() const { return height_; }
    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(leaves_.size()); }
    [[nodiscard]] std::size_t bytes() const { return body_.size() + framing_bytes_max; }
    [[nodiscard]] bool has_room_for(std::size_t raw_bytes) const;

    void append(const LaneTransaction& transaction);
    /// The canonical encoding of the Payload.
    [[nodiscard]] Bytes payload() const;
    [[nodiscard]] Digest payload_hash() const;

  private:
    static constexpr std::size_t framing_bytes_max = 1 + 5;  ///< the struct's and the list's array headers
    LaneHeight height_;
    Bytes body_;
    std::vector<Digest> leaves_;
};

}  // namespace rondo::intake
