#include "actors/consensus/core/records.hpp"

#include "messages/codec/codec.hpp"

namespace rondo::consensus {

Digest digest_of(const Body& body) {
    return std::visit([](const auto& b) { return rondo::digest_of(b); }, body);
}
Epoch epoch_of(const Body& body) {
    return std::visit([](const auto& b) { return b.epoch; }, body);
}
View view_of(const Body& body) {
    return std::visit([](const auto& b) { return b.view; }, body);
}
View parent_view_of(const Body& body) {
    return std::visit([](const auto& b) { return b.parent_view; }, body);
}
const Digest& parent_digest_of(const Body& body) {
    return std::visit([](const auto& b) -> const Digest& { return b.parent_digest; }, body);
}
SignerIndex leader_in(const Body& body) {
    return std::visit([](const auto& b) { return b.leader; }, body);
}
const Proposal* proposal_in(const Body& body) { return std::get_if<Proposal>(&body); }
ConsensusMessage message_of(const Body& body) {
    return std::visit([](const auto& b) { return ConsensusMessage(b); }, body);
}
SignedMessage signed_message_of(const Body& body) {
    return std::visit([](const auto& b) { return SignedMessage(b); }, body);
}

Floor floor_at_genesis(const Genesis& genesis) {
    Floor floor;
    floor.digest = genesis_block_digest(genesis);
    floor.timestamp_ms = genesis.timestamp_ms;
    return floor;
}

Floor floor_of(Epoch epoch, const Block& block) {
    return {epoch, block.view, block.height, block.digest, block.timestamp_ms, block.executed, *block.cut, block.ends_epoch};
}

Block block_of(const Floor& floor) {
    Block block;
    block.view = floor.view;
    block.digest = floor.digest;
    block.height = floor.height;
    block.timestamp_ms = floor.timestamp_ms;
    block.executed = floor.executed;
    block.ends_epoch = floor.ends_epoch;
    block.cut = std::make_shared<const Cut>(floor.cut);
    return block;
}

}  // namespace rondo::consensus

namespace rondo {

template Bytes encode(const consensus::Floor&);
template tl::expected<consensus::Floor, codec::DecodeError> decode(ByteView);
template Bytes encode(const consensus::Body&);
template tl::expected<consensus::Body, codec::DecodeError> decode(ByteView);

}  // namespace rondo
