#include "actors/da/frame/frame.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <limits>

#include "actors/da/frame/limits.hpp"
#include "chain_maker.hpp"
#include "messages/codec/encode.hpp"

namespace rondo::testing {
namespace {

using da::decode_frame;
using da::encode_frame;
using da::Frame;
using da::FrameError;

Frame frame_of(ChainMaker& chain, std::size_t blocks) {
    Frame frame;
    frame.genesis = chain.genesis_digest();
    frame.first = Height(1);
    frame.last = Height(blocks);
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto& made = chain.add({1, i % 2}, 200);
        da::FrameBlock& out = frame.blocks.emplace_back();
        out.block = made.block.block;
        for (const BatchRecord& b : made.batches) out.batches.push_back({b.header, b.payload});
        frame.finality = made.block.finalization;
    }
    return frame;
}

Bytes pack(const Bytes& raw, bool with_size = true) {
    Bytes out = to_bytes(as_bytes("RDA1"));
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size ? 1 : 0);
    Bytes packed(ZSTD_compressBound(raw.size()));
    packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), raw.data(), raw.size()));
    ZSTD_freeCCtx(context);
    append(out, packed);
    return out;
}

Bytes unpack(const Bytes& blob) {
    Bytes raw(ZSTD_getFrameContentSize(blob.data() + 4, blob.size() - 4));
    EXPECT_EQ(ZSTD_decompress(raw.data(), raw.size(), blob.data() + 4, blob.size() - 4), raw.size());
    return raw;
}

TEST(DaFrame, ComesBackAsItWas) {
    ChainMaker chain;
    const Frame frame = frame_of(chain, 5);
    const auto back = decode_frame(encode_frame(frame));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, frame);
}

TEST(DaFrame, HasOneEncoding) {
    ChainMaker chain;
    const Frame frame = frame_of(chain, 3);
    const Bytes blob = encode_frame(frame);
    EXPECT_EQ(encode_frame(*decode_frame(blob)), blob);
}

TEST(DaFrame, RefusesEveryTruncation) {
    ChainMaker chain;
    const Bytes blob = encode_frame(frame_of(chain, 2));
    for (std::size_t n = 0; n < blob.size(); ++n) EXPECT_FALSE(decode_frame(ByteView(blob).first(n)).has_value()) << n;
}

TEST(DaFrame, RefusesEveryFlippedBit) {
    ChainMaker chain;
    const Frame frame = frame_of(chain, 2);
    const Bytes blob = encode_frame(frame);
    for (std::size_t i = 0; i < blob.size() * 8; ++i) {
        Bytes bad = blob;
        bad[i / 8] = static_cast<std::uint8_t>(bad[i / 8] ^ (1U << (i % 8)));
        const auto decoded = decode_frame(bad);
        // A flip in zstd's own header may name the same content in other words; it may never change it.
        if (decoded) {
            EXPECT_EQ(*decoded, frame) << "bit " << i;
        }
    }
}

TEST(DaFrame, RefusesWhatFollowsIt) {
    ChainMaker chain;
    Bytes blob = encode_frame(frame_of(chain, 1));
    append(blob, ByteView(blob).subspan(4));
    EXPECT_EQ(decode_frame(blob).error(), FrameError::bad_compression);
}

TEST(DaFrame, RefusesADecompressionBombBeforeUnpackingIt) {
    const Bytes bomb = pack(Bytes(64 * da::mib, 0));
    ASSERT_LT(bomb.size(), 64 * da::kib);
    EXPECT_EQ(decode_frame(bomb).error(), FrameError::too_large);
}

TEST(DaFrame, RefusesABombThatHidesItsSize) {
    EXPECT_EQ(decode_frame(pack(Bytes(64 * da::mib, 0), false)).error(), FrameError::bad_compression);
}

TEST(DaFrame, RefusesABombThatLiesAboutItsSize) {
    Bytes bomb = pack(Bytes(1000, 7));
    const Bytes large = pack(Bytes(2 * da::mib, 7));
    // The small one's header, with the large one's blocks.
    Bytes spliced = to_bytes(ByteView(bomb).first(4 + 7));
    append(spliced, ByteView(large).subspan(4 + 9));
    EXPECT_FALSE(decode_frame(spliced).has_value());
}

