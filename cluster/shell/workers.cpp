#include "cluster/shell/workers.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cluster/runtime/limits.hpp"
#include "messages/base/require.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::shell {
namespace {

/// Signals go to the thread of the turns.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// One job, cut into slices for the pool; the last slice to end reports.
struct SharedJob {
    RecoverSenders job;
    std::vector<std::optional<Address>> senders;
    std::atomic<std::size_t> slices_left;
};

}  // namespace

Workers::Workers(std::size_t threads, Backend* backend)
    : backend_(backend), descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), pool_size_(std::max<std::size_t>(threads, 1)) {
    require(descriptor_ >= 0, "no event descriptor");
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < pool_size_; ++i) add_thread(pool_);
    if (backend_ != nullptr) add_thread(backend_lane_);
}

void Workers::add_thread(Lane& lane) {
    ++running_threads_;
    threads_.emplace_back([this, &lane] { run(lane); });
}

Workers::~Workers() {
    (void)stop_within(0);
    for (std::thread& thread : threads_) thread.join();
    ::close(descriptor_);
}

void Workers::run(Lane& lane) {
    block_signals();
    std::unique_lock lock(mutex_);
    while (true) {
        lane.wake.wait(lock, [&] { return stopping_ || !lane.tasks.empty(); });
        if (stopping_) break;
        Task task = std::move(lane.tasks.front());
        lane.tasks.pop_front();
        lock.unlock();
        task.run();
        lock.lock();
    }
    --running_threads_;
    stopped_.notify_all();
}

void Workers::complete(Completion completion) {
    const std::lock_guard lock(mutex_);
    completed_.push_back(std::move(completion));
    const std::uint64_t one = 1;
    (void)!::write(descriptor_, &one, sizeof one);
}

void Workers::recover(RecoverSenders job) {
    constexpr std::size_t slice_min = 16;  // below, waking another thread costs more than it saves
    const std::size_t count = job.transactions.size();
    const std::size_t slices = std::clamp<std::size_t>(count / slice_min, 1, pool_size_);
    auto shared = std::make_shared<SharedJob>();
    shared->job = std::move(job);
    shared->senders.resize(count);
    shared->slices_left = slices;
    const std::lock_guard lock(mutex_);
    for (std::size_t slice = 0; slice < slices; ++slice) {
        const std::size_t first = count * slice / slices, last = count * (slice + 1) / slices;
        pool_.tasks.push_back({[this, shared, first, last] {
            for (std::size_t i = first; i < last; ++i) shared->senders[i] = ethereum::recover_sender(shared->job.transactions[i]);
            if (--shared->slices_left == 0) complete(JobDone{shared->job.id, std::move(shared->senders)});
        }});
        pool_.wake.notify_one();
    }
}

JobDone Workers::recover_at_once(const RecoverSenders& job) {
    JobDone done{job.id, {}};
    done.senders.reserve(job.transactions.size());
    for (const Bytes& raw : job.transactions) done.senders.push_back(ethereum::recover_sender(raw));
    return done;
}

bool Workers::call_backend(std::uint64_t id, Bytes request) {
    require(backend_ != nullptr, "the core asks a backend that the actor does not have");
    const std::lock_guard lock(mutex_);
    if (backend_lane_.tasks.size() >= limits::backend_calls_max) return false;
    backend_lane_.tasks.push_back({[this, id, bytes = std::move(request)] {
        complete(BackendDone{id, backend_->handle(bytes)});
    }});
    backend_lane_.wake.notify_one();
    return true;
}

void Workers::make(std::shared_ptr<store::CheckpointCopy> copy) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(copies_, true)) add_thread(copy_lane_);
    copy_lane_.tasks.push_back({[this, copy = std::move(copy)]() mutable {
        // Of this thread alone; refused: it is as urgent as the others.
        (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), limits::checkpoint_nice);
        CheckpointDone done{copy->height(), copy->run()};
        copy.reset();  // before another one may begin
        complete(std::move(done));
    }});
    copy_lane_.wake.notify_one();
}

std::vector<Completion> Workers::take_completed() {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    if (!completed_.empty()) (void)!::read(descriptor_, &count, sizeof count);
    return std::exchange(completed_, {});
}

bool Workers::stop_within(DurationMs wait_ms) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    pool_.wake.notify_all();
    backend_lane_.wake.notify_all();
    copy_lane_.wake.notify_all();
    return stopped_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return running_threads_ == 0; });
}

}  // namespace rondo::shell
