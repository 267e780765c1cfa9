#pragma once
#include "actors/execution/core/ledger.hpp"
#include "messages/wire/epoch.hpp"

/// The base fee: EIP-1559's formula, applied once per fee window instead of once per block.
namespace rondo::execution {

inline constexpr std::uint64_t base_fee_change_denominator = 8;
inline constexpr std::uint64_t empty_windows_max = 64;

struct FeeState {
    Wei base_fee;
    std::uint64_t window = 0;  ///< chain time / fee_window_ms
    std::uint64_t gas = 0;     ///< used in this window so far
    bool operator==(const FeeState&) const = default;
};

[[nodiscard]] FeeState genesis_fees(const Genesis& genesis);
[[nodiscard]] std::uint64_t window_target(const Parameters& parameters);
/// The fee after a window that used `gas`.
[[nodiscard]] Wei next_base_fee(const Wei& base_fee, std::uint64_t gas, const Parameters& parameters);
/// The state at the start of a block: closes the window before it, and the empty ones between (at most 64 in all).
[[nodiscard]] FeeState enter_block(FeeState state, std::uint64_t timestamp_ms, const Parameters& parameters);

/// What of a transaction's fee is burnt: at least `burn_permille` of its base fee, so rounded up.
[[nodiscard]] Wei burnt_part(const Wei& base_fee, std::uint64_t gas, const Parameters& parameters);

/// The state lies in the storage of the fees module: slots 0 (base fee), 1 (window), 2 (gas).
[[nodiscard]] FeeState load_fees(Ledger& ledger);
void store_fees(Ledger& ledger, const FeeState& state);

}  // namespace rondo::execution
