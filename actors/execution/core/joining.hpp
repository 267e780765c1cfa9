#pragma once
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "actors/execution/core/assembly.hpp"
#include "actors/execution/core/records.hpp"
#include "messages/wire/requests.hpp"
#include "messages/wire/snapshot.hpp"

namespace rondo::execution {

/// A node that has executed nothing takes the state after a snapshot from others.
///   1. Consensus names what a final block cites. Peers say under which snapshot that is, and prove it (snapshot.hpp); the first
///      who proves one that it can hand over sets the goal. Nobody has the newest: the one before it is asked for.
///   2. Parts are asked of a few peers at once, a few each. Who answers wrongly is asked for nothing any more; who is silent
///      again and again, or has it no longer, is passed over, and others are looked for.
///   3. Then the contexts of all epochs, each as the state says.
///   4. Whatever is not to be had any more, or does not come round after round: from the beginning, with the newest citation, and
///      whoever set the goal sets no other. And when nobody offers anything, round after round, there is no snapshot to be had:
///      this attempt is over, and who asks later begins another one.
/// What is here is kept: a restart goes on where it stopped.
///
/// Liars that do nothing provably wrong cost time only: a goal comes from what was asked for, and nobody can lead from a citation
/// down to where no honest peer follows; and it lives by what is handed over of it, not by offers.
class Joining {
  public:
    Joining(StateStore& store, const StoreView& view, OperatorNumber self, std::vector<OperatorNumber> sources,
            const Parameters& parameters);

    /// After a restart: goes on if one was under way.
    [[nodiscard]] bool recover();
    /// A new attempt. The tables of the state are empty.
    void begin(Instant now, const JoinFromSnapshot& wish, Effects& effects);
    /// A newer citation, a newer set.
    void note(const JoinFromSnapshot& wish);

    void on_message(Instant now, OperatorNumber from, const StateMessage& message, Effects& effects);
    void on_time(Instant now, Effects& effects);

    enum class Stage : std::uint8_t {
        idle,
        offers,    ///< no goal yet
        parts,     ///< of the tries
        contexts,  ///< of the epochs
        whole,     ///< everything is here: take_whole()
        none,      ///< nobody hands out a snapshot: this attempt is over
    };
    [[nodiscard]] Stage stage() const { return stage_; }
    [[nodiscard]] Height goal() const { return goal_ ? goal_->at.height : Height(0); }
    /// This attempt is over.
    void give_up();
    /// Who asked has been told that there is none: the next one who asks begins anew.
    void rest();
    /// The goal was given up, and what is here of it must go. Then begin_again().
    [[nodiscard]] bool must_erase() const { return must_erase_; }
    void begin_again(Instant now, Effects& effects);

    /// What a whole snapshot holds beside the tries and the contexts, which stand in the store.
    struct Whole {
        ExecutedRef at;
        SnapshotHead head;
        std::uint64_t accounts = 0;
        Wei supply;
    };
    [[nodiscard]] Whole take_whole();

    void add_status(std::vector<StatusField>& fields) const;
    static constexpr TimerId timer = 4;

    /// As it is kept.
    struct Goal {
        ExecutedRef at;
        SnapshotHead head;
        static auto fields(auto& v) { return std::tie(v.at, v.head); }
    };

  private:
    struct Peer {
        bool has_goal = false;
        bool lied = false;
        bool misled = false;       ///< set a goal that had to be given up
        std::size_t failures = 0;  ///< silences in a row
        std::size_t silences = 0;  ///< in all
        std::size_t in_flight = 0;
    };
    struct Asked {
        OperatorNumber whom;
        Instant deadline;
    };
    struct AskedContexts : Asked {
        Epoch first;
    };

    void on_offer(OperatorNumber from, const SnapshotOffer& offer);
    void on_contexts(OperatorNumber from, const ContextsFound& found);
    template <class Part>
    void on_part(OperatorNumber from, const Part& part);
    [[nodiscard]] bool is_believed(const ExecutedRef& cited) const;
    void believe(const ExecutedRef& cited);
    [[nodiscard]] ExecutedRef snapshot_under(const SnapshotOffer& offer) const;
    void set_goal(OperatorNumber from, const ExecutedRef& at, const SnapshotHead& head);
    void give_up_goal();

    void proceed(Instant now, Effects& effects);
    void end_round();
    void choose_wanted();
    void ask_for_offers(Instant now, Effects& effects);
    void ask_for_parts(Instant now, Effects& effects);
    void ask_for_contexts(Instant now, Effects& effects);
    [[nodiscard]] std::optional<OperatorNumber> free_peer() const;
    [[nodiscard]] std::size_t offering() const;
    [[nodiscard]] std::optional<Epoch> missing_context() const;
    void expire(Instant now);
    void on_silence(OperatorNumber whom);
    void on_lie(OperatorNumber whom);
    void send(OperatorNumber to, const StateMessage& message, Effects& effects) const;

    StateStore& store_;
    const StoreView& view_;
    OperatorNumber self_;
    Parameters parameters_;
    Stage stage_ = Stage::idle;
    bool must_erase_ = false;
    std::deque<ExecutedRef> believed_;  ///< cited by final blocks, or named by what they cite; the newest last
    ExecutedRef wanted_;                ///< what offers are asked for
    std::optional<ExecutedRef> older_;  ///< what to ask for if nobody has the newest
    std::map<OperatorNumber, Peer> peers_;
    OperatorNumber asked_last_;       ///< for an offer: the next round goes on behind it
    std::size_t rounds_in_vain_ = 0;  ///< since something was handed over
    std::size_t goals_given_up_ = 0;
    std::optional<Instant> round_ends_;
    std::optional<Goal> goal_;
    std::optional<OperatorNumber> goal_from_;  ///< who set it; not known after a restart
    std::optional<Assembly> assembly_;
    std::map<PartRequest, Asked> asked_;
    std::optional<AskedContexts> asked_contexts_;
    bool armed_ = false;
    std::uint64_t lies_ = 0;
    std::uint64_t silences_ = 0;
};

/// The offer follows from what a final block cites. The head, if there is one, is that of the snapshot `at`.
[[nodiscard]] bool is_proven(const SnapshotOffer& offer);
[[nodiscard]] bool is_proven(const SnapshotHead& head, const ExecutedRef& at);

}  // namespace rondo::execution
