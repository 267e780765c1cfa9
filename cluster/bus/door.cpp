#include "cluster/bus/door.hpp"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "cluster/bus/frames.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::bus {
namespace {

constexpr int watched_events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

/// CURVE and ZMTP wrap each frame; heartbeats are no message either.
constexpr std::uint64_t unexplained_bytes_max = limits::message_bytes_max + 64 * limits::kib;

struct Name {
    std::string address;
    std::uint16_t port = 0;
};

/// IPv6 by its first 64 bits: whoever has a network has all addresses of it.
Name name_of(const sockaddr_storage& from) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        return {::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size()), ntohs(v4.sin_port)};
    }
    if (from.ss_family != AF_INET6) return {};
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) == 0) std::memset(&v6.sin6_addr.s6_addr[8], 0, 8);
    return {::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size()), ntohs(v6.sin6_port)};
}

using AskName = int (*)(int, sockaddr*, socklen_t*);

/// Of one end of a connection; nothing if there is none under this descriptor any more.
std::optional<Name> name_by(AskName ask, int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    sockaddr generic{};
    static_assert(sizeof generic <= sizeof address);
    if (ask(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
    return name_of(address);
}

std::optional<tcp_info> carried_by(int descriptor) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    return info;
}

std::uint16_t port_of(zmq::socket_t& listener) {
    const std::string endpoint = listener.get(zmq::sockopt::last_endpoint);
    const std::size_t colon = endpoint.rfind(':');
    if (colon == std::string::npos) return 0;
    return static_cast<std::uint16_t>(std::strtoul(&endpoint[colon + 1], nullptr, 10));
}

}  // namespace

Door::Door(zmq::context_t& context, zmq::socket_t& listener, const std::string& name)
    : listener_(listener), events_(context, ZMQ_PAIR), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    require(epoll_ >= 0, "no epoll descriptor");
    const std::string endpoint = "inproc://door-" + name;
    require(zmq_socket_monitor(listener.handle(), endpoint.c_str(), watched_events) == 0, "a listener can be watched");
    events_.set(zmq::sockopt::linger, 0);
    events_.set(zmq::sockopt::rcvhwm, 0);  // a full queue of events would stop the I/O thread; it is emptied in every turn
    events_.connect(endpoint);
}

Door::~Door() {
    zmq_socket_monitor(listener_.handle(), nullptr, 0);  // before the other end of the events is gone
    ::close(epoll_);
}

void Door::look(DurationMs now) {
    on_events();
    if (look_again_ms(now) > 0) return;
    std::set<int> changed = suspects_;
    std::array<epoll_event, 64> arrived{};
    for (std::size_t round = 0; round <= guests_.size() / arrived.size(); ++round) {
        const int count = ::epoll_wait(epoll_, arrived.data(), static_cast<int>(arrived.size()), 0);
        for (int i = 0; i < count; ++i) changed.insert(arrived[static_cast<std::size_t>(i)].data.fd);
        if (count < static_cast<int>(arrived.size())) break;
    }
    if (changed.empty()) return;
    looked_at_ = now;
    for (const int descriptor : changed) examine(descriptor);
    was_empty_ = false;
}

DurationMs Door::look_again_ms(DurationMs now) const {
    const DurationMs due = looked_at_ + limits::door_look_ms;
    return due > now ? due - now : 0;
}

void Door::on_events() {
    zmq::message_t frame, endpoint;
    while (events_.recv(frame, zmq::recv_flags::dontwait)) {
        std::uint16_t event = 0;
        std::int32_t value = 0;
        require(frame.size() == sizeof event + sizeof value && frame.more(), "libzmq tells of a connection in two frames");
        std::memcpy(&event, frame.data(), sizeof event);
        std::memcpy(&value, frame.data<char>() + sizeof event, sizeof value);
        (void)events_.recv(endpoint, zmq::recv_flags::dontwait);
        if (event == ZMQ_EVENT_ACCEPTED)
            on_accepted(value);
        else if (event == ZMQ_EVENT_DISCONNECTED)
            forget(value);
        else
            ++counters_.failed_handshakes;
    }
}

/// 1. By the time it is told of, the descriptor may be another's: then its own telling follows, or it is no connection to here.
void Door::on_accepted(int descriptor) {
    forget(descriptor);
    const auto there = name_by(::getpeername, descriptor), here = name_by(::getsockname, descriptor);
    if (!there || !here || here->port != port_of(listener_)) return;
    Guest guest;
    guest.address = there->address;
    guest.port = there->port;
    guest.is_admitted = connection_shares_.has_room(guest.address, 1, limits::connections_max);
    if (guest.is_admitted) connection_shares_.take(guest.address, 1);
    const bool is_admitted = guest.is_admitted;
    guests_.emplace(descriptor, std::move(guest));
    if (!is_admitted) {
        ++counters_.refused;
        return close(descriptor);
    }
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    wanted.data.fd = descriptor;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted) != 0) ::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &wanted);
}

