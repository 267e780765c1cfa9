#pragma once
#include <algorithm>
#include <initializer_list>

#include "cluster/runtime/limits.hpp"
#include "messages/base/types.hpp"

/// What a node forgets. One rule for all actors:
///
///   What may go lies below keep_from = min(final height - blocks, what everyone who needs it has durably behind them).
///
///  1. Who needs it: the hearers of the stream it is said on, by the cursors that would survive a power cut (Released); for an
///     intake's batches also a quorum that executed them (a final block cites that result) and the DA layer that confirmed them.
///  2. It goes in bounded pieces, the records and their outbox rows together.
///  3. Boundary blocks' proofs and epoch contexts stay for ever: a new node walks the sets from genesis. State is never touched.
///  4. Whoever asks for what is gone is told so: what is below comes from the DA layer, or from a node that keeps everything.
namespace rondo {

struct Retention {
    std::uint64_t blocks = 0;
    bool archive = true;  ///< nothing goes

    /// `behind`: everything below each of these is not needed any more.
    [[nodiscard]] Height keep_from(Height final, std::initializer_list<Height> behind) const {
        return archive ? Height(0) : std::min(final.minus_or_zero(blocks), std::min(behind));
    }
    /// The next piece: [kept_from, here). Not above kept_from: it is too little, or nothing.
    [[nodiscard]] static Height next_piece(Height kept_from, Height keep_from) {
        if (keep_from < kept_from.plus(limits::forget_blocks_min)) return kept_from;
        return std::min(keep_from, kept_from.plus(limits::forget_blocks_max));
    }
};

}  // namespace rondo
