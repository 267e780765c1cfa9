#pragma once
#include <chrono>
#include <memory>

#include "actors/intake/rpc/asio.hpp"

namespace rondo::rpc {

/// What is costly is done one after the other, in the order it was asked for; and after each the next waits three times as long
/// as that one took, so that all of it together takes a quarter of the node's time at most. Used from the io_context's thread
/// only.
class Turns {
  public:
    explicit Turns(asio::io_context& io);

    class Turn;
    /// Ends when the turn has come. Those who wait are as many as have memory for what they ask (RpcServer's shares).
    [[nodiscard]] asio::awaitable<Turn> take();
    /// Nobody's turn comes any more.
    void close();

  private:
    struct State;
    std::shared_ptr<State> state_;  ///< outlives this in coroutines that nobody resumes any more
};

/// Ends with its life.
class Turns::Turn {
  public:
    explicit Turn(std::shared_ptr<State> state);
    Turn(Turn&&) = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

  private:
    std::shared_ptr<State> state_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace rondo::rpc
