#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cluster/config/error.hpp"
#include "cluster/config/home.hpp"
#include "messages/base/types.hpp"

namespace rondo {

/// cluster.toml: what the launcher starts and how it watches over it.
struct ClusterFile {
    struct Node {
        std::string name;                ///< "node0"
        OperatorNumber number;           ///< no_operator: it follows the network
        std::string host = "127.0.0.1";  ///< where others reach it: what `rondo stake` registers
    };
    std::vector<Node> nodes;
    std::uint64_t backoff_ms_min = 100;  ///< before the first restart of an actor that died; doubles
    std::uint64_t backoff_ms_max = 5000;
    std::uint64_t restarts_max = 30;  ///< within the window; then it stays down
    std::uint64_t restart_window_s = 60;
    std::uint64_t stop_ms = 5000;    ///< from SIGTERM to SIGKILL
    std::uint64_t log_mib_max = 64;  ///< of one log file; one older file is kept
};

[[nodiscard]] std::string format_cluster_file(const ClusterFile& file);
[[nodiscard]] Configured<ClusterFile> read_cluster_file(const Home& home);

}  // namespace rondo
