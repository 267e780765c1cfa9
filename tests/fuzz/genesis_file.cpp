#include "cluster/config/genesis_file.hpp"

#include "messages/base/require.hpp"

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto first = parse_genesis(as_text({data, size}), "input");
    if (!first) return 0;
    const auto second = parse_genesis(format_genesis(*first), "ours");
    require(second.has_value(), second ? "" : second.error().message);
    require(encode(*second) == encode(*first), "written and read again, it is another genesis");
    return 0;
}