TEST(DaFrame, RefusesWhatIsNoFrame) {
    EXPECT_EQ(decode_frame({}).error(), FrameError::not_a_frame);
    EXPECT_EQ(decode_frame(Bytes(100, 0)).error(), FrameError::not_a_frame);
    EXPECT_EQ(decode_frame(Bytes(da::blob_bytes_max + 1, 0)).error(), FrameError::too_large);
    EXPECT_EQ(decode_frame(pack(Bytes{0xc0})).error(), FrameError::bad_encoding);
}

TEST(DaFrame, RefusesAnEncodingThatIsNotCanonical) {
    ChainMaker chain;
    Bytes raw = unpack(encode_frame(frame_of(chain, 1)));
    ASSERT_EQ(raw[1], 1U) << "the version, in one byte";
    raw.insert(raw.begin() + 1, 0xcc);  // the same number in two
    EXPECT_EQ(decode_frame(pack(raw)).error(), FrameError::bad_encoding);
}

TEST(DaFrame, RefusesAnotherVersion) {
    ChainMaker chain;
    Bytes raw = unpack(encode_frame(frame_of(chain, 1)));
    raw[1] = 2;
    EXPECT_EQ(decode_frame(pack(raw)).error(), FrameError::unknown_version);
}

TEST(DaFrame, RefusesHeightsThatDoNotFit) {
    ChainMaker chain;
    const Frame good = frame_of(chain, 3);
    const auto refuses = [](const Frame& f) { return decode_frame(pack(encode(f))) == tl::unexpected(FrameError::bad_shape); };
    Frame f = good;
    f.last = Height(4);
    EXPECT_TRUE(refuses(f));
    f = good;
    f.first = Height(2);
    f.last = Height(4);
    EXPECT_TRUE(refuses(f));
    f = good;
    std::swap(f.blocks[0], f.blocks[1]);
    EXPECT_TRUE(refuses(f));
    f = good;
    f.parts = 2;
    EXPECT_TRUE(refuses(f));
    f = good;
    f.blocks[1].block.reset();
    EXPECT_TRUE(refuses(f));
    f = good;
    f.first = f.last = Height(0);
    f.blocks.resize(1);
    EXPECT_TRUE(refuses(f));
    f = good;
    f.last = Height(~0ULL);
    EXPECT_TRUE(refuses(f));
}

TEST(DaFrame, OnlyTheFirstPartOfABlockCarriesItsHeader) {
    ChainMaker chain;
    Frame f = frame_of(chain, 1);
    f.parts = 2;
    EXPECT_TRUE(decode_frame(encode_frame(f)).has_value());
    f.part = 1;
    f.finality.reset();
    EXPECT_EQ(decode_frame(pack(encode(f))).error(), FrameError::bad_shape);
    f.blocks[0].block.reset();
    EXPECT_TRUE(decode_frame(encode_frame(f)).has_value());
}

TEST(DaFrame, APostingContinuesOnlyWithARangeThatAFrameCanFill) {
    constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();
    const auto goes_on = [](std::uint64_t complete, std::uint64_t first, std::uint64_t last) {
        return da::continues({Height(complete), 0, 1}, Height(first), Height(last), 0, 1);
    };
    EXPECT_TRUE(goes_on(4, 5, 5));
    EXPECT_TRUE(goes_on(4, 5, 4 + da::range_blocks_max));
    EXPECT_FALSE(goes_on(4, 5, 5 + da::range_blocks_max));
    EXPECT_FALSE(goes_on(0, 1, highest));
    EXPECT_FALSE(goes_on(4, 5, 4));
    EXPECT_FALSE(goes_on(4, 5, 0));
    EXPECT_FALSE(goes_on(4, 6, 6));
    EXPECT_FALSE(goes_on(4, 4, 5));
    EXPECT_FALSE(goes_on(0, 0, 0));
    EXPECT_FALSE(goes_on(highest, 0, 0)) << "nothing comes after the highest number";
    EXPECT_FALSE(goes_on(highest, highest, highest));
}

TEST(DaFrame, NeverCrashesOnRandomBytes) {
    std::uint64_t x = 88172645463325252ULL;
    for (int round = 0; round < 20'000; ++round) {
        Bytes raw(x % 200);
        for (auto& b : raw) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            b = static_cast<std::uint8_t>(x);
        }
        EXPECT_FALSE(decode_frame(round % 2 == 0 ? pack(raw) : raw).has_value());
    }
}

}  // namespace
}  // namespace rondo::testing
