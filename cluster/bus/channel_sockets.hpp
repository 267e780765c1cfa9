#pragma once
#include <string>
#include <zmq.hpp>

#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/endpoints.hpp"

/// What the sockets between operators have in common, listeners and own DEALERs.
namespace rondo::bus {

inline constexpr std::size_t curve_key_bytes = 32;

void set_channel_options(zmq::socket_t& socket, Channel channel);
/// `option` is one of libzmq's CURVE keys.
void set_curve_key(zmq::socket_t& socket, int option, ByteView key);

/// "tcp://host:port", an IPv6 address in brackets; empty if there is no port.
[[nodiscard]] std::string tcp_endpoint(const rondo::Endpoints& endpoints, Channel channel);
[[nodiscard]] bool is_ipv6(const std::string& endpoint);
/// The host is a DNS name: to connect is to ask a name server.
[[nodiscard]] bool is_name(const std::string& host);

}  // namespace rondo::bus
