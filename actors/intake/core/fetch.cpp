#include "actors/intake/core/fetch.hpp"

#include <algorithm>

#include "actors/intake/core/certificates.hpp"
#include "actors/intake/core/limits.hpp"

namespace rondo::intake {

bool Fetch::has_room() const { return wanted_.size() < fetch_wanted_max; }

void Fetch::want(const BatchRef& batch, std::vector<OperatorNumber> candidates, Urgency urgency) {
    if (wanted_.contains(batch) || !has_room() || batches_.has(batch)) return;
    std::erase(candidates, common_.self);
    const std::int64_t turn = urgency == Urgency::first ? --first_turn_ : next_turn_++;
    // Not every node begins with the same peer, and not every batch.
    wanted_.emplace(batch, Wanted{std::move(candidates), common_.self.value + batch.height.value, 0, turn, common_.now});
    queue_.emplace(turn, batch);
    changed_ = true;
}

void Fetch::finish_step() {
    if (!std::exchange(changed_, false) || wanted_.empty()) return;
    Requests requests;
    std::size_t seen = 0;
    std::size_t in_window = 0;
    for (auto it = queue_.begin(); it != queue_.end() && in_window < fetch_window && seen < fetch_seen_max; ++it, ++seen) {
        Wanted& wanted = wanted_.at(it->second);
        in_window += wanted.attempts <= fetch_attempts_in_window;
        if (wanted.ask_again <= common_.now) ask(it->second, wanted, requests);
    }
    send_all(requests);
    common_.effects->timers.push_back({id_of(TimerName::fetch), fetch_retry_ms});
}

void Fetch::ask(const BatchRef& batch, Wanted& wanted, Requests& requests) const {
    if (wanted.candidates.empty()) wanted.candidates = common_.holders();
    const std::size_t peers = wanted_.size() > fetch_batches_max ? 1 : fetch_peers;
    const std::size_t count = std::min(peers, wanted.candidates.size());
    for (std::size_t i = 0; i < count; ++i)
        requests[wanted.candidates[wanted.next_candidate++ % wanted.candidates.size()]].push_back(batch);
    const std::size_t doublings = std::min(wanted.attempts++, fetch_backoff_max);
    wanted.ask_again = common_.now.plus(fetch_retry_ms << doublings);
}

void Fetch::send_all(const Requests& requests) {
    for (const auto& [peer, batches] : requests) {
        for (std::size_t at = 0; at < batches.size(); at += fetch_batches_max) {
            const std::size_t end = std::min(batches.size(), at + fetch_batches_max);
            const auto first = batches.begin();
            const BatchFetch request{{first + static_cast<std::ptrdiff_t>(at), first + static_cast<std::ptrdiff_t>(end)}};
            common_.send_self_evident(peer, request, Channel::fetch);
        }
    }
}

bool Fetch::on_found(const BatchFound& found) {
    const BatchRecord& batch = found.batch;
    const BatchRef ref = ref_of(batch.header);
    const auto wanted = wanted_.find(ref);
    if (wanted == wanted_.end()) return false;
    const auto payload = open_payload(batch.header, batch.payload);
    if (!payload) return false;
    // The digest does not cover the signature. A header in the store is the owner's word, as far as the owner is known.
    const EpochContext* context = common_.epochs.context_of(batch.header.epoch);
    if (context != nullptr && check_header(common_, *context, batch.header) != LaneVerdict::ok) return false;
    queue_.erase(wanted->second.turn);
    wanted_.erase(wanted);
    changed_ = true;
    batches_.store(ref, batch.header, batch.payload);
    return true;
}

void Fetch::serve(OperatorNumber from, const BatchFetch& request) {
    std::size_t bytes = 0;
    const std::size_t count = std::min(request.batches.size(), fetch_batches_max);
    for (std::size_t i = 0; i < count && bytes < replay_bytes_max; ++i) {
        auto record = batches_.record(request.batches[i]);
        if (!record) continue;
        bytes += record->payload.size() + batch_overhead_bytes_max;
        common_.send_self_evident(from, BatchFound{std::move(*record)}, Channel::fetch);
    }
}

FoundBatches Fetch::serve(const FetchBatches& request) const {
    FoundBatches out;
    std::size_t bytes = 0;
    const std::size_t count = std::min(request.batches.size(), request_batches_max);
    for (std::size_t i = 0; i < count; ++i) {
        auto record = batches_.record(request.batches[i]);
        if (!record) continue;
        bytes += record->payload.size() + batch_overhead_bytes_max;
        if (bytes > replay_bytes_max) break;
        out.batches.push_back(std::move(*record));
    }
    return out;
}

}  // namespace rondo::intake
