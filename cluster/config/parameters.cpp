#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "cluster/config/genesis_file.hpp"
#include "cluster/config/nearest.hpp"

namespace rondo {
namespace {

constexpr std::uint64_t hour_ms = 3'600'000;
using P = Parameters;
constexpr std::array<ParameterName, 21> names{{
    {"epoch_blocks", &P::epoch_blocks, 4, 1U << 20, "blocks per epoch"},
    {"delta_ms", &P::delta_ms, 1, hour_ms, "assumed network delay at the start"},
    {"delta_max_ms", &P::delta_max_ms, 1, hour_ms, "cap of the assumed network delay"},
    {"idle_ms", &P::idle_ms, 1, hour_ms, "an empty block after so long with nothing to order"},
    {"retry_ms", &P::retry_ms, 1, hour_ms, "without progress, say it all again"},
    {"skip_views", &P::skip_views, 1, 1U << 20, "nullify at once under a leader silent for so many views"},
    {"lane_window", &P::lane_window, 1, 4096, "batches a lane may be ahead of the final cut"},
    {"censorship_ms", &P::censorship_ms, 1, 24 * hour_ms, "a certified batch must be ordered within"},
    {"execution_lag_max", &P::execution_lag_max, 16, 1U << 16, "blocks execution may lag behind ordering"},
    {"promise_blocks", &P::promise_blocks, 1, 1U << 20, "deadline of a receipt above the head it was given at"},
    {"gas_target_per_second", &P::gas_target_per_second, 1'000'000, 1ULL << 40, "target of the base fee"},
    {"fee_window_ms", &P::fee_window_ms, 1, hour_ms, "the base fee changes once in"},
    {"base_fee_min_wei", &P::base_fee_min_wei, 1, 1ULL << 60, "least base fee"},
    {"burn_permille", &P::burn_permille, 0, 1000, "share of the base fee that is burnt"},
    {"downtime_slots", &P::downtime_slots, 20, 1U << 24, "liveness slots of one second missed in a row before jail"},
    {"posting_turn_ms", &P::posting_turn_ms, 10, hour_ms, "another operator posts after so long a silence"},
    {"double_sign_permille", &P::double_sign_permille, 0, 1000, "share of stake lost for signing twice"},
    {"operators_max", &P::operators_max, 1, 1000, "operators in one epoch's set"},
    {"self_stake_min_gwei", &P::self_stake_min_gwei, 1, 1ULL << 60, "least bond of an operator in a set"},
    {"unbonding_ms", &P::unbonding_ms, 1, 365 * 24 * hour_ms, "from leaving a set to the withdrawal of the bond"},
    {"snapshot_blocks", &P::snapshot_blocks, 4, 1U << 20, "a checkpoint of the state after so many blocks"},
}};

constexpr std::uint64_t gwei = 1'000'000'000;

/// Two nodes with one key would sign against each other, or be taken for each other.
std::optional<ConfigError> shared_key(const std::vector<GenesisOperator>& operators) {
    std::map<PublicKey, OperatorNumber> signing;
    std::map<TransportKey, OperatorNumber> transport;
    for (const GenesisOperator& o : operators) {
        const auto shared = [&](const char* kind, OperatorNumber other) {
            return ConfigError{"operators " + std::to_string(other.value) + " and " + std::to_string(o.number.value) +
                               " have the same " + kind + " key: each operator needs its own"};
        };
        if (const auto added = signing.emplace(o.key, o.number); !added.second) return shared("consensus", added.first->second);
        if (const auto added = transport.emplace(o.transport_key, o.number); !added.second)
            return shared("transport", added.first->second);
    }
    return std::nullopt;
}

std::optional<ConfigError> check_operators(const Genesis& genesis, Membership membership) {
    const std::size_t count = genesis.operators.size();
    if (membership == Membership::open && count != 0)
        return ConfigError{"a draft lists no operators: they come with the entries of 'rondo genesis join'"};
    if (membership == Membership::open) return std::nullopt;
    if (count == 0 || count == 2 || count == 3)
        return ConfigError{std::to_string(count) +
                           " operators: a network has 1, or at least 4; with 2 or 3 no failure is tolerated, "
                           "so that one stop halts all and more operators only make it worse than 1"};
    uint256 stake_gwei = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const GenesisOperator& o = genesis.operators[i];
        if (i > 0 && o.number <= genesis.operators[i - 1].number) return ConfigError{"operators must ascend by number"};
        if (const auto wrong = check_operator(o)) return wrong;
        stake_gwei += o.self_stake / gwei;
        if ((stake_gwei >> 63) != 0) return ConfigError{"the stakes add up to more than 2^63 gwei"};
    }
    return shared_key(genesis.operators);
}

}  // namespace

