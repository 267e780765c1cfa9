#include "actors/intake/core/forward.hpp"

#include <algorithm>

#include "actors/intake/core/limits.hpp"

namespace rondo::intake {

bool Forwards::add(OperatorNumber home, ItemRef item, const Bytes& raw) {
    const auto silent = silent_until_.find(home);
    if (silent != silent_until_.end() && silent->second > common_.now) return false;
    if (sent_.size() >= forwards_max) return false;
    Batch& batch = filling_[home];
    batch.home = home;
    const bool full = batch.bytes + raw.size() > forward_bytes_max || batch.items.size() >= request_transactions_max;
    if (full) close(batch);
    batch.bytes += raw.size();
    batch.items.push_back(item);
    batch.message.transactions.push_back(raw);
    return true;
}

void Forwards::close(Batch& batch) {
    if (batch.items.empty()) return;
    batch.message.id = next_id_++;
    batch.deadline = common_.now.plus(forward_deadline_ms);
    const std::uint64_t id = batch.message.id;
    common_.send(batch.home, std::exchange(batch.message, {}));
    const OperatorNumber home = batch.home;
    sent_.emplace(id, std::exchange(batch, {}));
    batch.home = home;
}

void Forwards::flush() {
    for (auto& [home, batch] : filling_) close(batch);
    filling_.clear();
    if (!armed_) arm();
}

void Forwards::arm() {
    armed_ = !sent_.empty();
    if (!armed_) return;
    // Ids ascend with time, so the first is the earliest.
    const Instant earliest = sent_.begin()->second.deadline;
    const DurationMs wait = earliest > common_.now ? earliest.value - common_.now.value : 1;
    common_.effects->timers.push_back({id_of(TimerName::forwards), wait});
}

std::vector<Forwards::Returned> Forwards::on_reply(OperatorNumber from, ForwardReply reply) {
    const auto it = sent_.find(reply.id);
    if (it == sent_.end() || it->second.home != from || it->second.items.size() != reply.outcomes.size()) return {};
    const std::vector<ItemRef> items = std::move(it->second.items);
    sent_.erase(it);
    std::vector<Returned> out;
    for (std::size_t i = 0; i < items.size(); ++i) out.push_back({items[i], std::move(reply.outcomes[i])});
    return out;
}

std::vector<ItemRef> Forwards::on_timer() {
    std::vector<ItemRef> out;
    while (!sent_.empty() && sent_.begin()->second.deadline <= common_.now) {
        const Batch& batch = sent_.begin()->second;
        silent_until_.insert_or_assign(batch.home, common_.now.plus(silence_ms));
        out.insert(out.end(), batch.items.begin(), batch.items.end());
        sent_.erase(sent_.begin());
    }
    arm();
    return out;
}

}  // namespace rondo::intake
