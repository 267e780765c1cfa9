#include "actors/intake/core/admission.hpp"

#include <algorithm>

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

void AdmissionDesk::submit(RequestId request, SubmitRequest submitted) {
    if (submitted.transactions.size() > request_transactions_max) {
        const IntakeReply refusal = RequestError{"more transactions than one request may carry"};
        common_.effects->replies.push_back({request, encode(refusal)});
        return;
    }
    begin(request, std::move(submitted.transactions));
}

void AdmissionDesk::submit_forwarded(OperatorNumber from, Forward forward) {
    if (forward.transactions.size() > request_transactions_max) return;
    if (rests()) return;
    begin(Remote{from, forward.id}, std::move(forward.transactions));
}

/// The own lane takes nothing for longer than a user waits: the disk is nearly full, the operator's key is not here, or the node
/// is in quarantine and its lane goes on in a later epoch. Who forwards then hears nothing, as if this node were away, and takes
/// the transactions into its own lane.
bool AdmissionDesk::rests() const {
    const SigningGate& gate = common_.gate;
    const bool in_quarantine = gate.quarantined() && !gate.admits({common_.epochs.epoch(), Kind::batch_header, 0, 0});
    return common_.disk_is_short || !gate.has_key() || in_quarantine;
}

/// Other operators together never take more than half of the room from this operator's own users.
bool AdmissionDesk::has_room_for(const std::variant<RequestId, Remote>& origin, std::size_t bytes) const {
    const std::size_t share = std::holds_alternative<Remote>(origin) ? 2 : 1;
    return submissions_.size() < submissions_max / share && open_bytes_ + bytes <= submission_bytes_max / share;
}

void AdmissionDesk::answer_busy(const std::variant<RequestId, Remote>& origin, const std::vector<Bytes>& transactions) {
    std::vector<SubmitOutcome> outcomes;
    outcomes.reserve(transactions.size());
    for (const Bytes& raw : transactions) outcomes.push_back(busy(crypto::keccak256(raw)));
    busy_ += outcomes.size();
    reply(origin, std::move(outcomes));
}

void AdmissionDesk::begin(std::variant<RequestId, Remote> origin, std::vector<Bytes> transactions) {
    const std::size_t bytes = bytes_of(transactions);
    if (common_.disk_is_short || !has_room_for(origin, bytes)) {
        answer_busy(origin, transactions);
        return;
    }
    const std::uint64_t id = next_submission_++;
    Submission submission{origin, {}, 0, transactions.size(), bytes};
    submission.items.reserve(transactions.size());
    for (Bytes& raw : transactions) {
        Item item = examine(std::move(raw));
        if (item.done) {
            --submission.open;
            if (item.outcome.admission == Admission::refused) ++refused_;
        } else {
            ++open_transactions_;
            ++submission.unrecovered;
            unrecovered_.push_back({id, submission.items.size()});
        }
        submission.items.push_back(std::move(item));
    }
    open_bytes_ += bytes;
    const bool is_settled = submission.open == 0;
    submissions_.emplace(id, std::move(submission));
    if (is_settled) return finish(id);  // nothing to place: a refusal waits for nobody's recovery
    in_order_.push_back(id);
    place_recovered();
}

/// 1. Decoding checks everything that needs no state; what is known already needs no second recovery.
AdmissionDesk::Item AdmissionDesk::examine(Bytes raw) {
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
    if (is_overloaded() && !is_duty_due(*decoded)) {
        item.outcome = busy(decoded->hash);
        item.done = true;
        return item;
    }
    item.outcome.hash = decoded->hash;
    item.candidate = {{Address{}, std::move(raw)}, decoded->hash,     decoded->nonce, decoded->cost_max(), decoded->max_fee,
                      decoded->max_priority_fee,   common_.now.value, false};
    return item;
}

bool AdmissionDesk::is_overloaded() const {
    const std::uint64_t bearable = pool_.executed_per_second() * backlog_ms_max / 1000;
    return open_transactions_ + pool_.promised_count() >= std::max<std::uint64_t>(backlog_transactions_min, bearable);
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
    while (!unrecovered_.empty() && jobs_.size() < recovery_jobs_max) {
        RecoverSenders job{common_.next_job++, {}};
        std::vector<ItemRef>& items = jobs_[job.id];
        while (!unrecovered_.empty() && items.size() < recovery_job_transactions_max) {
            items.push_back(unrecovered_.front());
            unrecovered_.pop_front();
            job.transactions.push_back(item_at(items.back())->candidate.transaction.raw);
        }
        common_.effects->jobs.push_back(std::move(job));
    }
    accounts_.flush();
    forwards_.flush();
}

bool AdmissionDesk::on_job_done(const JobDone& done) {
    const auto it = jobs_.find(done.id);
    if (it == jobs_.end()) return false;
    const std::vector<ItemRef> items = std::move(it->second);
    jobs_.erase(it);
    require(done.senders.size() == items.size(), "a recovery job answers for each of its transactions");
    for (std::size_t i = 0; i < items.size(); ++i) {
        Submission& submission = submissions_.at(items[i].submission);
        Item& item = submission.items[items[i].index];
        --submission.unrecovered;
        if (done.senders[i]) {
            item.candidate.transaction.sender = *done.senders[i];
            continue;
        }
        item.outcome = {item.candidate.hash, Admission::refused, Refusal::bad_signature, std::nullopt};
        item.done = true;
        --open_transactions_;
        --submission.open;
        ++refused_;
    }
    place_recovered();
    return true;
}

// --------------------------------------------------------------------------------------------- 2. placing

void AdmissionDesk::place_recovered() {
    while (!in_order_.empty() && submissions_.at(in_order_.front()).unrecovered == 0) {
        const std::uint64_t id = in_order_.front();
        in_order_.pop_front();
        place(id, submissions_.at(id));
    }
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
    --open_transactions_;
    item.candidate.transaction.raw = {};
    if (--submission.open == 0) finish(ref.submission);
}

void AdmissionDesk::finish(std::uint64_t id) {
    Submission submission = std::move(submissions_.at(id));
    submissions_.erase(id);
    open_bytes_ -= submission.bytes;
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

void AdmissionDesk::reply(const std::variant<RequestId, Remote>& origin, std::vector<SubmitOutcome> outcomes) {
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
