#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "cluster/bus/node_bus.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::test {

/// An execution of one large block, which tells the block at once and its transactions when it is told to.
class SlowExecution {
  public:
    SlowExecution();
    ~SlowExecution();
    SlowExecution(const SlowExecution&) = delete;
    SlowExecution& operator=(const SlowExecution&) = delete;

    [[nodiscard]] std::string endpoint() const { return "ipc://" + (folder_ / "execution.req").string(); }
    /// Waits until it is asked for the transactions and does not answer yet; false if that does not come.
    [[nodiscard]] bool await_question();
    void answer_one();
    void answer_always();
    [[nodiscard]] std::size_t open_max() const { return open_max_; }  ///< questions for the transactions at once
    [[nodiscard]] std::size_t asked() const { return asked_; }        ///< in all

  private:
    void serve();
    void on_request(const bus::NodeBus::FromAsker& request);

    std::filesystem::path folder_;
    bus::Context context_;
    std::optional<bus::NodeBus> bus_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<bus::NodeBus::Route> open_;
    std::size_t may_answer_ = 0;
    bool always_ = false;
    std::atomic<std::size_t> open_max_ = 0, asked_ = 0;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace rondo::test
