#include "actors/execution/core/fees.hpp"

#include <algorithm>

#include "messages/wire/modules.hpp"

namespace rondo::execution {
namespace {

const Word256 slot_base_fee = to_word(0);
const Word256 slot_window = to_word(1);
const Word256 slot_gas = to_word(2);

}  // namespace

FeeState genesis_fees(const Genesis& genesis) {
    return {genesis.parameters.base_fee_min_wei, genesis.timestamp_ms / genesis.parameters.fee_window_ms, 0};
}

std::uint64_t window_target(const Parameters& parameters) {
    return std::max<std::uint64_t>(1, parameters.gas_target_per_second * parameters.fee_window_ms / 1000);
}

Wei next_base_fee(const Wei& base_fee, std::uint64_t gas, const Parameters& parameters) {
    const std::uint64_t target = window_target(parameters);
    gas = std::min(gas, 2 * target);
    if (gas > target) {
        const Wei rise = base_fee * (gas - target) / target / base_fee_change_denominator;
        return base_fee + std::max<Wei>(rise, 1);
    }
    const Wei fall = base_fee * (target - gas) / target / base_fee_change_denominator;
    return std::max<Wei>(base_fee - fall, parameters.base_fee_min_wei);
}

FeeState enter_block(FeeState state, std::uint64_t timestamp_ms, const Parameters& parameters) {
    const std::uint64_t window = timestamp_ms / parameters.fee_window_ms;
    if (window <= state.window) return state;
    const std::uint64_t closed = std::min(window - state.window, empty_windows_max);
    for (std::uint64_t i = 0; i < closed; ++i) state.base_fee = next_base_fee(state.base_fee, i == 0 ? state.gas : 0, parameters);
    return {state.base_fee, window, 0};
}

Wei burnt_part(const Wei& base_fee, std::uint64_t gas, const Parameters& parameters) {
    return (base_fee * gas * parameters.burn_permille + 999) / 1000;
}

FeeState load_fees(Ledger& ledger) {
    const auto number = [&](const Word256& slot) { return uint256_from_be(ledger.load(modules::fees, slot).view()); };
    return {number(slot_base_fee), static_cast<std::uint64_t>(number(slot_window)), static_cast<std::uint64_t>(number(slot_gas))};
}

void store_fees(Ledger& ledger, const FeeState& state) {
    ledger.store(modules::fees, slot_base_fee, to_word(state.base_fee));
    ledger.store(modules::fees, slot_window, to_word(state.window));
    ledger.store(modules::fees, slot_gas, to_word(state.gas));
}

}  // namespace rondo::execution