std::span<const ParameterName> parameter_names() { return names; }

Configured<void> set_parameter(Parameters& parameters, std::string_view assignment) {
    const auto equals = assignment.find('=');
    if (equals == std::string_view::npos) return config_error("'" + std::string(assignment) + "': write it as name=value");
    const std::string_view name = assignment.substr(0, equals), text = assignment.substr(equals + 1);
    std::vector<std::string> known;
    for (const ParameterName& p : names) {
        known.emplace_back(p.name);
        if (p.name != name) continue;
        std::uint64_t value = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < p.min || value > p.max)
            return config_error(std::string(name) + " (" + std::string(p.meaning) + ") must be a whole number from " +
                                std::to_string(p.min) + " to " + std::to_string(p.max) + ", not '" + std::string(text) + "'");
        parameters.*p.field = value;
        return {};
    }
    return config_error("unknown parameter '" + std::string(name) + "'; did you mean '" + nearest_name(name, known) + "'?");
}

Configured<Parameters> profile_parameters(std::string_view name) {
    Parameters parameters;
    if (name == "local") return parameters;
    if (name == "internet") {
        parameters.delta_ms = 1000;
        parameters.delta_max_ms = 10'000;
        parameters.idle_ms = 2000;
        parameters.retry_ms = 2000;
        parameters.censorship_ms = 60'000;
        parameters.posting_turn_ms = 12'000;
        return parameters;
    }
    if (name == "test") {
        parameters.epoch_blocks = 32;
        parameters.idle_ms = 100;
        parameters.delta_max_ms = 1000;
        parameters.retry_ms = 200;
        parameters.censorship_ms = 6000;
        parameters.posting_turn_ms = 1000;
        return parameters;
    }
    return config_error("unknown profile '" + std::string(name) + "'; did you mean '" +
                        nearest_name(name, {"local", "internet", "test"}) + "'?");
}

std::optional<ConfigError> check_operator(const GenesisOperator& entry) {
    const auto wrong = [&](const std::string& what) {
        return ConfigError{(entry.number == no_operator ? "the operator" : "operator " + std::to_string(entry.number.value)) +
                           what};
    };
    const std::string& moniker = entry.moniker;
    const auto is_printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (moniker.empty() || moniker.size() > moniker_bytes_max || !std::all_of(moniker.begin(), moniker.end(), is_printable))
        return wrong(": the moniker must have 1 to " + std::to_string(moniker_bytes_max) + " printable ASCII characters");
    if (const std::string_view fault = fault_of(entry.endpoints); !fault.empty()) return wrong(": " + std::string(fault));
    if (entry.self_stake / gwei == 0) return wrong(" has no stake");
    return std::nullopt;
}

std::optional<ConfigError> check_genesis(const Genesis& genesis, Membership membership) {
    if (genesis.chain_id == 0)
        return ConfigError{"the chain id must not be 0: wallets could replay transactions of other chains"};
    for (const ParameterName& p : names)
        if (genesis.parameters.*p.field < p.min || genesis.parameters.*p.field > p.max)
            return ConfigError{"parameter " + std::string(p.name) + " must be from " + std::to_string(p.min) + " to " +
                               std::to_string(p.max)};
    const Parameters& parameters = genesis.parameters;
    if (parameters.delta_max_ms < parameters.delta_ms) return ConfigError{"delta_max_ms must not be below delta_ms"};
    // An honest leader must have had time to hear of the batch twice.
    if (parameters.censorship_ms / 2 < 2 * (parameters.retry_ms + parameters.delta_max_ms))
        return ConfigError{"censorship_ms must be at least 4 * (retry_ms + delta_max_ms) = " +
                           std::to_string(4 * (parameters.retry_ms + parameters.delta_max_ms))};
    if (const auto wrong = check_operators(genesis, membership)) return wrong;
    for (std::size_t i = 1; i < genesis.accounts.size(); ++i)
        if (genesis.accounts[i].address <= genesis.accounts[i - 1].address)
            return ConfigError{"accounts must ascend by address, each once: " +
                               to_hex_prefixed(genesis.accounts[i].address.view())};
    return std::nullopt;
}

}  // namespace rondo
