#include "messages/wire/kinds.hpp"

#include <string_view>

namespace rondo {

Bytes signing_bytes(const Digest& genesis, Epoch epoch, Kind kind, ByteView body) {
    static constexpr std::string_view domain = "rondo/1";
    Bytes out;
    out.reserve(domain.size() + Digest::size_bytes + 9 + body.size());
    append(out, as_bytes(domain));
    append(out, genesis.view());
    append_be64(out, epoch.value);
    out.push_back(static_cast<std::uint8_t>(kind));
    append(out, body);
    return out;
}

}  // namespace rondo
