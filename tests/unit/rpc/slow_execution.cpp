#include "slow_execution.hpp"

#include <cstdlib>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"

namespace rondo::test {
namespace {

constexpr auto patience = std::chrono::seconds(20);

BlockReply large_block() {
    BlockReply block;
    block.height = Height(1);
    block.digest.bytes[0] = 1;
    block.size_bytes = limits::request_bytes_max;
    block.hashes.resize(1);
    return block;
}

}  // namespace

SlowExecution::SlowExecution() {
    std::string name = (std::filesystem::temp_directory_path() / "rondo-rpc-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    bus::NodeOptions options;
    options.self = Actor::execution;
    options.actors[Actor::execution] = {endpoint(), "ipc://" + (folder_ / "execution.pub").string()};
    auto opened = bus::NodeBus::open(context_, options);
    require(opened.has_value(), "the endpoints of a test can be bound");
    bus_.emplace(std::move(*opened));
    thread_ = std::thread([this] { serve(); });
}

SlowExecution::~SlowExecution() {
    stop_ = true;
    thread_.join();
    std::filesystem::remove_all(folder_);
}

void SlowExecution::serve() {
    while (!stop_) {
        while (const auto request = bus_->next_request()) on_request(*request);
        {
            const std::lock_guard lock(mutex_);
            for (; !open_.empty() && (always_ || may_answer_ > 0); open_.pop_front()) {
                if (!always_) --may_answer_;
                bus_->reply(open_.front(), encode(ExecutionReply(large_block())));
            }
        }
        bus::wait_readable(bus_->sockets(true), {}, 5);
    }
}

void SlowExecution::on_request(const bus::NodeBus::FromAsker& request) {
    const auto asked = decode<ExecutionRequest>(request.payload);
    const auto* block = asked ? std::get_if<GetBlock>(&*asked) : nullptr;
    if (block == nullptr || !block->with_transactions) {
        bus_->reply(request.route, encode(ExecutionReply(large_block())));
        return;
    }
    const std::lock_guard lock(mutex_);
    open_.push_back(request.route);
    ++asked_;
    open_max_ = std::max(open_max_.load(), open_.size());
    changed_.notify_all();
}

bool SlowExecution::await_question() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return !open_.empty(); });
}

void SlowExecution::answer_one() {
    const std::lock_guard lock(mutex_);
    ++may_answer_;
}

void SlowExecution::answer_always() {
    const std::lock_guard lock(mutex_);
    always_ = true;
}

}  // namespace rondo::test
