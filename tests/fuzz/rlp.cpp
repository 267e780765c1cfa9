#include "messages/ethereum/rlp.hpp"

#include "messages/base/require.hpp"

using namespace rondo;

namespace {

Bytes encode_again(const rlp::Item& item) {
    if (!item.is_list) return rlp::encode_string(item.content);
    rlp::Writer w;
    for (rlp::Reader r(item.content); !r.at_end();) w.raw(encode_again(r.next()));
    return w.list();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    if (rlp::validate(input) != rlp::Error::none) return 0;
    rlp::Reader whole(input);
    require(encode_again(whole.next()) == to_bytes(input), "a second encoding");
    require(whole.finish() == rlp::Error::none, "valid, yet not read to its end");
    return 0;
}
