#pragma once
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/epoch.hpp"
#include "messages/wire/kinds.hpp"

/// Simplex: blocks, votes and certificates.
namespace rondo {

/// One lane's tip in a cut.
using CutEntry = BatchRef;
/// All lanes' tips, strictly ascending by lane.
struct Cut {
    std::vector<CutEntry> tips;
    static auto fields(auto& v) { return std::tie(v.tips); }
    bool operator==(const Cut&) const = default;
    [[nodiscard]] const CutEntry* find(LaneId lane) const;
};
/// `delta` must be strictly ascending by lane.
[[nodiscard]] Cut advance(const Cut& cut, const std::vector<CutEntry>& delta);
[[nodiscard]] Digest root_of(const Cut& cut);

enum class VoteKind : std::uint8_t { notarize = 3, nullify = 4, finalize = 5 };  ///< numbers as in Kind
[[nodiscard]] constexpr bool is_valid(VoteKind k) { return k >= VoteKind::notarize && k <= VoteKind::finalize; }
[[nodiscard]] constexpr Kind kind_of(VoteKind k) { return static_cast<Kind>(k); }

struct Vote {
    VoteKind vote = VoteKind::notarize;
    Epoch epoch;
    View view;
    Digest digest;  ///< zero for nullify
    SignerIndex signer;
    Signature signature{};
    static auto fields(auto& v) { return std::tie(v.vote, v.epoch, v.view, v.digest, v.signer); }
    auto operator<=>(const Vote&) const = default;
};

/// Signatures of quorum stake over the same (vote, epoch, view, digest); signers strictly ascending.
struct Certificate {
    VoteKind vote = VoteKind::notarize;
    Epoch epoch;
    View view;
    Digest digest;  ///< zero for a nullification
    std::vector<SignerIndex> signers;
    std::vector<Signature> signatures;
    static auto fields(auto& v) { return std::tie(v.vote, v.epoch, v.view, v.digest, v.signers, v.signatures); }
    bool operator==(const Certificate&) const = default;
};

/// A vote as it stands in a block body, where participation and liveness are counted.
struct VoteRecord {
    View view;
    VoteKind vote = VoteKind::notarize;
    Digest digest;
    SignerIndex signer;
    Signature sig{};
    static auto fields(auto& v) { return std::tie(v.view, v.vote, v.digest, v.signer, v.sig); }
    auto operator<=>(const VoteRecord&) const = default;
};

struct L1Origin {
    std::uint64_t number = 0;
    Hash256 hash{};
    static auto fields(auto& v) { return std::tie(v.number, v.hash); }
    bool operator==(const L1Origin&) const = default;
};

/// The newest result the leader vouches for.
struct ExecutedRef {
    Height height;
    Digest result_digest{};
    static auto fields(auto& v) { return std::tie(v.height, v.result_digest); }
    bool operator==(const ExecutedRef&) const = default;
};

/// A block. Its digest is BLAKE2b-256 of the encoding without the signature.
struct Proposal {
    static constexpr Kind kind = Kind::proposal;
    std::uint16_t version = 1;
    Epoch epoch;
    View view;
    Height height;
    View parent_view;  ///< 0: the parent is the epoch's starting block (or genesis)
    Digest parent_digest{};
    std::uint64_t timestamp_ms = 0;
    L1Origin l1_origin;  ///< zero until settlement
    std::vector<CutEntry> cut_delta;
    Digest cut_root{};
    ExecutedRef executed;
    std::vector<VoteRecord> votes;  ///< sorted, each vote once on the chain
    std::optional<Bytes> vrf_proof;
    std::vector<Bytes> forced;            ///< empty until settlement
    std::optional<Digest> next_set_hash;  ///< exactly in a boundary block, the last of its epoch: digest of the next EpochContext
    SignerIndex leader;
    Signature signature{};

