#pragma once
#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/oracles/eavesdropper.hpp"

/// The judges of a run. Each is told only what left the actors, decodes it itself, and says what is broken.
namespace rondo::sim {

using Complain = std::function<void(std::string)>;

/// One log: all nodes say the same final block at each height, the chain links, no height is left out, and what proves a block
/// final is a quorum.
class AgreementOracle : public Observer {
  public:
    AgreementOracle(const Genesis& genesis, std::size_t nodes, const Members& members, Complain complain);
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;

    [[nodiscard]] std::uint64_t final_height(NodeIndex node) const { return heights_[node]; }
    [[nodiscard]] const std::map<std::uint64_t, Proposal>& chain() const { return chain_; }
    [[nodiscard]] std::uint64_t head() const { return chain_.empty() ? 0 : chain_.rbegin()->first; }
    [[nodiscard]] const Digest* digest_at(std::uint64_t height) const;
    void check_complete() const;  ///< at the end: no height was left out

  private:
    void check_link(std::uint64_t height);

    const Members& members_;
    Complain complain_;
    std::vector<std::uint64_t> heights_;
    std::map<std::uint64_t, Proposal> chain_;
    std::map<std::uint64_t, Digest> digests_;
};

/// No view is both nullified and finalized, and it has one notarized and one final digest.
class CertificateOracle : public Listener {
  public:
    explicit CertificateOracle(Complain complain) : complain_(std::move(complain)) {}
    void on_certificate(const Certificate& certificate) override;

    struct ViewRecord {
        std::optional<Digest> notarized;
        std::optional<Digest> finalized;
        bool nullified = false;
    };
    [[nodiscard]] const std::map<std::pair<Epoch, View>, ViewRecord>& views() const { return views_; }

  private:
    Complain complain_;
    std::map<std::pair<Epoch, View>, ViewRecord> views_;
};

/// Every view that the final chain passes over was nullified by a quorum.
class SkipOracle : public Observer, public Listener {
  public:
    SkipOracle(const Members& members, Complain complain) : members_(members), complain_(std::move(complain)) {}
    void on_vote(const Vote& vote) override;
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;

  private:
    const Members& members_;
    Complain complain_;
    std::map<std::pair<Epoch, View>, std::set<SignerIndex>> nullified_;
};

/// An outside log of every signature: no honest key signs twice for a slot, restarts or not, nor both Nullify and Finalize.
class SignatureOracle : public Listener {
  public:
    SignatureOracle(const Members& members, Complain complain) : members_(members), complain_(std::move(complain)) {}
    void on_body(Epoch epoch, View view, SignerIndex leader, const Digest& digest) override;
    void on_vote(const Vote& vote) override;
    void on_header(const BatchHeader& header, const Digest& digest) override;
    void on_ack(const Ack& ack) override;
    void on_receipt(const Receipt& receipt) override;

    /// The newest view that the operator signed anything in.
    [[nodiscard]] std::pair<Epoch, View> newest_view(OperatorNumber signer) const;
    /// Operators with two signatures for one slot, seen from outside.
    [[nodiscard]] const std::set<OperatorNumber>& offenders() const { return offenders_; }

  private:
    struct SlotKey {
        OperatorNumber signer;
        Epoch epoch;
        std::string_view what;
        std::uint64_t a;
        std::uint64_t b;
        auto operator<=>(const SlotKey&) const = default;
    };
    void note(const OperatorInfo* signer, Epoch epoch, std::string_view what, std::uint64_t a, std::uint64_t b,
              ByteView identity);
    void accuse(OperatorNumber signer, const std::string& what);

    const Members& members_;
    Complain complain_;
    std::map<SlotKey, Bytes> slots_;
    std::map<OperatorNumber, std::pair<Epoch, View>> newest_;
    std::set<OperatorNumber> offenders_;
};

/// Promises of honest intakes: the promised place holds the promised transaction.
class ReceiptOracle : public Listener {
  public:
    ReceiptOracle(const Members& members, Complain complain) : members_(members), complain_(std::move(complain)) {}
    void on_receipt(const Receipt& receipt) override;
    void on_batch(const BatchRecord& batch, const Digest& digest) override;
    [[nodiscard]] const std::map<Hash256, Receipt>& receipts() const { return receipts_; }
    /// Those whose deadline has passed and whose batch the final cut did not reach in time. Legal under faults, not without.
    [[nodiscard]] std::vector<Receipt> late(const std::map<std::uint64_t, Proposal>& chain) const;

  private:
    using Place = std::tuple<Epoch, LaneId, LaneHeight>;
    void check(const Receipt& receipt, const std::vector<Hash256>& leaves);

    const Members& members_;
    Complain complain_;
    std::map<Hash256, Receipt> receipts_;
    std::map<Place, std::vector<Receipt>> promised_;
    std::map<Place, std::vector<Hash256>> sealed_;
};

/// What a final cut cites was acknowledged by a quorum, of which not all can be faulty verified the senders.
class AvailabilityOracle : public Observer, public Listener {
  public:
    AvailabilityOracle(const Members& members, Complain complain) : members_(members), complain_(std::move(complain)) {}
    void on_ack(const Ack& ack) override;
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;

  private:
    struct Acknowledged {
        std::set<SignerIndex> all;
        std::set<SignerIndex> verified;
    };
    const Members& members_;
    Complain complain_;
    std::map<std::pair<Epoch, Digest>, Acknowledged> acks_;
};

/// Equal results on all nodes, and those are the ones that final blocks cite; each transaction with effect at most once, supply
/// conserved.
class LedgerOracle : public Observer {
  public:
    LedgerOracle(const Genesis& genesis, std::size_t nodes, Members& members, Complain complain);
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;
    [[nodiscard]] std::uint64_t executed_height(NodeIndex node) const { return heights_[node]; }
    [[nodiscard]] const Digest* block_at(std::uint64_t height) const;
    /// How often a node began with a state that it took from others.
    [[nodiscard]] std::size_t bases() const { return bases_.size(); }

  private:
    void check_base(NodeIndex node, const ExecutedBlock& base);
    void check_first(const ExecutedBlock& block);
    void check_cited(const ExecutedRef& cited);

    Members& members_;
    Complain complain_;
    std::vector<std::uint64_t> heights_;
    std::map<std::uint64_t, std::pair<Digest, Digest>> results_;  ///< payload hash, block digest
    std::map<std::uint64_t, ExecutedBlock> waiting_;              ///< heard before one below
    std::map<std::uint64_t, Digest> result_digests_;
    std::map<std::uint64_t, Digest> cited_;  ///< by final blocks
    std::uint64_t applied_ = 0;
    std::set<std::pair<NodeIndex, Height>> bases_;
    std::set<Hash256> effective_;
    std::map<Address, uint256> balances_;
    uint256 supply_;  ///< sum of all balances
    uint256 burnt_;
    uint256 genesis_supply_;
};

/// Evidence names only those who misbehave.
class EvidenceOracle : public Observer {
  public:
    EvidenceOracle(const Members& members, Complain complain) : members_(members), complain_(std::move(complain)) {}
    void on_ask(NodeIndex node, Actor from, Askable whom, ByteView payload) override;
    [[nodiscard]] const std::set<OperatorNumber>& accused() const { return accused_; }

  private:
    void examine(ByteView calldata);

    const Members& members_;
    Complain complain_;
    std::set<OperatorNumber> accused_;
};

}  // namespace rondo::sim
