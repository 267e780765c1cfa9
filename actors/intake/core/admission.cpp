#include "actors/intake/core/admission.hpp"

#include <algorithm>
#include <set>

#include "actors/intake/core/limits.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::intake {
namespace {

using ethereum::Refusal;

std::size_t bytes_of(const std::vector<Bytes>& transactions) {
    std::size_t bytes = 0;
    for (const Bytes& raw : transactions) bytes += raw.size();
    return bytes;
}

SubmitOutcome busy(const Hash256& hash) { return {hash, Admission::busy, Refusal::busy, std::nullopt}; }

}  // namespace

// ------------------------------------------------------------------------------------------- what comes in

void AdmissionDesk::submit(const Request& request, SubmitRequest submitted) {
    if (submitted.transactions.size() > request_transactions_max) {
        const IntakeReply refusal = RequestError{"more transactions than one request may carry"};
        common_.effects->replies.push_back({request.id, encode(refusal)});
        return;
    }
    begin(request.id, Party::client(request.client), std::move(submitted.transactions));
}

void AdmissionDesk::submit_forwarded(OperatorNumber from, Forward forward) {
    if (forward.transactions.size() > request_transactions_max) return;
    if (rests()) return;
    begin(Remote{from, forward.id}, Party::operator_of(from), std::move(forward.transactions));
}

/// The own lane takes nothing for longer than a user waits: the disk is nearly full, the operator's key is not here, or the node
/// is in quarantine and its lane goes on in a later epoch. Who forwards then hears nothing, as if this node were away, and takes
/// the transactions into its own lane.
bool AdmissionDesk::rests() const {
    const SigningGate& gate = common_.gate;
    const bool in_quarantine = gate.quarantined() && !gate.admits({common_.epochs.epoch(), Kind::batch_header, 0, 0});
    return common_.disk_is_short || !gate.has_key() || in_quarantine;
}

void AdmissionDesk::answer_busy(const Origin& origin, const std::vector<Bytes>& transactions) {
    std::vector<SubmitOutcome> outcomes;
    outcomes.reserve(transactions.size());
    for (const Bytes& raw : transactions) outcomes.push_back(busy(crypto::keccak256(raw)));
    busy_ += outcomes.size();
    reply(origin, std::move(outcomes));
}

void AdmissionDesk::begin(const Origin& origin, const Party& party, std::vector<Bytes> transactions) {
    if (common_.disk_is_short || !submission_shares_.has_room(party, 1, submissions_max)) {
        answer_busy(origin, transactions);
        return;
    }
    const std::uint64_t id = next_submission_++;
    std::vector<ItemRef> unrecovered;
    Submission submission{origin, party, {}, 0, transactions.size()};
    submission.items.reserve(transactions.size());
    for (Bytes& raw : transactions) {
        Item item = examine(party, std::move(raw));
        if (item.done) {
            --submission.open;
            if (item.outcome.admission == Admission::refused) ++refused_;
        } else {
            common_.load.add(party, item.bytes);
            ++submission.unrecovered;
            unrecovered.push_back({id, submission.items.size()});
        }
        submission.items.push_back(std::move(item));
    }
    const bool is_settled = submission.open == 0;
    submissions_.emplace(id, std::move(submission));
    submission_shares_.take(party, 1);
    if (is_settled) return finish(id);  // nothing to place: a refusal waits for nobody's recovery
    Queue& queue = queues_[party];
    queue.in_order.push_back(id);
    queue.unrecovered.insert(queue.unrecovered.end(), unrecovered.begin(), unrecovered.end());
}

