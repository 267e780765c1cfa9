#include "cluster/config/genesis_file.hpp"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "cluster/config/file_io.hpp"
#include "cluster/config/nearest.hpp"

namespace rondo {
namespace {

using nlohmann::json;

constexpr std::size_t genesis_bytes_max = std::size_t{1} << 30;
constexpr std::uint64_t genesis_file_version = 1;

/// Ends parsing at the first fault; caught at the border of this file only.
struct Fault {
    std::string message;
};

/// One JSON object whose keys must be exactly those asked for.
class Object {
  public:
    Object(const json& value, std::string where, std::initializer_list<std::string_view> keys)
        : value_(value), where_(std::move(where)) {
        if (!value.is_object()) throw Fault{where_ + " must be an object"};
        const std::vector<std::string> known(keys.begin(), keys.end());
        for (const auto& item : value.items())
            if (std::find(known.begin(), known.end(), item.key()) == known.end())
                throw Fault{"unknown key '" + item.key() + "' in " + where_ + "; did you mean '" +
                            nearest_name(item.key(), known) + "'?"};
        for (const std::string& key : known)
            if (!value.contains(key)) throw Fault{"'" + key + "' is missing in " + where_};
    }
    [[nodiscard]] const json& at(std::string_view key) const { return value_[std::string(key)]; }
    [[nodiscard]] std::uint64_t number(std::string_view key) const {
        if (!at(key).is_number_unsigned()) throw Fault{name(key) + " must be a whole number"};
        return at(key).get<std::uint64_t>();
    }
    [[nodiscard]] std::string text(std::string_view key) const {
        if (!at(key).is_string()) throw Fault{name(key) + " must be a text"};
        return at(key).get<std::string>();
    }
    [[nodiscard]] Wei wei(std::string_view key) const {
        const auto value = from_decimal(text(key));
        if (!value) throw Fault{name(key) + " must be an amount of wei, in decimal digits and quotes"};
        return *value;
    }
    template <class Fixed>
    [[nodiscard]] Fixed bytes(std::string_view key) const {
        const auto value = fixed_from_hex<Fixed>(text(key));
        if (!value) throw Fault{name(key) + " must be " + std::to_string(Fixed::size_bytes) + " bytes in hexadecimal"};
        return *value;
    }
    [[nodiscard]] std::string name(std::string_view key) const { return "'" + std::string(key) + "' in " + where_; }

  private:
    const json& value_;
    std::string where_;
};

GenesisAccount account_of(const json& value) {
    const Object o(value, "an account", {"address", "balance", "nonce"});
    return {o.bytes<Address>("address"), o.wei("balance"), o.number("nonce")};
}

GenesisOperator operator_of(const json& value) {
    const Object o(
        value, "an operator",
        {"number", "moniker", "key", "transport_key", "fee_address", "watcher_account", "rewards_account", "self_stake"});
    const std::uint64_t number = o.number("number");
    if (number > 0xffffffffU) throw Fault{o.name("number") + " is too large"};
    return {OperatorNumber(static_cast<std::uint32_t>(number)),
            o.bytes<PublicKey>("key"),
            o.bytes<TransportKey>("transport_key"),
            o.bytes<Address>("fee_address"),
            o.bytes<Address>("watcher_account"),
            o.bytes<Address>("rewards_account"),
            o.wei("self_stake"),
            o.text("moniker")};
}

Parameters parameters_of(const json& value) {
    if (!value.is_object()) throw Fault{"'parameters' must be an object"};
    Parameters parameters;
    std::set<std::string> seen;
    for (const auto& item : value.items()) {
        if (!item.value().is_number_unsigned()) throw Fault{"parameter '" + item.key() + "' must be a whole number"};
        const auto set = set_parameter(parameters, item.key() + "=" + item.value().dump());
        if (!set) throw Fault{set.error().message};
        seen.insert(item.key());
    }
    for (const ParameterName& p : parameter_names())
        if (!seen.contains(std::string(p.name))) throw Fault{"parameter '" + std::string(p.name) + "' is missing"};
    return parameters;
}

/// Takes the accounts out while they are parsed: a list of a million never stands in memory as JSON. And refuses a key
/// that stands twice in one object, which JSON parsers usually let pass.
class Intake {
  public:
    std::vector<GenesisAccount> accounts;

