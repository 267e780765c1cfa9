#pragma once
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/consensus/core/pace.hpp"
#include "actors/consensus/core/proposals.hpp"
#include "actors/consensus/core/tally.hpp"

namespace rondo::consensus {

/// The view state machine of Simplex (Chan and Pass, ePrint 2023/463), weighted by stake. q is quorum stake, weak is F + 1.
///
/// 1. Enter v on Notarization(v-1), Nullification(v-1) or any Finalization >= v-1. Jump forward freely.
/// 2. The leader proposes on the highest p < v that is notarized (or the floor) such that every view between is nullified:
///    at once for a tail, when something is includable a short interval after the parent, else an empty block after the idle
///    interval. After a nullified proposal of its own it repeats its parent's `executed`.
/// 3. Notarize at most one digest per view, when proposals.hpp finds it right on a parent that is notarized (or the floor)
///    with all views between nullified. What is missing is fetched from the leader and checked again; what can never be
///    valid is nullified at once; what censors gets no vote.
/// 4. q Notarize → Notarization, enter v+1. Send Finalize(v) if and only if Nullify(v) was never sent.
/// 5. Nullify(v) only while in v and only if Finalize(v) was not sent: on timeout, an invalid proposal, the leader's own
///    nullify, weak-stake nullifies, or a leader silent beyond the skip limit while a quorum is active.
/// 6. q Nullify → Nullification, enter v+1. Both kinds of certificate are kept per view.
/// 7. q Finalize → Finalization: commit the block and its ancestors, in order.
/// 8. Without progress, every retry period: say again own unfinal votes, the best entry certificate, the latest Finalization.
///
/// Durable before sent: a vote's slot by the gate, the body with my Notarize, and every certificate as soon as it is known
/// (so the one I entered v by is there no later than my first vote in v, and Notarization(v) with my Finalize(v)).
///
/// Files: votes.cpp (4–7, votes to certificates), views.cpp (1–3, 5: entering, proposing, voting, timers), commit.cpp (7,
/// epochs), retry.cpp (8, holes, recovery).
class Simplex {
  public:
    explicit Simplex(Replica& replica);

    void start(Turn& turn);
    /// All messages are of the current epoch. `from` is the peer that sent it.
    void on_body(Turn& turn, OperatorNumber from, Body body);
    void on_vote(Turn& turn, OperatorNumber from, const Vote& vote);
    void on_certificate(Turn& turn, OperatorNumber from, const Certificate& certificate);
    void on_certificate_request(Turn& turn, OperatorNumber from, View view) const;
    void on_body_request(Turn& turn, OperatorNumber from, const Digest& digest) const;
    /// Bodies of blocks and tails that `proof` finalizes: verified here, then committed as any other.
    [[nodiscard]] bool on_final_range(Turn& turn, const FinalBlocks& range);
    /// Certificates of availability, results or sets have changed.
    void on_news() { news_ = true; }
    void on_time(Turn& turn);
    /// Does all that has become possible. Called once at the end of every step.
    void settle(Turn& turn);
    /// Nothing was ever final here, and the replica stands on this block now.
    void begin_at_base(Turn& turn, const Proposal& block);
    /// While a later epoch is known to have begun elsewhere this node only catches up.
    void set_left_behind(bool left_behind) { left_behind_ = left_behind; }
    [[nodiscard]] bool is_left_behind() const { return left_behind_; }
    /// Nothing becomes final here while the state is taken from others: it would begin below what they keep.
    void set_awaits_state(bool awaits) { awaits_state_ = awaits; }

    [[nodiscard]] std::optional<Instant> next_deadline() const;
    [[nodiscard]] View view() const { return current_; }
    [[nodiscard]] Height notarized_height() const { return notarized_height_; }
    [[nodiscard]] Height seen_height() const { return std::max(seen_height_, replica_.chain.floor().height); }
    [[nodiscard]] DurationMs delta_ms() const { return pace_.delta(replica_.parameters()); }
    [[nodiscard]] SignerIndex leader() const { return leader_; }
    /// A finalization is known whose blocks are not: ask for a range of final blocks.
    [[nodiscard]] bool wants_blocks() const { return pending_final_.has_value(); }
    [[nodiscard]] const std::map<OperatorNumber, std::uint64_t>& votes_on_chain() const { return votes_on_chain_; }
    [[nodiscard]] std::uint64_t rejected() const { return rejected_; }
    /// Proof of the newest final block of this epoch, if one is at hand.
    [[nodiscard]] const std::optional<Certificate>& latest_finalization() const { return latest_finalization_; }
    /// By which this node entered its view; nothing in an epoch's first.
    [[nodiscard]] const Certificate* entry_certificate() const;

