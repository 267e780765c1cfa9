#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "cluster/bus/client.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/shell/shell_config.hpp"

/// A node of real processes and real sockets in a folder that goes away with the test.
namespace rondo::test {

inline constexpr DurationMs patience_ms = 20'000;

/// Asks again until it holds; false when patience is over.
inline bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (std::chrono::steady_clock::now() < end) {
        if (holds()) return true;
        ::poll(nullptr, 0, 2);  // between two questions, not instead of one
    }
    return false;
}

class Process {
  public:
    Process() = default;
    explicit Process(const std::function<int()>& body) {
        pid_ = ::fork();
        if (pid_ == 0) std::_Exit(body());
    }
    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Process& operator=(Process&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~Process() {
        if (pid_ > 0) (void)end(SIGKILL);
    }
    /// The exit code, or minus the signal that ended it.
    int end(int signal) {
        ::kill(pid_, signal);
        return wait();
    }
    int wait() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    void signal(int number) const { ::kill(pid_, number); }

  private:
    pid_t pid_ = -1;
};

class World : public testing::Test {
  protected:
    World() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~World() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    [[nodiscard]] std::string endpoint(Actor actor, const std::string& what) const {
        return "ipc://" + (folder / (std::string(to_string(actor)) + "." + what)).string();
    }
    [[nodiscard]] ShellConfig config(Actor actor) const {
        ShellConfig out;
        out.self = OperatorNumber(1);
        out.store_folder = folder / to_string(actor);
        out.map_bytes = 256ULL << 20;
        for (std::size_t i = 0; i < actor_count; ++i) {
            const auto a = static_cast<Actor>(i);
            out.node[a] = {endpoint(a, "req"), endpoint(a, "pub")};
        }
        out.genesis.bytes[0] = 7;
        return out;
    }
    [[nodiscard]] Client client(Actor actor) const { return Client(endpoint(actor, "req")); }

    std::filesystem::path folder;
};

}  // namespace rondo::test