    bool operator()(int depth, json::parse_event_t event, json& parsed) {
        const auto level = static_cast<std::size_t>(depth);
        if (event == json::parse_event_t::object_start) {
            if (keys_.size() < level + 2) keys_.resize(level + 2);
            keys_[level + 1].clear();
        } else if (event == json::parse_event_t::key) {
            const auto key = parsed.get<std::string>();
            if (keys_.size() < level + 1) keys_.resize(level + 1);
            if (!keys_[level].insert(key).second) throw Fault{"the key '" + key + "' stands twice"};
            if (depth == 1) section_ = key;
        } else if (event == json::parse_event_t::object_end && depth == 2 && section_ == "accounts") {
            accounts.push_back(account_of(parsed));
            return false;
        }
        return true;
    }

  private:
    std::vector<std::set<std::string>> keys_;
    std::string section_;
};

Genesis genesis_of(std::string_view text) {
    Intake intake;
    const json root =
        json::parse(text, [&](int depth, json::parse_event_t event, json& parsed) { return intake(depth, event, parsed); });
    const Object o(root, "the genesis", {"version", "chain_id", "timestamp_ms", "policy", "parameters", "operators", "accounts"});
    if (o.number("version") != genesis_file_version)
        throw Fault{"'version' is " + std::to_string(o.number("version")) + "; this program reads version " +
                    std::to_string(genesis_file_version)};
    Genesis genesis;
    genesis.chain_id = o.number("chain_id");
    genesis.timestamp_ms = o.number("timestamp_ms");
    const auto policy = policy_from_string(o.text("policy"));
    if (!policy) throw Fault{"'policy' must be single, round-robin or stake"};
    genesis.policy = *policy;
    genesis.parameters = parameters_of(o.at("parameters"));
    if (!o.at("operators").is_array()) throw Fault{"'operators' must be a list"};
    for (const json& entry : o.at("operators")) genesis.operators.push_back(operator_of(entry));
    // What is left of the list after its objects were taken out is not an account.
    if (!o.at("accounts").is_array() || !o.at("accounts").empty()) throw Fault{"'accounts' must be a list of accounts"};
    genesis.accounts = std::move(intake.accounts);
    if (const auto wrong = check_genesis(genesis)) throw Fault{wrong->message};
    return genesis;
}

std::string quoted(ByteView bytes) { return "\"" + to_hex_prefixed(bytes) + "\""; }

std::string format_operator(const GenesisOperator& o) {
    return "    {\"number\": " + std::to_string(o.number.value) + ", \"moniker\": " + json(o.moniker).dump() +
           ", \"self_stake\": \"" + o.self_stake.str() + "\",\n     \"key\": " + quoted(o.key.view()) +
           ",\n     \"transport_key\": " + quoted(o.transport_key.view()) +
           ",\n     \"fee_address\": " + quoted(o.fee_address.view()) +
           ",\n     \"watcher_account\": " + quoted(o.watcher_account.view()) +
           ",\n     \"rewards_account\": " + quoted(o.rewards_account.view()) + "}";
}

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
        out += separator + format_operator(o);
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

Configured<Genesis> parse_genesis(std::string_view text, const std::string& name) {
    try {
        return genesis_of(text);
    } catch (const Fault& fault) {
        return config_error(name + ": " + fault.message);
    } catch (const json::exception& error) {
        return config_error(name + ": damaged, it is not valid JSON; copy the genesis of this network again (" + error.what() +
                            ")");
    }
}

Configured<Genesis> read_genesis(const std::filesystem::path& path) {
    const auto text = read_file(path, genesis_bytes_max);
    if (!text) return tl::make_unexpected(text.error());
    return parse_genesis(*text, path.string());
}

}  // namespace rondo
