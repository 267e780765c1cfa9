#include "actors/da/core/da_core.hpp"

#include <algorithm>

#include "actors/da/core/posting_line.hpp"
#include "actors/da/frame/limits.hpp"
#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::da {
namespace {

constexpr Table meta_table{0, "meta"};
constexpr Table blocks_table{1, "blocks"};
constexpr Table headers_table{2, "headers"};
constexpr Table payloads_table{3, "payloads"};
constexpr Table contexts_table{4, "contexts"};
constexpr Table intent_table{5, "intent"};
constexpr Table blob_table{6, "blob"};
constexpr Table postings_table{7, "postings"};

constexpr TimerId wake_timer = 1;

constexpr DurationMs range_age_ms = 1000;        ///< a range with transactions is closed at this age
constexpr DurationMs empty_range_age_ms = 4000;  ///< one without, at this
constexpr DurationMs poll_debt_ms = 500;
constexpr DurationMs poll_idle_ms = 5000;
constexpr DurationMs back_off_min_ms = 250;
constexpr DurationMs back_off_max_ms = 8000;
constexpr DurationMs submit_deadline_ms = 15000;
constexpr DurationMs list_deadline_ms = 10000;

const Bytes the_intent = to_bytes(as_bytes("intent"));  // there is never more than one

/// be64 first ‖ be32 part: the layer's order.
Bytes posting_key(Height first, std::uint32_t part) {
    Bytes key;
    append_be64(key, first.value);
    append_be32(key, part);
    return key;
}

template <class T>
T decode_own(ByteView value) {
    auto decoded = decode<T>(value);
    require(decoded.has_value(), "what our own node says does not decode");
    return std::move(*decoded);
}

Instant later(Instant now, DurationMs ms) { return now.plus(ms); }

}  // namespace

ActorTraits da_traits() {
    return {Actor::da,
            Durability::durable,
            {meta_table, blocks_table, headers_table, payloads_table, contexts_table, intent_table, blob_table, postings_table},
            {Stream::batches, Stream::blocks, Stream::results},
            {},
            1,
            {Stream::batches, Stream::blocks, Stream::results},
            100};
}

DaCore::DaCore(DaConfig config, const StoreView& view)
    : config_(std::move(config)),
      view_(view),
      genesis_digest_(digest_of(config_.genesis)),
      contexts_(view, contexts_table, config_.genesis),
      backlog_(view, {meta_table, blocks_table, headers_table, payloads_table}) {
    view.scan_reverse(postings_table, {}, {}, [&](ByteView, ByteView value) {
        layer_ = after(decode_own<Posting>(value));
        return false;
    });
    if (const auto intent = view.get(intent_table, the_intent)) intent_ = decode_own<Posting>(*intent);
}

Effects DaCore::start(Instant now) {
    Effects effects;
    last_now_ = poll_at_ = retry_at_ = now;
    backlog_.begin_step();
    // The first word is a listing: what happened while we were away decides what comes next.
    ask_listing(effects);
    advance(now, false, effects);
    return effects;
}

Effects DaCore::step(Instant now, const Input& input) {
    Effects effects;
    last_now_ = now;
    backlog_.begin_step();
    if (const auto* message = std::get_if<StreamMessage>(&input))
        on_stream(*message, effects);
    else if (const auto* request = std::get_if<Request>(&input))
        on_request(*request, effects);
    else if (const auto* answer = std::get_if<Answer>(&input))
        on_answer(now, *answer, effects);
    else if (std::holds_alternative<TimerFired>(input))
        armed_.reset();
    // A frame is read from the store, where what came in this very step does not stand yet.
    advance(now, !std::holds_alternative<StreamMessage>(input), effects);
    return effects;
}

