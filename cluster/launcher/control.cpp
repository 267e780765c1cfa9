#include "cluster/launcher/control.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "cluster/config/file_io.hpp"
#include "messages/codec/codec.hpp"

namespace rondo {
namespace {

constexpr std::size_t packet_bytes_max = 160 * 1024;  // a Unix socket's default buffer holds more
constexpr int answer_ms_max = 3000;

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

int connect_to(const std::filesystem::path& path) {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    if (fd >= 0) ::close(fd);
    return -1;
}

bool readable_within(int fd, int wait_ms) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, wait_ms) == 1;
}

std::optional<Bytes> receive(int fd, int wait_ms) {
    if (!readable_within(fd, wait_ms)) return std::nullopt;
    Bytes buffer(packet_bytes_max);
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::nullopt;
    buffer.resize(static_cast<std::size_t>(got));
    return buffer;
}

bool send_packet(int fd, const Bytes& packet) {
    return ::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(packet.size());
}

}  // namespace

std::string_view to_string(ProcessState state) {
    constexpr std::array<std::string_view, 5> names{"running", "paused", "stopping", "waiting", "failed"};
    return names[static_cast<std::size_t>(state)];
}

std::optional<ControlReply> ask_launcher(const Home& home, const ControlRequest& request) {
    const int fd = connect_to(home.control_socket());
    if (fd < 0) return std::nullopt;
    std::optional<ControlReply> reply;
    if (send_packet(fd, encode(request)))
        if (const auto packet = receive(fd, answer_ms_max))
            if (auto decoded = decode<ControlReply>(*packet)) reply = std::move(*decoded);
    ::close(fd);
    return reply;
}

bool stop_launcher(const Home& home, std::uint64_t deadline_ms) {
    const int fd = connect_to(home.control_socket());
    if (fd < 0) return true;
    bool ended = false;
    if (send_packet(fd, encode(ControlRequest{ControlAction::stop, "", ""})) && receive(fd, answer_ms_max)) {
        // The launcher keeps the connection until its last moment: the end of the stream is its end.
        char unused = 0;
        ended = readable_within(fd, static_cast<int>(deadline_ms)) && ::recv(fd, &unused, 1, 0) <= 0;
    }
    ::close(fd);
    return ended;
}

Configured<ControlSocket> ControlSocket::listen(const Home& home) {
    if (auto made = make_private_folder(home.run_folder()); !made) return tl::make_unexpected(made.error());
    const std::filesystem::path path = home.control_socket();
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_un address = address_of(path);
    ::unlink(path.c_str());  // left by a launcher that was killed: the lock says that none runs
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 16) != 0) {
        const std::string reason = std::strerror(errno);
        if (fd >= 0) ::close(fd);
        return config_error(path.string() + ": cannot listen there: " + reason);
    }
    return ControlSocket(fd, path);
}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : listener_(std::exchange(other.listener_, -1)), path_(std::move(other.path_)) {}

ControlSocket::~ControlSocket() {
    if (listener_ >= 0) ::close(listener_);
}

void ControlSocket::remove() { ::unlink(path_.c_str()); }

std::optional<ControlSocket::Incoming> ControlSocket::accept() {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return std::nullopt;
    // The run folder is closed to other users, so that whoever connects may also ask. A silent one is not waited for.
    if (const auto packet = receive(connection, 200))
        if (auto request = decode<ControlRequest>(*packet)) return Incoming{connection, std::move(*request)};
    ::close(connection);
    return std::nullopt;
}

void ControlSocket::reply(const Incoming& incoming, const ControlReply& reply, bool keep_open) {
    const bool sent = send_packet(incoming.connection, encode(reply));
    if (!sent || !keep_open) ::close(incoming.connection);
}

}  // namespace rondo
