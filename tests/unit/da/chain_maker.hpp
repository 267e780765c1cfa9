#pragma once
#include <map>
#include <vector>

#include "cluster/runtime/core.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/secp256k1.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/epoch.hpp"
#include "messages/wire/execution.hpp"

namespace rondo::testing {

/// Makes a valid chain: signed blocks, signed batches, as one node's streams would carry them.
class ChainMaker {
  public:
    explicit ChainMaker(std::size_t operators = 4, Parameters parameters = {});

    struct Made {
        FinalBlock block;
        std::vector<BatchRecord> batches;
        ExecutedBlock executed;
    };
    /// A block on top of all before, with `batches_per_lane[i]` new batches of lane i + 1, each of one signed transaction.
    const Made& add(std::vector<std::size_t> batches_per_lane = {}, std::size_t payload_bytes = 0, bool certified = true);

    const Genesis& genesis() const { return genesis_; }
    const std::vector<Made>& blocks() const { return made_; }
    const EpochContext& context() const { return context_; }
    const EpochContext& context(Epoch epoch) const { return contexts_.at(epoch); }
    const crypto::SecretKey& key(SignerIndex index) const { return keys_.at(index.value); }
    const Digest& genesis_digest() const { return digest_; }

    template <class T>
    void sign(T& message, SignerIndex by) const {
        message.signature = keys_.at(by.value).sign(signing_bytes(digest_, message.epoch, T::kind, encode_body(message)));
    }
    Vote vote(VoteKind kind, View view, const Digest& digest, SignerIndex by, Epoch epoch = Epoch(1)) const;
    Certificate certificate(VoteKind kind, View view, const Digest& digest, Epoch epoch = Epoch(1)) const;

    /// The streams' payloads, as the core gets them.
    static StreamMessage stream(const FinalBlock& block);
    static StreamMessage stream(const ExecutedBlock& executed);
    static StreamMessage stream(const BatchRecord& batch);

  private:
    BatchRecord make_batch(SignerIndex owner, std::size_t payload_bytes);
    void begin_epoch();

    Genesis genesis_;
    Digest digest_;
    std::vector<crypto::SecretKey> keys_;
    crypto::AccountKey account_;
    std::map<Epoch, EpochContext> contexts_;
    EpochContext context_;
    Cut cut_;
    std::vector<Made> made_;
    View view_;
    Digest parent_{};
    std::uint64_t nonce_ = 0;
};

}  // namespace rondo::testing