void DaCore::on_stream(const StreamMessage& message, Effects& effects) {
    switch (message.stream) {
        case Stream::batches:
            backlog_.add_batch(decode_own<BatchRecord>(message.payload), effects);
            break;
        case Stream::blocks: {
            const auto block = decode_own<FinalBlock>(message.payload);
            if (block.base) begin_at(block.block.height, *block.base, effects);
            backlog_.add_block(block, effects);
            break;
        }
        case Stream::results: {
            const auto executed = decode_own<ExecutedBlock>(message.payload);
            contexts_.learn(executed.contexts, effects);
            if (executed.base) begin_at(executed.height, *executed.base, effects);
            backlog_.set_executed(executed.height, effects);
            break;
        }
        default:
            require(false, "a stream that was not subscribed to");
    }
}

void DaCore::begin_at(Height height, const Base& base, Effects& effects) {
    contexts_.learn(base.contexts, effects);
    backlog_.begin_at(height, base.cut, effects);
}

void DaCore::on_request(const Request& request, Effects& effects) const {
    const auto reply = [&]() -> DaReply {
        const auto decoded = decode<DaRequest>(request.payload);
        if (!decoded) return RequestError{"the request does not decode"};
        const Height from = std::get<GetPostings>(*decoded).from;
        PostingsReply out;
        out.posted = layer_.complete;
        Bytes begin = posting_key(from, 0);
        view_.scan_reverse(postings_table, {}, posting_key(from.next(), 0), [&](ByteView key, ByteView value) {
            const auto posting = decode_own<Posting>(value);
            if (posting.last >= from) begin = posting.part == 0 ? to_bytes(key) : posting_key(posting.first, 0);
            return false;
        });
        view_.scan(postings_table, begin, {}, [&](ByteView, ByteView value) {
            out.postings.push_back(decode_own<Posting>(value));
            return out.postings.size() < listing_max;
        });
        return out;
    }();
    effects.replies.push_back({request.id, encode(reply)});
}

void DaCore::on_answer(Instant now, const Answer& answer, Effects& effects) {
    if (open_ == Open::nothing || answer.id != last_ask_) return;
    const Open asked = open_;
    open_ = Open::nothing;
    if (!answer.payload) return back_off(now, "the back end did not answer in time", effects);
    const auto reply = decode<BackendReply>(*answer.payload);
    if (!reply) return back_off(now, "the back end's answer does not decode", effects);
    if (const auto* error = std::get_if<RequestError>(&*reply)) return back_off(now, error->reason, effects);
    if (const auto* submitted = std::get_if<DaSubmitted>(&*reply); submitted != nullptr && asked == Open::submission)
        return on_submitted(now, *submitted, effects);
    if (const auto* listed = std::get_if<DaListed>(&*reply); listed != nullptr && asked == Open::listing)
        return on_listed(now, listed->postings, effects);
    back_off(now, "the back end answered another question", effects);
}

void DaCore::back_off(Instant now, const std::string& reason, Effects& effects) {
    back_off_ms_ = std::clamp(back_off_ms_ * 2, back_off_min_ms, back_off_max_ms);
    retry_at_ = poll_at_ = later(now, back_off_ms_);
    if (last_error_ != reason) effects.logs.push_back({Level::warn, "posting waits: " + reason});
    last_error_ = reason;
}

void DaCore::on_submitted(Instant now, const DaSubmitted& submitted, Effects& effects) {
    require(intent_.has_value(), "an intent vanished while it was submitted");
    poll_at_ = now;  // the listing confirms it, or shows who was first
    if (!submitted.stored) {
        const DurationMs wait = std::max(back_off_ms_ * 2, back_off_min_ms);
        back_off_ms_ = std::min(wait, back_off_max_ms);
        retry_at_ = later(now, back_off_ms_);
        last_error_ = submitted.reason;
        return;
    }
    intent_->pointer = submitted.pointer;
    if (intent_->stage == PostingStage::posted) return;  // said already, before a crash
    intent_->stage = PostingStage::posted;
    effects.put(intent_table, the_intent, encode(*intent_));
    effects.publishes.push_back({Stream::postings, 0, encode(*intent_), {}});
}

