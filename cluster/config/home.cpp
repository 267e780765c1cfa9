#include "cluster/config/home.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "messages/crypto/hash.hpp"

namespace rondo {
namespace {

constexpr std::uint32_t first_port = 10'000;
constexpr std::uint32_t last_port = 32'767;  // Linux gives 32768 and up to outgoing connections
constexpr std::uint32_t attempts_max = 200;

bool is_free(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return bound;
}

}  // namespace

Home Home::at(const std::filesystem::path& folder) {
    std::filesystem::path absolute = std::filesystem::weakly_canonical(std::filesystem::absolute(folder));
    if (!absolute.has_filename()) absolute = absolute.parent_path();
    return {absolute};
}

std::filesystem::path Home::actor_file(const std::string& name, Actor actor) const {
    return node(name) / (std::string(to_string(actor)) + ".toml");
}

std::filesystem::path Home::log_file(const std::string& name, Actor actor) const {
    return node(name) / "log" / (std::string(to_string(actor)) + ".log");
}

Digest Home::identity() const { return crypto::blake2b(as_bytes(root.string())); }

std::filesystem::path Home::run_folder() const {
    constexpr std::string_view longest = "/node9999/consensus.req";
    std::filesystem::path inside = root / "run";
    if (inside.string().size() + longest.size() <= socket_path_bytes_max) return inside;
    const std::string name = "rondo-" + to_hex(identity().view().first(6));
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    if (runtime != nullptr && *runtime != '\0' && std::string_view(runtime).size() < 60)
        return std::filesystem::path(runtime) / name;
    return std::filesystem::path("/tmp") / (name + "-" + std::to_string(::geteuid()));
}

std::uint16_t port_block(const Home& home, std::uint16_t count, std::uint32_t attempt) {
    const std::uint32_t room = last_port - first_port + 1 - count;
    const std::uint32_t start = read_be32(home.identity().view().first(4)) % room;
    return static_cast<std::uint16_t>(first_port + (start + std::uint64_t{attempt} * count) % room);
}

Configured<std::uint16_t> find_free_ports(const Home& home, std::uint16_t count) {
    for (std::uint32_t attempt = 0; attempt < attempts_max; ++attempt) {
        const std::uint16_t first = port_block(home, count, attempt);
        bool all_free = true;
        for (std::uint16_t i = 0; i < count && all_free; ++i) all_free = is_free(static_cast<std::uint16_t>(first + i));
        if (all_free) return first;
    }
    return config_error("no " + std::to_string(count) + " free TCP ports in a row between " + std::to_string(first_port) +
                        " and " + std::to_string(last_port) + "; stop other clusters first");
}

}  // namespace rondo
