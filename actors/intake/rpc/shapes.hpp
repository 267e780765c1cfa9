#pragma once
#include "actors/intake/rpc/rpc_error.hpp"
#include "messages/wire/requests.hpp"

/// Our replies in the shapes of Ethereum's execution-apis.
namespace rondo::rpc {

[[nodiscard]] std::string quantity(const uint256& value);
[[nodiscard]] Json block_object(const BlockReply& block, std::uint64_t chain_id, bool full_transactions);
[[nodiscard]] Json transaction_object(const PlacedTransaction& placed, std::uint64_t chain_id);
/// Not in a block yet: block fields are null.
[[nodiscard]] Json pending_transaction_object(const FindPendingReply& pending);
[[nodiscard]] Json receipt_object(const PlacedTransaction& placed);
[[nodiscard]] Json promise_object(const Receipt& receipt);

}  // namespace rondo::rpc
