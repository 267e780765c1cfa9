#include "actors/execution/core/snapshot_server.hpp"

#include <algorithm>

#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/parts.hpp"
#include "actors/execution/core/tables.hpp"

namespace rondo::execution {

void SnapshotServer::on_question(OperatorNumber from, StateMessage question, Effects& effects) {
    const auto of_asker = waiting_of_.find(from);
    if (waiting_.size() >= questions_max || (of_asker != waiting_of_.end() && of_asker->second >= questions_per_asker_max)) {
        ++dropped_;
        return;
    }
    ++waiting_of_[from];
    waiting_.push_back({from, std::move(question)});
    arm(effects);
}

void SnapshotServer::arm(Effects& effects) {
    if (!waiting_.empty() && !armed_) {
        armed_ = true;
        effects.timers.push_back({serving_timer, answer_interval_ms});
    } else if (waiting_.empty() && held_ != nullptr) {
        effects.timers.push_back({serving_timer, copy_held_ms});
    }
}

void SnapshotServer::on_time(Instant now, Effects& effects) {
    armed_ = false;
    if (now > held_until_) held_.reset();
    for (std::size_t i = 0; i < answers_per_interval && !waiting_.empty(); ++i) {
        const Question next = std::move(waiting_.front());
        waiting_.pop_front();
        if (const auto of_asker = waiting_of_.find(next.from); --of_asker->second == 0) waiting_of_.erase(of_asker);
        const auto reply = answer(now, next.message);
        if (!reply) continue;
        ++answered_;
        effects.sends.push_back({Channel::state, next.from, encode(*reply), true});
    }
    require(waiting_of_.size() <= waiting_.size(), "an asker is counted of whom nothing waits");
    arm(effects);
}

std::optional<StateMessage> SnapshotServer::answer(Instant now, const StateMessage& question) {
    if (const auto* snapshot = std::get_if<SnapshotRequest>(&question)) return answer(*snapshot);
    if (const auto* part = std::get_if<PartRequest>(&question)) return answer(now, *part);
    return answer(std::get<ContextsRequest>(question));
}

std::shared_ptr<const Checkpoint> SnapshotServer::copy_at(Height height) const {
    for (const auto& copy : view_.checkpoints())
        if (copy->height() == height && copy->is_sound()) return copy;
    return held_ != nullptr && held_->height() == height && held_->is_sound() ? held_ : nullptr;
}

Height SnapshotServer::newest() const { return view_.checkpoints().empty() ? Height(0) : view_.checkpoints().back()->height(); }

/// Nothing to say of a block that was not executed here, or too long ago: somebody else will know.
std::optional<StateMessage> SnapshotServer::answer(const SnapshotRequest& request) const {
    const auto record = view_.get(tables::outcomes, height_key(request.cited.height));
    if (!record) return std::nullopt;
    SnapshotOffer offer{request.cited, decode_own<Outcome>(*record), std::nullopt};
    if (digest_of(offer.outcome.result) != request.cited.result_digest) return std::nullopt;
    const bool is_one = request.cited.height.value % parameters_.snapshot_blocks == 0;
    offer.head = head_of(is_one ? request.cited : offer.outcome.carried.snapshot);
    return offer;
}

std::optional<SnapshotHead> SnapshotServer::head_of(const ExecutedRef& snapshot) const {
    const auto copy = copy_at(snapshot.height);
    if (copy == nullptr) return std::nullopt;
    const auto outcome = copy->get(tables::outcomes, height_key(snapshot.height));
    const auto head = copy->get(tables::meta, head_key());
    if (!outcome || !head) return std::nullopt;
    SnapshotHead out{decode_own<Outcome>(*outcome), decode_own<Head>(*head).cut, {}};
    for (const RegistryRef& ref : out.outcome.carried.registries) {
        const auto registry = copy->get(tables::registries, height_key(ref.height));
        if (!registry) return std::nullopt;
        out.registries.push_back(to_bytes(*registry));
    }
    return out;
}

StateMessage SnapshotServer::answer(Instant now, const PartRequest& request) {
    const auto copy = copy_at(request.height);
    if (copy == nullptr) return PartGone{request};
    held_ = copy;
    held_until_ = now.plus(copy_held_ms);
    StateMessage reply = part_of(*copy, request);
    // A record that rotted is as if it were not there: then the part lacks something.
    return copy->is_sound() ? std::move(reply) : StateMessage(PartGone{request});
}

StateMessage SnapshotServer::answer(const ContextsRequest& request) const {
    ContextsFound found{request.first, {}};
    const auto copy = copy_at(request.snapshot);
    if (copy == nullptr) return found;
    std::size_t bytes = 0;
    copy->scan(tables::contexts, epoch_key(request.first), {}, [&](ByteView, ByteView value) {
        auto context = decode<EpochContext>(value);
        if (!context) return false;
        bytes += value.size();
        found.contexts.push_back(std::move(*context));
        return found.contexts.size() < contexts_per_answer_max && bytes < contexts_bytes_max;
    });
    if (!copy->is_sound()) found.contexts.clear();
    return found;
}

}  // namespace rondo::execution
