#pragma once
#include <map>
#include <optional>
#include <vector>

#include "actors/rewards/core/claim_tree.hpp"
#include "actors/rewards/core/split.hpp"
#include "cluster/ledger/contexts.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"

namespace rondo::rewards {

/// A closed epoch: what every account ever earned up to its end.
struct Book {
    Epoch epoch;
    Wei pot;                     ///< of this epoch
    Wei total;                   ///< of all pots so far: what the ledger compares an attestation with
    Wei carried;                 ///< of that, not given to anyone yet
    std::vector<Entry> entries;  ///< ascending by account; none with zero
    Hash256 root{};
    static auto fields(auto& v) { return std::tie(v.epoch, v.pot, v.total, v.carried, v.entries, v.root); }
    bool operator==(const Book&) const = default;
};

/// The epochs' accounts, kept from `blocks` and `results`, which come independently of each other: a height is booked once both
/// are here. An epoch closes with the block whose result yields contexts (its boundary block).
class Books {
  public:
    struct Tables {
        Table waiting_blocks;
        Table waiting_results;
        Table state;
        Table closed;
        Table contexts;
    };
    Books(const StoreView& view, Tables tables, const Genesis& genesis);

    void begin_step();
    /// The node begins with a snapshot: what was earned before is not known here, and since amounts are cumulative, nothing that
    /// is earned after can be told either.
    void begin_at(Height height, Effects& effects);
    [[nodiscard]] Height unknown_below() const { return unknown_below_; }  ///< 0: everything is booked
    void add_block(const Proposal& block, Effects& effects);
    void add_result(const ExecutedBlock& executed, Effects& effects);

    [[nodiscard]] Height booked() const { return booked_; }
    [[nodiscard]] const Book& newest() const { return newest_; }
    /// The closed epochs from `epoch` on that put something into the pot; at most one, the lowest.
    [[nodiscard]] std::optional<Book> first_with_pot(Epoch epoch) const;
    [[nodiscard]] std::optional<Book> find(Epoch epoch) const;
    void forget_below(Epoch epoch, Effects& effects);
    /// True if this is the rewards account of a member of the epoch; of one whose set is forgotten, of the oldest set that is
    /// not.
    [[nodiscard]] bool may_attest(Epoch epoch, const Address& account) const;

    /// What a block's body says, and what its execution says: all that is kept of them until both are here.
    struct BlockFacts {
        Epoch epoch;
        SignerIndex leader;
        std::vector<SignerIndex> voters;  ///< once per notarize or finalize vote
        static auto fields(auto& v) { return std::tie(v.epoch, v.leader, v.voters); }
    };
    struct ResultFacts {
        std::vector<LaneFees> lane_fees;
        std::vector<OperatorNumber> jailed;  ///< in a boundary block's result
        std::vector<EpochContext> contexts;
        static auto fields(auto& v) { return std::tie(v.lane_fees, v.jailed, v.contexts); }
    };

  private:
    void book_what_is_here(Effects& effects);
    void book(const BlockFacts& block, const ResultFacts& result, Effects& effects);
    void close(Epoch epoch, std::span<const OperatorNumber> jailed, Effects& effects);
    void save(Effects& effects) const;

    const StoreView& view_;
    Tables tables_;
    ContextBook contexts_;
    Height booked_;
    Height unknown_below_;
    Tally tally_;  ///< of the open epoch
    Book newest_;
    std::map<Height, BlockFacts> fresh_blocks_;  ///< written in this step
    std::map<Height, ResultFacts> fresh_results_;
    std::map<Epoch, Book> fresh_books_;
};

}  // namespace rondo::rewards
