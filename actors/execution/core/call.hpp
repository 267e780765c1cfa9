#pragma once
#include "actors/execution/core/modules/module.hpp"

/// What a transaction does once it is paid for: the same code under blocks, eth_call and eth_estimateGas.
namespace rondo::execution {

struct CallInput {
    Address from{};
    Address to{};
    Wei value;
    ByteView data;
    std::uint64_t intrinsic_gas = 0;
    std::uint64_t gas_limit = 0;
};

struct CallOutcome {
    bool success = false;
    bool harmless = false;  ///< reverted because somebody else was faster
    std::uint64_t gas_used = 0;
    Bytes output;  ///< or the ABI error
    std::vector<ethereum::LogEntry> logs;
    std::vector<OperatorNumber> operators;  ///< whose registration it changed
};

/// Moves the value and runs the module, if there is one. `value` must be covered. A failure leaves no trace.
[[nodiscard]] CallOutcome run_call(Ledger& ledger, const Chain& chain, const CallInput& input);

}  // namespace rondo::execution
