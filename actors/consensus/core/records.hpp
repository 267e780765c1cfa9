#pragma once
#include <memory>
#include <string_view>
#include <tuple>
#include <variant>

#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"

/// What the core keeps: bodies, blocks whose ancestry is known, and the floor.
namespace rondo::consensus {

/// What a leader proposes in a view: a block, or after the boundary block a tail.
using Body = std::variant<Proposal, Tail>;

[[nodiscard]] Digest digest_of(const Body& body);
[[nodiscard]] Epoch epoch_of(const Body& body);
[[nodiscard]] View view_of(const Body& body);
[[nodiscard]] View parent_view_of(const Body& body);
[[nodiscard]] const Digest& parent_digest_of(const Body& body);
[[nodiscard]] SignerIndex leader_in(const Body& body);
[[nodiscard]] const Proposal* proposal_in(const Body& body);
[[nodiscard]] ConsensusMessage message_of(const Body& body);
[[nodiscard]] SignedMessage signed_message_of(const Body& body);

/// A body whose ancestors are known down to the floor.
struct Block {
    View view;  ///< 0: the epoch's starting block
    View parent_view;
    Digest digest{};
    Digest parent_digest{};
    Height height;  ///< a tail has its boundary block's
    bool tail = false;
    bool ends_epoch = false;  ///< the boundary block, and what stands on it
    std::uint64_t timestamp_ms = 0;
    ExecutedRef executed;
    std::shared_ptr<const Cut> cut;
    std::shared_ptr<const Body> body;  ///< null for the floor
};

/// The newest final block: what recovery starts from.
struct Floor {
    Epoch epoch{1};
    View view;
    Height height;
    Digest digest{};
    std::uint64_t timestamp_ms = 0;
    ExecutedRef executed;
    Cut cut;
    bool ends_epoch = false;
    static auto fields(auto& v) {
        return std::tie(v.epoch, v.view, v.height, v.digest, v.timestamp_ms, v.executed, v.cut, v.ends_epoch);
    }
};

[[nodiscard]] Floor floor_at_genesis(const Genesis& genesis);
[[nodiscard]] Floor floor_of(Epoch epoch, const Block& block);
[[nodiscard]] Block block_of(const Floor& floor);

}  // namespace rondo::consensus