/// 1. Decoding checks everything that needs no state; what is known already needs no second recovery.
AdmissionDesk::Item AdmissionDesk::examine(const Party& party, Bytes raw) {
    Item item;
    const Genesis& genesis = common_.genesis;
    auto decoded = ethereum::decode_transaction(raw, genesis.chain_id, genesis.parameters.base_fee_min_wei);
    if (!decoded) {
        item.outcome = {crypto::keccak256(raw), Admission::refused, decoded.error(), std::nullopt};
        item.done = true;
        return item;
    }
    if (auto known = pool_.known(decoded->hash)) {
        item.outcome = std::move(*known);
        item.done = true;
        return item;
    }
    if (!common_.load.has_room(party, raw.size()) && !is_duty_due(*decoded)) {
        item.outcome = busy(decoded->hash);
        item.done = true;
        return item;
    }
    item.outcome.hash = decoded->hash;
    item.bytes = raw.size();
    item.candidate = {{Address{}, std::move(raw)},
                      decoded->hash,
                      decoded->nonce,
                      decoded->cost_max(),
                      decoded->max_fee,
                      decoded->max_priority_fee,
                      common_.now.value,
                      false,
                      party};
    return item;
}

bool AdmissionDesk::is_duty_due(const ethereum::Transaction& transaction) {
    static const abi::Selector evidence = abi::selector(modules::submit_evidence);
    static const abi::Selector attestation = abi::selector(modules::attest);
    const auto calls = [&](const Address& module, const abi::Selector& selector) {
        return transaction.to == module && transaction.data.size() >= abi::Selector::size_bytes &&
               abi::Selector::from(ByteView(transaction.data).first(abi::Selector::size_bytes)) == selector;
    };
    if (common_.now < next_duty_) return false;
    if (!calls(modules::slashing, evidence) && !calls(modules::rewards, attestation)) return false;
    next_duty_ = common_.now.plus(duty_interval_ms);
    return true;
}

void AdmissionDesk::relay(std::vector<LaneTransaction> transactions) {
    const EpochContext* context = common_.epochs.context();
    std::map<OperatorNumber, std::vector<Forward>> by_home;
    for (LaneTransaction& t : transactions) {
        std::vector<Forward>& forwards = by_home[home_lane(*context, t.sender)];
        const bool full = forwards.empty() || forwards.back().transactions.size() >= request_transactions_max ||
                          bytes_of(forwards.back().transactions) + t.raw.size() > forward_bytes_max;
        if (full) forwards.push_back({});
        forwards.back().transactions.push_back(std::move(t.raw));
    }
    // Id 0 is nobody's: the answers change nothing here.
    for (const auto& [home, forwards] : by_home)
        for (const Forward& forward : forwards) common_.send(home, forward);
}

void AdmissionDesk::pending_nonce(RequestId request, const PendingNonce& asked) {
    Sender& sender = accounts_.of(asked.address);
    if (sender.known) {
        common_.effects->replies.push_back({request, encode(IntakeReply(pool_.pending_nonce(sender)))});
        return;
    }
    if (nonce_request_count_ >= submissions_max) {
        common_.effects->replies.push_back({request, encode(IntakeReply(RequestError{"busy"}))});
        return;
    }
    accounts_.ask(asked.address, sender);
    nonce_requests_[asked.address].push_back(request);
    ++nonce_request_count_;
}

// -------------------------------------------------------------------------------------- recovering senders

void AdmissionDesk::flush() {
    while (jobs_.size() < recovery_jobs_max) {
        std::vector<ItemRef> items = next_unrecovered();
        if (items.empty()) break;
        RecoverSenders job{common_.next_job++, {}};
        for (const ItemRef& ref : items) job.transactions.push_back(item_at(ref)->candidate.transaction.raw);
        jobs_.emplace(job.id, std::move(items));
        common_.effects->jobs.push_back(std::move(job));
    }
    accounts_.flush();
    forwards_.flush();
}

