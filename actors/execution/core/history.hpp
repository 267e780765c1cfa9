#pragma once
#include "actors/execution/core/block_run.hpp"
#include "actors/execution/core/records.hpp"
#include "actors/execution/core/store.hpp"

/// What queries need of a block, written with it.
namespace rondo::execution {

/// Block 0, as wallets ask for it.
void write_genesis_history(StateStore& store, const Genesis& genesis, const Head& head);

void write_history(StateStore& store, const Proposal& block, const EpochContext& context, const ExecutedBlock& executed,
                   const std::vector<BlockRun::Effect>& effects);

}  // namespace rondo::execution
