#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cluster/config/error.hpp"
#include "cluster/config/home.hpp"

/// What people ask of a running launcher, over a Unix socket in the run folder: one request and one reply per connection.
namespace rondo {

enum class ControlAction : std::uint8_t { status, restart, kill, pause, resume, stop };
[[nodiscard]] constexpr bool is_valid(ControlAction a) { return a <= ControlAction::stop; }

struct ControlRequest {
    ControlAction action = ControlAction::status;
    std::string node;   ///< empty: all
    std::string actor;  ///< empty: all of the node
    static auto fields(auto& v) { return std::tie(v.action, v.node, v.actor); }
};

enum class ProcessState : std::uint8_t {
    running,
    paused,    ///< stopped by a signal; alive, but does nothing
    stopping,  ///< asked to end
    waiting,   ///< dead; starts again after its back-off
    failed,    ///< dead; not started again by itself
};
[[nodiscard]] constexpr bool is_valid(ProcessState s) { return s <= ProcessState::failed; }
[[nodiscard]] std::string_view to_string(ProcessState state);

struct ProcessReport {
    std::string node;
    std::string actor;
    std::uint64_t pid = 0;  ///< 0: no process
    ProcessState state = ProcessState::waiting;
    std::uint64_t restarts = 0;
    std::string last_end;  ///< how it ended last; empty if it never did
    static auto fields(auto& v) { return std::tie(v.node, v.actor, v.pid, v.state, v.restarts, v.last_end); }
};

struct ControlReply {
    std::string refused;  ///< why not; empty: done
    std::uint64_t launcher_pid = 0;
    std::vector<ProcessReport> processes;
    static auto fields(auto& v) { return std::tie(v.refused, v.launcher_pid, v.processes); }
};

/// One request to the launcher of the home; nothing when none runs there or it does not answer.
[[nodiscard]] std::optional<ControlReply> ask_launcher(const Home& home, const ControlRequest& request);
/// Asks the launcher to stop everything and waits until it has ended. False when that took longer than the deadline.
[[nodiscard]] bool stop_launcher(const Home& home, std::uint64_t deadline_ms);

/// The launcher's end of the socket.
class ControlSocket {
  public:
    [[nodiscard]] static Configured<ControlSocket> listen(const Home& home);
    ControlSocket(ControlSocket&& other) noexcept;
    ~ControlSocket();
    [[nodiscard]] int descriptor() const { return listener_; }
    /// Takes one waiting request, with the connection that awaits the reply.
    struct Incoming {
        int connection = -1;
        ControlRequest request;
    };
    [[nodiscard]] std::optional<Incoming> accept();
    /// Answers; closes unless the connection is to stay open to show that the launcher lives.
    void reply(const Incoming& incoming, const ControlReply& reply, bool keep_open);
    /// Takes the socket away, so that nobody finds it: the last act of a launcher.
    void remove();

  private:
    ControlSocket(int listener, std::filesystem::path path) : listener_(listener), path_(std::move(path)) {}
    int listener_ = -1;
    std::filesystem::path path_;
};

}  // namespace rondo
