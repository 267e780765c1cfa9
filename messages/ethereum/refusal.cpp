#include <array>

#include "messages/ethereum/transaction.hpp"

namespace rondo::ethereum {
namespace {

constexpr std::size_t refusal_count = static_cast<std::size_t>(Refusal::fee_below_base_fee) + 1;

// In the order of the enumeration.
constexpr std::array<std::string_view, refusal_count> words{
    "none",
    "malformed transaction",
    "transaction too large",
    "transaction type not supported",
    "blob transaction",
    "set-code transaction",
    "unprotected legacy",
    "wrong chain id",
    "contract creation",
    "fee below minimum",
    "tip above max fee",
    "gas limit too high",
    "intrinsic gas too low",
    "nonce at maximum",
    "high s",
    "bad signature",
    "nonce too low",
    "insufficient funds",
    "too many held",
    "already known",
    "replacement underpriced",
    "busy",
    "nonce gap",
    "fee below base fee",
};

}  // namespace

std::string_view to_string(Refusal reason) {
    const auto index = static_cast<std::size_t>(reason);
    return index < words.size() ? words[index] : "unknown";
}

}  // namespace rondo::ethereum
