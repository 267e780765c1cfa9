#include "actors/rewards/core/rewards_core.hpp"

#include <algorithm>

#include "messages/base/require.hpp"
#include "messages/codec/codec.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/modules.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::rewards {
namespace {

constexpr Table waiting_blocks_table{0, "waiting_blocks"};
constexpr Table waiting_results_table{1, "waiting_results"};
constexpr Table state_table{2, "state"};
constexpr Table closed_table{3, "closed"};
constexpr Table contexts_table{4, "contexts"};
constexpr Table sending_table{5, "sending"};

constexpr TimerId poll_timer = 1;
constexpr TimerId sender_timer = 2;
constexpr AskId sender_asks = 1ULL << 32;

constexpr DurationMs ask_deadline_ms = 5000;
constexpr DurationMs poll_ms = 1000;  ///< while an attested root is not accepted yet

const Bytes progress_key = to_bytes(as_bytes("attested"));

/// be64 attested ‖ be64 accepted ‖ root.
Bytes encode_progress(Epoch attested, Epoch accepted, const Hash256& root) {
    Bytes out;
    append_be64(out, attested.value);
    append_be64(out, accepted.value);
    append(out, root.view());
    return out;
}

template <class T>
T decode_own(ByteView value) {
    auto decoded = decode<T>(value);
    require(decoded.has_value(), "what our own node says does not decode");
    return std::move(*decoded);
}

Bytes tag_of(Epoch epoch) {
    Bytes tag;
    append_be64(tag, epoch.value);
    return tag;
}

}  // namespace

ActorTraits rewards_traits() {
    return {Actor::rewards,
            Durability::derived,
            {waiting_blocks_table, waiting_results_table, state_table, closed_table, contexts_table, sending_table},
            {Stream::blocks, Stream::results},
            {},
            1,
            {Stream::blocks, Stream::results},
            200};
}

RewardsCore::RewardsCore(RewardsConfig config, const StoreView& view)
    : config_(std::move(config)),
      view_(view),
      books_(view, {waiting_blocks_table, waiting_results_table, state_table, closed_table, contexts_table}, config_.genesis),
      sender_(view, sending_table, config_.account,
              {config_.genesis.chain_id, Wei(config_.genesis.parameters.base_fee_min_wei), sender_timer, sender_asks}) {
    const auto progress = view.get(state_table, progress_key);
    if (!progress) return;
    attested_ = Epoch(read_be64(progress->first(8)));
    accepted_ = Epoch(read_be64(progress->subspan(8, 8)));
    accepted_root_ = *Hash256::from(progress->subspan(16, 32));
}

Effects RewardsCore::start(Instant now) {
    Effects effects;
    poll_at_ = now;
    sender_.start(effects);
    advance(now, effects);
    return effects;
}

Effects RewardsCore::step(Instant now, const Input& input) {
    Effects effects;
    books_.begin_step();
    const Height booked = books_.booked();
    if (const auto* message = std::get_if<StreamMessage>(&input)) {
        if (message->stream == Stream::results)
            on_results(decode_own<ExecutedBlock>(message->payload), effects);
        else
            on_block(decode_own<FinalBlock>(message->payload), effects);
    } else if (const auto* answer = std::get_if<Answer>(&input)) {
        if (!sender_.on_answer(*answer, effects)) on_answer(now, *answer, effects);
    } else if (const auto* request = std::get_if<Request>(&input)) {
        on_request(*request, effects);
    } else if (const auto* timer = std::get_if<TimerFired>(&input)) {
        if (!sender_.on_timer(timer->id, effects)) armed_.reset();
    }
    if (books_.booked() != booked && books_.booked().value % config_.genesis.parameters.snapshot_blocks == 0)
        effects.checkpoint = books_.booked();
    advance(now, effects);
    return effects;
}

void RewardsCore::on_block(const FinalBlock& block, Effects& effects) {
    if (block.base) books_.begin_at(block.block.height, effects);
    books_.add_block(block.block, effects);
}

void RewardsCore::on_results(const ExecutedBlock& block, Effects& effects) {
    if (block.base) books_.begin_at(block.height, effects);
    if (const auto done = sender_.on_executed(block, effects)) {
        const Epoch epoch(read_be64(done->tag));
        // A refusal is as final as a success: too late, said already, or (then the roots differ) wrong.
        if (done->outcome == AccountSender::Outcome::reverted)
            trouble_ = "the attestation of epoch " + std::to_string(epoch.value) + " reverted";
        // An old outcome, replayed, says nothing of what was accepted since: it makes nothing fresh.
        is_fresh_ = is_fresh_ && done->outcome == AccountSender::Outcome::success;
        attested_ = std::max(attested_, epoch);
        save(effects);
    }
    books_.add_result(block, effects);
    // A rebuilt store may learn what was accepted before it has computed that epoch itself.
    if (!block.contexts.empty() && accepted_ > Epoch(0) && books_.newest().epoch == accepted_)
        compare_with_accepted(books_.newest(), effects);
}

