#pragma once
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/kinds.hpp"

/// Lanes: what intakes say to each other and to their own node.
namespace rondo {

/// A batch by its place and the digest of its header.
struct BatchRef {
    LaneId lane;
    LaneHeight height;
    Digest digest;
    static auto fields(auto& v) { return std::tie(v.lane, v.height, v.digest); }
    auto operator<=>(const BatchRef&) const = default;
};

/// One link of a lane. `parent_digest` is the digest of the header below it; for the first batch of an epoch
/// the digest of the lane's tip in the epoch's starting cut (zero if there is none).
struct BatchHeader {
    static constexpr Kind kind = Kind::batch_header;
    Epoch epoch;
    LaneId lane;
    LaneHeight height;
    Digest parent_digest;
    Digest payload_hash;      ///< Merkle root over payload_leaf() of each transaction, in order
    std::uint32_t bytes = 0;  ///< size of the encoded Payload
    std::uint32_t tx_count = 0;
    std::uint64_t created_ms = 0;
    Signature signature{};

    static auto fields(auto& v) {
        return std::tie(v.epoch, v.lane, v.height, v.parent_digest, v.payload_hash, v.bytes, v.tx_count, v.created_ms);
    }
    bool operator==(const BatchHeader&) const = default;
};

/// A raw Ethereum transaction with the address that its signature recovers to.
struct LaneTransaction {
    Address sender;
    Bytes raw;
    static auto fields(auto& v) { return std::tie(v.sender, v.raw); }
    bool operator==(const LaneTransaction&) const = default;
};

struct Payload {
    std::vector<LaneTransaction> transactions;
    static auto fields(auto& v) { return std::tie(v.transactions); }
    bool operator==(const Payload&) const = default;
};

/// Merkle leaf of one transaction of a payload.
[[nodiscard]] Digest payload_leaf(const LaneTransaction& transaction);
[[nodiscard]] std::vector<Digest> payload_leaves(const Payload& payload);
[[nodiscard]] Digest payload_root(const Payload& payload);

/// "The payload is durable here and well formed." `verified`: every sender was recovered from its signature.
struct Ack {
    static constexpr Kind kind = Kind::ack;
    Epoch epoch;
    LaneId lane;
    LaneHeight height;
    Digest digest;  ///< of the header
    bool verified = false;
    SignerIndex signer;
    Signature signature{};

    static auto fields(auto& v) { return std::tie(v.epoch, v.lane, v.height, v.digest, v.verified, v.signer); }
    bool operator==(const Ack&) const = default;
};

struct AckSignature {
    SignerIndex signer;
    bool verified = false;
    Signature signature{};
    static auto fields(auto& v) { return std::tie(v.signer, v.verified); }
    bool operator==(const AckSignature&) const = default;
};

/// Certificate of availability: acks of a quorum of stake, of which weak stake verified; signers ascending.
struct PoA {
    BatchHeader header;
    std::vector<AckSignature> acks;
    static auto fields(auto& v) { return std::tie(v.header, v.acks); }
    bool operator==(const PoA&) const = default;
};

/// A batch as it travels on the `batches` stream and in fetch replies.
struct BatchRecord {
    BatchHeader header;
    Bytes payload;  ///< encoded Payload, exactly header.bytes long
    static auto fields(auto& v) { return std::tie(v.header, v.payload); }
    bool operator==(const BatchRecord&) const = default;
};

/// The operator's signed promise: transaction `tx_hash` is leaf `index` of the
/// batch at `lane_height` of my lane, and shall be ordered by block height `deadline_height`.
struct Receipt {
    static constexpr Kind kind = Kind::receipt;
    Epoch epoch;
    Hash256 tx_hash;
    OperatorNumber operator_number;
    LaneId lane;
    LaneHeight lane_height;
    std::uint32_t index = 0;
    Height deadline_height;
    Signature signature{};

    static auto fields(auto& v) {
        return std::tie(v.epoch, v.tx_hash, v.operator_number, v.lane, v.lane_height, v.index, v.deadline_height);
    }
    bool operator==(const Receipt&) const = default;
};

// ------------------------------------------------------------------------- intake <-> intake (Channel::lanes)

/// The owner offers its sealed batch for an ack. The parent's PoA comes along unless the parent is the epoch's base.
struct BatchOffer {
    BatchHeader header;
    Bytes payload;
    std::optional<PoA> parent;
    static auto fields(auto& v) { return std::tie(v.header, v.payload, v.parent); }
};
/// The owner asks a member for its `verified` ack of an already offered batch (no certificate after 50 ms).
struct VerifyRequest {
    BatchRef batch;
    static auto fields(auto& v) { return std::tie(v.batch); }
};
struct BatchFetch {
    std::vector<BatchRef> batches;
    static auto fields(auto& v) { return std::tie(v.batches); }
};
struct BatchFound {
    BatchRecord batch;
    static auto fields(auto& v) { return std::tie(v.batch); }
};
/// Raw transactions for their senders' home lane. `id` is the forwarder's, echoed in the reply.
struct Forward {
    std::uint64_t id = 0;
    std::vector<Bytes> transactions;
    static auto fields(auto& v) { return std::tie(v.id, v.transactions); }
};
/// One entry per forwarded transaction: refusal (0 = none), and the promise if one was given.
struct ForwardOutcome {
    std::uint8_t admission = 0;  ///< Admission of requests.hpp
    std::uint8_t reason = 0;     ///< Refusal of admission.hpp
    std::optional<Receipt> receipt;
    static auto fields(auto& v) { return std::tie(v.admission, v.reason, v.receipt); }
};
struct ForwardReply {
    std::uint64_t id = 0;
    std::vector<ForwardOutcome> outcomes;
    static auto fields(auto& v) { return std::tie(v.id, v.outcomes); }
};
/// Asked at a start, before anything new is signed. `nonce` comes back.
struct LaneStatusRequest {
    std::uint64_t nonce = 0;
    static auto fields(auto& v) { return std::tie(v.nonce); }
};
/// What was seen here of the asker's key: the newest header of its lane, and per lane the newest of its acks.
struct LaneStatus {
    std::uint64_t nonce = 0;
    Epoch epoch;  ///< the one the answerer is in
    std::optional<BatchHeader> header;
    std::vector<Ack> acks;
    static auto fields(auto& v) { return std::tie(v.nonce, v.epoch, v.header, v.acks); }
};
using LaneMessage =
    std::variant<BatchOffer, Ack, VerifyRequest, BatchFetch, BatchFound, Forward, ForwardReply, LaneStatusRequest, LaneStatus>;

[[nodiscard]] Digest digest_of(const BatchHeader& header);
[[nodiscard]] BatchRef ref_of(const BatchHeader& header);
/// Nothing below lane height 1.
[[nodiscard]] BatchRef parent_of(const BatchHeader& header);

}  // namespace rondo
