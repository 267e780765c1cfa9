#include "actors/intake/rpc/turns.hpp"

#include <deque>

namespace rondo::rpc {

using Steady = std::chrono::steady_clock;
using Timer = std::shared_ptr<asio::steady_timer>;

struct Turns::State {
    explicit State(asio::io_context& io_) : io(io_) {}
    asio::io_context& io;
    bool closed = false;
    bool taken = false;
    std::deque<Timer> waiting;  ///< cancelled when the turn has come
    Steady::time_point rested;  ///< the next may begin
};

Turns::Turns(asio::io_context& io) : state_(std::make_shared<State>(io)) {}

void Turns::close() { state_->closed = true; }

asio::awaitable<Turns::Turn> Turns::take() {
    const std::shared_ptr<State> state = state_;
    boost::system::error_code cancelled;
    if (std::exchange(state->taken, true)) {
        const Timer turn_came = std::make_shared<asio::steady_timer>(state->io, Steady::time_point::max());
        state->waiting.push_back(turn_came);
        co_await turn_came->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    asio::steady_timer rest(state->io, state->rested);
    co_await rest.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    co_return Turn(state);
}

Turns::Turn::Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}

Turns::Turn::~Turn() {
    if (!state_ || state_->closed) return;
    const Steady::time_point now = Steady::now();
    state_->rested = now + 3 * (now - began_);
    state_->taken = !state_->waiting.empty();
    if (!state_->taken) return;
    const Timer next = std::move(state_->waiting.front());
    state_->waiting.pop_front();
    boost::system::error_code none_pending;
    next->cancel(none_pending);
}

}  // namespace rondo::rpc
