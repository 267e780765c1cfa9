#include "cluster/config/genesis_file.hpp"

#include <array>
#include <set>
#include <vector>

#include "cluster/config/file_io.hpp"
#include "cluster/config/operator_json.hpp"
#include "cluster/runtime/core.hpp"

namespace rondo {
namespace {

using nlohmann::json;

constexpr std::size_t genesis_bytes_max = std::size_t{1} << 30;
constexpr std::uint64_t genesis_file_version = 1;

constexpr std::array<std::string_view, 3> account_keys{"address", "balance", "nonce"};
constexpr std::array<std::string_view, 7> genesis_keys{"version",    "chain_id",  "timestamp_ms", "policy",
                                                       "parameters", "operators", "accounts"};

GenesisAccount account_of(const json& value) {
    const StrictObject o(value, "an account", account_keys);
    return {o.bytes<Address>("address"), o.wei("balance"), o.number("nonce")};
}

GenesisOperator numbered_operator_of(const json& value) {
    std::vector<std::string_view> keys(operator_keys.begin(), operator_keys.end());
    keys.emplace_back("number");
    const StrictObject o(value, "an operator", keys);
    GenesisOperator out = operator_of(o);
    out.number = OperatorNumber(static_cast<std::uint32_t>(o.number("number", first_guest.value - 1)));
    return out;
}

Parameters parameters_of(const json& value) {
    if (!value.is_object()) throw JsonFault{"'parameters' must be an object"};
    Parameters parameters;
    std::set<std::string> seen;
    for (const auto& item : value.items()) {
        if (!item.value().is_number_unsigned()) throw JsonFault{"parameter '" + item.key() + "' must be a whole number"};
        const auto set = set_parameter(parameters, item.key() + "=" + item.value().dump());
        if (!set) throw JsonFault{set.error().message};
        seen.insert(item.key());
    }
    for (const ParameterName& p : parameter_names())
        if (!seen.contains(std::string(p.name))) throw JsonFault{"parameter '" + std::string(p.name) + "' is missing"};
    return parameters;
}

/// Takes the accounts out while they are parsed: a list of a million never stands in memory as JSON.
class Intake {
  public:
    std::vector<GenesisAccount> accounts;

    bool operator()(int depth, json::parse_event_t event, json& parsed) {
        keys_.see(depth, event, parsed);
        if (event == json::parse_event_t::key && depth == 1) section_ = parsed.get<std::string>();
        if (event != json::parse_event_t::object_end || depth != 2 || section_ != "accounts") return true;
        accounts.push_back(account_of(parsed));
        return false;
    }

  private:
    KeysOnce keys_;
    std::string section_;
};

Genesis genesis_of(std::string_view text, Membership membership) {
    Intake intake;
    const json root =
        json::parse(text, [&](int depth, json::parse_event_t event, json& parsed) { return intake(depth, event, parsed); });
    const StrictObject o(root, "the genesis", genesis_keys);
    if (o.number("version") != genesis_file_version)
        throw JsonFault{"'version' is " + std::to_string(o.number("version")) + "; this program reads version " +
                        std::to_string(genesis_file_version)};
    Genesis genesis;
    genesis.chain_id = o.number("chain_id");
    genesis.timestamp_ms = o.number("timestamp_ms");
    const auto policy = policy_from_string(o.text("policy"));
    if (!policy) throw JsonFault{"'policy' must be single, round-robin or stake"};
    genesis.policy = *policy;
    genesis.parameters = parameters_of(o.at("parameters"));
    if (!o.at("operators").is_array()) throw JsonFault{"'operators' must be a list"};
    for (const json& entry : o.at("operators")) genesis.operators.push_back(numbered_operator_of(entry));
    // What is left of the list after its objects were taken out is not an account.
    if (!o.at("accounts").is_array() || !o.at("accounts").empty()) throw JsonFault{"'accounts' must be a list of accounts"};
    genesis.accounts = std::move(intake.accounts);
    if (const auto wrong = check_genesis(genesis, membership)) throw JsonFault{wrong->message};
    return genesis;
}

std::string quoted(ByteView bytes) { return "\"" + to_hex_prefixed(bytes) + "\""; }

}  // namespace

std::string format_genesis(const Genesis& genesis) {
    std::string out = "{\n  \"version\": 1,\n  \"chain_id\": " + std::to_string(genesis.chain_id) +
                      ",\n  \"timestamp_ms\": " + std::to_string(genesis.timestamp_ms) + ",\n  \"policy\": \"" +
                      std::string(to_string(genesis.policy)) + "\",\n  \"parameters\": {";
    std::string separator = "\n";
    for (const ParameterName& p : parameter_names()) {
        out += separator + "    \"" + std::string(p.name) + "\": " + std::to_string(genesis.parameters.*p.field);
        separator = ",\n";
    }
    out += "\n  },\n  \"operators\": [";
    separator = "\n";
    for (const GenesisOperator& o : genesis.operators) {
        out += separator + "    {\"number\": " + std::to_string(o.number.value) + ", " + format_operator(o, "     ") + "}";
        separator = ",\n";
    }
    out += "\n  ],\n  \"accounts\": [";
    separator = "\n";
    for (const GenesisAccount& a : genesis.accounts) {
        out += separator + "    {\"address\": " + quoted(a.address.view()) + ", \"balance\": \"" + a.balance.str() +
               "\", \"nonce\": " + std::to_string(a.nonce) + "}";
        separator = ",\n";
    }
    return out + "\n  ]\n}\n";
}

Configured<Genesis> parse_genesis(std::string_view text, const std::string& name, Membership membership) {
    return parsed_strictly(name, "copy the genesis of this network again", [&] { return genesis_of(text, membership); });
}

Configured<Genesis> read_genesis(const std::filesystem::path& path, Membership membership) {
    const auto text = read_file(path, genesis_bytes_max);
    if (!text) return tl::make_unexpected(text.error());
    return parse_genesis(*text, path.string(), membership);
}

}  // namespace rondo
