#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace rondo {

/// Where an operator's node is reached by other nodes: a host, and a port for each channel.
struct Endpoints {
    std::string host;  ///< a DNS name or an IP address, at most host_bytes_max long
    std::uint16_t lanes = 0;
    std::uint16_t votes = 0;
    std::uint16_t sync = 0;
    std::uint16_t fetch = 0;
    std::uint16_t state = 0;
    static auto fields(auto& v) { return std::tie(v.host, v.lanes, v.votes, v.sync, v.fetch, v.state); }
    bool operator==(const Endpoints&) const = default;
};
inline constexpr std::size_t host_bytes_max = 253;  ///< of a DNS name (RFC 1035)

/// Nothing, or what is wrong with it: a host of letters, digits, dots, hyphens and colons, and ports that are not 0.
[[nodiscard]] std::string_view fault_of(const Endpoints& endpoints);

}  // namespace rondo