    static auto fields(auto& v) {
        return std::tie(v.version, v.epoch, v.view, v.height, v.parent_view, v.parent_digest, v.timestamp_ms, v.l1_origin,
                        v.cut_delta, v.cut_root, v.executed, v.votes, v.vrf_proof, v.forced, v.next_set_hash, v.leader);
    }
    bool operator==(const Proposal&) const = default;
};

/// After the boundary block: carries no height and no content; its finalization makes the boundary block final.
struct Tail {
    static constexpr Kind kind = Kind::tail;
    std::uint16_t version = 1;
    Epoch epoch;
    View view;
    View parent_view;
    Digest parent_digest{};
    SignerIndex leader;
    Signature signature{};
    static auto fields(auto& v) { return std::tie(v.version, v.epoch, v.view, v.parent_view, v.parent_digest, v.leader); }
    bool operator==(const Tail&) const = default;
};

/// Where a node begins that took the state after a block from others instead of executing all blocks up to it: what the messages
/// before would have told.
struct Base {
    Cut cut;                             ///< all lanes' tips after the block
    std::vector<EpochContext> contexts;  ///< ascending: of the last epoch, the block's own, and those after it, as far as known
    static auto fields(auto& v) { return std::tie(v.cut, v.contexts); }
    bool operator==(const Base&) const = default;
};

/// What the `blocks` stream carries. The stream's identity of a block is its digest: the certificate beside
/// it differs from node to node and may influence nothing.
struct FinalBlock {
    Proposal block;
    std::optional<Certificate> finalization;  ///< of the block itself or of a descendant
    std::optional<Base> base{};               ///< in the first block of a node that began with a snapshot
    static auto fields(auto& v) { return std::tie(v.block, v.finalization, v.base); }
    bool operator==(const FinalBlock&) const = default;
};

// --------------------------------------------------------- consensus <-> consensus (Channel::votes, Channel::sync)

struct PoAs {
    std::vector<PoA> certificates;
    static auto fields(auto& v) { return std::tie(v.certificates); }
};
struct CertificateRequest {
    Epoch epoch;
    View view;
    static auto fields(auto& v) { return std::tie(v.epoch, v.view); }
};
struct PoaRequest {
    std::vector<Digest> digests;  ///< of batch headers
    static auto fields(auto& v) { return std::tie(v.digests); }
};
/// A block or tail body by digest.
struct BodyRequest {
    Digest digest;
    static auto fields(auto& v) { return std::tie(v.digest); }
};
/// Final blocks by height, both ends included; answered by FinalBlocks in bounded chunks.
struct BlockRangeRequest {
    Height first;
    Height last;
    static auto fields(auto& v) { return std::tie(v.first, v.last); }
};
/// Consecutive final blocks. `proof` finalizes the last of them or a descendant (tails from it down come along).
struct FinalBlocks {
    std::vector<Proposal> blocks;
    std::optional<Certificate> proof;
    std::vector<Tail> tails;
    static auto fields(auto& v) { return std::tie(v.blocks, v.proof, v.tails); }
};
/// The answer to a range that begins below what the answerer keeps.
struct BlocksGone {
    Height kept_from;
    static auto fields(auto& v) { return std::tie(v.kept_from); }
};
/// The sets from an epoch on, each with the proof of its end: how a node that holds nothing but the genesis learns whom to
/// believe. Answered by SetProofs.
struct SetRequest {
    Epoch first;
    static auto fields(auto& v) { return std::tie(v.first); }
};
/// How far an epoch has come at the answerer. If it is over: its boundary block, what proves it final, and the context that the
/// block names in its next_set_hash. If not: its newest final block that a certificate of its own proves.
struct SetProof {
    FinalBlocks blocks;  ///< one block; none while the epoch has no final block
    std::optional<EpochContext> next;
    static auto fields(auto& v) { return std::tie(v.blocks, v.next); }
};
/// Of consecutive epochs, bounded. Only the last of them may go on still.
struct SetProofs {
    Epoch first;
    std::vector<SetProof> epochs;
    static auto fields(auto& v) { return std::tie(v.first, v.epochs); }
};
/// Anything signed that was seen: what watchers read on `lane_signed` and `vote_signed`.
using SignedMessage = std::variant<Proposal, Tail, Vote, BatchHeader, Ack, Certificate>;

/// Asked at a start, before anything new is signed: what have you seen of my key, and where are you? `nonce`
/// comes back, so that an answer to an earlier life does not count.
struct StatusRequest {
    std::uint64_t nonce = 0;
    Epoch epoch;  ///< the asker's
    static auto fields(auto& v) { return std::tie(v.nonce, v.epoch); }
};
/// What is not proven by a certificate or by the asker's own signature counts for nothing.
struct Status {
    std::uint64_t nonce = 0;
    Epoch epoch;                              ///< the one the answerer is in
    std::optional<Certificate> entry;         ///< by which it entered its view; nothing in an epoch's first
    std::optional<Certificate> finalization;  ///< the newest it holds
    std::vector<SignedMessage> seen;          ///< the asker's newest: one per kind of vote and body
    static auto fields(auto& v) { return std::tie(v.nonce, v.epoch, v.entry, v.finalization, v.seen); }
};
using ConsensusMessage = std::variant<Proposal, Tail, Vote, Certificate, PoAs, CertificateRequest, PoaRequest, BodyRequest,
                                      BlockRangeRequest, FinalBlocks, StatusRequest, Status, SetRequest, SetProofs, BlocksGone>;

[[nodiscard]] Digest digest_of(const Proposal& proposal);
[[nodiscard]] Digest digest_of(const Tail& tail);

}  // namespace rondo