void DaCore::on_listed(Instant now, const std::vector<Posting>& postings, Effects& effects) {
    const LayerPosition before = layer_;
    for (const Posting& posting : postings)
        if (!learn(posting, effects)) return back_off(now, "the layer's listing has a gap", effects);
    const bool moved = layer_ != before;
    if (moved) {
        waiting_since_.reset();
        postable_since_.reset();
        back_off_ms_ = 0;
        last_error_.clear();
    } else if (intent_ && intent_->stage == PostingStage::posted) {
        // Taken once and gone now: the same bytes go again.
        intent_->stage = PostingStage::intended;
        effects.put(intent_table, the_intent, encode(*intent_));
        back_off(now, "a posting that was taken is not on the layer", effects);
    }
    // A full listing goes on at once.
    poll_at_ = std::max(poll_at_, postings.size() >= listing_max ? now : later(now, has_debt() ? poll_debt_ms : poll_idle_ms));
}

/// False if the posting does not continue what is known of the layer.
bool DaCore::learn(const Posting& listed, Effects& effects) {
    if (listed.last <= layer_.complete) return true;
    if (listed.first == layer_.complete.next() && listed.part < layer_.next_part) return true;
    if (!continues(layer_, listed.first, listed.last, listed.part, listed.parts)) return false;
    layer_ = after(listed);
    Posting known = listed;
    // A part alone makes no block available.
    known.stage = layer_.next_part == 0 ? PostingStage::confirmed : PostingStage::posted;
    effects.put(postings_table, posting_key(known.first, known.part), encode(known));
    effects.publishes.push_back({Stream::postings, 0, encode(known), {}});
    resolve_intent(known, effects);
    return true;
}

void DaCore::resolve_intent(const Posting& posting, Effects& effects) {
    if (!intent_ || continues(layer_, intent_->first, intent_->last, intent_->part, intent_->parts)) return;
    const bool mine = posting.poster == config_.self && posting.commitment == intent_->commitment;
    if (mine)
        ++own_postings_;
    else
        effects.logs.push_back({Level::info, "another node posted from block " + std::to_string(intent_->first.value) + " on"});
    intent_.reset();
    effects.erase(intent_table, the_intent);
    effects.erase(blob_table, the_intent);
}

// ------------------------------------------------------------------------------------------------ deciding

void DaCore::advance(Instant now, bool may_build, Effects& effects) {
    if (backlog_.base() < layer_.complete) {
        backlog_.settle(layer_.complete, effects);
        // Contexts are asked for by the epoch of a ready block; the one before it is never needed again.
        if (const auto& ready = backlog_.ready(); !ready.empty()) contexts_.prune_below(ready.front().epoch, effects);
    }
    backlog_.update_ready();
    note_postable(now);
    if (open_ == Open::nothing) {
        const auto turn = my_turn();
        if (now >= poll_at_) {
            ask_listing(effects);
        } else if (intent_) {
            if (now >= retry_at_ && intent_->stage == PostingStage::intended) ask_submission(effects);
        } else if (may_build && turn && now >= *turn && now >= retry_at_) {
            make_intent(effects);
        }
    }
    arm(now, effects);
}

/// How many ready blocks the range takes, and whether it need not wait for more.
std::size_t DaCore::range_blocks(bool& closed) const {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    for (const Backlog::ReadyBlock& block : backlog_.ready()) {
        closed = count == range_blocks_max || (count > 0 && bytes + block.bytes > range_bytes_target);
        if (closed) return count;
        bytes += block.bytes;
        ++count;
    }
    closed = count == range_blocks_max || bytes > range_bytes_target;
    return count;
}

void DaCore::note_postable(Instant now) {
    const auto& ready = backlog_.ready();
    if (ready.empty() || backlog_.base() != layer_.complete) {
        waiting_since_.reset();
        postable_since_.reset();
        return;
    }
    if (!waiting_since_) waiting_since_ = now;
    if (postable_since_) return;
    bool closed = false;
    const std::size_t count = range_blocks(closed);
    const bool is_empty =
        std::all_of(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(count), [](const auto& b) { return b.is_empty; });
    const DurationMs age = is_empty ? empty_range_age_ms : range_age_ms;
    if (closed || layer_.next_part > 0 || now >= later(*waiting_since_, age)) postable_since_ = now;
}

