#include "cluster/cli/stake.hpp"
#include "cluster/config/genesis_maker.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/wire/modules.hpp"

namespace rondo::cli {
namespace {

constexpr std::uint32_t numbers_max = 65'536;

struct Row {
    OperatorNumber number;
    Wei stake;
    bool jailed = false;
    const GenesisOperator* listed = nullptr;  ///< nothing: registered later; the ledger tells no more of it
    [[nodiscard]] std::string state() const { return jailed ? "jailed" : stake == 0 ? "withdrawn" : "bonded"; }
};

/// Nothing for a number that nobody has: the registry refuses the question then.
Answered<std::optional<uint256>> ask_number(Ledger& ledger, std::string_view view, std::uint32_t number) {
    const auto output = ledger.call({Address{}, modules::staking, 0, abi::Encoder().number(number).call(view)});
    if (!output && output.error().code == exit_no) return std::nullopt;
    if (!output) return tl::unexpected(output.error());
    abi::Decoder in(*output);
    const uint256 value = in.number();
    if (!in.ok()) return trouble(exit_unreachable, "the answer of the registry does not decode");
    return std::optional(value);
}

const GenesisOperator* find_listed(const Genesis& genesis, OperatorNumber number) {
    for (const GenesisOperator& o : genesis.operators)
        if (o.number == number) return &o;
    return nullptr;
}

Answered<std::vector<Row>> ask_rows(const StakeSession& session) {
    std::vector<Row> out;
    // A genesis may leave numbers out; later ones are given in order, so that the first that nobody has ends the list.
    const std::uint32_t first_later = session.genesis.operators.back().number.value + 1;
    for (std::uint32_t n = 0; n < numbers_max; ++n) {
        const auto stake = ask_number(*session.ledger, modules::stake_of, n);
        if (!stake) return tl::unexpected(stake.error());
        if (!*stake && n >= first_later) break;
        if (!*stake) continue;
        const auto jailed = ask_number(*session.ledger, modules::is_jailed, n);
        if (!jailed) return tl::unexpected(jailed.error());
        out.push_back({OperatorNumber(n), **stake, jailed->value_or(0) != 0, find_listed(session.genesis, OperatorNumber(n))});
    }
    return out;
}

std::string endpoints_text(const GenesisOperator* o) {
    if (o == nullptr) return "";
    const Endpoints& at = o->endpoints;
    return at.host + " " + std::to_string(at.lanes) + " " + std::to_string(at.votes) + " " + std::to_string(at.sync) + " " +
           std::to_string(at.fetch);
}

void print_rows(bool json, const std::vector<Row>& rows) {
    JsonArray list;
    Table table;
    table.header({"operator", "moniker", "stake (ether)", "state", "in genesis: host and ports of lanes, votes, sync, fetch"});
    for (const Row& row : rows) {
        const auto moniker = row.listed == nullptr ? std::nullopt : std::optional(row.listed->moniker);
        list.add(JsonObject()
                     .set("operator", std::uint64_t{row.number.value})
                     .set("moniker", moniker)
                     .set("stake", row.stake.str())
                     .set("state", row.state())
                     .set("genesis_endpoints", row.listed == nullptr ? std::nullopt : std::optional(endpoints_text(row.listed))));
        table.row({number_cell(row.number.value),
                   {moniker.value_or("registered later")},
                   {ether_from_wei(row.stake), Colour::plain, true},
                   {row.state(), row.jailed ? Colour::red : Colour::plain},
                   {endpoints_text(row.listed)}});
    }
    if (json)
        print_json(JsonObject().set("operators", list));
    else
        print_line(table.text());
}

}  // namespace

int run_stake_list(const StakeCommand& command) {
    const auto session = open_session(command);
    if (!session) return fail(session.error().code, session.error().message);
    const auto rows = ask_rows(**session);
    if (!rows) return fail(rows.error().code, rows.error().message);
    print_rows(command.common.json, *rows);
    return exit_done;
}

}  // namespace rondo::cli
