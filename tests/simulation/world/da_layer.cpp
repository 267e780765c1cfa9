#include "tests/simulation/world/da_layer.hpp"

#include "messages/crypto/hash.hpp"

namespace rondo::sim {
namespace {
constexpr std::size_t listed_max = 64;
}

Bytes DaLayer::handle(ByteView request) {
    const auto decoded = decode<BackendRequest>(request);
    if (!decoded) return encode(BackendReply{RequestError{"not a request"}});
    if (const auto* blob = std::get_if<DaSubmit>(&*decoded)) return encode(BackendReply{submit(*blob)});
    return encode(BackendReply{list(std::get<DaListing>(*decoded).from)});
}

DaSubmitted DaLayer::submit(const DaSubmit& blob) {
    for (const Blob& known : blobs_) {
        const Posting& p = known.posting;
        if (p.first == blob.first && p.last == blob.last && p.part == blob.part && p.parts == blob.parts &&
            known.bytes == blob.blob)
            return {true, p.pointer, ""};
    }
    Height first(1);
    std::uint32_t part = 0;
    if (!blobs_.empty()) {
        const Posting& newest = blobs_.back().posting;
        const bool whole = newest.part + 1 == newest.parts;
        first = whole ? newest.last.next() : newest.first;
        part = whole ? 0 : newest.part + 1;
    }
    if (blob.first != first || blob.part != part || blob.last < blob.first)
        return {false, {}, "the layer does not continue there"};
    Posting posting;
    posting.first = blob.first;
    posting.last = blob.last;
    posting.poster = blob.poster;
    posting.stage = PostingStage::confirmed;
    posting.backend = "local";
    append_be64(posting.pointer, blobs_.size());
    posting.commitment = crypto::blake2b(blob.blob);
    posting.bytes = blob.blob.size();
    posting.part = blob.part;
    posting.parts = blob.parts;
    blobs_.push_back({posting, blob.blob});
    return {true, posting.pointer, ""};
}

DaListed DaLayer::list(Height from) const {
    DaListed out;
    for (const Blob& blob : blobs_)
        if (blob.posting.last >= from && out.postings.size() < listed_max) out.postings.push_back(blob.posting);
    return out;
}

}  // namespace rondo::sim