  private:
    struct ViewState {
        Tally tally;
        std::array<std::optional<Certificate>, 3> certificates;
        std::array<bool, 3> sent{};         ///< my own votes
        std::optional<Digest> candidate;    ///< the leader's first body
        std::optional<Digest> stored_body;  ///< stands in the store
        std::size_t malformed = 0;          ///< bodies that its leader signed and that can never be valid
        bool proposed = false;              ///< by me
    };
    static std::size_t at(VoteKind kind) { return static_cast<std::size_t>(kind) - 3; }
    [[nodiscard]] const Certificate* certificate(View view, VoteKind kind) const;
    [[nodiscard]] bool sent(View view, VoteKind kind) const;
    [[nodiscard]] bool in_reach(View view) const;

    // votes.cpp
    /// Something new in this view.
    [[nodiscard]] bool may_sign(View view) const;
    bool cast(Turn& turn, VoteKind kind, View view, const Digest& digest);
    void nullify(Turn& turn, std::string_view why);
    void count(Turn& turn, const Vote& vote);
    void on_late_vote(Turn& turn, const Vote& vote);
    void accept(Turn& turn, Certificate certificate);
    void on_notarization(Turn& turn, View view, const Digest& digest);
    bool count_own_votes(Turn& turn);
    void mark_active(SignerIndex signer, View view);
    bool absorb(Turn& turn, const std::vector<Vote>& verified);

    // views.cpp
    void enter(Turn& turn, View view);
    [[nodiscard]] bool leader_is_silent() const;
    [[nodiscard]] const Block* best_parent() const;
    struct Parent {
        const Block* block = nullptr;  ///< null: not known yet, or impossible
        bool impossible = false;
    };
    [[nodiscard]] Parent parent_of(const Body& body) const;
    [[nodiscard]] Finding examine(const Body& body, Instant now, std::vector<Vote>& learned) const;
    bool propose(Turn& turn);
    bool judge(Turn& turn);
    bool act_on(Turn& turn, const Digest& digest, const Body& body, const Finding& finding);
    void store_body(Turn& turn, ViewState& state, const Digest& digest, const Body& body);
    void fetch_missing(Turn& turn, const Body& body, const Finding& finding);
    void update_waiting(Turn& turn);
    void help_leader(Turn& turn);
    [[nodiscard]] std::optional<Instant> nullify_deadline() const;
    [[nodiscard]] std::optional<Instant> help_deadline() const;
    [[nodiscard]] std::optional<Instant> idle_deadline() const;
    /// When a block with content may follow this parent.
    [[nodiscard]] Instant content_due(Instant now, const Block& parent);
    [[nodiscard]] bool i_lead() const { return replica_.index && *replica_.index == leader_; }

    // commit.cpp
    bool commit_final(Turn& turn);
    [[nodiscard]] std::optional<Certificate> newest_reachable_finalization() const;
    void commit_block(Turn& turn, const Block& block, const std::optional<Certificate>& finalization);
    void store_epoch_proof(Turn& turn, const std::vector<Block>& path, const Certificate& finalization) const;
    void after_commit(Turn& turn);
    bool begin_next_epoch(Turn& turn);
    void forget_views();

    // retry.cpp
    void recover();
    void recover_own_votes();
    void retry(Turn& turn);
    void relay_overdue(Turn& turn);
    void arm_relay(Turn& turn);
    void relay(Turn& turn);
    void say_again(Turn& turn);
    void ask_for_holes(Turn& turn, OperatorNumber whom) const;
    /// The lowest body on the way down from here that is not known.
    void ask_for_ancestors(Turn& turn, OperatorNumber whom, View view, Digest digest) const;

    Replica& replica_;
    std::map<View, ViewState> views_;  ///< above the floor, and the floor's own
    View current_;
    SignerIndex leader_;
    Instant entered_;
    std::optional<Instant> proposal_seen_;
    std::optional<Instant> includable_since_;
    std::optional<Instant> not_before_;   ///< the candidate's timestamp becomes right
    std::optional<Instant> content_due_;  ///< I lead, have content, and the last block is too fresh
    std::optional<Instant> fetched_at_;   ///< when the candidate's missing parts were last asked for
    bool helped_leader_ = false;
    bool timed_out_ = false;
    bool idle_over_ = false;
    bool tail_expected_ = false;
    bool news_ = true;  ///< something changed that a judgement may depend on
    bool left_behind_ = false;
    bool awaits_state_ = false;
    bool repeat_executed_ = false;
    std::optional<View> own_last_proposal_;

    std::optional<Digest> next_set_hash_;  ///< of the epoch's boundary block, once it is final
    std::optional<Certificate> pending_final_;
    std::optional<Certificate> latest_finalization_;
    std::deque<Vote> own_votes_;  ///< signed in this step, not counted yet
    Pace pace_;
    Instant tick_due_;
    std::optional<Instant> relay_due_;
    View relay_mark_;     ///< the view when relay_due_ was set
    View relayed_final_;  ///< of the newest finalization given to all
    Instant last_progress_;
    std::uint64_t ticks_ = 0;
    std::vector<View> active_;  ///< by signer: the newest view it was heard in
    Height notarized_height_;
    Height seen_height_;
    std::map<OperatorNumber, std::uint64_t> votes_on_chain_;
    std::uint64_t rejected_ = 0;
};

}  // namespace rondo::consensus
