#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "cluster/shell/shell_config.hpp"
#include "cluster/store/store.hpp"

namespace rondo::shell {

/// A call to the backend that came back.
struct BackendDone {
    std::uint64_t id;
    Bytes payload;
};
/// A checkpoint is complete, or why it is not.
struct CheckpointDone {
    Height height;
    std::optional<std::string> fault;
};
using Completion = std::variant<JobDone, BackendDone, CheckpointDone>;

/// The threads beside the turns: sender recovery on a small pool, the backend and the copying of a store on threads of their own.
/// They touch neither core nor store, but for what a copy reads; results wait here until the turn takes them.
class Workers {
  public:
    Workers(std::size_t threads, Backend* backend);
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    /// Joins. A backend call may hold it up: see stop_within().
    ~Workers();

    void recover(RecoverSenders job);
    /// In the calling thread: for so few that waking another costs more.
    [[nodiscard]] static JobDone recover_at_once(const RecoverSenders& job);
    /// False if too many calls wait already.
    [[nodiscard]] bool call_backend(std::uint64_t id, Bytes request);
    /// One at a time.
    void make(std::shared_ptr<store::CheckpointCopy> copy);
    [[nodiscard]] std::vector<Completion> take_completed();
    /// Readable while completions wait.
    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// Starts nothing more. False if a thread is still inside a call after so long.
    [[nodiscard]] bool stop_within(DurationMs wait_ms);

  private:
    struct Task {
        std::function<void()> run;
    };
    struct Lane {
        std::deque<Task> tasks;
        std::condition_variable wake;
    };
    void run(Lane& lane);
    void add_thread(Lane& lane);
    void complete(Completion completion);

    Backend* backend_;
    std::mutex mutex_;
    Lane pool_, backend_lane_, copy_lane_;
    std::vector<Completion> completed_;
    std::condition_variable stopped_;
    std::size_t running_threads_ = 0;
    bool stopping_ = false;
    int descriptor_;
    std::vector<std::thread> threads_;
    std::size_t pool_size_;
    bool copies_ = false;  ///< their thread is there
};

}  // namespace rondo::shell