/// 2. A few of each party in turn, until a job is full.
std::vector<ItemRef> AdmissionDesk::next_unrecovered() {
    std::vector<ItemRef> items;
    auto queue = queues_.upper_bound(last_recovered_);
    for (std::size_t empty = 0; empty < queues_.size() && items.size() < recovery_job_transactions_max; ++queue) {
        if (queue == queues_.end()) queue = queues_.begin();
        std::deque<ItemRef>& waiting = queue->second.unrecovered;
        const std::size_t room = recovery_job_transactions_max - items.size();
        const std::size_t count = std::min({waiting.size(), room, recovery_turn_transactions});
        items.insert(items.end(), waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
        if (count > 0) last_recovered_ = queue->first;
        empty = count > 0 ? 0 : empty + 1;
    }
    return items;
}

bool AdmissionDesk::on_job_done(const JobDone& done) {
    const auto it = jobs_.find(done.id);
    if (it == jobs_.end()) return false;
    const std::vector<ItemRef> items = std::move(it->second);
    jobs_.erase(it);
    require(done.senders.size() == items.size(), "a recovery job answers for each of its transactions");
    std::set<Party> parties;
    for (std::size_t i = 0; i < items.size(); ++i) {
        Submission& submission = submissions_.at(items[i].submission);
        Item& item = submission.items[items[i].index];
        --submission.unrecovered;
        parties.insert(submission.party);
        if (done.senders[i]) {
            item.candidate.transaction.sender = *done.senders[i];
            continue;
        }
        item.outcome = {item.candidate.hash, Admission::refused, Refusal::bad_signature, std::nullopt};
        item.done = true;
        common_.load.remove(submission.party, item.bytes);
        --submission.open;
        ++refused_;
    }
    for (const Party& party : parties) place_recovered(party);
    return true;
}

// --------------------------------------------------------------------------------------------- 2. placing

void AdmissionDesk::place_recovered(const Party& party) {
    std::deque<std::uint64_t>& in_order = queues_.at(party).in_order;
    while (!in_order.empty() && submissions_.at(in_order.front()).unrecovered == 0) {
        const std::uint64_t id = in_order.front();
        in_order.pop_front();
        place(id, submissions_.at(id));
    }
    if (in_order.empty()) queues_.erase(party);
}

void AdmissionDesk::place(std::uint64_t id, Submission& submission) {
    const std::size_t count = submission.items.size();
    if (submission.open == 0) return finish(id);
    // The last item that is settled ends the submission: it must not go before the loop does.
    ++submission.open;
    for (std::size_t i = 0; i < count; ++i) {
        Item& item = submission.items[i];
        if (item.done) continue;
        const auto home = foreign_home(submission, item.candidate.transaction.sender);
        if (home && !common_.may_talk(common_.self)) {
            settle({id, i}, busy(item.outcome.hash));  // only follows: no member takes it from here
            continue;
        }
        if (!home || !forwards_.add(*home, {id, i}, item.candidate.transaction.raw)) place_here({id, i}, item);
    }
    if (--submission.open == 0) finish(id);
}

/// The member whose lane takes this sender's transactions, unless it is this one or the submission was forwarded already.
std::optional<OperatorNumber> AdmissionDesk::foreign_home(const Submission& submission, const Address& address) {
    const EpochContext* context = common_.epochs.context();
    if (context == nullptr || std::holds_alternative<Remote>(submission.origin)) return std::nullopt;
    Sender& sender = accounts_.of(address);
    if (sender.home_epoch != context->epoch) {
        sender.home = home_lane(*context, address);
        sender.home_epoch = context->epoch;
    }
    return sender.home == common_.self ? std::nullopt : std::optional(sender.home);
}

void AdmissionDesk::place_here(ItemRef ref, Item& item) {
    const Address address = item.candidate.transaction.sender;
    Sender& sender = accounts_.of(address);
    if (sender.known) {
        settle(ref, pool_.submit(std::move(item.candidate)));
        return;
    }
    accounts_.ask(address, sender);
    waiting_for_account_[address].push_back(ref);
}

void AdmissionDesk::on_accounts(const std::vector<Address>& addresses) {
    for (const Address& address : addresses) {
        Sender& sender = accounts_.of(address);
        if (auto waiting = waiting_for_account_.extract(address)) {
            for (const ItemRef ref : waiting.mapped()) {
                Item* item = item_at(ref);
                if (item == nullptr || item->done) continue;
                if (sender.known)
                    settle(ref, pool_.submit(std::move(item->candidate)));
                else
                    settle(ref, busy(item->outcome.hash));
            }
        }
        if (auto requests = nonce_requests_.extract(address)) {
            nonce_request_count_ -= requests.mapped().size();
            IntakeReply reply = RequestError{"execution did not answer in time"};
            if (sender.known) reply = pool_.pending_nonce(sender);
            for (const RequestId request : requests.mapped()) common_.effects->replies.push_back({request, encode(reply)});
        }
    }
}

// ---------------------------------------------------------------------------------------------- forwarding

void AdmissionDesk::on_forward_reply(OperatorNumber from, ForwardReply reply) {
    for (Forwards::Returned& returned : forwards_.on_reply(from, std::move(reply))) {
        Item* item = item_at(returned.item);
        if (item == nullptr || item->done) continue;
        const ForwardOutcome& said = returned.outcome;
        const Hash256 hash = item->candidate.hash;
        SubmitOutcome outcome = busy(hash);
        const bool readable = is_valid(static_cast<Admission>(said.admission)) && is_valid(static_cast<Refusal>(said.reason));
        // The receipt's signature is the user's to check; that it is about this transaction and this lane is ours.
        const bool fits = !said.receipt || (said.receipt->tx_hash == hash && said.receipt->operator_number == from);
        if (readable && fits)
            outcome = {hash, static_cast<Admission>(said.admission), static_cast<Refusal>(said.reason), said.receipt};
        if (outcome.admission == Admission::busy && common_.load.is_modest(submissions_.at(returned.item.submission).party)) {
            place_here(returned.item, *item);
            continue;
        }
        pool_.remember_forwarded(item->candidate.transaction, item->candidate.nonce, outcome);
        settle(returned.item, std::move(outcome));
    }
}

void AdmissionDesk::on_forward_timer() {
    for (const ItemRef ref : forwards_.on_timer()) {
        Item* item = item_at(ref);
        if (item != nullptr && !item->done) place_here(ref, *item);
    }
}

// ------------------------------------------------------------------------------------------- 3. answering

AdmissionDesk::Item* AdmissionDesk::item_at(ItemRef ref) {
    const auto it = submissions_.find(ref.submission);
    return it == submissions_.end() ? nullptr : &it->second.items[ref.index];
}

void AdmissionDesk::settle(ItemRef ref, SubmitOutcome outcome) {
    Submission& submission = submissions_.at(ref.submission);
    Item& item = submission.items[ref.index];
    item.outcome = std::move(outcome);
    item.done = true;
    common_.load.remove(submission.party, item.bytes);
    item.candidate.transaction.raw = {};
    if (--submission.open == 0) finish(ref.submission);
}

void AdmissionDesk::finish(std::uint64_t id) {
    Submission submission = std::move(submissions_.at(id));
    submissions_.erase(id);
    submission_shares_.give_back(submission.party, 1);
    std::vector<SubmitOutcome> outcomes;
    outcomes.reserve(submission.items.size());
    for (Item& item : submission.items) {
        // Held a moment ago, promised since by what stood behind it in the same request.
        if (item.outcome.admission == Admission::held)
            if (const auto now_known = pool_.known(item.outcome.hash); now_known && now_known->receipt)
                item.outcome = {item.outcome.hash, Admission::accepted, Refusal::none, now_known->receipt};
        if (item.outcome.admission == Admission::busy) ++busy_;
        if (item.outcome.admission == Admission::accepted) ++accepted_;
        outcomes.push_back(std::move(item.outcome));
    }
    reply(submission.origin, std::move(outcomes));
}

void AdmissionDesk::reply(const Origin& origin, std::vector<SubmitOutcome> outcomes) {
    if (const auto* request = std::get_if<RequestId>(&origin)) {
        common_.effects->replies.push_back({*request, encode(IntakeReply(SubmitReply{std::move(outcomes)}))});
        return;
    }
    const Remote& remote = std::get<Remote>(origin);
    ForwardReply forwarded{remote.id, {}};
    for (SubmitOutcome& o : outcomes) {
        const auto admission = static_cast<std::uint8_t>(o.admission);
        forwarded.outcomes.push_back({admission, static_cast<std::uint8_t>(o.reason), std::move(o.receipt)});
    }
    common_.send(remote.from, forwarded);
}

}  // namespace rondo::intake
