#include "actors/intake/rpc/rpc_error.hpp"

namespace rondo::rpc {
namespace {

using ethereum::Refusal;

struct Wording {
    std::string_view message;
    std::string_view hint;
};

Wording wording_of(Refusal reason) {
    switch (reason) {
        case Refusal::none:
            return {"accepted", ""};
        case Refusal::malformed:
            return {"rlp: malformed transaction", "send the signed transaction as canonical RLP, hex with 0x"};
        case Refusal::transaction_too_large:
            return {"oversized data", "a transaction has at most 128 KiB"};
        case Refusal::unsupported_type:
            return {"transaction type not supported", "use a legacy (EIP-155), EIP-2930 or EIP-1559 transaction"};
        case Refusal::blob_transaction:
            return {"transaction type not supported",
                    "blob transactions (EIP-4844) are refused; put the data in an EIP-1559 transaction"};
        case Refusal::set_code_transaction:
            return {"transaction type not supported", "set-code transactions (EIP-7702) are refused; accounts have no code here"};
        case Refusal::unprotected_legacy:
            return {"only replay-protected (EIP-155) transactions allowed over RPC", "sign with the chain id"};
        case Refusal::wrong_chain_id:
            return {"invalid chain id for signer", "ask eth_chainId and sign for that chain"};
        case Refusal::contract_creation:
            return {"contract creation is not supported", "this ledger has no code; send to an account or a module"};
        case Refusal::fee_below_minimum:
            return {"max fee per gas less than block base fee", "offer at least the minimum base fee; ask eth_gasPrice"};
        case Refusal::tip_above_max_fee:
            return {"max priority fee per gas higher than max fee per gas", "lower maxPriorityFeePerGas or raise maxFeePerGas"};
        case Refusal::gas_limit_too_high:
            return {"exceeds block gas limit", "a transaction's gas limit is at most 2^32"};
        case Refusal::intrinsic_gas_too_low:
            return {"intrinsic gas too low", "raise the gas limit; ask eth_estimateGas"};
        case Refusal::nonce_at_maximum:
            return {"nonce has max value", "use another account (EIP-2681)"};
        case Refusal::high_s:
            return {"invalid transaction v, r, s values", "normalise s to the lower half of the order (EIP-2)"};
        case Refusal::bad_signature:
            return {"invalid sender", "sign the transaction again"};
        case Refusal::nonce_too_low:
            return {"nonce too low", "ask eth_getTransactionCount"};
        case Refusal::insufficient_funds:
            return {"insufficient funds for gas * price + value", "fund the sender, or send less"};
        case Refusal::too_many_held:
            return {"too many transactions held for this sender", "send the missing nonce first; at most 256 wait behind a hole"};
        case Refusal::already_known:
            return {"already known", "nothing to do: it is in the lane or held"};
        case Refusal::replacement_underpriced:
            return {"replacement transaction underpriced", "offer 10 % more; a promised transaction can't be replaced"};
        case Refusal::busy:
            return {"the sequencer is busy", "send it again in a moment"};
        case Refusal::nonce_gap:
            return {"ordered before its predecessor", "it runs again when its nonce is next"};
        case Refusal::fee_below_base_fee:
            return {"max fee per gas less than block base fee", "offer more; ask eth_gasPrice"};
    }
    return {"refused", ""};
}

}  // namespace

tl::unexpected<RpcError> refuse(int code, std::string message, Json data) {
    return tl::unexpected(RpcError{code, std::move(message), std::move(data)});
}

RpcError error_of(Refusal reason) {
    const Wording words = wording_of(reason);
    return {reason == Refusal::busy ? code_limit : code_server, std::string(words.message),
            Json{{"reason", ethereum::to_string(reason)}, {"hint", words.hint}}};
}

RpcError unreachable(std::string_view actor) {
    return {code_server, std::string(actor) + " does not answer",
            Json{{"reason", "unreachable"},
                 {"hint", "look at `rondo status`; the request had no effect that can be told from here"}}};
}

}  // namespace rondo::rpc
