#include <chrono>
#include <thread>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"
#include "cluster/config/node_bundle.hpp"

namespace rondo::cli {
namespace {

struct ActorRow {
    std::string name;
    std::uint64_t pid = 0;
    std::string state;
    std::uint64_t restarts = 0;
    std::optional<std::uint64_t> lag;  ///< messages not yet heard, of its worst stream
    std::string note;                  ///< why it is not well
    std::string quarantined;           ///< why it signs nothing; empty: it signs
    std::vector<StatusEntry> facts;    ///< all that it says of itself
    bool asked = true;
};

struct NodeRow {
    std::string name;
    std::string rpc;
    std::optional<std::uint64_t> final_height, executed_height, posted_height, epoch;
    std::optional<std::string> state_root;
    std::vector<ActorRow> actors;
};

std::uint64_t worst_lag(const ActorStatus& status) {
    std::uint64_t worst = 0;
    for (const StreamCursor& c : status.cursors)
        if (c.head + 1 > c.next) worst = std::max(worst, c.head + 1 - c.next);
    return worst;
}

/// Strangers at the door harm nobody, but a misconfigured operator wants to know why nobody talks to it.
void add_sentence(std::string& note, const std::string& sentence) {
    if (!note.empty()) note += "; ";
    note += sentence;
}

std::string strangers(const ActorStatus& status) {
    const auto count_of = [&](std::string_view name) -> std::uint64_t {
        for (const auto& fact : status.facts)
            if (fact.name == name) return fact.number;
        return 0;
    };
    std::string out;
    if (const std::uint64_t n = count_of("peer_genesis_foreign"); n > 0)
        add_sentence(out, "dropped " + std::to_string(n) +
                              " messages of another network: compare 'rondo key genesis' with the other operators");
    if (const std::uint64_t n = count_of("peer_keys_refused"); n > 0)
        add_sentence(out,
                     "refused " + std::to_string(n) + " connections with a transport key of no operator in the current sets");
    return out;
}

std::string text_of(const ActorStatus& status, std::string_view name) {
    for (const auto& fact : status.facts)
        if (fact.name == name) return fact.text;
    return {};
}

/// One thread per actor: the silence of one must not delay the others.
void ask_actor(const NodeAddress& node, Actor actor, NodeRow& row, ActorRow& out) {
    Client client = node.client(actor);
    const auto status = client.status(answer_ms_max);
    if (!status) {
        out.state = out.state.empty() ? "unreachable" : "silent";
        return;
    }
    out.state = "up";
    out.pid = status->pid;
    out.lag = worst_lag(*status);
    out.note = strangers(*status);
    if (const std::string why = text_of(*status, "takes_nothing_because"); !why.empty())
        add_sentence(out.note, "takes nothing new: " + why);
    if (const std::string why = text_of(*status, "follows_nothing_because"); !why.empty())
        add_sentence(out.note, "follows nothing: " + why);
    out.quarantined = text_of(*status, "signs_nothing_because");
    if (out.quarantined.empty()) out.quarantined = text_of(*status, "quarantined");
    for (const auto& fact : status->facts)
        if (fact.name == "waits_for_status_of_peers")
            add_sentence(out.note, "signs nothing new yet: " + std::to_string(fact.number) +
                                       " peers have said what they saw of its key, and a quorum of stake must");
    if (const std::string batch = text_of(*status, "waiting_for"); !batch.empty() && out.note.empty())
        out.note = "waits for " + batch;
    out.facts = status->facts;
    // Each of these fields belongs to one actor, so that no two threads write the same one.
    if (actor == Actor::consensus) {
        if (const auto head = ask_head(client)) row.final_height = head->final_height.value, row.epoch = head->epoch.value;
    } else if (actor == Actor::execution) {
        if (const auto head = ask_executed_head(client)) {
            row.executed_height = head->height.value;
            row.state_root = to_hex_prefixed(head->result.state_root.view());
        }
    } else if (actor == Actor::da) {
        if (const auto posted = ask_posted(client)) row.posted_height = posted->value;
    }
}

/// What the launcher knows comes first: of a process that is dead or paused nobody needs to wait for an answer.
void fill_from_launcher(const ControlReply& reply, const std::string& node, ActorRow& out) {
    for (const ProcessReport& p : reply.processes) {
        if (p.node != node || p.actor != out.name) continue;
        out.pid = p.pid;
        out.state = p.state == ProcessState::waiting ? "dead" : std::string(to_string(p.state));
        out.restarts = p.restarts;
        out.asked = p.state == ProcessState::running || p.state == ProcessState::stopping;
        if (p.state != ProcessState::running) out.note = p.last_end;
    }
}

std::vector<NodeRow> collect(const ClusterView& view, const std::optional<ControlReply>& launcher) {
    std::vector<NodeRow> rows(view.nodes.size());
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        rows[n].name = view.nodes[n].name;
        rows[n].rpc = view.nodes[n].rpc;
        rows[n].actors.resize(actor_count);
        for (std::size_t a = 0; a < actor_count; ++a) {
            ActorRow& actor = rows[n].actors[a];
            actor.name = std::string(to_string(static_cast<Actor>(a)));
            if (launcher) fill_from_launcher(*launcher, rows[n].name, actor);
            if (actor.asked)
                threads.emplace_back([&, n, a] { ask_actor(view.nodes[n], static_cast<Actor>(a), rows[n], rows[n].actors[a]); });
        }
    }
    for (std::thread& thread : threads) thread.join();
    for (NodeRow& row : rows)
        if (const std::string mark = handed_over(view.home.node(row.name)); !mark.empty())
            for (ActorRow& actor : row.actors)
                if (actor.name == "consensus" || actor.name == "intake") actor.quarantined = mark;
    return rows;
}

std::optional<std::uint64_t> newest_epoch(const std::vector<NodeRow>& rows) {
    std::optional<std::uint64_t> epoch;
    for (const NodeRow& row : rows)
        if (row.epoch) epoch = std::max(epoch.value_or(0), *row.epoch);
    return epoch;
}

JsonValue as_json(const std::vector<NodeRow>& rows, std::uint64_t chain_id) {
    JsonArray nodes;
    for (const NodeRow& row : rows) {
        JsonArray actors;
        for (const ActorRow& a : row.actors) {
            const std::optional<std::uint64_t> pid = a.pid == 0 ? std::nullopt : std::optional(a.pid);
            JsonObject facts;
            for (const StatusEntry& fact : a.facts)
                fact.text.empty() ? facts.set(fact.name, fact.number) : facts.set(fact.name, fact.text);
            actors.add(JsonObject()
                           .set("name", a.name)
                           .set("pid", pid)
                           .set("state", a.state)
                           .set("restarts", a.restarts)
                           .set("lag", a.lag)
                           .set("note", a.note)
                           .set("quarantined", a.quarantined.empty() ? std::nullopt : std::optional(a.quarantined))
                           .set("facts", facts));
        }
        nodes.add(JsonObject()
                      .set("name", row.name)
                      .set("final_height", row.final_height)
                      .set("executed_height", row.executed_height)
                      .set("state_root", row.state_root)
                      .set("posted_height", row.posted_height)
                      .set("rpc", row.rpc)
                      .set("actors", actors));
    }
    return JsonObject().set("chain_id", chain_id).set("epoch", newest_epoch(rows)).set("nodes", nodes);
}

Cell height_cell(const std::optional<std::uint64_t>& height) {
    return height ? number_cell(*height) : Cell{"-", Colour::dim, true};
}

Cell actor_cell(const ActorRow& actor) {
    std::string text = actor.state;
    if (actor.lag && *actor.lag > 0) text += " -" + std::to_string(*actor.lag);
    if (actor.restarts > 0) text += " ↻" + std::to_string(actor.restarts);
    if (!actor.quarantined.empty()) text += " quarantined";
    const Colour colour = !actor.quarantined.empty()                             ? Colour::yellow
                          : actor.state == "up"                                  ? Colour::green
                          : actor.state == "paused" || actor.state == "stopping" ? Colour::yellow
                                                                                 : Colour::red;
    return {text, colour};
}

std::string as_text(const std::vector<NodeRow>& rows, std::uint64_t chain_id, bool launcher_runs) {
    const auto epoch = newest_epoch(rows);
    Table table;
    table.header(
        {"node", "final", "executed", "posted", "state root", "intake", "consensus", "execution", "da", "watcher", "rewards"});
    std::string notes;
    for (const NodeRow& row : rows) {
        std::vector<Cell> cells{{row.name},
                                height_cell(row.final_height),
                                height_cell(row.executed_height),
                                height_cell(row.posted_height),
                                {row.state_root ? row.state_root->substr(0, 10) + "…" : "-"}};
        for (const ActorRow& actor : row.actors) {
            cells.push_back(actor_cell(actor));
            if (!actor.quarantined.empty()) notes += row.name + "/" + actor.name + " is quarantined: " + actor.quarantined + "\n";
            if (!actor.note.empty()) notes += row.name + "/" + actor.name + ": " + actor.note + "\n";
        }
        table.row(std::move(cells));
    }
    return "chain " + std::to_string(chain_id) + ", epoch " + (epoch ? std::to_string(*epoch) : "-") +
           (launcher_runs ? "" : coloured(Colour::yellow, ", no launcher runs here")) + "\n\n" + table.text() +
           coloured(Colour::dim, "-n: messages behind   ↻n: restarts\n") + notes;
}

}  // namespace

int run_status(const StatusCommand& command) {
    const auto view = ClusterView::open(command.common.home);
    if (!view) return fail(exit_usage, view.error().message);
    const auto genesis = view->genesis();
    if (!genesis) return fail(exit_usage, genesis.error().message);
    for (;;) {
        const auto launcher = ask_launcher(view->home, {});
        const std::vector<NodeRow> rows = collect(*view, launcher);
        if (command.common.json)
            print_json(as_json(rows, genesis->chain_id));
        else
            print_line((command.watch ? "\033[H\033[2J" : "") + as_text(rows, genesis->chain_id, launcher.has_value()));
        const auto is_up = [](const ActorRow& a) { return a.state == "up"; };
        const bool any = std::any_of(rows.begin(), rows.end(), [&](const NodeRow& row) {
            return std::any_of(row.actors.begin(), row.actors.end(), is_up);
        });
        if (!command.watch) return any || launcher ? exit_done : exit_unreachable;
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

}  // namespace rondo::cli
