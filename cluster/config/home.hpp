#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "cluster/config/error.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/base/bytes.hpp"

/// Where everything of a local cluster lies. All of it follows from the home folder, so that clusters can live side by side.
namespace rondo {

struct Home {
    std::filesystem::path root;  ///< absolute

    [[nodiscard]] static Home at(const std::filesystem::path& folder);
    [[nodiscard]] std::filesystem::path genesis() const { return root / "genesis.json"; }
    /// Of a genesis ceremony that is not over yet.
    [[nodiscard]] std::filesystem::path draft() const { return root / "draft.json"; }
    [[nodiscard]] std::filesystem::path entry() const { return root / "entry.json"; }
    [[nodiscard]] std::filesystem::path cluster_file() const { return root / "cluster.toml"; }
    [[nodiscard]] std::filesystem::path lock() const { return root / "launcher.lock"; }
    [[nodiscard]] std::filesystem::path launcher_log() const { return root / "launcher.log"; }
    [[nodiscard]] std::filesystem::path load_seed() const { return root / "load.seed"; }
    [[nodiscard]] std::filesystem::path da_folder() const { return root / "da"; }
    [[nodiscard]] std::filesystem::path node(const std::string& name) const { return root / name; }
    [[nodiscard]] std::filesystem::path actor_file(const std::string& node, Actor actor) const;
    [[nodiscard]] std::filesystem::path log_file(const std::string& node, Actor actor) const;
    /// The folder of all ipc sockets of the cluster: `run` in the home, or a short one elsewhere when a socket's path would
    /// pass the 107 bytes that a Unix domain socket may have.
    [[nodiscard]] std::filesystem::path run_folder() const;
    [[nodiscard]] std::filesystem::path control_socket() const { return run_folder() / "launcher.ctl"; }
    /// Names this home among all of the machine.
    [[nodiscard]] Digest identity() const;
};

inline constexpr std::size_t socket_path_bytes_max = 107;

/// First port of the block of `count` that the home tries at its `attempt`: outside the range of ports that the kernel gives to
/// outgoing connections. The same home always begins with the same block.
[[nodiscard]] std::uint16_t port_block(const Home& home, std::uint16_t count, std::uint32_t attempt);
/// The first such block of which all ports are free now.
[[nodiscard]] Configured<std::uint16_t> find_free_ports(const Home& home, std::uint16_t count);

}  // namespace rondo