/// When it is on us to post the range that is postable now.
std::optional<Instant> DaCore::my_turn() const {
    if (!postable_since_) return std::nullopt;
    const EpochContext* context = contexts_.find(backlog_.ready().front().epoch);
    require(context != nullptr, "a block was executed whose epoch is unknown");
    const auto line = posting_line(*context, backlog_.ready().front().height);
    const auto me = std::find(line.begin(), line.end(), config_.self);
    if (me == line.end()) return std::nullopt;
    const auto turns = static_cast<std::uint64_t>(me - line.begin());
    return later(*postable_since_, turns * context->parameters.posting_turn_ms);
}

void DaCore::make_intent(Effects& effects) {
    bool closed = false;
    const std::size_t count = range_blocks(closed);
    const bool in_parts = count == 1 && backlog_.parts_of_first() > 1;
    const Frame frame =
        in_parts ? backlog_.part_of_first(genesis_digest_, layer_.next_part) : backlog_.frame_of(genesis_digest_, count);
    Bytes blob = encode_frame(frame);
    Posting intent{frame.first, frame.last, config_.self, PostingStage::intended, "local", {}, crypto::blake2b(blob),
                   blob.size(), frame.part, frame.parts};
    effects.put(intent_table, the_intent, encode(intent));
    effects.put(blob_table, the_intent, blob);
    effects.publishes.push_back({Stream::postings, 0, encode(intent), {}});
    ask(Open::submission, DaSubmit{intent.first, intent.last, intent.poster, std::move(blob), intent.part, intent.parts},
        submit_deadline_ms, effects);
    intent_ = std::move(intent);
}

void DaCore::ask_submission(Effects& effects) {
    const auto blob = view_.get(blob_table, the_intent);
    require(blob.has_value(), "an intent without its bytes");
    ask(Open::submission,
        DaSubmit{intent_->first, intent_->last, intent_->poster, to_bytes(*blob), intent_->part, intent_->parts},
        submit_deadline_ms, effects);
}

void DaCore::ask_listing(Effects& effects) {
    const Height from = layer_.complete.next();
    ask(Open::listing, DaListing{from}, list_deadline_ms, effects);
}

void DaCore::ask(Open what, const BackendRequest& request, DurationMs deadline_ms, Effects& effects) {
    open_ = what;
    effects.asks.push_back({Askable::backend, ++last_ask_, encode(request), deadline_ms});
}

/// One timer, set to whatever is due first.
void DaCore::arm(Instant now, Effects& effects) {
    if (open_ != Open::nothing) return;
    Instant wake = poll_at_;
    if (intent_) {
        wake = std::min(wake, retry_at_);
    } else if (const auto turn = my_turn()) {
        wake = std::min(wake, std::max(*turn, retry_at_));
    } else if (waiting_since_) {
        // The range closes by age at one of these; which one is looked at then.
        const Instant young = later(*waiting_since_, range_age_ms);
        wake = std::min(wake, now < young ? young : later(*waiting_since_, empty_range_age_ms));
    }
    wake = std::max(wake, later(now, 1));
    if (armed_ && *armed_ == wake) return;
    armed_ = wake;
    effects.timers.push_back({wake_timer, wake.value - now.value});
}

std::vector<StatusField> DaCore::status() const {
    const auto oldest = backlog_.oldest_timestamp_ms();
    const bool debt = has_debt();
    return {
        {"posted_height", layer_.complete.value},
        {"debt_blocks", debt ? backlog_.newest().value - layer_.complete.value : 0},
        {"debt_bytes", backlog_.payload_bytes()},
        {"debt_age_ms", debt && oldest && last_now_.value > *oldest ? last_now_.value - *oldest : 0},
        {"own_postings", own_postings_},
        {"posting_stage", std::string(!intent_                                 ? "none"
                                      : intent_->stage == PostingStage::posted ? "posted"
                                                                               : "intended")},
        {"last_error", last_error_},
    };
}

}  // namespace rondo::da
