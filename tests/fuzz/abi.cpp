#include "messages/ethereum/abi.hpp"

#include "messages/base/require.hpp"

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    abi::Decoder first({data, size});
    const uint256 number = first.number();
    const Address account = first.address();
    const Bytes content = first.bytes();
    const std::vector<Word256> words = first.words(64);
    const bool flag = first.boolean();
    if (!first.ok()) return 0;
    const Bytes encoded = abi::Encoder().number(number).address(account).bytes(content).words(words).boolean(flag).arguments();
    abi::Decoder second(encoded);
    const bool same = second.number() == number && second.address() == account && second.bytes() == content &&
                      second.words(64) == words && second.boolean() == flag;
    require(same && second.ok(), "what was decoded does not come back");
    return 0;
}
