#pragma once
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <tuple>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"

/// What lies on the DA layer: final blocks with the batches that their cuts brought, packed so that anyone rebuilds the
/// chain from these bytes and the genesis alone.
namespace rondo::da {

struct FrameBatch {
    BatchHeader header;
    Bytes payload;
    static auto fields(auto& v) { return std::tie(v.header, v.payload); }
    bool operator==(const FrameBatch&) const = default;
};

/// Batches in lane order, within a lane from the tip of the block before upwards. The proposal is absent exactly in the
/// parts of a block after its first.
struct FrameBlock {
    std::optional<Proposal> block;
    std::vector<FrameBatch> batches;
    static auto fields(auto& v) { return std::tie(v.block, v.batches); }
    bool operator==(const FrameBlock&) const = default;
};

inline constexpr std::uint16_t frame_version = 1;

/// `blocks` are first..last, or one part of a single block (first == last, parts > 1).
struct Frame {
    std::uint16_t version = frame_version;
    Digest genesis{};
    Height first;
    Height last;
    std::uint32_t part = 0;
    std::uint32_t parts = 1;
    std::vector<FrameBlock> blocks;
    /// Proves the newest block of the range that the poster holds a certificate of; others may hold another.
    std::optional<Certificate> finality;
    static auto fields(auto& v) { return std::tie(v.version, v.genesis, v.first, v.last, v.part, v.parts, v.blocks, v.finality); }
    bool operator==(const Frame&) const = default;
};

enum class [[nodiscard]] FrameError : std::uint8_t{
    too_large,        ///< packed, or what it claims to be unpacked
    not_a_frame,      ///< does not begin as ours do
    bad_compression,  ///< not exactly one zstd frame with size and checksum
    bad_encoding,     ///< not the canonical encoding of a Frame
    unknown_version,
    bad_shape,  ///< heights, parts and blocks do not belong together
};
[[nodiscard]] std::string_view to_string(FrameError error);

/// Magic ‖ zstd(canonical encoding). The frame must be well-shaped and within frame_bytes_max.
[[nodiscard]] Bytes encode_frame(const Frame& frame);
/// Bytes from anywhere. Allocates no more than frame_bytes_max for them.
[[nodiscard]] tl::expected<Frame, FrameError> decode_frame(ByteView blob);

/// How far the layer reaches: every block up to `complete`, and `next_part` parts of the one above it.
struct LayerPosition {
    Height complete;
    std::uint32_t next_part = 0;
    std::uint32_t parts = 1;
    bool operator==(const LayerPosition&) const = default;
};
/// True if a posting of this range and part comes next, and is one that a frame can fill. Whoever may write to the layer may say
/// anything in a record.
[[nodiscard]] bool continues(const LayerPosition& at, Height first, Height last, std::uint32_t part, std::uint32_t parts);
/// The position behind a posting that continued.
[[nodiscard]] LayerPosition after(const Posting& posting);

}  // namespace rondo::da
