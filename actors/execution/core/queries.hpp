#pragma once
#include "actors/execution/core/executor.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/wire/requests.hpp"

/// Answers to ExecutionRequest, from the executed head and from history.
namespace rondo::execution {

inline constexpr std::size_t accounts_per_request_max = 4096;
inline constexpr std::uint32_t fee_history_blocks_max = 1024;
inline constexpr std::size_t percentiles_max = 100;
inline constexpr std::uint64_t results_per_request_max = 1024;
/// A block with its transactions, as the reply is encoded.
inline constexpr std::size_t full_block_bytes_max = limits::request_bytes_max;

class Queries {
  public:
    /// `kept_from`: below it there is no history any more, but for block 0.
    Queries(BlockExecutor& executor, const StateReader& store, Height kept_from)
        : executor_(executor), store_(store), kept_from_(kept_from) {}
    [[nodiscard]] ExecutionReply answer(const ExecutionRequest& request);

  private:
    [[nodiscard]] ExecutionReply on(const GetAccounts& request);
    [[nodiscard]] ExecutionReply on(const GetBlock& request);
    [[nodiscard]] ExecutionReply on(const GetTransaction& request);
    [[nodiscard]] ExecutionReply on(const Call& request);
    [[nodiscard]] ExecutionReply on(const GetCode& request);
    [[nodiscard]] ExecutionReply on(const GetFeeHistory& request);
    [[nodiscard]] ExecutionReply on(const GetResults& request);
    [[nodiscard]] ExecutionReply on(const JoinFromSnapshot&) { return RequestError{"not a query"}; }  // the core's own matter

    [[nodiscard]] std::optional<Height> height_of(const GetBlock& request) const;
    [[nodiscard]] std::optional<BlockRecord> block_at(Height height) const;
    [[nodiscard]] std::optional<PlacedTransaction> placed(Height height, std::uint32_t index, const Hash256& hash,
                                                          const Digest& block) const;
    [[nodiscard]] Wei base_fee_after_head();

    BlockExecutor& executor_;
    const StateReader& store_;
    Height kept_from_;
};

}  // namespace rondo::execution
