#include "cluster/config/genesis_maker.hpp"

#include <map>
#include <utility>

#include "cluster/config/genesis_file.hpp"

namespace rondo {
namespace {

constexpr std::size_t ether_decimals = 18;
const Wei ether{1'000'000'000'000'000'000ULL};
const Wei service_balance = ether * 100;  // watcher and rewards: fee-exempt, but they must exist
const Wei owner_balance = ether;          // to pay for changes of the registration, like leaving

Configured<GenesisAccount> account_from(const std::string& text) {
    const auto equals = text.find('=');
    const auto address = fixed_from_hex<Address>(text.substr(0, equals));
    const auto balance = equals == std::string::npos ? std::nullopt : from_decimal(text.substr(equals + 1));
    if (!address || !balance) return config_error("--fund " + text + ": write it as 0x<40 hexadecimal digits>=<wei in decimal>");
    return GenesisAccount{*address, *balance, 0};
}

}  // namespace

std::optional<ConfigError> fund(Genesis& genesis, const std::vector<GenesisAccount>& more) {
    std::map<Address, GenesisAccount> accounts;
    for (const std::vector<GenesisAccount>* list : {&std::as_const(genesis.accounts), &more}) {
        for (const GenesisAccount& account : *list) {
            GenesisAccount& entry = accounts.try_emplace(account.address, GenesisAccount{account.address, 0, 0}).first->second;
            const auto sum = checked_add(entry.balance, account.balance);
            if (!sum) return ConfigError{to_hex_prefixed(account.address.view()) + " would have more than 2^256 wei"};
            entry.balance = *sum;
            entry.nonce = std::max(entry.nonce, account.nonce);
        }
    }
    genesis.accounts.clear();
    for (const auto& entry : accounts) genesis.accounts.push_back(entry.second);
    return std::nullopt;
}

Configured<GenesisDraft> draft_genesis(const GenesisOptions& options) {
    GenesisDraft out;
    const auto parameters = profile_parameters(options.profile);
    if (!parameters) return tl::make_unexpected(parameters.error());
    out.genesis.parameters = *parameters;
    for (const std::string& setting : options.settings)
        if (const auto set = set_parameter(out.genesis.parameters, setting); !set) return tl::make_unexpected(set.error());
    out.genesis.chain_id = options.chain_id.value_or(default_chain_id);
    out.genesis.policy = options.policy;
    out.genesis.timestamp_ms = options.timestamp_ms;
    std::vector<GenesisAccount> accounts;
    if (!options.alloc_from.empty()) {
        auto allocation = allocation_from(options.alloc_from, options.chain_id, out.genesis.parameters.base_fee_min_wei);
        if (!allocation) return tl::make_unexpected(allocation.error());
        out.genesis.chain_id = allocation->chain_id;
        accounts = allocation->accounts;
        out.allocation = std::move(*allocation);
    }
    for (const std::string& text : options.funded) {
        const auto account = account_from(text);
        if (!account) return tl::make_unexpected(account.error());
        accounts.push_back(*account);
    }
    auto wrong = fund(out.genesis, accounts);
    if (!wrong) wrong = check_genesis(out.genesis, Membership::open);
    if (wrong) return tl::make_unexpected(*wrong);
    return out;
}

Configured<Genesis> with_operators(const Genesis& draft, const std::vector<GenesisOperator>& operators) {
    Genesis out = draft;
    out.operators = operators;
    std::vector<GenesisAccount> acting;
    for (const GenesisOperator& o : operators) {
        acting.push_back({o.watcher_account, service_balance, 0});
        acting.push_back({o.rewards_account, service_balance, 0});
        acting.push_back({o.fee_address, owner_balance, 0});
    }
    auto wrong = fund(out, acting);
    if (!wrong) wrong = check_genesis(out);
    if (wrong) return tl::make_unexpected(*wrong);
    return out;
}

Configured<Wei> wei_from_ether(const std::string& text) {
    const auto point = text.find('.');
    const std::string whole = text.substr(0, point), part = point == std::string::npos ? "" : text.substr(point + 1);
    const auto value = part.size() > ether_decimals || (point != std::string::npos && part.empty()) || whole.empty()
                           ? std::nullopt
                           : from_decimal(whole + part + std::string(ether_decimals - part.size(), '0'));
    if (!value) return config_error("'" + text + "' is no amount of ether: write it like 32 or 0.5, with at most 18 decimals");
    return *value;
}

std::string ether_from_wei(const Wei& wei) {
    std::string digits = wei.str();
    if (digits.size() <= ether_decimals) digits.insert(0, ether_decimals + 1 - digits.size(), '0');
    std::string part = digits.substr(digits.size() - ether_decimals);
    part.erase(part.find_last_not_of('0') + 1);
    const std::string whole = digits.substr(0, digits.size() - ether_decimals);
    return part.empty() ? whole : whole + "." + part;
}

}  // namespace rondo
