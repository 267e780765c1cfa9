#include "tests/unit/cli/canned_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace rondo::test {

CannedServer::CannedServer(std::function<Reply(const std::string&)> answer)
    : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
        std::abort();
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
}

CannedServer::~CannedServer() {
    ::shutdown(listener_, SHUT_RDWR);  // ends accept
    thread_.join();
    ::close(listener_);
}

void CannedServer::serve() {
    for (int connection = 0; (connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        answer_one(connection);
        ::close(connection);
    }
}

void CannedServer::answer_one(int connection) {
    std::string received;
    std::size_t body = std::string::npos, length = 0;
    char buffer[4096];
    while (body == std::string::npos || received.size() < body + length) {
        const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
        if (got <= 0) return;
        received.append(buffer, static_cast<std::size_t>(got));
        const auto end = received.find("\r\n\r\n");
        const auto header = received.find("Content-Length: ");
        if (end == std::string::npos || header == std::string::npos) continue;
        body = end + 4;
        length = std::stoul(received.substr(header + 16));
    }
    const Reply reply = answer_(received.substr(body));
    const std::string out = "HTTP/1.1 " + std::to_string(reply.status) +
                            " canned\r\nConnection: close\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" +
                            reply.body;
    for (std::size_t sent = 0; sent < out.size();) {
        const ssize_t done = ::send(connection, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (done <= 0) return;
        sent += static_cast<std::size_t>(done);
    }
}

}  // namespace rondo::test
