#include <algorithm>

#include "cluster/cli/stake.hpp"
#include "cluster/config/genesis_maker.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::cli {
namespace {

constexpr std::uint32_t numbers_max = 65'536;
constexpr std::size_t members_max = 1000;

struct Row {
    OperatorNumber number;
    std::string moniker;
    Wei stake;
    bool jailed = false;
    std::uint64_t left_ms = 0;
    Endpoints endpoints;
    [[nodiscard]] std::string state() const {
        return jailed ? "jailed" : left_ms == 0 ? "bonded" : stake == 0 ? "withdrawn" : "leaving";
    }
    [[nodiscard]] std::string place() const {
        return endpoints.host + " " + std::to_string(endpoints.lanes) + " " + std::to_string(endpoints.votes) + " " +
               std::to_string(endpoints.sync) + " " + std::to_string(endpoints.fetch) + " " + std::to_string(endpoints.state);
    }
};

/// The members of one epoch.
struct Set {
    Epoch epoch;
    std::vector<OperatorNumber> members;
};

/// Nothing where the registry refuses the question: a number that nobody has, an epoch whose set is not computed.
Answered<std::optional<Bytes>> view_of(Ledger& ledger, std::string_view view, std::uint64_t argument) {
    auto output = ledger.call({Address{}, modules::staking, 0, abi::Encoder().number(argument).call(view)});
    if (output) return std::optional(std::move(*output));
    if (output.error().code == exit_no) return std::nullopt;
    return tl::unexpected(output.error());
}

Trouble unreadable() { return {exit_unreachable, "the answer of the registry does not decode"}; }

/// Nothing for a number that nobody has.
Answered<std::optional<Row>> ask_row(Ledger& ledger, std::uint32_t number) {
    const auto info = view_of(ledger, modules::info_of, number);
    if (!info) return tl::unexpected(info.error());
    if (!*info) return std::nullopt;
    const auto stake = view_of(ledger, modules::stake_of, number);
    const auto jailed = view_of(ledger, modules::is_jailed, number);
    if (!stake || !jailed || !*stake || !*jailed) return tl::unexpected(unreadable());
    abi::Decoder of_info(**info), of_stake(**stake), of_jailed(**jailed);
    Row row{OperatorNumber(number), of_info.string(), of_stake.number(), of_jailed.boolean(), 0, {}};
    row.endpoints.host = of_info.string();
    for (std::uint16_t* port :
         {&row.endpoints.lanes, &row.endpoints.votes, &row.endpoints.sync, &row.endpoints.fetch, &row.endpoints.state})
        *port = static_cast<std::uint16_t>(of_info.number64());
    row.left_ms = of_info.number64();
    if (!of_info.ok() || !of_stake.ok() || !of_jailed.ok()) return tl::unexpected(unreadable());
    return std::optional(std::move(row));
}

Answered<std::vector<Row>> ask_rows(const StakeSession& session) {
    std::vector<Row> out;
    // A genesis may leave numbers out; later ones are given in order, so that the first that nobody has ends the list.
    const std::uint32_t first_later = session.genesis.operators.back().number.value + 1;
    for (std::uint32_t n = 0; n < numbers_max; ++n) {
        auto row = ask_row(*session.ledger, n);
        if (!row) return tl::unexpected(row.error());
        if (!*row && n >= first_later) break;
        if (*row) out.push_back(std::move(**row));
    }
    return out;
}

/// The current set, and those that follow it as far as they are computed.
Answered<std::vector<Set>> ask_sets(Ledger& ledger) {
    const auto current = ledger.epoch();
    if (!current) return tl::unexpected(current.error());
    std::vector<Set> out;
    for (Epoch epoch = *current; epoch <= current->plus(2); epoch = epoch.next()) {
        const auto members = view_of(ledger, modules::members_of, epoch.value);
        if (!members) return tl::unexpected(members.error());
        if (!*members) break;
        abi::Decoder in(**members);
        Set set{epoch, {}};
        for (const Word256& word : in.words(members_max)) set.members.emplace_back(read_be32(word.view().last(4)));
        if (!in.ok()) return tl::unexpected(unreadable());
        out.push_back(std::move(set));
    }
    return out;
}

bool has(const Set& set, OperatorNumber number) { return std::binary_search(set.members.begin(), set.members.end(), number); }

void print_json_of(const std::vector<Row>& rows, const std::vector<Set>& sets) {
    JsonArray operators, epochs;
    for (const Row& row : rows)
        operators.add(JsonObject()
                          .set("operator", std::uint64_t{row.number.value})
                          .set("moniker", row.moniker)
                          .set("stake", row.stake.str())
                          .set("state", row.state())
                          .set("endpoints", row.place()));
    for (const Set& set : sets) {
        JsonArray members;
        for (const OperatorNumber member : set.members) members.add(std::uint64_t{member.value});
        epochs.add(JsonObject().set("epoch", set.epoch.value).set("members", members));
    }
    print_json(JsonObject().set("operators", operators).set("sets", epochs));
}

void print_table_of(const std::vector<Row>& rows, const std::vector<Set>& sets) {
    Table table;
    std::vector<std::string> header{"operator", "moniker", "stake (ether)", "state"};
    for (const Set& set : sets) header.push_back("in epoch " + std::to_string(set.epoch.value));
    header.emplace_back("host, and ports of lanes, votes, sync, fetch, state");
    table.header(header);
    for (const Row& row : rows) {
        std::vector<Cell> cells{number_cell(row.number.value),
                                {row.moniker},
                                {ether_from_wei(row.stake), Colour::plain, true},
                                {row.state(), row.jailed ? Colour::red : Colour::plain}};
        for (const Set& set : sets) cells.push_back({has(set, row.number) ? "member" : ""});
        cells.push_back({row.place()});
        table.row(cells);
    }
    print_line(table.text());
}

}  // namespace

int run_stake_list(const StakeCommand& command) {
    const auto session = open_session(command);
    if (!session) return fail(session.error().code, session.error().message);
    const auto rows = ask_rows(**session);
    if (!rows) return fail(rows.error().code, rows.error().message);
    const auto sets = ask_sets(*(*session)->ledger);
    if (!sets) return fail(sets.error().code, sets.error().message);
    if (command.common.json)
        print_json_of(*rows, *sets);
    else
        print_table_of(*rows, *sets);
    return exit_done;
}

}  // namespace rondo::cli
