#include "cluster/chaos/trial.hpp"

/// Each replays what happened, as far as one fault of one node brings it about, and says what it measured. Limits in seconds are
/// those of the promise on a machine that does nothing else, with room for one that does.
namespace rondo::chaos {
namespace {

using namespace std::chrono_literals;
using enum ControlAction;

constexpr std::uint64_t rate = 40;
constexpr double gap_s_max = 5;
constexpr double back_s_max = 20;
constexpr std::string_view all_executed = "every transfer that was taken is executed, none is refused";

std::string text_of(const Watched& watched) {
    char text[48];
    std::snprintf(text, sizeof text, watched.reached ? "%.2f s" : "not within %.0f s", watched.seconds);
    return text;
}

std::string number(const std::optional<Height>& height) { return height ? std::to_string(height->value) : "nothing"; }

/// node3 comes back with nothing on its disk while it stands in the schedule of leaders.
void leader_not_ready(Trial& trial) {
    trial.begin_load(rate, 12, "node0");
    static_cast<void>(trial.watch_for(1500ms));
    trial.lose_disk("node3");
    const Watched while_it_is_not = trial.watch_for(4s);
    const Watched back = trial.watch_until_at_head(3);
    const Watched signing = trial.watch_until_signing(3);
    trial.end_load(std::string(all_executed));
    trial.expect_gap(while_it_is_not, gap_s_max);
    trial.expect("the node catches up by itself", text_of(back) + " more", back.reached);
    trial.expect("and signs again by the rule of quarantine", text_of(signing) + " more", signing.reached);
    trial.expect_one_chain();
}

/// node3 stands still at an old head, and is a leader again the moment it goes on.
void leader_behind(Trial& trial) {
    trial.begin_load(rate, 12);
    static_cast<void>(trial.watch_for(1s));
    for (const char* actor : {"node3/consensus", "node3/execution"}) trial.act(pause, actor);
    const Watched without = trial.watch_blocks(60, {0, 1, 2});
    for (const char* actor : {"node3/consensus", "node3/execution"}) trial.act(resume, actor);
    const auto old_head = trial.final_height(3), head = trial.final_height(0);
    const Watched with = trial.watch_until_at_head(3);
    trial.end_load(std::string(all_executed));
    trial.expect_gap(without, gap_s_max);
    trial.expect_gap(with, gap_s_max);
    trial.expect("the new leader is at the head again by itself, within 20 s",
                 text_of(with) + ", first seen at " + number(old_head) + " of " + number(head),
                 with.reached && with.seconds <= back_s_max);
    trial.expect_one_chain();
}

/// node3 serves users, and hears no more of the chain: its own consensus hangs.
void stale_node(Trial& trial) {
    trial.act(pause, "node3/consensus");
    trial.begin_load(rate, 5, "node3");
    const Watched others = trial.watch_for(6s);
    const auto stale = trial.executed_height(3), head = trial.final_height(0);
    const bool is_stale = stale && head && stale->value + 20 < head->value;
    trial.expect("the stale node knows nothing newer: it does not make up a head", number(stale) + " of " + number(head),
                 is_stale);
    trial.expect_gap(others, gap_s_max);
    trial.act(resume, "node3/consensus");
    const Watched back = trial.watch_until_at_head(3);
    trial.end_load("what users gave to the stale node is executed, none is refused");
    trial.expect("it is at the head again by itself, within 20 s", text_of(back), back.reached && back.seconds <= back_s_max);
    trial.expect_one_chain();
}

/// The node that gave promises dies with all its processes; others lead on.
void dropped_confirmations(Trial& trial) {
    trial.begin_load(rate, 8, "node1");
    static_cast<void>(trial.watch_for(3s));
    trial.act(kill, "node1");
    const Watched others = trial.watch_for(3s);
    const Watched back = trial.watch_until_at_head(1);
    trial.end_load("every transfer that a promise was given for, before or after, is executed");
    trial.expect_gap(others, gap_s_max);
    trial.expect("the node is back at the head, within 20 s", text_of(back), back.reached && back.seconds <= back_s_max);
    trial.expect_one_chain();
}

/// One process after the other stops to do anything, and neither ends nor says so.
void silent_hang(Trial& trial) {
    trial.begin_load(rate, 20);
    for (const Actor actor : {Actor::consensus, Actor::execution, Actor::intake}) {
        const std::string name(to_string(actor)), target = "node2/" + name;
        trial.act(pause, target);
        const Watched hung = trial.watch_for(4s);
        trial.expect(target + " hangs: a question to it is answered by nobody, and that shows", "", !trial.status(2, actor));
        trial.expect_gap(hung, gap_s_max);
        trial.act(resume, target);
        const Watched back = trial.watch_until_at_head(2);
        trial.expect(target + " goes on: the node is at the head again, within 20 s", text_of(back),
                     back.reached && back.seconds <= back_s_max);
    }
    trial.end_load(std::string(all_executed));
    trial.expect_one_chain();
}

/// Half of the operators are away at once: more than an upgrade ought to take, and more than F.
void upgrade(Trial& trial) {
    trial.begin_load(rate, 14);
    trial.act(pause, "node3");
    const Watched one = trial.watch_for(3s);
    trial.expect_gap(one, gap_s_max);
    trial.act(pause, "node2");
    static_cast<void>(trial.watch_for(1s));  // what is on its way may still become final
    const Watched two = trial.watch_for(4s);
    trial.expect("with two of four away nothing becomes final: it halts, and does not fork",
                 std::to_string(two.blocks) + " blocks", two.blocks == 0);
    trial.act(resume, "node2");
    const Watched again = trial.watch_blocks(3, {0, 1, 2});
    trial.expect("it goes on by itself when the third is back, within 20 s", text_of(again),
                 again.reached && again.seconds <= back_s_max);
    trial.act(resume, "node3");
    const Watched back = trial.watch_until_at_head(3);
    trial.expect("and so is the fourth", text_of(back), back.reached);
    trial.end_load(std::string(all_executed));
    trial.expect_one_chain();
}

}  // namespace

const std::vector<Outage>& outages() {
    static const std::vector<Outage> all{
        {"leader-not-ready",
         "Base, 5 August 2025: the sequencer in charge fell behind, and the hand-over chose one that was still being set up. It "
         "could "
         "neither produce blocks nor hand over again: 33 minutes without a block, ended by hand (base-l2.statuspage.io).",
         "A leader that is not ready costs its own views: the others skip it and go on, and it comes back by itself.",
         leader_not_ready},
        {"leader-behind",
         "Base Sepolia, 14 October 2024: leadership went to a node whose execution was one block behind the head that had been "
         "committed; it could not start from there, and about an hour passed without a block (ethereum-optimism/optimism, issue "
         "12448).",
         "Whoever leads builds on what a quorum certified, and never on its own older head; nothing final is replaced.",
         leader_behind},
        {"stale-node",
         "A node that was cut off goes on answering as if its head were the chain's. Users act upon it. (No incident that we "
         "could "
         "name with certainty.)",
         "It takes part in nothing that it has not seen, what is given to it is ordered by the others, and it is back by itself.",
         stale_node},
        {"dropped-confirmations",
         "Starknet, 2 September 2025: two reorganisations, of about one hour and of about 20 minutes of transactions that users "
         "had "
         "seen confirmed (starknet.io, incident report).",
         "A promise is durable before it is given: what was promised is executed, whoever dies at whatever moment.",
         dropped_confirmations},
        {"l1-states",
         "Starknet, 2 September 2025: Ethereum nodes failed, the three sequencers saw different states of Ethereum, and one "
         "proposed "
         "what the others could not validate (starknet.io, incident report).",
         "Nothing yet: Rondo reads no L1 before settlement."},
        {"silent-hang",
         "NEAR, November 2020: a validator's process stopped to produce, to log and to answer, and did not end when it was asked "
         "to "
         "(near/nearcore, issue 3590).",
         "Each part of a node asks with a deadline, and the others of the network wait for none: a hang costs no more than a "
         "crash.",
         silent_hang},
        {"posting-window",
         "Arbitrum One, 7 June 2023: the batch poster posted batches that reverted, while the sequencer went on; nothing reached "
         "Ethereum for hours (Arbitrum Foundation, report of the outage).",
         "Nothing yet: no layer with a window is posted to before settlement."},
        {"upgrade",
         "Polygon PoS, 10 and 11 March 2022: after an upgrade of Heimdall validators were on different versions, no two thirds "
         "agreed, "
         "and the chain stood for about 11 hours (Polygon's announcements of those days).",
         "With a third or more away it halts instead of forking, and goes on by itself as soon as a quorum is back.", upgrade},
    };
    return all;
}

}  // namespace rondo::chaos
