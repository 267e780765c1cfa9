#pragma once
#include <optional>
#include <tuple>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"

/// What the intake's tables hold (tables.hpp).
namespace rondo::intake {

/// Where the final chain stands as far as this intake has followed it.
struct LaneState {
    Epoch epoch{1};
    std::optional<Digest> awaited_set;  ///< the epoch began, but its set is not known here yet: digest of its context
    Height final_height;
    Cut cut;   ///< of the newest final block
    Cut base;  ///< of the epoch's starting block
    static auto fields(auto& v) { return std::tie(v.epoch, v.awaited_set, v.final_height, v.cut, v.base); }
};

/// What is known of a batch, without its payload.
struct LinkRow {
    BatchHeader header;
    bool here = false;               ///< its BatchRecord is stored
    std::vector<AckSignature> acks;  ///< of its certificate; none while it has none
    static auto fields(auto& v) { return std::tie(v.header, v.here, v.acks); }
};

/// A promise with the transaction it is about. The rest of its Receipt follows from the place.
struct PromisedTx {
    LaneTransaction transaction;
    Epoch epoch;  ///< of the receipt: a batch sealed again in a later epoch keeps it
    Height deadline;
    Signature signature{};
    std::uint64_t accepted_ms = 0;
    bool again = false;  ///< was skipped once for a gap and is here for the second and last time
    static auto fields(auto& v) { return std::tie(v.transaction, v.epoch, v.deadline, v.signature, v.accepted_ms, v.again); }
};
/// Transactions placed by one step, consecutive in one batch.
struct PromisedChunk {
    std::vector<PromisedTx> transactions;
    static auto fields(auto& v) { return std::tie(v.transactions); }
};

struct HeldRow {
    LaneTransaction transaction;
    std::uint64_t accepted_ms = 0;
    bool again = false;
    static auto fields(auto& v) { return std::tie(v.transaction, v.accepted_ms, v.again); }
};

/// One lane's new part of a final block's cut, of which some batch is not here.
struct WantedCut {
    CutEntry tip;
    LaneHeight above;  ///< the previous cut's height
    static auto fields(auto& v) { return std::tie(v.tip, v.above); }
};

[[nodiscard]] Bytes key_of(LaneHeight height);
[[nodiscard]] Bytes key_of(LaneHeight height, std::uint32_t index);
[[nodiscard]] Bytes key_of(Epoch epoch, LaneId lane, LaneHeight height);
[[nodiscard]] Bytes key_of(Height height, LaneId lane);
[[nodiscard]] Bytes key_of(Epoch epoch);
[[nodiscard]] Bytes key_of(const BatchRef& batch);
template <std::size_t N, class Tag>
[[nodiscard]] Bytes key_of(const FixedBytes<N, Tag>& id) {
    return to_bytes(id.view());
}

/// A record of our own store that does not decode is a broken store, never a reason to guess.
template <class T>
[[nodiscard]] T decode_own(ByteView stored) {
    auto value = decode<T>(stored);
    require(value.has_value(), "a record of the intake's store does not decode");
    return std::move(*value);
}

}  // namespace rondo::intake
