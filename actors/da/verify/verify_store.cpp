#include "actors/da/verify/verify_store.hpp"

#include "actors/da/local/local_store.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::da {
namespace {

tl::expected<Frame, std::string> read_frame(LocalStore& store, const Posting& posting) {
    const auto blob = store.fetch(posting.pointer);
    if (!blob) return tl::unexpected(blob.error());
    if (crypto::blake2b(*blob) != posting.commitment)
        return tl::unexpected(std::string("the bytes do not match their commitment"));
    auto frame = decode_frame(*blob);
    if (!frame) return tl::unexpected("not a frame: " + std::string(to_string(frame.error())));
    if (frame->first != posting.first || frame->last != posting.last || frame->part != posting.part ||
        frame->parts != posting.parts)
        return tl::unexpected(std::string("the frame holds another range than it was posted for"));
    return std::move(*frame);
}

}  // namespace

tl::expected<VerifySummary, VerifyFault> verify_store(const std::filesystem::path& folder, const Genesis& genesis,
                                                      const OnBlock& on_block, const VerifyOptions& options,
                                                      std::optional<Height> last) {
    LocalStore store(folder, LocalStore::Access::read_only);
    ChainReader reader(genesis, on_block, options);
    VerifySummary summary;
    LayerPosition at;
    bool more = true;
    while (more) {
        const auto postings = store.list(at.complete.next());
        if (!postings) return tl::unexpected(VerifyFault{at.complete.next(), postings.error()});
        more = false;
        for (const Posting& posting : *postings) {
            if (last && posting.first > *last) break;
            if (!continues(at, posting.first, posting.last, posting.part, posting.parts)) continue;  // read already
            auto frame = read_frame(store, posting);
            if (!frame) return tl::unexpected(VerifyFault{posting.first, frame.error()});
            if (auto accepted = reader.accept(std::move(*frame)); !accepted) return tl::unexpected(accepted.error());
            at = after(posting);
            ++summary.frames;
            summary.bytes += posting.bytes;
            more = true;
        }
    }
    summary.height = reader.height();
    summary.digest = reader.digest();
    summary.proven = reader.proven();
    summary.ends_in_part = reader.is_incomplete();
    return summary;
}

}  // namespace rondo::da
