#pragma once
#include <cstddef>
#include <cstdint>

/// Every maximum of the runtime in one place, with the relations that must hold between them. A queue, message, loop or
/// retry without a number here is a defect.
namespace rondo::limits {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// ---------------------------------------------------------------------------------------------- messages
inline constexpr std::size_t batch_bytes_max = 2 * mib;            ///< encoded Payload of one batch
inline constexpr std::size_t batch_overhead_bytes_max = 64 * kib;  ///< header and certificate beside it
inline constexpr std::size_t transaction_bytes_max = 128 * kib;
inline constexpr std::size_t message_bytes_max = 4 * mib;  ///< one message between operators
/// One message of a stream: an ExecutedBlock of as many transactions as an array may hold (2^18, some 110 bytes each).
inline constexpr std::size_t stream_message_bytes_max = 32 * mib;
inline constexpr std::size_t request_bytes_max = 8 * mib;     ///< one request or reply inside a node
inline constexpr std::size_t submit_transactions_max = 4096;  ///< per SubmitRequest

// ----------------------------------------------------------------------------------------------- streams
inline constexpr std::size_t replay_bytes_max = 8 * mib;         ///< payload of one replay chunk
inline constexpr std::size_t chunk_messages_max = 512;           ///< messages in one chunk, live or replayed
inline constexpr std::size_t stream_queue_bytes_max = 16 * mib;  ///< waiting in a subscriber, per stream; beyond: replay later
inline constexpr std::size_t stream_queue_messages_max = 8192;
inline constexpr std::uint64_t announce_ms_min = 200;           ///< after the last publish
inline constexpr std::uint64_t announce_ms_max = 1000;          ///< when idle
inline constexpr std::uint64_t replay_retry_ms = 1000;          ///< a replay that was not answered is asked again
inline constexpr std::uint64_t replay_retry_unsent_ms = 50;     ///< the publisher was not connected
inline constexpr std::uint64_t cursor_report_ms = 1000;         ///< at most so often while cursors move
inline constexpr std::uint64_t cursor_report_idle_ms = 10'000;  ///< and again even if they do not
/// Kept below the lowest cursor, so that a tool or a restored subscriber finds something.
inline constexpr std::uint64_t retention_messages_min = 4096;
/// Beyond so many rows a subscriber that never reports no longer holds the outbox back.
inline constexpr std::uint64_t retention_messages_max = 1U << 20;
inline constexpr std::size_t trim_rows_max = 4096;  ///< per turn
/// Of blocks past retention, in one step; fewer than the second wait for company.
inline constexpr std::uint64_t forget_blocks_max = 64;
inline constexpr std::uint64_t forget_blocks_min = 8;
inline constexpr std::size_t forget_rows_max = 20'000;  ///< of what stands under these blocks, in one step: then no further block

// ------------------------------------------------------------------------------------------------- turns
inline constexpr std::size_t turn_inputs_max = 1024;
inline constexpr std::size_t turn_bytes_max = 16 * mib;
inline constexpr std::uint64_t turn_ms_max = 10;                ///< no further step is begun after so long
inline constexpr std::size_t source_inputs_max = 256;           ///< from one socket per turn, so that none starves another
inline constexpr std::uint64_t commit_ms_max = 200;             ///< records wait so long for a commit of the environment
inline constexpr std::uint64_t prompt_slice_ns = 100'000;       ///< of processor time, for actors that others wait for
inline constexpr std::uint64_t disk_look_ms = 1000;             ///< between two looks at the free space of the disk
inline constexpr std::uint64_t derived_sync_ms = 1000;          ///< a Derived store that changed is synced so often
inline constexpr std::uint64_t shutdown_ms_max = 5000;          ///< from SIGTERM to exit
inline constexpr std::uint64_t backend_shutdown_ms_max = 2000;  ///< of which for a call to the outside

// -------------------------------------------------------------------------------------------- queue bounds
inline constexpr int stream_hwm = 256;    ///< chunks between publisher and subscriber, each side
inline constexpr int request_hwm = 1024;  ///< requests or replies per connection
inline constexpr int lanes_hwm = 512;     ///< messages per peer
inline constexpr int votes_hwm = 1024;
inline constexpr int sync_hwm = 64;
inline constexpr int fetch_hwm = 64;
inline constexpr int state_hwm = 64;
inline constexpr int unheard_hwm = 1;  ///< received by an own DEALER of a channel on which nothing comes back
inline constexpr std::size_t requests_outstanding_max = 4096;  ///< given to the core and not answered yet; shared (shares.hpp)
inline constexpr std::uint64_t request_ms_max = 60'000;        ///< after so long an unanswered request is forgotten
inline constexpr std::size_t asks_open_max = 4096;
inline constexpr std::size_t jobs_open_max = 16'384;   ///< the core's own admission must stay below
inline constexpr std::size_t recover_at_once_max = 4;  ///< transactions whose senders are recovered between two steps of a turn
inline constexpr std::size_t backend_calls_max = 64;

// ------------------------------------------------------------------------------------------------- store
inline constexpr std::size_t key_bytes_max = 511;  ///< LMDB's own
inline constexpr std::size_t tables_max = 64;
inline constexpr std::size_t journal_entry_bytes_max = mib;  ///< what is larger is committed at once
inline constexpr std::size_t journal_bytes_max = 8 * mib;
inline constexpr std::size_t checkpoints_kept = 2;               ///< the newest, and one for when it is rotten
inline constexpr std::size_t checkpoint_commit_bytes = 8 * mib;  ///< of a copy, so that it needs no more memory
/// Left free beside a copy: what the actors write while it is made, and after.
inline constexpr std::uint64_t checkpoint_free_bytes_min = 256 * mib;
inline constexpr int checkpoint_nice = 10;  ///< the turns come first

// ------------------------------------------------------------------------------------------------ sockets
inline constexpr std::size_t node_frame_bytes_max = stream_message_bytes_max + mib;  ///< inside a node
inline constexpr int reconnect_ms_min = 50;
inline constexpr int reconnect_ms_max = 1000;
inline constexpr int heartbeat_ms = 5000;
inline constexpr int heartbeat_timeout_ms = 15'000;
/// From a connection to its last word of CURVE; then it is closed. An operator that was refused tries again after so long.
inline constexpr int handshake_ms_max = 3000;
inline constexpr std::size_t peers_max = 3072;        ///< operators of three epochs, and fixed peers
inline constexpr std::size_t transport_keys_max = 3;  ///< of one operator at a time: those of the last, this and the next epoch
inline constexpr std::size_t own_channels_max = 2;    ///< of one actor
inline constexpr std::size_t sockets_max = peers_max * transport_keys_max * own_channels_max + 64;  ///< of one actor

// ---------------------------------------------------------------------------------------------- listeners
// What the connections to one listener may cost together (bus/door.hpp), whoever they are.
inline constexpr std::size_t connections_max = 4096;          ///< shared by the addresses: one alone has half
inline constexpr std::uint64_t unread_bytes_max = 256 * mib;  ///< sent as answers and not acknowledged; shared by the addresses
inline constexpr std::uint64_t door_look_ms = 20;             ///< between two looks at what came in
/// Whoever acknowledges nothing for so long is let go by the kernel, and with it what waits for it.
inline constexpr int unacknowledged_ms_max = 15'000;

// ----------------------------------------------------------------------------------------- open channels
// What one sender may say on one of them, answers to our questions included, and how many bytes it is sent there. What is
// beyond is dropped: whoever asks, asks again.
inline constexpr std::uint64_t operator_messages_per_second = 2000;  ///< each batch that a node which catches up asked for is one
inline constexpr std::uint64_t operator_messages_burst = 4000;
inline constexpr std::uint64_t operator_bytes_per_second = 64 * mib;
inline constexpr std::uint64_t operator_bytes_burst = 128 * mib;
inline constexpr std::uint64_t guest_messages_per_second = 25;
inline constexpr std::uint64_t guest_messages_burst = 100;
inline constexpr std::uint64_t guest_bytes_per_second = 8 * mib;
inline constexpr std::uint64_t guest_bytes_burst = 32 * mib;
// All guests of a channel together: keys cost nothing, so that a quota for each is none.
inline constexpr std::uint64_t guests_messages_per_second = 200;
inline constexpr std::uint64_t guests_messages_burst = 400;
inline constexpr std::uint64_t guests_bytes_per_second = 32 * mib;
inline constexpr std::uint64_t guests_bytes_burst = 128 * mib;
/// After a question on an open channel the own DEALERs there are heard for so long. A socket that is heard costs in every
/// turn, and in the ordinary course of things nobody asks.
inline constexpr std::uint64_t open_answer_ms_max = 10'000;
inline constexpr std::size_t guests_max = 1024;  ///< remembered per channel, for the answer and for the quota

static_assert(message_bytes_max >= batch_bytes_max + batch_overhead_bytes_max, "a batch and its certificate fit one message");
static_assert(replay_bytes_max >= 2 * message_bytes_max, "a lagging subscriber always gets a whole message, and progress");
static_assert(replay_bytes_max >= 2 * batch_bytes_max);
static_assert(node_frame_bytes_max > request_bytes_max && stream_message_bytes_max >= message_bytes_max);
static_assert(stream_queue_bytes_max >= replay_bytes_max, "what was asked for can be kept");
static_assert(stream_queue_messages_max >= chunk_messages_max);
static_assert(turn_bytes_max >= message_bytes_max && turn_bytes_max >= request_bytes_max, "a turn takes at least one input");
static_assert(request_bytes_max >= replay_bytes_max);
static_assert(transaction_bytes_max <= batch_bytes_max);
static_assert(jobs_open_max > requests_outstanding_max, "a job for each request, and for what peers send");
static_assert(retention_messages_min < retention_messages_max);
static_assert(announce_ms_min <= announce_ms_max && replay_retry_unsent_ms <= replay_retry_ms);
static_assert(backend_shutdown_ms_max < shutdown_ms_max);
static_assert(guest_messages_per_second < operator_messages_per_second && guest_bytes_per_second < operator_bytes_per_second);
static_assert(guest_messages_burst <= guests_messages_burst && guest_bytes_burst <= guests_bytes_burst,
              "one guest may have its own");
static_assert(guest_bytes_burst >= message_bytes_max, "a guest can be answered");
static_assert(guests_max > guests_messages_burst, "a burst of new guests displaces no one who was just heard");
static_assert(sockets_max < 65'535, "libzmq's own bound");
static_assert(connections_max > peers_max, "no operator is crowded out by the others");
static_assert(unread_bytes_max >= 2 * (guest_bytes_burst + message_bytes_max), "a guest that reads gets what its quota allows");

}  // namespace rondo::limits
