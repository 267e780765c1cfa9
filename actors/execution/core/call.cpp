#include "actors/execution/core/call.hpp"

namespace rondo::execution {

CallOutcome run_call(Ledger& ledger, const Chain& chain, const CallInput& input) {
    CallOutcome out;
    out.gas_used = input.intrinsic_gas;
    const Ledger::Checkpoint before = ledger.checkpoint();
    require(ledger.move(input.from, input.to, input.value), "a call whose value is not covered");
    if (!is_module(input.to)) {
        // Data sent to an account without code is carried along and does nothing.
        out.success = true;
        return out;
    }
    ModuleCall call{ledger, chain, input.from, input.value};
    ModuleResult result = call_module(input.to, input.data, call);
    out.gas_used += call.gas_used;
    if (out.gas_used > input.gas_limit) {
        out.gas_used = input.gas_limit;
        result = revert("out of gas");
    }
    if (!result) {
        ledger.roll_back(before);
        out.harmless = result.error().harmless;
        out.output = abi::revert_reason(result.error().reason);
        return out;
    }
    out.success = true;
    out.output = std::move(*result);
    out.logs = std::move(call.logs);
    out.operators = std::move(call.operators);
    return out;
}

}  // namespace rondo::execution
