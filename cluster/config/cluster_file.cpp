#include "cluster/config/cluster_file.hpp"

#include "cluster/config/actor_file.hpp"
#include "cluster/config/toml_file.hpp"

namespace rondo {

std::string format_cluster_file(const ClusterFile& file) {
    std::string out =
        "# Rondo: the nodes that 'rondo up' starts here, and how it watches over them.\n\n[launcher]\n"
        "backoff_ms_min = " +
        std::to_string(file.backoff_ms_min) +
        "       # before the first restart of an actor that died; doubles each time\n"
        "backoff_ms_max = " +
        std::to_string(file.backoff_ms_max) +
        "\n"
        "restarts_max = " +
        std::to_string(file.restarts_max) +
        "          # within the window; then the actor stays down until 'rondo restart'\n"
        "restart_window_s = " +
        std::to_string(file.restart_window_s) +
        "\n"
        "stop_ms = " +
        std::to_string(file.stop_ms) +
        "             # from asking an actor to stop to killing it\n"
        "log_mib_max = " +
        std::to_string(file.log_mib_max) + "           # of one log file; one older file is kept\n";
    for (const ClusterFile::Node& node : file.nodes)
        out += "\n[[nodes]]\nname = " + toml_quoted(node.name) + "\noperator = " + operator_toml(node.number) +
               "\nhost = " + toml_quoted(node.host) + "\n";
    return out;
}

Configured<ClusterFile> read_cluster_file(const Home& home) {
    std::error_code ignored;
    if (!std::filesystem::exists(home.cluster_file(), ignored))
        return config_error(home.root.string() + ": no cluster here; make one with: rondo init --home " + home.root.string() +
                            " --nodes 4");
    auto opened = TomlFile::open(home.cluster_file());
    if (!opened) return tl::make_unexpected(opened.error());
    TomlTable root = opened->root();
    TomlTable launcher = root.table("launcher");
    ClusterFile out;
    out.backoff_ms_min = launcher.number_or("backoff_ms_min", out.backoff_ms_min, {1, 60'000});
    out.backoff_ms_max = launcher.number_or("backoff_ms_max", out.backoff_ms_max, {1, 600'000});
    out.restarts_max = launcher.number_or("restarts_max", out.restarts_max, {0, 1'000'000});
    out.restart_window_s = launcher.number_or("restart_window_s", out.restart_window_s, {1, 86'400});
    out.stop_ms = launcher.number_or("stop_ms", out.stop_ms, {100, 600'000});
    out.log_mib_max = launcher.number_or("log_mib_max", out.log_mib_max, {1, 65'536});
    for (TomlTable& entry : root.tables("nodes")) {
        ClusterFile::Node node{entry.text("name"), read_operator(entry)};
        node.host = entry.text_or("host", node.host);
        if (node.name.empty() || node.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string::npos)
            entry.refuse("name", "must be of lower-case letters, digits, - and _");
        for (const ClusterFile::Node& other : out.nodes)
            if (other.name == node.name) entry.refuse("name", "stands twice");
        out.nodes.push_back(std::move(node));
    }
    if (out.nodes.empty()) root.refuse("nodes", "names no node; add [[nodes]]");
    if (const auto fault = opened->finish()) return tl::make_unexpected(*fault);
    return out;
}

}  // namespace rondo
