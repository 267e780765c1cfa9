#pragma once
#include <cstddef>
#include <cstdint>

#include "messages/base/types.hpp"

/// Every bound of the consensus core in one place.
namespace rondo::consensus {

/// Views above mine whose bodies and votes are kept; further ahead only certificates count.
inline constexpr std::uint64_t views_ahead_max = 64;
/// Bodies kept per view that nobody asked for: the leader's first, and a second as evidence.
inline constexpr std::size_t bodies_per_view_max = 2;
/// Of what its leader signed and is no valid body, what is larger is not kept for the watcher: no evidence is so large.
inline constexpr std::size_t malformed_bytes_max = std::size_t{128} << 10;
/// Rule 8 says again at most so many views; older ones on request.
inline constexpr std::uint64_t retry_views_max = 16;
/// Up to this many members everybody gives its certificates to who seems to lack them; beyond, to the next leader and on request.
inline constexpr std::size_t relay_members_max = 16;
/// Who was not heard in the view I was in Δ over this ago seems to lack them.
inline constexpr DurationMs relay_delta_share = 4;
/// Holes (certificates) asked for at once.
inline constexpr std::size_t holes_per_request_max = 16;
/// Votes in a block body, per member: about two views' worth and room for what came late.
inline constexpr std::size_t votes_per_member_max = 8;
/// Certificates of availability in one message, and digests in one request.
inline constexpr std::size_t poas_per_message_max = 64;
/// Certificates of availability kept per lane, in lane windows.
inline constexpr std::uint64_t poa_windows_max = 4;
/// A leader cites a result so many blocks below its own head, so that others have it too.
inline constexpr std::uint64_t citation_lag_blocks = 8;
/// One answer to a range request.
inline constexpr std::size_t range_bytes_max = std::size_t{1} << 20;
inline constexpr std::uint64_t range_blocks_max = 512;
/// Per block handed over: several times faster than any chain grows. Who is slower does not set the pace of catching up.
inline constexpr DurationMs block_ms_fast = 4;
/// Messages of the next epoch kept until it begins here; members share them (cluster/runtime/shares.hpp).
inline constexpr std::size_t early_messages_max = 256;
/// Results and citations remembered beyond what the floor cites.
inline constexpr std::size_t unchecked_citations_max = 8192;
/// Between two blocks with content: below it the fixed cost of a block takes more than company saves. Far below any Δ.
inline constexpr DurationMs block_interval_ms = 15;
/// Longer while a lane has nothing new.
inline constexpr DurationMs gather_ms = 5;
/// Signatures in a Status: a vote of each kind, a proposal, a tail.
inline constexpr std::size_t witnessed_max = 5;
/// A node in quarantine signs again so many views above the highest proven to it.
inline constexpr std::uint64_t reentry_views = 2;
/// Rounds in which one input may settle; far above what any input needs.
inline constexpr std::size_t settle_rounds_max = 100'000;

static_assert(retry_views_max < views_ahead_max, "what is said again must be heard");
static_assert(bodies_per_view_max >= 2, "an equivocation takes two bodies to show");

/// Without a final block for so many retry periods, peers are asked whether there is one.
inline constexpr std::uint64_t stalled_retries = 4;

/// A node that joins: peers asked at once, and retry periods without news after which it has heard all.
inline constexpr std::size_t joining_peers_asked = 2;
inline constexpr std::uint64_t joining_retries = 3;
inline constexpr std::uint64_t joining_again_retries = 40;  ///< with nothing final, after which it asks again
/// Epochs in one answer about sets, tails above one boundary block, and blocks looked through for one with a certificate.
inline constexpr std::size_t sets_per_answer_max = 64;
inline constexpr std::size_t tails_max = 1024;
inline constexpr std::size_t newest_final_max = 256;

}  // namespace rondo::consensus
