#pragma once
#include <cstddef>
#include <cstdint>

#include "cluster/runtime/limits.hpp"
#include "messages/base/types.hpp"
#include "messages/ethereum/transaction.hpp"

/// Every maximum of the intake core. A full queue answers BUSY; it never grows.
namespace rondo::intake {

using limits::batch_bytes_max;
using limits::batch_overhead_bytes_max;
using limits::mib;
using limits::replay_bytes_max;

// submissions
inline constexpr std::size_t request_transactions_max = limits::submit_transactions_max;
inline constexpr std::size_t submissions_max = 4096;               ///< open at once, forwarded ones included; shared
inline constexpr std::size_t open_bytes_max = 64 * mib;            ///< raw bytes, not answered or promised; shared
inline constexpr std::size_t recovery_jobs_max = 2;                ///< own recoveries on the worker pool at once
inline constexpr std::size_t recovery_job_transactions_max = 512;  ///< whoever comes beside a flood waits for so much at most
inline constexpr std::size_t recovery_turn_transactions = 64;      ///< of one party, then of the next
inline constexpr std::size_t account_asks_max = 4;                 ///< open at once
inline constexpr std::size_t account_ask_addresses_max = 4096;
/// An execution that works off a flood answers late; one that is away is BUSY to users after so long.
inline constexpr DurationMs account_ask_deadline_ms = 5000;

// overload
/// Answered with BUSY before any costly work is done: what a party has open here (not recovered, not answered, or promised and
/// not executed) beyond what execution passes in so long, or less where several want more than there is (load.hpp). So whoever is
/// taken waits for twice as long at most, and the backlog is gone soon after the flood.
inline constexpr DurationMs backlog_ms_max = 1000;
inline constexpr std::size_t backlog_transactions_min = 4096;  ///< always taken: a burst, and the pace is not known yet
inline constexpr DurationMs throughput_window_ms = 500;
/// Evidence and attestations are taken all the same, one in so long: no flood may keep a penalty from the chain.
inline constexpr DurationMs duty_interval_ms = 50;

// the pool
inline constexpr std::size_t held_per_sender_max = 256;
inline constexpr std::size_t held_bytes_max = 64 * mib;      ///< shared by the senders
inline constexpr std::size_t promised_bytes_max = 64 * mib;  ///< placed in the own lane, not executed yet
inline constexpr std::size_t promised_count_max = 1U << 18;
inline constexpr std::size_t account_cache_max = 1U << 16;  ///< of each of two generations
inline constexpr std::size_t remembered_max = 1U << 15;     ///< outcomes remembered for people, of each of two generations
inline constexpr std::size_t remembered_bytes_max = 8 * mib;
inline constexpr std::uint64_t promises_kept = 64;  ///< lane heights whose promises stay readable after execution

// lanes
inline constexpr std::size_t batch_transactions_max = 1U << 16;
/// Who is not in the next set promises nothing in the last blocks of this one: it could not keep it.
inline constexpr std::uint64_t last_promise_blocks = 8;
/// While its last batch is not final a lane waits so long for company: the fixed cost of a batch (signatures, syncs, messages) is
/// saved, and where finality takes longer lanes do not wait for it.
inline constexpr DurationMs seal_interval_ms_max = 60;
/// Blocks with content further apart are no pace to follow.
inline constexpr DurationMs pace_ms_max = 60;
/// A certificate aims to be there so long before the next block.
inline constexpr DurationMs seal_margin_ms = 3;
/// A batch is put off for the next block's sake by so much at most, whatever the blocks' clocks say.
inline constexpr DurationMs seal_delay_ms_max = 25;
inline constexpr DurationMs verify_after_ms = 50;  ///< no certificate by then: ask one more to verify
/// What a certificate is thought to take at most, however long the last ones took. Who is slow under load is waited for: each
/// further verification is work that makes all slower. Who is silent is replaced at once.
inline constexpr DurationMs usual_ms_max = 1000;
inline constexpr std::size_t verify_transactions_per_ms = 1;  ///< and this much later for a large batch: recovery is work
inline constexpr std::size_t verifications_max = 64;          ///< batches of others on the worker pool at once
inline constexpr std::uint64_t logged_refusals_max = 64;      ///< then one in so many
inline constexpr std::size_t unheard_batches_max = 16;        ///< without a word from a peer: offers to it on retries only
inline constexpr std::size_t status_acks_max = 128;           ///< in a LaneStatus: one per lane
inline constexpr std::size_t status_batches_max = 4;          ///< looked at per lane for an ack of who asks
inline constexpr std::size_t early_offers_max = 128;          ///< offers kept for the next epoch, one per lane

// forwarding
inline constexpr DurationMs forward_deadline_ms = 2000;  ///< then this lane takes the transactions itself
inline constexpr DurationMs silence_ms = 30000;          ///< a home lane that missed a deadline is not waited for so long
inline constexpr std::size_t forward_bytes_max = 2 * mib;
inline constexpr std::size_t forwards_max = 1024;
inline constexpr std::uint64_t relay_retries = 4;  ///< retry periods until what is not executed by then is relayed again

// fetching
inline constexpr std::size_t fetch_wanted_max = 1U << 14;
inline constexpr std::size_t fetch_batches_max = 16;  ///< per BatchFetch
inline constexpr std::size_t fetch_window = 96;  ///< asked for at once: together they fit the queues of three peers' transports
inline constexpr std::size_t fetch_attempts_in_window = 2;  ///< then it takes no place from others any more
inline constexpr std::size_t fetch_seen_max = 1024;         ///< looked at in one step
inline constexpr std::size_t fetch_peers = 2;               ///< asked at once for one batch
inline constexpr DurationMs fetch_retry_ms = 250;           ///< doubles per attempt
inline constexpr std::size_t fetch_backoff_max = 5;         ///< doublings
inline constexpr std::size_t request_batches_max = 64;

static_assert(batch_bytes_max >= ethereum::transaction_bytes_max + 64, "a batch takes any transaction");
static_assert(forward_bytes_max >= ethereum::transaction_bytes_max + 64);
static_assert(limits::message_bytes_max >= forward_bytes_max + request_transactions_max * 64, "a full Forward is one message");
static_assert(limits::request_bytes_max >= replay_bytes_max, "a full FoundBatches is one reply");
static_assert(backlog_transactions_min >= request_transactions_max, "an idle lane takes a whole request");
static_assert(promised_bytes_max >= 2 * batch_bytes_max);
static_assert(open_bytes_max >= 2 * request_transactions_max * 1024, "a party that is alone has half");
static_assert(promised_bytes_max >= open_bytes_max && promised_count_max >= 4 * backlog_transactions_min);
static_assert(recovery_job_transactions_max >= 2 * recovery_turn_transactions);

}  // namespace rondo::intake
