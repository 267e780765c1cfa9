#include "messages/base/endpoints.hpp"

#include <algorithm>

namespace rondo {

std::string_view fault_of(const Endpoints& endpoints) {
    const auto is_fit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
    };
    if (endpoints.host.empty() || endpoints.host.size() > host_bytes_max) return "the host must have 1 to 253 characters";
    if (!std::all_of(endpoints.host.begin(), endpoints.host.end(), is_fit))
        return "the host must be a DNS name or an IP address without brackets";
    const bool has_ports =
        endpoints.lanes != 0 && endpoints.votes != 0 && endpoints.sync != 0 && endpoints.fetch != 0 && endpoints.state != 0;
    return has_ports ? std::string_view() : "every channel needs a port from 1 to 65535";
}

}  // namespace rondo
