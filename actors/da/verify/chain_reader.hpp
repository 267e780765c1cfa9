#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "actors/da/frame/frame.hpp"
#include "messages/wire/epoch.hpp"

/// Reading the chain back from what was posted, with nothing but the genesis.
///
/// What is checked of every block:
/// 1. Its height is the next, its parent digest is the block before, its time not below the parent's.
/// 2. Its epoch goes on, or begins at view 1 or later above a boundary block that named this very context; views grow.
/// 3. It is signed by the leader of its view.
/// 4. The batches are exactly those between its parent's cut and its own: headers chain by parent digest, are of this epoch
///    and signed by the lane's owner; payloads have the size, count and Merkle root that the header says.
/// 5. The cut root matches.
/// 6. Every transaction's sender is the one its signature recovers to (can be left to the caller).
/// 7. A certificate that came along is a quorum's over a block of this chain: it proves this block final and so all below.
namespace rondo::da {

struct ChainBlock {
    Proposal block;
    Digest digest{};
    std::vector<FrameBatch> batches;
    Cut cut;  ///< after this block
};

struct VerifyFault {
    Height height;  ///< of the block at fault
    std::string reason;
};

/// Takes the next block. Returns the context that executing it yields (a boundary block's), if any, or why it objects. Without
/// anyone who executes, only the first two epochs can be read.
using OnBlock = std::function<tl::expected<std::vector<EpochContext>, std::string>(const ChainBlock&)>;

struct VerifyOptions {
    bool check_senders = true;
    std::size_t threads = 1;  ///< for the senders
};

class ChainReader {
  public:
    ChainReader(const Genesis& genesis, OnBlock on_block, VerifyOptions options = {});

    [[nodiscard]] tl::expected<void, VerifyFault> accept(Frame frame);

    [[nodiscard]] Height height() const { return height_; }
    [[nodiscard]] const Digest& digest() const { return digest_; }
    /// The highest block that a certificate proved final.
    [[nodiscard]] Height proven() const { return proven_; }
    /// A block came in part and its end is missing.
    [[nodiscard]] bool is_incomplete() const { return partial_.has_value(); }

  private:
    using Reason = std::optional<std::string>;
    [[nodiscard]] tl::expected<void, VerifyFault> accept_block(FrameBlock block);
    [[nodiscard]] Reason check_place(const Proposal& block) const;
    [[nodiscard]] Reason check_epoch(const Proposal& block) const;
    [[nodiscard]] Reason check_leader(const Proposal& block, const EpochContext& context) const;
    [[nodiscard]] Reason check_batches(const FrameBlock& block, const EpochContext& context) const;
    [[nodiscard]] Reason check_batch(const FrameBatch& batch, const CutEntry& below, const EpochContext& context) const;
    [[nodiscard]] Reason check_certificate(const Certificate& certificate) const;

    Digest genesis_;
    OnBlock on_block_;
    VerifyOptions options_;
    std::map<Epoch, EpochContext> contexts_;
    Height height_;
    Digest digest_{};
    std::uint64_t timestamp_ms_ = 0;
    Epoch epoch_{1};
    View view_;
    std::optional<Digest> next_set_hash_;  ///< the block at height_ is a boundary
    Cut cut_;
    std::optional<FrameBlock> partial_;
    std::uint32_t parts_seen_ = 0;
    Height proven_;
};

/// True if every sender is what its transaction's signature recovers to.
[[nodiscard]] bool senders_match(const Payload& payload, std::size_t threads);

}  // namespace rondo::da
