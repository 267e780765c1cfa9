#include "actors/consensus/core/proposals.hpp"

#include <algorithm>

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/signatures.hpp"

namespace rondo::consensus {
namespace {

Finding invalid(std::string_view reason) { return {Verdict::invalid, reason, {}, std::nullopt}; }
Finding missing(std::string_view reason) { return {Verdict::missing, reason, {}, std::nullopt}; }

std::size_t votes_max(const EpochContext& context) { return votes_per_member_max * context.operators.size(); }

bool lag_allows_content(const Replica& replica, Height height, const ExecutedRef& executed) {
    return executed.height.plus(replica.parameters().execution_lag_max) >= height;
}

/// Cut heights grow within the window; each tip has a certificate of availability of this epoch; the root is right.
Finding check_cut(const Replica& replica, const Proposal& block, const Block& parent) {
    Finding finding;
    for (const CutEntry& entry : block.cut_delta) {
        const CutEntry* base = parent.cut->find(entry.lane);
        const LaneHeight low = base == nullptr ? LaneHeight(0) : base->height;
        if (entry.height <= low || entry.height > low.plus(replica.parameters().lane_window))
            return invalid("cut outside the window");
        const Lanes::Held* held = replica.lanes.find(block.epoch, entry.lane, entry.height);
        if (held == nullptr)
            finding.poas.push_back(entry.digest);
        else if (held->digest != entry.digest)
            return invalid("cut cites another batch than the certified one");
    }
    if (block.cut_root != root_of(block.cut_delta.empty() ? *parent.cut : advance(*parent.cut, block.cut_delta)))
        return invalid("wrong cut root");
    if (!finding.poas.empty()) {
        finding.verdict = Verdict::missing;
        finding.reason = "a certificate of availability";
    }
    return finding;
}

Finding check_executed(const Replica& replica, const Proposal& block, const Block& parent) {
    if (block.executed == parent.executed) {
        if (!block.cut_delta.empty() && !lag_allows_content(replica, block.height, block.executed))
            return invalid("execution too far behind");
        return {};
    }
    if (block.executed.height <= parent.executed.height || block.executed.height >= block.height)
        return invalid("executed height");
    if (!block.cut_delta.empty() && !lag_allows_content(replica, block.height, block.executed))
        return invalid("execution too far behind");
    const auto mine = replica.results.find(block.executed.height);
    if (!mine) return missing("a result not computed here yet");
    if (*mine != block.executed.result_digest) return invalid("a result that differs from mine");
    return {};
}

/// What was cited before this block ended nothing early.
Replica::NextEpoch after(const Replica& replica, const Block& parent, Height height, const ExecutedRef& executed) {
    if (height != replica.context->planned_end && executed == parent.executed) return {true, std::nullopt};
    return replica.after(height, executed.height);
}

Finding check_next_set(const Replica& replica, const Proposal& block, const Block& parent) {
    const Replica::NextEpoch next = after(replica, parent, block.height, block.executed);
    if (!next.is_known) return missing("a result, or the next set, not computed here yet");
    if (next.context.has_value() != block.next_set_hash.has_value()) return invalid("next set hash exactly in a boundary block");
    if (next.context && rondo::digest_of(*next.context) != *block.next_set_hash)
        return invalid("a next set that differs from mine");
    return {};
}

/// Sorted (malformed() saw to that), of the last D views, each once on the chain, rightly signed.
Finding check_votes(const Replica& replica, const Proposal& block, const Block& parent, std::vector<Vote>& learned) {
    if (block.votes.empty()) return {};
    const auto unfinal = replica.unfinal_up_to(parent);
    for (const VoteRecord& record : block.votes) {
        const VotePool::Slot slot = VotePool::slot_of(record);
        if (replica.pool.on_final_chain(slot) || carried_by(unfinal, slot)) return invalid("a vote twice on the chain");
        if (replica.pool.holds(record)) continue;
        const Vote vote{record.vote, block.epoch, record.view, record.digest, record.signer, record.sig};
        if (!is_signed(replica.genesis, *replica.context, vote)) return invalid("a vote with a wrong signature");
        learned.push_back(vote);
    }
    return {};
}

/// Rule 3, censorship. Not for empty blocks while my own execution is more than D/2 behind.
Finding check_fairness(const Replica& replica, const Proposal& block, const Block& parent, Instant entered) {
    const Parameters& p = replica.parameters();
    const bool mine_is_behind = replica.results.head().plus(p.execution_lag_max / 2) < parent.height;
    if (block.leader == replica.index || (block.cut_delta.empty() && mine_is_behind)) return {};
    if (!lag_allows_content(replica, block.height, block.executed)) return {};
    const Cut cut = block.cut_delta.empty() ? *parent.cut : advance(*parent.cut, block.cut_delta);
    const Instant before = entered.minus_or_zero(p.censorship_ms / 2);
    if (!replica.lanes.neglected(*parent.cut, cut, p.lane_window, before)) return {};
    return {Verdict::refused, "a lane is left out for too long", {}, std::nullopt};
}

Finding check_time(const Proposal& block, const Block& parent, Instant now) {
    if (block.timestamp_ms < parent.timestamp_ms) return invalid("timestamp below the parent's");
    if (block.timestamp_ms <= now.value) return {};
    return {Verdict::missing, "a timestamp ahead of my clock", {}, Instant(block.timestamp_ms)};
}

Finding check_block(const Replica& replica, const Proposal& block, const Block& parent, Instant now, Instant entered,
                    std::vector<Vote>& learned) {
    if (parent.ends_epoch) return invalid("a block after the boundary block");
    if (block.height != parent.height.next()) return invalid("height");
    // What can never be valid speaks before what is only missing.
    Finding worst;
    const auto consider = [&](Finding finding) {
        if (finding.verdict == Verdict::ok || worst.verdict == Verdict::invalid) return;
        if (finding.verdict == Verdict::invalid || worst.verdict == Verdict::ok || worst.verdict == Verdict::refused)
            worst = std::move(finding);
    };
    consider(check_time(block, parent, now));
    consider(check_next_set(replica, block, parent));
    consider(check_executed(replica, block, parent));
    consider(check_cut(replica, block, parent));
    if (worst.verdict != Verdict::invalid) consider(check_votes(replica, block, parent, learned));
    if (worst.verdict == Verdict::ok) consider(check_fairness(replica, block, parent, entered));
    return worst;
}

ExecutedRef newest_citable(const Replica& replica, const Block& parent) {
    const Height cited = replica.results.head().minus_or_zero(citation_lag_blocks);
    if (cited <= parent.executed.height) return parent.executed;
    const auto digest = replica.results.find(cited);
    return digest && cited <= parent.height ? ExecutedRef{cited, *digest} : parent.executed;
}

}  // namespace

std::string_view malformed(const EpochContext& context, const Body& body) {
    if (const Tail* tail = std::get_if<Tail>(&body)) return tail->version == 1 ? "" : "version";
    const Proposal& block = std::get<Proposal>(body);
    if (block.version != 1) return "version";
    if (!block.forced.empty() || block.vrf_proof || block.l1_origin != L1Origin{})
        return "a field that this version leaves empty";
    if (block.cut_delta.size() > context.operators.size()) return "too many tips";
    const auto lane_not_after = [](const CutEntry& a, const CutEntry& b) { return a.lane >= b.lane; };
    if (std::adjacent_find(block.cut_delta.begin(), block.cut_delta.end(), lane_not_after) != block.cut_delta.end())
        return "unsorted cut";
    for (const CutEntry& entry : block.cut_delta)
        if (!context.index_of(entry.lane)) return "a lane of nobody";
    if (block.votes.size() > votes_max(context)) return "too many votes";
    const View oldest = block.view.minus_or_zero(context.parameters.execution_lag_max);
    std::vector<VotePool::Slot> slots;
    for (const VoteRecord& vote : block.votes) {
        if (vote.view < oldest || vote.view >= block.view || vote.view == View(0)) return "a vote outside the last views";
        if (context.at(vote.signer) == nullptr || (vote.vote == VoteKind::nullify) != vote.digest.is_zero())
            return "a vote of nobody";
        slots.push_back(VotePool::slot_of(vote));
    }
    if (!std::is_sorted(block.votes.begin(), block.votes.end())) return "unsorted votes";
    std::sort(slots.begin(), slots.end());
    if (std::adjacent_find(slots.begin(), slots.end()) != slots.end()) return "a vote twice";
    return "";
}

Finding check(const Replica& replica, const Body& body, const Block& parent, Instant now, Instant entered,
              std::vector<Vote>& learned) {
    if (const Proposal* block = proposal_in(body)) return check_block(replica, *block, parent, now, entered, learned);
    return parent.ends_epoch ? Finding{} : invalid("a tail before the boundary block");
}

std::vector<CutEntry> includable(const Replica& replica, const Block& parent) {
    if (parent.ends_epoch) return {};
    if (!lag_allows_content(replica, parent.height.next(), newest_citable(replica, parent))) return {};
    return replica.lanes.tips_beyond(*parent.cut, replica.parameters().lane_window);
}

std::optional<Body> draft(const Replica& replica, const Block& parent, View view, Instant now, bool repeat_executed) {
    const SignerIndex leader = *replica.index;
    if (parent.ends_epoch) return Tail{1, replica.epoch, view, parent.view, parent.digest, leader, {}};
    Proposal block;
    block.epoch = replica.epoch;
    block.view = view;
    block.height = parent.height.next();
    block.parent_view = parent.view;
    block.parent_digest = parent.digest;
    block.timestamp_ms = std::max(now.value, parent.timestamp_ms);
    block.executed = repeat_executed ? parent.executed : newest_citable(replica, parent);
    if (lag_allows_content(replica, block.height, block.executed)) block.cut_delta = includable(replica, parent);
    block.cut_root = root_of(block.cut_delta.empty() ? *parent.cut : advance(*parent.cut, block.cut_delta));
    const View oldest = view.minus_or_zero(replica.parameters().execution_lag_max);
    block.votes = replica.pool.choose(parent, replica.unfinal_up_to(parent), oldest, votes_max(*replica.context));
    const Replica::NextEpoch next = after(replica, parent, block.height, block.executed);
    if (!next.is_known) return std::nullopt;
    if (next.context) block.next_set_hash = rondo::digest_of(*next.context);
    block.leader = leader;
    return block;
}

}  // namespace rondo::consensus
