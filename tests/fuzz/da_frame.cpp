#include <zstd.h>

#include "actors/da/frame/frame.hpp"
#include "messages/base/require.hpp"

using namespace rondo;

namespace {

/// As a poster packs it. Mutations of packed bytes hardly ever pass zstd's checksum.
Bytes packed(ByteView raw) {
    Bytes out = to_bytes(as_bytes("RDA1"));
    const std::size_t magic_bytes = out.size();
    out.resize(magic_bytes + ZSTD_compressBound(raw.size()));
    static ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    const std::size_t size = ZSTD_compress2(context, out.data() + magic_bytes, out.size() - magic_bytes, raw.data(), raw.size());
    require(ZSTD_isError(size) == 0, "an input was not packed");
    out.resize(magic_bytes + size);
    return out;
}

void round_trip(ByteView blob) {
    const auto frame = da::decode_frame(blob);
    if (!frame) return;
    const auto again = da::decode_frame(da::encode_frame(*frame));
    require(again.has_value() && *again == *frame, "what was decoded does not come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    round_trip({data, size});
    round_trip(packed({data, size}));
    return 0;
}
