#pragma once
#include "actors/execution/core/ledger.hpp"
#include "actors/execution/core/records.hpp"
#include "actors/execution/core/store.hpp"

/// The registry in the state of each height that a block may still cite. All of it stands in the storage of the staking module;
/// here it is kept in one piece, written at the heights where it changed, so that a boundary block need not undo blocks to read
/// it.
namespace rondo::execution {

class RegistryBook {
  public:
    /// The genesis state.
    void begin(StateStore& store, Ledger& ledger);
    /// A store whose head is at `head`.
    void open(const StateReader& store, Height head);
    /// Reads what changed in the block `height`, and nothing else.
    void follow(StateStore& store, Ledger& ledger, Height height, const std::vector<OperatorNumber>& changed);
    /// What is kept is what the staking module's storage says, read anew.
    void check(Ledger& ledger) const;
    /// Nothing below `cited` is cited any more; what is in force there stays.
    void prune(StateStore& store, Height cited);

    [[nodiscard]] Height height() const { return height_; }  ///< where the newest was written
    /// Who is jailed, ascending: in the newest, and after block `height`, which may still be cited.
    [[nodiscard]] std::vector<OperatorNumber> jailed() const;
    [[nodiscard]] const std::vector<OperatorNumber>& jailed_at(const StateReader& store, Height height);
    [[nodiscard]] RegistryRef newest() const;

  private:
    struct Jailed {
        Height written_at;
        std::vector<OperatorNumber> operators;
    };
    std::optional<Jailed> cited_;  ///< of the registry that was cited last
    Registry newest_;
    Height height_;
    Height kept_from_;  ///< nothing below it is in the store
};

/// In force after block `height`, which may still be cited.
[[nodiscard]] Registry registry_at(const StateReader& store, Height height);

}  // namespace rondo::execution
