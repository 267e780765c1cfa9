#pragma once
#include "cluster/store/environment.hpp"

/// The copies of a Derived store (core.hpp, Checkpoint), as files `checkpoint-HEIGHT` in its folder.
///  1. A copy is written as `checkpoint-HEIGHT.tmp`, synced, and then renamed: what has its name is complete. What has not is
///     removed when the store is opened.
///  2. It is read through a transaction of its own, begun between two turns; the only one that may live long. When the map must
///     grow meanwhile, the copy is given up.
///  3. Each value is copied as it is stored and its checksum looked at. Records go in ascending order, so that pages are full. At
///     the end of the file stands a checksum of all of it, which is looked at before a store is restored from it.
///  4. The newest limits::checkpoints_kept stay. One that does not open, or fails a checksum, is removed.
namespace rondo::store {

/// Begun between transactions, see Store::begin_checkpoint().
[[nodiscard]] std::shared_ptr<CheckpointCopy> make_copy(Environment& environment, Height height);

void remove_unfinished_copies(const std::filesystem::path& folder);

/// Lists the complete ones in the environment and removes those beyond the newest, and those that cannot be used, with a note.
void list_checkpoints(Environment& environment, const Options& options);
/// Takes those out that turned out to be rotten.
void drop_rotten_checkpoints(Environment& environment);

/// Puts the newest sound one in the place of a store that is gone. Nothing: done, or there is none.
[[nodiscard]] std::optional<Refusal> restore_newest_checkpoint(Environment& environment, const Options& options);

}  // namespace rondo::store
