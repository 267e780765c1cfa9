#include "cluster/bus/channel_sockets.hpp"

#include <algorithm>

#include "cluster/bus/frames.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::bus {
namespace {

// CURVE adds a nonce, a flag and a MAC to each frame (RFC 26).
constexpr auto wire_bytes_max = static_cast<std::int64_t>(limits::message_bytes_max + 256);

int hwm_of(Channel channel) {
    switch (channel) {
        case Channel::lanes:
            return limits::lanes_hwm;
        case Channel::votes:
            return limits::votes_hwm;
        case Channel::sync:
            return limits::sync_hwm;
        case Channel::fetch:
            return limits::fetch_hwm;
        case Channel::state:
            return limits::state_hwm;
    }
    return limits::sync_hwm;
}

}  // namespace

void set_channel_options(zmq::socket_t& socket, Channel channel) {
    set_common_options(socket, hwm_of(channel), wire_bytes_max);
    socket.set(zmq::sockopt::heartbeat_ivl, limits::heartbeat_ms);
    socket.set(zmq::sockopt::heartbeat_timeout, limits::heartbeat_timeout_ms);
    socket.set(zmq::sockopt::handshake_ivl, limits::handshake_ms_max);
    socket.set(zmq::sockopt::tcp_maxrt, limits::unacknowledged_ms_max);
}

void set_curve_key(zmq::socket_t& socket, int option, ByteView key) {
    const int error = zmq_setsockopt(socket.handle(), option, key.data(), key.size());
    require(error == 0, "libzmq was built without CURVE, or a key has not 32 bytes");
}

std::string tcp_endpoint(const rondo::Endpoints& endpoints, Channel channel) {
    const std::uint16_t port = port_of(endpoints, channel);
    if (endpoints.host.empty() || port == 0) return {};
    const bool ipv6 = endpoints.host.find(':') != std::string::npos;
    return "tcp://" + (ipv6 ? "[" + endpoints.host + "]" : endpoints.host) + ":" + std::to_string(port);
}

bool is_ipv6(const std::string& endpoint) { return endpoint.find('[') != std::string::npos; }

bool is_name(const std::string& host) {
    const auto in_ipv4 = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
    return host.find(':') == std::string::npos && !std::all_of(host.begin(), host.end(), in_ipv4);
}

}  // namespace rondo::bus