void Door::forget(int descriptor) {
    const auto found = guests_.find(descriptor);
    if (found == guests_.end()) return;
    Guest& guest = found->second;
    if (guest.is_admitted) connection_shares_.give_back(guest.address, 1);
    unread_shares_.give_back(guest.address, guest.unread);
    if (const auto named = by_connection_.find(guest.connection); named != by_connection_.end() && named->second == descriptor)
        by_connection_.erase(named);
    forget_key(descriptor, guest);
    suspects_.erase(descriptor);
    guests_.erase(found);
}

/// libzmq sees its end, and tells of it. What is another's by now is let alone.
void Door::close(int descriptor) {
    const Guest& guest = guests_.at(descriptor);
    const auto there = name_by(::getpeername, descriptor);
    if (there && there->address == guest.address && there->port == guest.port) ::shutdown(descriptor, SHUT_RDWR);
    suspects_.erase(descriptor);
}

void Door::heard(const zmq::message_t& frame, ByteView connection) {
    const auto found = guests_.find(zmq_msg_get(frame.handle(), ZMQ_SRCFD));
    if (found == guests_.end()) return;
    Guest& guest = found->second;
    guest.spoke = true;
    if (std::ranges::equal(guest.connection, connection)) return;
    guest.connection = to_bytes(connection);
    by_connection_.insert_or_assign(guest.connection, found->first);
    if (const auto key = key_of(frame)) note_key(found->first, guest, *key);
}

void Door::note_key(int descriptor, Guest& guest, const TransportKey& key) {
    if (guest.key == key) return;
    forget_key(descriptor, guest);
    guest.key = key;
    std::vector<int>& speakers = by_key_[key];
    speakers.push_back(descriptor);
    if (speakers.size() <= connections_per_key_max) return;
    const int first = speakers.front();
    forget_key(first, guests_.at(first));
    ++counters_.superseded;
    close(first);
}

void Door::forget_key(int descriptor, Guest& guest) {
    if (!guest.key) return;
    const auto speakers = by_key_.find(*guest.key);
    std::erase(speakers->second, descriptor);
    if (speakers->second.empty()) by_key_.erase(speakers);
    guest.key.reset();
}

/// 2. What libzmq had read at the last look, and the listener was found empty since: if it was a message, it was heard.
void Door::examine(int descriptor) {
    const auto found = guests_.find(descriptor);
    if (found == guests_.end()) return;
    Guest& guest = found->second;
    const auto info = carried_by(descriptor);
    int waiting = 0;
    if (!info || ::ioctl(descriptor, FIONREAD, &waiting) != 0) return;
    const std::uint64_t received = info->tcpi_bytes_received;
    const std::uint64_t consumed = received - std::min(received, static_cast<std::uint64_t>(waiting));
    if (guest.spoke) guest.explained = consumed;
    const bool is_overlong = was_empty_ && guest.consumed > guest.explained + unexplained_bytes_max;
    guest.spoke = false;
    guest.consumed = consumed;
    note_acknowledged(guest, info->tcpi_bytes_acked);
    if (is_overlong) {
        ++counters_.overlong;
        return close(descriptor);
    }
    if (consumed > guest.explained + unexplained_bytes_max)
        suspects_.insert(descriptor);
    else
        suspects_.erase(descriptor);
}

void Door::note_acknowledged(Guest& guest, std::uint64_t bytes) {
    const std::uint64_t read = std::min(bytes - std::min(bytes, guest.acknowledged), guest.unread);
    guest.acknowledged = bytes;
    guest.unread -= read;
    unread_shares_.give_back(guest.address, read);
}

/// 3. Of a connection that is not known any more libzmq says so itself.
bool Door::may_answer(ByteView connection, std::size_t bytes) {
    const auto found = by_connection_.find(to_bytes(connection));
    if (found == by_connection_.end()) return true;
    Guest& guest = guests_.at(found->second);
    if (const auto info = carried_by(found->second)) note_acknowledged(guest, info->tcpi_bytes_acked);
    return unread_shares_.has_room(guest.address, bytes, limits::unread_bytes_max);
}

void Door::answered(ByteView connection, std::size_t bytes) {
    const auto found = by_connection_.find(to_bytes(connection));
    if (found == by_connection_.end()) return;
    Guest& guest = guests_.at(found->second);
    guest.unread += bytes;
    unread_shares_.take(guest.address, bytes);
}

}  // namespace rondo::bus
