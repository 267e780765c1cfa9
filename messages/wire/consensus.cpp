#include "messages/wire/consensus.hpp"

#include <algorithm>

#include "messages/codec/codec.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {

const CutEntry* Cut::find(LaneId lane) const {
    const auto it = std::lower_bound(tips.begin(), tips.end(), lane, [](const CutEntry& e, LaneId l) { return e.lane < l; });
    return it != tips.end() && it->lane == lane ? &*it : nullptr;
}

Cut advance(const Cut& cut, const std::vector<CutEntry>& delta) {
    Cut out;
    out.tips.reserve(cut.tips.size() + delta.size());
    auto old = cut.tips.begin();
    for (const CutEntry& entry : delta) {
        while (old != cut.tips.end() && old->lane < entry.lane) out.tips.push_back(*old++);
        if (old != cut.tips.end() && old->lane == entry.lane) ++old;
        out.tips.push_back(entry);
    }
    out.tips.insert(out.tips.end(), old, cut.tips.end());
    return out;
}

Digest root_of(const Cut& cut) { return crypto::blake2b(encode(cut)); }
Digest digest_of(const Proposal& proposal) { return crypto::blake2b(encode_body(proposal)); }
Digest digest_of(const Tail& tail) { return crypto::blake2b(encode_body(tail)); }

template Bytes encode(const Cut&);
template tl::expected<Cut, codec::DecodeError> decode(ByteView);
template Bytes encode(const Vote&);
template Bytes encode_body(const Vote&);
template tl::expected<Vote, codec::DecodeError> decode(ByteView);
template Bytes encode(const Certificate&);
template tl::expected<Certificate, codec::DecodeError> decode(ByteView);
template Bytes encode(const Proposal&);
template Bytes encode_body(const Proposal&);
template tl::expected<Proposal, codec::DecodeError> decode(ByteView);
template Bytes encode(const Tail&);
template Bytes encode_body(const Tail&);
template tl::expected<Tail, codec::DecodeError> decode(ByteView);
template Bytes encode(const FinalBlock&);
template tl::expected<FinalBlock, codec::DecodeError> decode(ByteView);
template Bytes encode(const FinalBlocks&);
template tl::expected<FinalBlocks, codec::DecodeError> decode(ByteView);
template Bytes encode(const ConsensusMessage&);
template tl::expected<ConsensusMessage, codec::DecodeError> decode(ByteView);
template Bytes encode(const SignedMessage&);
template tl::expected<SignedMessage, codec::DecodeError> decode(ByteView);

}  // namespace rondo
