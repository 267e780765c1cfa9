#include "cluster/config/genesis_entry.hpp"

#include "messages/base/require.hpp"

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto first = parse_entry(as_text({data, size}), "input");
    if (!first) return 0;
    require(check_entry(*first, Digest{}).has_value() || first->draft == Digest{}, "it passed for a draft that it is not for");
    const auto second = parse_entry(format_entry(*first), "ours");
    require(second.has_value(), second ? "" : second.error().message);
    require(*second == *first, "written and read again, it is another entry");
    return 0;
}
