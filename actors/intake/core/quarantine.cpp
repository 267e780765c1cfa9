#include "actors/intake/core/quarantine.hpp"

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::intake {
namespace {

bool is_key_of(const Common& common, Epoch epoch, Kind kind, const Bytes& body, const Signature& signature) {
    return common.gate.is_own(signing_bytes(common.genesis_digest, epoch, kind, body), signature);
}

}  // namespace

void Quarantine::start() {
    common_.gate.await_confirmation();
    inquiry_.begin(common_.now);
    if (is_unresolved()) common_.log(Level::error, "this intake is in quarantine: " + common_.gate.quarantined()->reason);
}

bool Quarantine::is_unresolved() const {
    const auto& record = common_.gate.quarantined();
    return record && !record->reentry;
}

bool Quarantine::is_open() const { return !common_.gate.is_confirmed() || is_unresolved(); }

void Quarantine::finish_step() {
    confirm_if_enough();
    reenter_if_known();
    if (is_open() && inquiry_.is_due(common_.now, common_.genesis.parameters.retry_ms)) ask();
    if (is_open()) arm();
}

void Quarantine::on_timer() { armed_ = false; }

void Quarantine::arm() {
    if (std::exchange(armed_, true)) return;
    common_.effects->timers.push_back({id_of(TimerName::quarantine), common_.genesis.parameters.retry_ms});
}

void Quarantine::ask() {
    inquiry_.asked(common_.now);
    if (!common_.gate.is_confirmed())
        for (const OperatorNumber peer : common_.others())
            if (!inquiry_.has_answered(peer)) common_.send_self_evident(peer, LaneStatusRequest{inquiry_.nonce()});
    if (!is_unresolved() || head_asked_ || nothing_beyond_) return;
    head_asked_ = common_.next_ask++;
    common_.effects->asks.push_back(
        {Askable::consensus, *head_asked_, encode(ConsensusRequest(GetHead{})), common_.genesis.parameters.retry_ms});
}

// ------------------------------------------------------------------------------------------------ answering

void Quarantine::on_request(OperatorNumber from, const LaneStatusRequest& request) {
    LaneStatus status{request.nonce, common_.epochs.epoch(), newest_header_of(from), {}};
    for (const OperatorInfo& member : common_.epochs.newest_known().operators)
        if (auto ack = newest_ack_of(from, member.number)) status.acks.push_back(std::move(*ack));
    common_.send_self_evident(from, status);
    if (!common_.gate.is_confirmed() && !inquiry_.has_answered(from))
        common_.send_self_evident(from, LaneStatusRequest{inquiry_.nonce()});
}

/// Every header is noted before it is acknowledged: no quorum has acknowledged one that nobody here can show.
std::optional<BatchHeader> Quarantine::newest_header_of(OperatorNumber lane) const {
    for (const Epoch epoch : {common_.epochs.epoch(), common_.epochs.epoch().minus_or_zero(1)}) {
        std::optional<BatchHeader> newest;
        common_.book.committed().scan_reverse(tables::acks, key_of(epoch, lane, LaneHeight(0)),
                                              key_of(epoch, LaneId(lane.value + 1), LaneHeight(0)),
                                              [&](ByteView, ByteView stored) {
                                                  const Ack ack = decode_own<Ack>(stored);
                                                  newest = batches_.header({ack.lane, ack.height, ack.digest});
                                                  return !newest;
                                              });
        if (newest) return newest;
    }
    return std::nullopt;
}

/// From the newest certificates: an ack that reached none binds nobody yet. A lane's owner has them first; the others learn of
/// one by the offer of the next batch.
std::optional<Ack> Quarantine::newest_ack_of(OperatorNumber member, LaneId lane) const {
    std::optional<Ack> newest = lane == common_.self ? newest_ack_in_own_lane(member) : newest_noted_ack(member, lane);
    return newest ? newest : ack_in(common_.epochs.committed(lane), member);
}

std::optional<Ack> Quarantine::newest_ack_in_own_lane(OperatorNumber member) const {
    std::optional<Ack> newest;
    common_.book.committed().scan_reverse(tables::own_lane, {}, {}, [&](ByteView key, ByteView digest) {
        newest = ack_in({common_.self, LaneHeight(read_be64(key)), *Digest::from(digest)}, member);
        return !newest;
    });
    return newest;
}

std::optional<Ack> Quarantine::newest_noted_ack(OperatorNumber member, LaneId lane) const {
    const Epoch epoch = common_.epochs.epoch();
    std::optional<Ack> newest;
    std::size_t looked = 0;
    common_.book.committed().scan_reverse(tables::acks, key_of(epoch, lane, LaneHeight(0)),
                                          key_of(epoch, LaneId(lane.value + 1), LaneHeight(0)), [&](ByteView, ByteView stored) {
                                              const Ack ack = decode_own<Ack>(stored);
                                              newest = ack_in({ack.lane, ack.height, ack.digest}, member);
                                              return !newest && ++looked < status_batches_max;
                                          });
    return newest;
}

std::optional<Ack> Quarantine::ack_in(const BatchRef& batch, OperatorNumber member) const {
    const auto certificate = batches_.certificate(batch);
    if (!certificate) return std::nullopt;
    const BatchHeader& h = certificate->header;
    const EpochContext* context = common_.epochs.context_of(h.epoch);
    const auto index = context == nullptr ? std::nullopt : context->index_of(member);
    for (const AckSignature& ack : certificate->acks)
        if (index && ack.signer == *index)
            return Ack{h.epoch, h.lane, h.height, batch.digest, ack.verified, ack.signer, ack.signature};
    return std::nullopt;
}

// -------------------------------------------------------------------------------------------------- hearing

void Quarantine::on_status(OperatorNumber from, const LaneStatus& status) {
    if (status.nonce != inquiry_.nonce() || status.acks.size() > status_acks_max) return;
    check_signatures(status);
    inquiry_.answered(from);
    epochs_[from] = status.epoch;
}

void Quarantine::check_signatures(const LaneStatus& status) {
    const auto where = [](Epoch epoch, LaneId lane, LaneHeight height) {
        return "epoch " + std::to_string(epoch.value) + ", lane " + std::to_string(lane.value) + ", height " +
               std::to_string(height.value);
    };
    if (const auto& h = status.header; h && is_unaccounted(*h))
        common_.distrust("a peer holds a header that this key signed in " + where(h->epoch, h->lane, h->height) +
                         ", and this store does not: it is older than what others have seen");
    for (const Ack& ack : status.acks)
        if (is_unaccounted(ack))
            common_.distrust("a peer holds an ack that this key signed in " + where(ack.epoch, ack.lane, ack.height) +
                             ", and this store does not: it is older than what others have seen");
}

bool Quarantine::is_unaccounted(const BatchHeader& h) const {
    return h.lane == common_.self && !common_.gate.accounts_for({h.epoch, Kind::batch_header, h.height.value, 0}, digest_of(h)) &&
           is_key_of(common_, h.epoch, Kind::batch_header, encode_body(h), h.signature);
}

bool Quarantine::is_unaccounted(const Ack& a) const {
    return !common_.gate.accounts_for({a.epoch, Kind::ack, a.lane.value, a.height.value}, a.digest) &&
           is_key_of(common_, a.epoch, Kind::ack, encode_body(a), a.signature);
}

// ----------------------------------------------------------------------------------------------- concluding

// 1.
void Quarantine::confirm_if_enough() {
    const EpochContext* context = common_.epochs.context();
    if (common_.gate.is_confirmed() || context == nullptr) return;
    if (!inquiry_.suffices(*context, common_.self, common_.now, common_.genesis.parameters.retry_ms) || is_left_behind(*context))
        return;
    common_.gate.confirm();
    other_lanes_.on_confirmed();
}

bool Quarantine::is_left_behind(const EpochContext& context) const {
    Stake ahead;
    for (const auto& [number, epoch] : epochs_) {
        const auto index = context.index_of(number);
        if (index && epoch > common_.epochs.epoch()) ahead = ahead.plus(context.at(*index)->stake.value);
    }
    return ahead >= context.weak();
}

bool Quarantine::on_answer(const Answer& answer) {
    if (head_asked_ != answer.id) return false;
    head_asked_.reset();
    const auto reply = decode<ConsensusReply>(answer.payload ? ByteView(*answer.payload) : ByteView{});
    const auto* head = reply ? std::get_if<HeadReply>(&*reply) : nullptr;
    if (head != nullptr && head->whole) nothing_beyond_ = head->final_height;
    return true;
}

// 3.
void Quarantine::reenter_if_known() {
    const EpochContext* context = common_.epochs.context();
    if (!is_unresolved() || !nothing_beyond_ || context == nullptr || common_.epochs.final_height() < *nothing_beyond_) return;
    Reentry reentry{common_.epochs.epoch(), View(0), {}};
    for (const OperatorInfo& member : context->operators)
        reentry.lanes.push_back({member.number, common_.epochs.window_end(member.number)});
    common_.gate.reenter(std::move(reentry), *common_.effects);
    common_.log(Level::warn, "in quarantine: this intake acknowledges again above the window of final height " +
                                 std::to_string(common_.epochs.final_height().value) + "; its own lane goes on after epoch " +
                                 std::to_string(common_.epochs.epoch().value));
}

std::optional<Epoch> Quarantine::accept_risk() {
    const auto& record = common_.gate.quarantined();
    const EpochContext* context = common_.epochs.context();
    if (!record || context == nullptr || (record->reentry && record->reentry->epoch < context->epoch)) return std::nullopt;
    Reentry reentry{context->epoch, View(0), {}};
    for (const OperatorInfo& member : context->operators) reentry.lanes.push_back({member.number, LaneHeight(0)});
    common_.gate.reenter(std::move(reentry), *common_.effects);
    common_.log(Level::warn, "the operator accepts the risk: this intake acknowledges again; its own lane goes on after epoch " +
                                 std::to_string(context->epoch.value));
    return context->epoch;
}

void Quarantine::add_status(std::vector<StatusField>& fields) const {
    const SigningGate& gate = common_.gate;
    if (!gate.is_confirmed()) fields.push_back({"waits_for_status_of_peers", inquiry_.answers()});
    const auto& record = gate.quarantined();
    if (!record || (record->reentry && record->reentry->epoch < common_.epochs.epoch())) return;
    const std::string until = record->reentry ? "it acknowledges above the window, and its own lane rests until after epoch " +
                                                    std::to_string(record->reentry->epoch.value)
                                              : "it waits for its consensus to know where the chain is";
    fields.push_back({"quarantined", record->reason + "; " + until});
}

}  // namespace rondo::intake
