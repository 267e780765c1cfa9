#include "actors/intake/core/fetch.hpp"

#include <algorithm>

#include "actors/intake/core/certificates.hpp"
#include "actors/intake/core/limits.hpp"

namespace rondo::intake {

void Fetch::want(const BatchRef& batch, std::vector<OperatorNumber> candidates) {
    if (wanted_.contains(batch) || wanted_.size() >= fetch_wanted_max || batches_.has(batch)) return;
    std::erase(candidates, common_.self);
    if (candidates.empty()) candidates = common_.holders();
    Wanted wanted{std::move(candidates), 0, 0, common_.now};
    // Not every node begins with the same peer.
    if (!wanted.candidates.empty()) wanted.next_candidate = common_.self.value % wanted.candidates.size();
    std::map<OperatorNumber, BatchFetch> requests;
    ask(batch, wanted, requests);
    wanted_.emplace(batch, std::move(wanted));
    send_all(requests);
    arm();
}

void Fetch::ask(const BatchRef& batch, Wanted& wanted, std::map<OperatorNumber, BatchFetch>& requests) const {
    const std::size_t count = std::min(fetch_peers, wanted.candidates.size());
    for (std::size_t i = 0; i < count; ++i) {
        BatchFetch& request = requests[wanted.candidates[wanted.next_candidate]];
        wanted.next_candidate = (wanted.next_candidate + 1) % wanted.candidates.size();
        if (request.batches.size() < fetch_batches_max) request.batches.push_back(batch);
    }
    const std::size_t doublings = std::min(wanted.attempts++, fetch_backoff_max);
    wanted.ask_again = common_.now.plus(fetch_retry_ms << doublings);
}

void Fetch::send_all(const std::map<OperatorNumber, BatchFetch>& requests) {
    for (const auto& [peer, request] : requests) common_.send_self_evident(peer, request, Channel::fetch);
}

void Fetch::arm() {
    if (!wanted_.empty()) common_.effects->timers.push_back({id_of(TimerName::fetch), fetch_retry_ms});
}

void Fetch::on_timer() {
    std::map<OperatorNumber, BatchFetch> requests;
    for (auto& [batch, wanted] : wanted_) {
        if (wanted.ask_again > common_.now) continue;
        if (wanted.candidates.empty()) wanted.candidates = common_.holders();
        ask(batch, wanted, requests);
    }
    send_all(requests);
    arm();
}

bool Fetch::on_found(const BatchFound& found) {
    const BatchRecord& batch = found.batch;
    const BatchRef ref = ref_of(batch.header);
    if (!wanted_.contains(ref)) return false;
    const auto payload = open_payload(batch.header, batch.payload);
    if (!payload) return false;
    // The digest does not cover the signature. A header in the store is the owner's word, as far as the owner is known.
    const EpochContext* context = common_.epochs.context_of(batch.header.epoch);
    if (context != nullptr && check_header(common_, *context, batch.header) != LaneVerdict::ok) return false;
    wanted_.erase(ref);
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
