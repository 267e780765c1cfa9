#include "actors/intake/core/core.hpp"

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"

namespace rondo {

using namespace intake;

IntakeCore::IntakeCore(IntakeConfig config, const StoreView& view)
    : common_(config.self, std::move(config.keys), std::move(config.sources), std::move(config.genesis), view),
      batches_(common_),
      fetch_(common_, batches_),
      final_cuts_(common_, batches_, fetch_),
      kept_(common_, batches_, final_cuts_, config.retention),
      own_lane_(common_, batches_),
      other_lanes_(common_, batches_, fetch_),
      quarantine_(common_, batches_, other_lanes_),
      accounts_(common_),
      pool_(common_, accounts_, own_lane_),
      admission_(common_, accounts_, pool_) {}

Effects IntakeCore::start(Instant now) {
    Effects effects;
    common_.open_step(now, effects);
    common_.name_peers();
    quarantine_.start();
    final_cuts_.start();
    own_lane_.start();
    pool_.start();
    relay_promises();
    finish_step();
    return effects;
}

/// The questions of a start go out with the first: who took us for dead offers again as soon as it hears anything.
void IntakeCore::finish_step() {
    quarantine_.finish_step();
    kept_.finish_step();
    own_lane_.finish_step();
    admission_.flush();
    fetch_.finish_step();
}

Effects IntakeCore::step(Instant now, const Input& input) {
    Effects effects;
    common_.open_step(now, effects);
    std::visit([this](const auto& alternative) { on(alternative); }, input);
    finish_step();
    return effects;
}

// -------------------------------------------------------------------------------------------- streams

void IntakeCore::on(const StreamMessage& message) {
    switch (message.stream) {
        case Stream::blocks:
            on_block(decode_own<FinalBlock>(message.payload));
            break;
        case Stream::results:
            on_result(decode_own<ExecutedBlock>(message.payload));
            break;
        case Stream::postings: {
            const auto posting = decode_own<Posting>(message.payload);
            if (posting.stage != PostingStage::confirmed) break;
            posted_ = std::max(posted_, posting.last);
            kept_.on_posted(posting.last);
            break;
        }
        default:
            break;
    }
}

void IntakeCore::on_block(const FinalBlock& final_block) {
    const Proposal& block = final_block.block;
    if (block.height <= common_.epochs.final_height()) return;
    if (final_block.base) return on_base(block, *final_block.base);
    for (const CutEntry& tip : block.cut_delta) final_cuts_.cite(block.height, tip, common_.epochs.committed(tip.lane).height);
    kept_.on_final(block);
    const auto step = common_.epochs.follow(block);
    common_.epochs.persist();
    own_lane_.on_committed(step == Epochs::Step::epoch_began);
    if (!block.cut_delta.empty()) own_lane_.follow_pace(Instant(block.timestamp_ms));
    if (step == Epochs::Step::epoch_began) on_epoch_began();
    pool_.on_room();
}

/// The first block may come late: what was sealed and promised since the start stands, within its epoch under the same headers.
void IntakeCore::on_base(const Proposal& block, const Base& base) {
    const Epoch before = common_.epochs.epoch();
    common_.epochs.begin_at(block, base);
    common_.epochs.persist();
    common_.name_peers();
    const CutEntry committed = common_.epochs.committed(common_.self);
    if (!own_lane_.holds(committed))
        common_.distrust("this store begins with a snapshot, and the lane had batches before that it does not hold");
    const bool epoch_began = common_.epochs.epoch() != before;
    own_lane_.on_committed(epoch_began);
    pool_.on_base(committed.height);
    if (epoch_began) on_epoch_began();
    pool_.on_room();
}

void IntakeCore::on_result(const ExecutedBlock& block) {
    executed_ = block.height;
    if (block.base) {
        accounts_.forget_all();  // what execution said before was of genesis
        learn(block.base->contexts);
    }
    learn(block.contexts);
    pool_.on_result(block);
    pool_.on_room();
}

void IntakeCore::learn(const std::vector<EpochContext>& contexts) {
    for (const EpochContext& context : contexts)
        if (common_.epochs.learn(context) == Epochs::Step::epoch_began) on_epoch_began();
    if (!contexts.empty()) common_.name_peers();
}

void IntakeCore::on_epoch_began() {
    common_.take_part();
    if (common_.epochs.context() == nullptr) {
        const std::string epoch = std::to_string(common_.epochs.epoch().value);
        common_.log(Level::warn, "epoch " + epoch + " began, but its set is not known here yet");
        own_lane_.rest();
        return;
    }
    own_lane_.on_epoch_began();
    other_lanes_.on_epoch_began();
    relay_promises();
    common_.gate.prune_below(common_.epochs.epoch().minus_or_zero(1), *common_.effects);
}

/// What a member promised and did not get ordered before it left: the senders' new home lanes take it, told again until it is
/// executed.
void IntakeCore::relay_promises() {
    const EpochContext* context = common_.epochs.context();
    if (context == nullptr || common_.self_index() || !common_.may_talk(common_.self)) return;
    auto promises = pool_.unsettled();
    if (promises.empty()) return;
    admission_.relay(std::move(promises));
    common_.effects->timers.push_back({id_of(TimerName::relay), relay_retries * context->parameters.retry_ms});
}

// ---------------------------------------------------------------------------------------------- peers

void IntakeCore::on(const PeerMessage& message) {
    const OperatorNumber from = message.from;
    if (message.channel == Channel::lanes && !common_.may_talk(from)) {
        ++rejected_;
        return;
    }
    auto decoded = decode<LaneMessage>(message.payload);
    if (!decoded) {
        ++rejected_;
        return;
    }
    if (message.channel == Channel::fetch) return on_open_channel(from, *decoded);
    admission_.heard_from(from);
    own_lane_.heard_from(from);
    struct Handler {
        IntakeCore& core;
        OperatorNumber from;
        void operator()(BatchOffer& m) const { core.other_lanes_.on_offer(from, std::move(m)); }
        void operator()(Ack& m) const { core.own_lane_.on_ack(from, m); }
        void operator()(VerifyRequest& m) const { core.other_lanes_.on_verify_request(from, m); }
        void operator()(BatchFetch&) const {}  // has a channel of its own
        void operator()(BatchFound&) const {}
        void operator()(Forward& m) const { core.admission_.submit_forwarded(from, std::move(m)); }
        void operator()(ForwardReply& m) const { core.admission_.on_forward_reply(from, std::move(m)); }
        void operator()(LaneStatusRequest& m) const { core.quarantine_.on_request(from, m); }
        void operator()(LaneStatus& m) const { core.quarantine_.on_status(from, m); }
    };
    std::visit(Handler{*this, from}, *decoded);
}

void IntakeCore::on_open_channel(OperatorNumber from, const LaneMessage& message) {
    if (const auto* wanted = std::get_if<BatchFetch>(&message)) fetch_.serve(from, *wanted);
    if (const auto* found = std::get_if<BatchFound>(&message)) on_found(*found);
}

void IntakeCore::on_found(const BatchFound& found) {
    if (fetch_.on_found(found)) final_cuts_.on_stored(ref_of(found.batch.header));
}

// ------------------------------------------------------------------------------------ requests, answers

void IntakeCore::reply(RequestId id, const IntakeReply& reply) { common_.effects->replies.push_back({id, encode(reply)}); }

void IntakeCore::on(const Request& request) {
    auto decoded = decode<IntakeRequest>(request.payload);
    if (!decoded) {
        reply(request.id, RequestError{"not a request that intake knows: " + std::string(codec::to_string(decoded.error()))});
        return;
    }
    if (auto* submit = std::get_if<SubmitRequest>(&*decoded))
        admission_.submit(request, std::move(*submit));
    else if (const auto* fetch = std::get_if<FetchBatches>(&*decoded))
        reply(request.id, fetch_.serve(*fetch));
    else if (const auto* nonce = std::get_if<PendingNonce>(&*decoded))
        admission_.pending_nonce(request.id, *nonce);
    else if (const auto* find = std::get_if<FindPending>(&*decoded))
        reply(request.id, pool_.find(find->hash));
    else
        reply(request.id, accept_risk());
}

IntakeReply IntakeCore::accept_risk() {
    const auto epoch = quarantine_.accept_risk();
    if (!epoch) return RequestError{"this node's intake is not in quarantine"};
    return LaneRiskAccepted{*epoch};
}

void IntakeCore::on(const Answer& answer) {
    if (quarantine_.on_answer(answer)) return;
    const auto addresses = accounts_.on_answer(answer);
    if (!addresses) return;
    admission_.on_accounts(*addresses);
    pool_.on_accounts(*addresses);
}

void IntakeCore::on(const TimerFired& fired) {
    switch (static_cast<TimerName>(fired.id)) {
        case TimerName::lane_retry:
            own_lane_.on_retry_timer();
            break;
        case TimerName::lane_verify:
            own_lane_.on_verify_timer();
            break;
        case TimerName::lane_seal:
            own_lane_.on_seal_timer();
            break;
        case TimerName::fetch:
            fetch_.on_timer();
            break;
        case TimerName::forwards:
            admission_.on_forward_timer();
            break;
        case TimerName::quarantine:
            quarantine_.on_timer();
            break;
        case TimerName::relay:
            relay_promises();
            break;
    }
}

void IntakeCore::on(const JobDone& done) {
    if (!admission_.on_job_done(done)) static_cast<void>(other_lanes_.on_job_done(done));
}

void IntakeCore::on(const DiskRoom& room) {
    common_.disk_is_short = room.is_short;
    common_.log(Level::warn, room.is_short
                                 ? "the disk has little room left: this intake takes no transactions and acknowledges no "
                                   "new batches until there is more; it goes on serving"
                                 : "the disk has room again");
}

void IntakeCore::on(const Released& released) {
    if (released.stream == Stream::batches) kept_.on_released(released);
}

// ---------------------------------------------------------------------------------------------- status

std::vector<StatusField> IntakeCore::status() const {
    const LaneHeight committed = common_.epochs.committed(common_.self).height;
    const LaneHeight sealed = own_lane_.sealed_height();
    const LaneHeight certified = own_lane_.in_flight() ? sealed.minus_or_zero(1) : sealed;
    std::vector<StatusField> fields{
        {"epoch", common_.epochs.epoch().value},
        {"final_height", common_.epochs.final_height().value},
        {"kept_from_height", kept_.from().value},
        {"executed_height", executed_.value},
        {"posted_height", posted_.value},
        {"lane_sealed_height", sealed.value},
        {"lane_certified_height", certified.value},
        {"lane_committed_height", committed.value},
        {"lane_window_used", sealed.value - std::min(sealed.value, committed.value)},
        {"lane_window", common_.genesis.parameters.lane_window},
        {"waiting_transactions", own_lane_.waiting_count()},
        {"promised_transactions", pool_.promised_count()},
        {"promised_bytes", pool_.promised_bytes()},
        {"held_transactions", pool_.held_count()},
        {"held_bytes", pool_.held_bytes()},
        {"open_submissions", admission_.open_count()},
        {"open_bytes", common_.load.bytes()},
        {"open_parties", common_.load.parties()},
        {"executed_per_second", pool_.executed_per_second()},
        {"accepted_count", admission_.accepted_count()},
        {"refused_count", admission_.refused_count()},
        {"busy_count", admission_.busy_count()},
        {"cached_accounts", accounts_.cached_count()},
        {"stored_batches", batches_.stored_count()},
        {"stored_batch_bytes", batches_.stored_bytes()},
        {"verifying_batches", other_lanes_.verifying_count()},
        {"refused_offers", other_lanes_.refused_count()},
        {"rejected_messages", rejected_},
        {"wanted_batches", fetch_.wanted_count()},
        {"unfinished_cuts", final_cuts_.unfinished()},
    };
    if (common_.disk_is_short)
        fields.push_back({"takes_nothing_because", "the disk has little room left; make room, and it goes on by itself"});
    quarantine_.add_status(fields);
    return fields;
}

ActorTraits intake_traits() {
    return {Actor::intake,
            Durability::durable,
            {tables::meta, tables::signed_slots, tables::batches, tables::links, tables::acks, tables::own_lane, tables::promised,
             tables::held, tables::wanted, tables::contexts, tables::cited},
            {Stream::blocks, Stream::results, Stream::postings},
            {Channel::lanes, Channel::fetch},
            1,
            {Stream::results, Stream::postings},
            50};
}

}  // namespace rondo
