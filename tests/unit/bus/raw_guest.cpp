#include "raw_guest.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::bus {
namespace {

Bytes operator+(Bytes left, ByteView right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    require(::inet_pton(AF_INET, host.c_str(), &out.sin_addr) == 1, "an IPv4 address");
    return out;
}

Bytes box(const Bytes& plain, ByteView nonce, ByteView to, ByteView from_secret) {
    Bytes out(plain.size() + crypto_box_MACBYTES);
    require(crypto_box_easy(out.data(), plain.data(), plain.size(), nonce.data(), to.data(), from_secret.data()) == 0, "a box");
    return out;
}

/// ZMTP: flags, size, body.
Bytes framed(std::uint8_t flags, const Bytes& body) {
    if (body.size() < 256) return Bytes{flags, static_cast<std::uint8_t>(body.size())} + body;
    Bytes out{static_cast<std::uint8_t>(flags | 2)};
    append_be64(out, body.size());
    return out + body;
}

constexpr std::uint8_t command = 4;

}  // namespace

RawGuest::RawGuest(const Operator& server, Channel channel, const std::string& from, const Keys& keys)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      server_key_(server.as_peer().transport_keys.at(0)),
      lasting_(keys) {
    require(socket_ >= 0, "a socket");
    const sockaddr_in here = address_of(from, 0);
    const sockaddr_in there = address_of("127.0.0.1", rondo::port_of(server.as_peer().endpoints, channel));
    require(::bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0, "an own address");
    require(::connect(socket_, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0, "a connection");
    require(::fcntl(socket_, F_SETFL, O_NONBLOCK) == 0, "a socket that does not block");
}

RawGuest::~RawGuest() {
    if (socket_ >= 0) ::close(socket_);
}

std::size_t RawGuest::write(ByteView bytes) {
    const auto taken = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

bool RawGuest::drain() {
    Bytes some(1U << 16);
    for (;;) {
        const auto got = ::recv(socket_, some.data(), some.size(), 0);
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        if (got == 0) return false;
    }
}

Bytes RawGuest::read_exactly(std::size_t count) {
    Bytes out(count);
    for (std::size_t have = 0; have < count;) {
        pollfd readable{socket_, POLLIN, 0};
        require(::poll(&readable, 1, 20'000) == 1, "an answer");
        const auto got = ::recv(socket_, &out[have], count - have, 0);
        require(got > 0, "the server is there");
        have += static_cast<std::size_t>(got);
    }
    return out;
}

/// Without its flags and size; commands of a handshake are short.
Bytes RawGuest::read_command() { return read_exactly(read_exactly(2).at(1)); }

void RawGuest::say_hello() {
    Bytes greeting(64);
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    std::ranges::copy(as_bytes("CURVE"), greeting.begin() + 12);
    require(write(greeting) == greeting.size(), "room for a greeting");
    (void)read_exactly(64);
    Bytes number;
    append_be64(number, ++nonce_);
    Bytes said = words("\x05HELLO") + Bytes{1, 0} + Bytes(72) + brief_.open_key.view() + number;
    said = said + box(Bytes(64), words("CurveZMQHELLO---") + number, server_key_.view(), brief_.secret);
    require(write(framed(command, said)) > 0, "room for a hello");
}

void RawGuest::say_initiate(const Bytes& welcome) {
    require(welcome.size() == 168, "a welcome");
    const ByteView sealed = ByteView(welcome).subspan(24);
    Bytes opened(128);
    const Bytes nonce = words("WELCOME-") + ByteView(welcome).subspan(8, 16);
    require(crypto_box_open_easy(opened.data(), sealed.data(), sealed.size(), nonce.data(), server_key_.bytes.data(),
                                 brief_.secret.data()) == 0,
            "a welcome for this guest");
    server_brief_ = *TransportKey::from(ByteView(opened).first(32));
    const Bytes vouch_nonce(16, 9);
    const Bytes vouch = box(to_bytes(brief_.open_key.view()) + server_key_.view(), words("VOUCH---") + vouch_nonce,
                            server_brief_.view(), lasting_.secret);
    const Bytes metadata = words("\x0bSocket-Type") + Bytes{0, 0, 0, 6} + words("DEALER");
    Bytes number;
    append_be64(number, ++nonce_);
    const Bytes plain = to_bytes(lasting_.open_key.view()) + vouch_nonce + vouch + metadata;
    const Bytes initiate = words("\x08INITIATE") + ByteView(opened).subspan(32) + number +
                           box(plain, words("CurveZMQINITIATE") + number, server_brief_.view(), brief_.secret);
    require(write(framed(command, initiate)) > 0, "room to initiate");
}

bool RawGuest::shakes_hands(Operator& server) {
    say_hello();
    say_initiate(read_command());
    const bool answered = eventually({&server}, [&] {
        pollfd readable{socket_, POLLIN, 0};
        return ::poll(&readable, 1, 0) == 1;
    });
    const Bytes ready = answered ? read_command() : Bytes{};
    return ready.size() > 6 && std::ranges::equal(ByteView(ready).first(6), words("\x05READY"));
}

Bytes RawGuest::frame(const Bytes& payload, bool more) {
    Bytes number;
    append_be64(number, ++nonce_);
    const Bytes plain = Bytes{static_cast<std::uint8_t>(more ? 1 : 0)} + payload;
    return framed(
        0, words("\x07MESSAGE") + number + box(plain, words("CurveZMQMESSAGEC") + number, server_brief_.view(), brief_.secret));
}

bool says(RawGuest& guest, Operator& server, const Bytes& bytes) {
    std::size_t written = 0;
    return eventually({&server}, [&] {
        const std::size_t piece = std::min<std::size_t>(bytes.size() - written, 64 * limits::kib);
        written += guest.write(ByteView(bytes).subspan(written, piece));
        return written == bytes.size();
    });
}

std::optional<PeerMessage> asks(RawGuest& guest, Operator& server) {
    std::optional<PeerMessage> question;
    if (!guest.shakes_hands(server) || !says(guest, server, guest.frame(genesis_tag, true)) ||
        !says(guest, server, guest.frame(hello, false)))
        return question;
    (void)eventually({&server}, [&] {
        question = server.bus().next(Channel::sync);
        return question.has_value();
    });
    return question;
}

}  // namespace rondo::bus
