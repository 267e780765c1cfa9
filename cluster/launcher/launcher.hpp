#pragma once
#include <filesystem>
#include <string>

#include "cluster/config/cluster_file.hpp"
#include "cluster/config/error.hpp"
#include "cluster/config/home.hpp"
#include "cluster/launcher/control.hpp"

namespace rondo {

/// Held while a launcher runs on a home; ends with the process, whatever happens to it. Survives fork().
class LauncherLock {
  public:
    /// Refuses when another launcher runs on the home.
    [[nodiscard]] static Configured<LauncherLock> take(const Home& home);
    LauncherLock(LauncherLock&& other) noexcept;
    ~LauncherLock();

  private:
    explicit LauncherLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

struct LauncherOptions {
    Home home;
    ClusterFile cluster;
    std::filesystem::path programs;  ///< the folder of rondo-intake and its siblings
};

/// Starts every actor of the cluster as its own process, starts again what dies, and serves the control socket, until
/// SIGTERM, SIGINT or a stop request; then stops all of them. Prints a line for each event. Single-threaded: the actors are
/// tied to this thread's life.
void run_launcher(const LauncherOptions& options, LauncherLock lock, ControlSocket control);

}  // namespace rondo
