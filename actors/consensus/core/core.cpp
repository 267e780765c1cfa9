#include "actors/consensus/core/core.hpp"

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"
#include "actors/consensus/core/tables.hpp"

namespace rondo {
namespace {

constexpr TimerId the_timer = 1;

}  // namespace

ActorTraits consensus_traits() {
    namespace t = consensus::tables;
    return {Actor::consensus,
            Durability::durable,
            {t::meta, t::gate, t::certificates, t::bodies, t::blocks, t::contexts, t::proofs, t::poas, t::results, t::witnessed},
            {Stream::certificates, Stream::results},
            {Channel::votes, Channel::sync},
            1,
            {Stream::results},
            50};
}

ConsensusCore::ConsensusCore(ConsensusConfig config, const StoreView& store)
    : replica_(config.self, std::move(config.keys), std::move(config.sources), config.genesis, store),
      simplex_(replica_),
      catchup_(replica_, simplex_),
      quarantine_(replica_, simplex_),
      joining_(replica_, simplex_),
      kept_(replica_, config.retention),
      settled_epoch_(replica_.epoch) {}

Effects ConsensusCore::start(Instant now) {
    Turn turn{now, {}};
    replica_.name_peers(turn);
    quarantine_.start(turn);
    simplex_.start(turn);
    joining_.start(turn);
    settle(turn);
    return finish(std::move(turn));
}

Effects ConsensusCore::step(Instant now, const Input& input) {
    Turn turn{now, {}};
    if (const auto* message = std::get_if<StreamMessage>(&input)) on_stream(turn, *message);
    if (const auto* message = std::get_if<PeerMessage>(&input)) on_peer(turn, *message);
    if (const auto* request = std::get_if<Request>(&input)) on_request(turn, *request);
    if (const auto* answer = std::get_if<Answer>(&input)) joining_.on_answer(turn, *answer);
    if (const auto* released = std::get_if<Released>(&input); released != nullptr && released->stream == Stream::blocks)
        kept_.on_released(*released);
    if (std::holds_alternative<TimerFired>(input)) {
        armed_.reset();
        simplex_.on_time(turn);
        quarantine_.on_time(turn);
        joining_.on_time(turn);
    }
    settle(turn);
    return finish(std::move(turn));
}

// Messages of the next epoch that came early are heard as soon as it begins.
void ConsensusCore::settle(Turn& turn) {
    simplex_.set_awaits_state(joining_.awaits_state());
    simplex_.settle(turn);
    while (replica_.epoch != settled_epoch_) {
        settled_epoch_ = replica_.epoch;
        early_shares_ = {};
        for (const auto& [from, message] : std::exchange(early_, {})) on_message(turn, from, message);
        quarantine_.on_settled(turn);
        simplex_.settle(turn);
    }
    if (!joining_.holds_back()) catchup_.on_settled(turn);
    kept_.on_settled(turn);
}

Effects ConsensusCore::finish(Turn turn) {
    replica_.voice.finish_step(turn);
    arm_timer(turn);
    return std::move(turn.effects);
}

void ConsensusCore::arm_timer(Turn& turn) {
    const auto next = simplex_.next_deadline();
    if (!next || armed_ == next) return;
    armed_ = next;
    turn.effects.timers.push_back({the_timer, next->value > turn.now.value ? next->value - turn.now.value : 0});
}

void ConsensusCore::on_stream(Turn& turn, const StreamMessage& message) {
    if (message.stream == Stream::certificates) {
        const auto poa = decode<PoA>(message.payload);
        require(poa.has_value(), "my own intake speaks canonically");
        on_certified(turn, *poa);
        if (poa->header.lane == replica_.voice.self()) replica_.voice.broadcast(turn, PoAs{{*poa}});
    } else if (message.stream == Stream::results) {
        const auto executed = decode<ExecutedBlock>(message.payload);
        require(executed.has_value(), "my own execution speaks canonically");
        on_executed(turn, *executed);
    }
}

void ConsensusCore::on_certified(Turn& turn, const PoA& poa) {
    if (replica_.lanes.add(turn, poa, *replica_.chain.floor().cut, replica_.parameters().lane_window)) simplex_.on_news();
}

void ConsensusCore::on_executed(Turn& turn, const ExecutedBlock& executed) {
    replica_.results.learn(turn, executed);
    if (!replica_.results.agrees_with_citations(executed.height))
        replica_.mute(turn, "own result differs from the final chain at height " + std::to_string(executed.height.value));
    if (executed.base) joining_.on_base(turn, executed);
    // What came early of an epoch was checked against the set that was planned for it.
    for (const EpochContext& context : executed.contexts)
        if (replica_.epochs.learn(turn, context, replica_.epoch)) replica_.lanes.forget(turn, context.epoch);
    if (!executed.contexts.empty()) replica_.name_peers(turn);
    simplex_.on_news();
}

void ConsensusCore::on_peer(Turn& turn, const PeerMessage& message) {
    const auto decoded = decode<ConsensusMessage>(message.payload);
    if (!decoded)
        ++undecodable_;
    else if (message.channel == Channel::sync)
        on_open_channel(turn, message.from, *decoded);
    else
        on_message(turn, message.from, *decoded);
}

// Everybody may ask for final blocks, and whom this node asks may answer; nothing else is heard there.
void ConsensusCore::on_open_channel(Turn& turn, OperatorNumber from, const ConsensusMessage& message) {
    if (const auto* wanted = std::get_if<BlockRangeRequest>(&message))
        catchup_.on_range_request(turn, from, *wanted, kept_.from());
    if (const auto* wanted = std::get_if<SetRequest>(&message))
        replica_.voice.send(turn, from, consensus::sets_from(replica_, wanted->first), Channel::sync);
    if (from >= first_guest) return;
    if (const auto* range = std::get_if<FinalBlocks>(&message)) on_range(turn, from, *range);
    if (const auto* gone = std::get_if<BlocksGone>(&message)) catchup_.on_gone(from, *gone);
    if (const auto* sets = std::get_if<SetProofs>(&message)) joining_.on_sets(turn, from, *sets);
}

void ConsensusCore::on_range(Turn& turn, OperatorNumber from, const FinalBlocks& range) {
    if (joining_.on_range(turn, range)) return quarantine_.on_base(turn);
    if (joining_.holds_back()) return;
    catchup_.on_range(turn, from, range);
}

bool ConsensusCore::is_current(Turn& turn, OperatorNumber from, Epoch epoch, const ConsensusMessage& message) {
    if (epoch == replica_.epoch) return true;
    if (epoch < replica_.epoch) {
        catchup_.on_behind(turn, from, epoch);
        return false;
    }
    if (epoch == replica_.epoch.next()) keep_early(from, message);
    catchup_.on_ahead(from, epoch);
    return false;
}

// Unverified, so nothing that could be large: of a body and a certificate what their set allows at most, of the rest nothing.
void ConsensusCore::keep_early(OperatorNumber from, const ConsensusMessage& message) {
    const EpochContext* next = replica_.epochs.find(replica_.epoch.next());
    const EpochContext& set = next == nullptr ? *replica_.context : *next;
    bool is_bounded = std::holds_alternative<Vote>(message);
    if (const auto* certificate = std::get_if<Certificate>(&message))
        is_bounded = std::max(certificate->signers.size(), certificate->signatures.size()) <= set.operators.size();
    if (const auto* block = std::get_if<Proposal>(&message)) is_bounded = consensus::malformed(set, *block).empty();
    if (const auto* tail = std::get_if<Tail>(&message)) is_bounded = consensus::malformed(set, *tail).empty();
    if (!is_bounded || !early_shares_.has_room(from, 1, consensus::early_messages_max)) return;
    early_shares_.take(from, 1);
    early_.emplace_back(from, message);
}

void ConsensusCore::on_message(Turn& turn, OperatorNumber from, const ConsensusMessage& message) {
    std::visit(
        [&](const auto& m) {
            using T = std::decay_t<decltype(m)>;
            constexpr bool is_status = std::is_same_v<T, StatusRequest> || std::is_same_v<T, Status>;
            if constexpr (requires { m.epoch; } && !is_status) {
                if (!is_current(turn, from, m.epoch, message)) return;
            }
            if constexpr (std::is_same_v<T, Proposal> || std::is_same_v<T, Tail>)
                simplex_.on_body(turn, from, m);
            else if constexpr (std::is_same_v<T, Vote>)
                simplex_.on_vote(turn, from, m);
            else if constexpr (std::is_same_v<T, Certificate>)
                simplex_.on_certificate(turn, from, m);
            else if constexpr (std::is_same_v<T, PoAs>)
                on_poas(turn, m);
            else if constexpr (std::is_same_v<T, CertificateRequest>)
                simplex_.on_certificate_request(turn, from, m.view);
            else if constexpr (std::is_same_v<T, PoaRequest>)
                on_poa_request(turn, from, m);
            else if constexpr (std::is_same_v<T, BodyRequest>)
                simplex_.on_body_request(turn, from, m.digest);
            else if constexpr (is_status)
                on_status(turn, from, m);
        },
        message);
}

// A start is heard whatever epoch the two are in; who is behind learns it from it.
template <class StatusMessage>
void ConsensusCore::on_status(Turn& turn, OperatorNumber from, const StatusMessage& message) {
    if (message.epoch > replica_.epoch) catchup_.on_ahead(from, message.epoch);
    if constexpr (std::is_same_v<StatusMessage, StatusRequest>)
        quarantine_.on_request(turn, from, message);
    else
        quarantine_.on_status(turn, from, message);
    if (message.epoch < replica_.epoch) catchup_.on_behind(turn, from, message.epoch);
}

// From peers: checked here. From my own intake: checked there.
void ConsensusCore::on_poas(Turn& turn, const PoAs& poas) {
    if (poas.certificates.size() > consensus::poas_per_message_max) return;
    for (const PoA& poa : poas.certificates) {
        const BatchHeader& header = poa.header;
        const EpochContext* context = header.epoch <= replica_.epoch.next() ? replica_.epochs.find(header.epoch) : nullptr;
        if (context == nullptr || header.epoch < replica_.epoch) continue;
        if (replica_.lanes.find(header.epoch, header.lane, header.height) != nullptr) continue;
        if (!consensus::is_available(replica_.genesis, *context, poa)) {
            ++bad_poas_;
            return;  // who says one wrong thing is not heard out: each costs a quorum of signatures
        }
        on_certified(turn, poa);
    }
}

void ConsensusCore::on_poa_request(Turn& turn, OperatorNumber from, const PoaRequest& request) const {
    if (request.digests.size() > consensus::poas_per_message_max) return;
    PoAs found;
    for (const Digest& digest : request.digests)
        if (const auto* held = replica_.lanes.find(digest)) found.certificates.push_back(held->poa);
    if (!found.certificates.empty()) replica_.voice.send(turn, from, found);
}

void ConsensusCore::on_request(Turn& turn, const Request& request) {
    const auto decoded = decode<ConsensusRequest>(request.payload);
    const ConsensusReply reply = decoded ? std::visit([&](const auto& r) { return answer(turn, r); }, *decoded)
                                         : ConsensusReply(RequestError{"not a consensus request"});
    turn.effects.replies.push_back({request.id, encode(reply)});
}

ConsensusReply ConsensusCore::answer(Turn&, const GetFinalBlocks& request) const {
    FinalBlocksReply reply;
    std::size_t bytes = 0;
    if (request.last < request.first) return RequestError{"the range ends before it begins"};
    if (request.first < kept_.from())
        return RequestError{"blocks below " + std::to_string(kept_.from().value) +
                            " are not kept any more; ask a node started with --archive"};
    replica_.store.scan(consensus::tables::blocks, consensus::tables::key(request.first), {}, [&](ByteView key, ByteView value) {
        bytes += value.size();
        if (read_be64(key) > request.last.value || (bytes > consensus::range_bytes_max && !reply.blocks.empty())) return false;
        auto block = decode<FinalBlock>(value);
        require(block.has_value(), "a stored block decodes");
        reply.blocks.push_back(std::move(*block));
        return reply.blocks.size() < consensus::range_blocks_max;
    });
    return reply;
}

ConsensusReply ConsensusCore::answer(Turn&, const GetHead&) const {
    const consensus::Block& floor = replica_.chain.floor();
    return HeadReply{floor.height, floor.digest, replica_.epoch, simplex_.view(), quarantine_.is_whole()};
}

ConsensusReply ConsensusCore::answer(Turn& turn, const AcceptRisk& request) {
    const auto reentry = quarantine_.accept_risk(turn, request.from_view);
    if (!reentry) return RequestError{"this node's consensus is not in quarantine"};
    return RiskAccepted{reentry->epoch, reentry->view};
}

std::vector<StatusField> ConsensusCore::status() const {
    const consensus::Block& floor = replica_.chain.floor();
    std::vector<StatusField> fields{
        {"epoch", replica_.epoch.value},
        {"view", simplex_.view().value},
        {"final_height", floor.height.value},
        {"kept_from_height", kept_.from().value},
        {"notarized_height", simplex_.notarized_height().value},
        {"seen_height", simplex_.seen_height().value},
        {"executed_height", replica_.results.head().value},
        {"delta_ms", simplex_.delta_ms()},
        {"leader", std::uint64_t{replica_.context->at(simplex_.leader())->number.value}},
        {"pending_tips", replica_.lanes.pending_beyond(*floor.cut)},
        {"members", replica_.context->operators.size()},
        {"is_member", std::uint64_t{replica_.context->index_of(replica_.self).has_value()}},
        {"early_messages", early_.size()},
        {"rejected_messages", simplex_.rejected() + undecodable_ + bad_poas_},
    };
    for (const auto& [number, votes] : simplex_.votes_on_chain())
        fields.push_back({"votes_on_chain_" + std::to_string(number.value), votes});
    quarantine_.add_status(fields);
    joining_.add_status(fields);
    catchup_.add_status(fields);
    if (replica_.context->index_of(replica_.self) && !replica_.index)
        fields.push_back({"signs_nothing_because",
                          "the set lists a key for this operator that is not here. Put the key where [keys] says signing or "
                          "signing_next, and restart"});
    if (!replica_.muted.empty())
        fields.push_back({"signs_nothing_because",
                          replica_.muted + ". Find out what made its results differ (memory, disk, build); then remove the "
                                           "stores of this node: it rebuilds them, and signs again by the rules of quarantine"});
    return fields;
}

}  // namespace rondo
