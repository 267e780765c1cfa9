#include "actors/da/frame/frame.hpp"

#include <zstd.h>

#include <array>
#include <memory>

#include "actors/da/frame/limits.hpp"
#include "messages/base/require.hpp"
#include "messages/codec/codec.hpp"

namespace rondo::da {
namespace {

constexpr std::string_view magic = "RDA1";
constexpr int compression_level = 3;
/// Level 3 asks for 2^21 at this size; a larger window would only cost the decoder memory.
constexpr int window_log_max = 23;

bool is_well_shaped(const Frame& f) {
    if (f.first.value == 0 || f.first > f.last || f.parts == 0 || f.parts > parts_max || f.part >= f.parts) return false;
    if (f.last.value - f.first.value >= range_blocks_max) return false;
    if (f.blocks.size() != f.last.value - f.first.value + 1) return false;
    if (f.parts > 1 && f.first != f.last) return false;
    if (f.part > 0) return !f.blocks[0].block && !f.finality;
    for (std::size_t i = 0; i < f.blocks.size(); ++i)
        if (!f.blocks[i].block || f.blocks[i].block->height != f.first.plus(i)) return false;
    return true;
}

struct FreeCompressor {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};
struct FreeDecompressor {
    void operator()(ZSTD_DCtx* c) const { ZSTD_freeDCtx(c); }
};

}  // namespace

std::string_view to_string(FrameError error) {
    constexpr std::array<std::string_view, 6> words{"too large",       "not a frame",
                                                    "bad compression", "not canonical encoding",
                                                    "unknown version", "heights, parts and blocks do not match"};
    return words[static_cast<std::size_t>(error)];
}

Bytes encode_frame(const Frame& frame) {
    require(is_well_shaped(frame), "a frame of ours must be well-shaped");
    const Bytes raw = encode(frame);
    require(raw.size() <= frame_bytes_max, "a frame of ours must be within its limit");
    const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
    require(context != nullptr, "out of memory for compression");
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    Bytes out = to_bytes(as_bytes(magic));
    out.resize(magic.size() + ZSTD_compressBound(raw.size()));
    const std::size_t size =
        ZSTD_compress2(context.get(), out.data() + magic.size(), out.size() - magic.size(), raw.data(), raw.size());
    require(ZSTD_isError(size) == 0, "compression of a bounded buffer cannot fail");
    out.resize(magic.size() + size);
    return out;
}

tl::expected<Frame, FrameError> decode_frame(ByteView blob) {
    if (blob.size() > blob_bytes_max) return tl::unexpected(FrameError::too_large);
    if (blob.size() < magic.size() || as_text(blob.first(magic.size())) != magic) return tl::unexpected(FrameError::not_a_frame);
    const ByteView packed = blob.subspan(magic.size());
    const unsigned long long claimed = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (claimed == ZSTD_CONTENTSIZE_UNKNOWN || claimed == ZSTD_CONTENTSIZE_ERROR || claimed == 0)
        return tl::unexpected(FrameError::bad_compression);
    if (claimed > frame_bytes_max) return tl::unexpected(FrameError::too_large);
    if (ZSTD_findFrameCompressedSize(packed.data(), packed.size()) != packed.size())
        return tl::unexpected(FrameError::bad_compression);

    const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
    require(context != nullptr, "out of memory for decompression");
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log_max);
    Bytes raw(static_cast<std::size_t>(claimed));
    if (ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), packed.data(), packed.size()) != raw.size())
        return tl::unexpected(FrameError::bad_compression);

    auto frame = decode<Frame>(raw);
    if (!frame) return tl::unexpected(FrameError::bad_encoding);
    if (frame->version != frame_version) return tl::unexpected(FrameError::unknown_version);
    if (!is_well_shaped(*frame)) return tl::unexpected(FrameError::bad_shape);
    return std::move(*frame);
}

bool continues(const LayerPosition& at, Height first, Height last, std::uint32_t part, std::uint32_t parts) {
    if (parts == 0 || parts > parts_max || part >= parts || first.value == 0 || first > last) return false;
    if (first.value - 1 != at.complete.value || last.value - first.value >= range_blocks_max) return false;
    if (parts > 1 && first != last) return false;
    if (part != at.next_part) return false;
    return at.next_part == 0 || parts == at.parts;
}

LayerPosition after(const Posting& posting) {
    if (posting.part + 1 == posting.parts) return {posting.last, 0, 1};
    return {posting.first.minus_or_zero(1), posting.part + 1, posting.parts};
}

}  // namespace rondo::da

template rondo::Bytes rondo::encode(const da::Frame&);
template tl::expected<rondo::da::Frame, rondo::codec::DecodeError> rondo::decode(ByteView);