// ------------------------------------------------------------------------------------------------ attesting

void RewardsCore::advance(Instant now, Effects& effects) {
    if (asked_ || sender_.is_busy()) return;
    const auto due = books_.first_with_pot(attested_.next());
    if (due && is_fresh_ && !books_.may_attest(due->epoch, sender_.address())) {
        attested_ = due->epoch;  // is for the members to say
        save(effects);
        return advance(now, effects);
    }
    if (due && is_fresh_) return attest(*due, effects);
    if (!due && accepted_ >= attested_) return;
    if (now >= poll_at_) {
        asked_ = true;
        const Call call{sender_.address(), modules::rewards, 0, abi::Encoder().call(modules::accepted_root)};
        effects.asks.push_back({Askable::execution, ++last_ask_, encode(ExecutionRequest{call}), ask_deadline_ms});
    } else if (armed_ != poll_at_) {
        armed_ = poll_at_;
        effects.timers.push_back({poll_timer, poll_at_.value - now.value});
    }
}

void RewardsCore::on_answer(Instant now, const Answer& answer, Effects& effects) {
    if (!asked_ || answer.id != last_ask_) return;
    asked_ = false;
    poll_at_ = now.plus(poll_ms);
    const auto reply = answer.payload ? decode<ExecutionReply>(*answer.payload) : tl::unexpected(codec::DecodeError::truncated);
    const auto* call = reply ? std::get_if<CallReply>(&*reply) : nullptr;
    if (call == nullptr || call->reverted) return;
    abi::Decoder output(call->output);
    const Epoch epoch(output.number64());
    const Word256 root = output.word();
    (void)output.number();  // the ledger compared the total itself
    if (!output.ok()) return;
    is_fresh_ = true;
    on_accepted(epoch, *Hash256::from(root.view()), effects);
}

void RewardsCore::on_accepted(Epoch epoch, const Hash256& root, Effects& effects) {
    if (epoch <= accepted_) return;
    accepted_ = epoch;
    accepted_root_ = root;
    attested_ = std::max(attested_, epoch);
    if (const auto mine = books_.find(epoch)) compare_with_accepted(*mine, effects);
    books_.forget_below(epoch, effects);
    save(effects);
}

void RewardsCore::compare_with_accepted(const Book& mine, Effects& effects) {
    const std::string name = std::to_string(accepted_.value);
    trouble_ =
        mine.root == accepted_root_ ? "" : "the ledger accepted another root of epoch " + name + " than the one computed here";
    if (trouble_.empty())
        effects.logs.push_back({Level::info, "the rewards of epoch " + name + " are accepted"});
    else
        effects.logs.push_back({Level::error, trouble_});
}

void RewardsCore::attest(const Book& book, Effects& effects) {
    const Bytes call =
        abi::Encoder().number(book.epoch.value).word(*Word256::from(book.root.view())).number(book.total).call(modules::attest);
    sender_.send(modules::rewards, call, tag_of(book.epoch), effects);
}

void RewardsCore::save(Effects& effects) const {
    effects.put(state_table, progress_key, encode_progress(attested_, accepted_, accepted_root_));
}

// ------------------------------------------------------------------------------------------------ proofs

void RewardsCore::on_request(const Request& request, Effects& effects) const {
    const auto decoded = decode<RewardsRequest>(request.payload);
    const RewardsReply reply = decoded ? RewardsReply{proof_for(std::get<GetRewardProof>(*decoded).account)}
                                       : RewardsReply{RequestError{"the request does not decode"}};
    effects.replies.push_back({request.id, encode(reply)});
}

RewardProofReply RewardsCore::proof_for(const Address& account) const {
    RewardProofReply out;
    out.epoch = accepted_;
    const auto book = books_.find(accepted_);
    if (!book || book->root != accepted_root_) return out;
    const auto entry =
        std::find_if(book->entries.begin(), book->entries.end(), [&](const Entry& e) { return e.account == account; });
    if (entry == book->entries.end()) return out;
    out.cumulative = entry->cumulative;
    out.proof = *ClaimTree(book->entries).proof(*entry);
    out.found = true;
    return out;
}

std::vector<StatusField> RewardsCore::status() const {
    const Book& book = books_.newest();
    std::vector<StatusField> fields{
        {"booked_height", books_.booked().value},    {"epoch_closed", book.epoch.value},
        {"root", to_hex_prefixed(book.root.view())}, {"epoch_attested", attested_.value},
        {"epoch_accepted", accepted_.value},         {"total_wei", book.total.str()},
        {"carried_wei", book.carried.str()},         {"last_error", trouble_.empty() ? sender_.trouble() : trouble_},
    };
    if (const Height below = books_.unknown_below(); below.value != 0)
        fields.push_back({"attests_nothing_because", "this node began with a snapshot at height " + std::to_string(below.value) +
                                                         ": what every account had earned until then is not known here"});
    return fields;
}

}  // namespace rondo::rewards
